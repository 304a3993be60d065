# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# bash completion for unifiedctl(8)

_unifiedctl() {
	local current=${COMP_WORDS[COMP_CWORD]} words=() word

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ $word == -* ]] || words+=("$word")
	done
	case "${words[*]}" in
	"")		word="region policy doctor version help --json --pretty --help" ;;
	region)		word="list show create help" ;;
	"region create"*) word="size rings rx slot sq cq node nic drive --" ;;
	"region show" | "policy attach "* | "policy detach "*)
		word=$(unifiedctl -j region list 2>/dev/null | grep -o '"id":[0-9]*' | cut -d: -f2) ;;
	policy)		word="load replace list show attach detach try unload help" ;;
	"policy load")	word="pass count filter transform" ;;
	"policy unload" | "policy show" | "policy try" | "policy attach" | "policy detach")
		word=$(unifiedctl -j policy list 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4) ;;
	*)		word= ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
	if [[ ${words[*]} == "policy load" || ${words[*]} == "policy replace" ]]; then
		mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -X '!*.bpf.o' -- "$current"; compgen -d -S / -- "$current")
	elif [[ ${words[*]} == "policy try "* ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	fi
}
complete -F _unifiedctl unifiedctl
