# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# bash completion for unifiedctl(8), which says itself what may stand where: words, and
# kinds of things with an @ before them.

# _unifiedctl_members OBJECT VERB ... -- NAME: the members of that name in a list.
_unifiedctl_members() {
	unifiedctl -j "${@:1:$#-2}" 2>/dev/null | grep -oE "\"${*: -1}\":(\"[^\"]*\"|[0-9]+)" | cut -d: -f2 | tr -d '"'
}

# _unifiedctl_kind KIND CURRENT BEFORE: what begins like the current word.
_unifiedctl_kind() {
	case $1 in
	@file)		compgen -f -- "$2" ;;
	@object)	compgen -f -X '!*.bpf.o' -- "$2"; compgen -d -S / -- "$2" ;;
	@command)	compgen -c -- "$2" ;;
	@interface)	compgen -W "$(ls /sys/class/net 2>/dev/null)" -- "$2" ;;
	@policy)	compgen -W "$(_unifiedctl_members policy list -- name)" -- "$2" ;;
	@region)	compgen -W "$(_unifiedctl_members region list -- id)" -- "$2" ;;
	@target)	compgen -W "$(_unifiedctl_members target list "$3" -- index)" -- "$2" ;;
	*)		compgen -W "$1" -- "$2" ;;
	esac
}

_unifiedctl() {
	local current=${COMP_WORDS[COMP_CWORD]} words=() word

	# "--file=x" comes as three words.
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[ "$word" = = ] || words+=("$word")
	done
	[ "$current" != = ] || current=
	COMPREPLY=()
	while read -r word; do
		mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(_unifiedctl_kind "$word" "$current" "${words[*]: -1}")
	done < <(unifiedctl help --complete "${words[@]}" "$current" 2>/dev/null)
}
complete -F _unifiedctl unifiedctl
