#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every command prints JSON that jq reads, for what went well and for what did
# not, and the option may stand anywhere.
. selftest.sh

# json FILTER COMMAND...: is the filter true of what the command prints?
json() {
	local filter=$1
	shift
	"$@" 2>&1 | jq -e "$filter"
}

valid() { "$@" 2>&1 | iconv -f utf-8 -t utf-16 >/dev/null; }

ok "version" json '.unifiedctl and .module and .kernel and .libbpf' unifiedctl -j version
ok "version, pretty" json '.unifiedctl' unifiedctl -p version
ok "doctor" json 'map(select(.state == "missing")) == []' unifiedctl -j doctor
ok "no policies" json '. == []' unifiedctl -j policy list
ok "load" json '.[0].name == "pass" and .[0].pin' unifiedctl -j policy load pass
ok "list" json '.[0].name == "pass" and .[0].link > 0 and .[0].map > 0' unifiedctl policy list -j
ok "an error" json '.error | test("registered")' unifiedctl -j policy load pass
ok "an error with its number" json '.errno == 2' unifiedctl -j policy load /nowhere
ok "no regions" json '. == []' unifiedctl stat --json
ok "a region that is not there" json '.error | test("no region 1")' unifiedctl -j target list 1
ok "a device that is none" json '.error | test("no block device")' unifiedctl -p io flush /dev/null
ok "bytes that are no UTF-8" json '.error | test("region list")' unifiedctl -j target list $'\xff\xc3"\xe2\x82'
ok "are no JSON" valid unifiedctl -j target list $'a\xff\xc3\xed\xa0\x80\xc0\xaf\xf5\x80\x80\x80\xe2\x82'
ok "what is UTF-8 stays" json '.error | test("äß€😀")' unifiedctl -j target list äß€😀
unifiedctl policy load count >/dev/null
fails_at() { strace -qq -o calls -e trace=ioctl -e inject=ioctl:error=EIO:when="$1" "${@:2}"; }
ok "a list that fails half way" json 'length == 2 and .[0].name == "pass" and .[1].errno == 5 and (.[1] | has("name") | not)' fails_at 2 unifiedctl -j policy list
fails_at 2 unifiedctl -j policy list >/dev/null
ok "has failed" test $? -eq 1
ok "one that fails at once" json 'length == 1 and .[0].errno == 5' fails_at 1 unifiedctl -j region list
unifiedctl policy unload count
ok "unload" json '.unloaded == "pass"' unifiedctl -j policy unload pass
ok "wrong usage" json '.error' unifiedctl --json policy nothing
ok "no such object" json '.error' unifiedctl polcy --pretty
remove_module
ok "version without the module" json '.module == null' unifiedctl -j version
ok "doctor without the module" json 'any(.state == "missing")' unifiedctl -j doctor
ok "list without the module" json '.error' unifiedctl -j policy list
finish
