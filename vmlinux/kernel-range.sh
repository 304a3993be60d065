#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kernel-range.sh RELEASE: "in", "older" or "newer": where a kernel's release lies in the
# range that version.mk declares.
set -eu
declared() { sed -n "s/^KERNEL_$1 *:= *//p" "$(dirname "$0")/../version.mk"; }
series() { echo "$1" | awk -F '[.+-]' '{ print $1 * 1000 + $2 }'; }

if [ "$(series "$1")" -lt "$(series "$(declared MIN)")" ]; then
	echo older
elif [ "$(series "$1")" -gt "$(series "$(declared MAX)")" ]; then
	echo newer
else
	echo in
fi
