#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# check-btf.sh FILE: fail if a built module has no BTF. kbuild only prints
# "Skipping BTF generation" and such a module loads, without kfuncs and
# struct_ops.
if ! readelf -SW "$1" | grep -q ' \.BTF '; then
	echo "$1: no .BTF section: the kernel's headers have no BTF to build on, or pahole failed (make V=1 shows it)" >&2
	exit 1
fi
