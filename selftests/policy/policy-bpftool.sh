#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A policy that bpftool registers works like any other. Some versions of bpftool
# crash after that, on any struct_ops type of a module: what was done by then
# holds, so its exit status does not count here.
. selftest.sh

mkdir -p /sys/fs/bpf/by-bpftool
bpftool struct_ops register /unified/policies/pass.bpf.o /sys/fs/bpf/by-bpftool
echo "# bpftool exited with $?"
ok "it is registered" says "1 policies" unifiedctl doctor
ok "unifiedctl lists it" says pass unifiedctl policy list
refused "its name is taken" "registered already" unifiedctl policy load pass
ok "unifiedctl unloads it" unifiedctl policy unload pass
ok "nothing is left" says "0 policies" unifiedctl doctor
rm -rf /sys/fs/bpf/by-bpftool
finish
