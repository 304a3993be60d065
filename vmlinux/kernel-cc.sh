#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kernel-cc.sh KDIR: what to add to a module's make where the compiler that the kernel was
# built with is not here, and gcc stands in. Nothing where it is.
cc=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\{0,1\}\([^ "]*\).*/\1/p' "$1/include/config/auto.conf" 2>/dev/null)
case $cc in
*gcc*)	# The headers use attributes that an older gcc does not know.
	command -v "$cc" >/dev/null || echo "CC=gcc KCFLAGS=-Wno-attributes" ;;
esac
