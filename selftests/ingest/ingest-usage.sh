#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# unifiedctl ingest: words that are wrong, one in each, and what is said of it.
. selftest.sh

wrong() {
	local words=$1 said status=0
	shift
	said=$(unifiedctl ingest run "$@" 2>&1) || status=$?
	echo "$status: $said"
	[ $status -eq 2 ] && grep -qF -- "$words" <<<"$said"
}
while IFS='|' read -r words line; do
	read -ra line <<<"$line"
	ok "refused: $words" wrong "$words" "${line[@]}"
done <<-END
	port 'http'|--listen 10.9.0.1:http --recv --target /dev/null
	--listen ADDR:PORT is missing|--recv --target /dev/null
	is no address|--listen $(printf %0200d 0) --recv --target /dev/null
	ADDRESS:PORT is meant|--listen 10.9.0.1 --recv --target /dev/null
	ADDRESS:PORT is meant|--listen 10.9.0.1: --recv --target /dev/null
	port '0': a number is meant, from 1 to 65535|--listen 10.9.0.1:0 --recv --target /dev/null
	--listen 'nowhere.:9000'|--listen nowhere.:9000 --recv --target /dev/null
	port '99999': a number is meant|--listen 10.9.0.1:99999 --recv --target /dev/null
	from which interface|--listen :9000 --target /dev/null
	which queues|--listen :9000 --dev lo --target /dev/null
	exclude each other|--listen :9000 --dev lo --queues 3 --recv --target /dev/null
	needs --dev|--listen :9000 --recv --require-zero-copy --target /dev/null
	--target DEVICE is missing|--listen :9000 --recv
	exclude each other|--listen :9000 --recv --target /dev/null --block --nvme
	--queues 'x'|--listen :9000 --dev lo --queues x --target /dev/null
	--queues '1-'|--listen :9000 --dev lo --queues 1- --target /dev/null
	--cpu '1-'|--listen :9000 --recv --cpu 1- --target /dev/null
	--command '3': a power of two|--listen :9000 --recv --command 3 --target /dev/null
	takes a value|--listen
	--cpu '-1'|--listen :9000 --recv --cpu -1 --target /dev/null
	a power of two|--listen :9000 --recv --area 3M --target /dev/null
	a power of two|--listen :9000 --recv --buffer 2K --target /dev/null
	a size is meant|--listen :9000 --recv --start -1 --target /dev/null
	a power of two|--listen :9000 --recv --extent 1M --command 2M --target /dev/null
	--command is to be 1/512 of --area, or 4 times --buffer, or more: 128 KiB|--listen :9000 --dev lo --queues 0 --area 64M --command 64K --buffer 64K --target /dev/null
	--command is to be 1/512 of --area, or 4 times --buffer, or more: 256 KiB|--listen :9000 --dev lo --queues 0 --area 1G --buffer 64K --target /dev/null
	--area of all queues together is to be 32 GiB at most|--listen :9000 --dev lo --queues 0-2 --area 16G --target /dev/null
	--area of all queues together is to be 8 GiB at most|--listen :9000 --recv --area 16G --target /dev/null
	a power of two is meant, from 2 MiB to 16 GiB|--listen :9000 --recv --area 32G --target /dev/null
	--area '4M,2M': the maximum is to be from 1 to 64 times|--listen :9000 --dev lo --queues 0 --area 4M,2M --target /dev/null
	--area '2M,256M': the maximum is to be from 1 to 64 times|--listen :9000 --dev lo --queues 0 --area 2M,256M --target /dev/null
	--area: maximum '3M': a power of two|--listen :9000 --dev lo --queues 0 --area 2M,3M --target /dev/null
	--area '': a power of two|--listen :9000 --dev lo --queues 0 --area ,2M --target /dev/null
	with --recv there is no more --area than at first|--listen :9000 --recv --area 32M,64M --target /dev/null
	--recv takes 256 KiB of --area for each of --streams|--listen :9000 --recv --streams 256 --target /dev/null
	a number is meant|--listen :9000 --recv --count 0 --target /dev/null
	a number is meant|--listen :9000 --recv --streams 257 --target /dev/null
	a number is meant|--listen :9000 --recv --flush 1s --target /dev/null
	one of stop, drop, retry is meant|--listen :9000 --recv --on-error ignore --target /dev/null
	takes a value|--listen :9000 --recv --target
	no option '--fast'|--listen :9000 --recv --fast --target /dev/null
	takes no arguments: what is 'fast'|fast
END
finish
