# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# bash completion for unifiedctl(8)

_unifiedctl_loaded() { unifiedctl -j policy list 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4; }

# _unifiedctl_io COMMAND BEFORE: what may stand after that word.
_unifiedctl_io() {
	local range="lba count bytes qd chunk"

	case $2 in
	door)	echo uring_cmd ioctl; return ;;
	policy)	_unifiedctl_loaded; return ;;
	count)	echo all; return ;;
	file | lba | bytes | qd | chunk | targets) return ;;
	esac
	case $1 in
	read)	echo $range file hex process ;;
	write)	echo $range file pad fua process ;;
	compare) echo $range file pad process ;;
	zeroes | discard) echo $range ;;
	esac
	echo block nvme door policy targets
}

# _unifiedctl_ingest BEFORE: what may stand after that word.
_unifiedctl_ingest() {
	case $1 in
	--dev)		ls /sys/class/net 2>/dev/null; return ;;
	--policy)	echo append shard_flow mirror filter ratelimit_source retry; _unifiedctl_loaded; return ;;
	--on-error)	echo stop drop retry; return ;;
	--require-zero-copy | --recv | --block | --nvme | --stats-json | --poll-threads) ;;
	--*)		return ;;
	ingest)		echo help ;;
	esac
	echo --listen --dev --queues --recv --target --policy --require-zero-copy --on-error --cpu --count --start \
		--extent --command --area --buffer --streams --flush --block --nvme --stats-json \
		--poll-threads
}

_unifiedctl_nics() { unifiedctl -j nic show 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4; }

_unifiedctl() {
	local current=${COMP_WORDS[COMP_CWORD]} words=() word

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ $word == -* ]] || words+=("$word")
	done
	case "${words[*]}" in
	"")		word="region policy target io ingest nic stat trace doctor version help --json --pretty --help" ;;
	region)		word="list show create help" ;;
	"region create "*" bpf") word=any ;;
	"region create "*" targets") word=sealed ;;
	"region create"*) word="size rings rx slot sq cq node nic drive bpf targets --" ;;
	"policy attach "*" "*) word=enforce ;;
	"region show" | "policy attach "* | "policy detach "* | "target add" | "target list" | "target remove" | trace)
		word=$(unifiedctl -j region list 2>/dev/null | grep -o '"id":[0-9]*' | cut -d: -f2) ;;
	policy)		word="load replace list show attach detach try unload help" ;;
	"policy load")	word="pass count filter transform shard shard_flow mirror retry ratelimit ratelimit_source append" ;;
	"policy unload" | "policy show" | "policy try" | "policy attach" | "policy detach")
		word=$(_unifiedctl_loaded) ;;
	target)		word="add list remove help" ;;
	"target remove "*)
		word=$(unifiedctl -j target list "${words[2]}" 2>/dev/null | grep -o '"index":[0-9]*' | cut -d: -f2) ;;
	"target add "*" "*) word="block nvme read write read-write start length" ;;
	io)		word="read write flush zeroes discard compare help" ;;
	"io "*)		word=$(_unifiedctl_io "${words[1]}" "${words[-1]}") ;;
	ingest*)	word=$(_unifiedctl_ingest "${COMP_WORDS[COMP_CWORD - 1]}") ;;
	nic)		word="show setup restore help" ;;
	"nic show" | "nic setup")
		word=$(_unifiedctl_nics) ;;
	"nic restore"*)	word="--force $(_unifiedctl_nics)" ;;
	"nic setup "*)	word="--queues --port --ipv4 --ipv6 --threaded --" ;;
	doctor)		word="all" ;;
	stat)		word="watch $(unifiedctl -j region list 2>/dev/null | grep -o '"id":[0-9]*' | cut -d: -f2)" ;;
	"stat "*watch)	word="1 5 60" ;;
	"stat "*)	word=watch ;;
	*)		word= ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
	if [[ ${words[*]} =~ ^(target add [0-9]+|io .*)$ || "${words[0]} ${COMP_WORDS[COMP_CWORD - 1]}" =~ ^ingest\ (--target|--policy|/.*)$ ]]; then
		mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$current")
	fi
	if [[ ${words[*]} == "policy load" || ${words[*]} == "policy replace" ]]; then
		mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -X '!*.bpf.o' -- "$current"; compgen -d -S / -- "$current")
	elif [[ ${words[*]} == "policy try "* ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	fi
}
complete -F _unifiedctl unifiedctl
