# SPDX-License-Identifier: GPL-2.0
#
# The rows as a table, for column(1).

["path", "op", "bytes", "qd", "insns", "user", "kernel", "rep bytes", "copied", "irqs", "csw", "syscalls",
 "per poll"],
(.[] | [.path, .op, .bytes, .qd, (.user + .kernel | round), (.user | round), (.kernel | round),
	(.rep_bytes | round), (.copied_bytes | round), .irqs, .csw, (.syscalls * 1000 | round / 1000),
	.packets_per_poll // ""])
| @tsv
