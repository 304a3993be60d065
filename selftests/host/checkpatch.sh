#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel's own checker of its coding style has nothing to say of ours.
. selftests/selftest.sh

[ -d /usr/src/linux ] || skip_all "the archive no longer has the source of this kernel, and so its checkpatch"
ok "checkpatch" make -s --no-print-directory OUT="$OUT" in-checkpatch
finish
