// SPDX-License-Identifier: GPL-2.0
/*
 * verified [WHAT]: the BPF programs of struct_ops that are loaded now, a line each:
 * "WHAT/NAME INSTRUCTIONS", with how many instructions the verifier went through.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	__u32 id = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		/* One that went away meanwhile. */
		if (fd < 0)
			continue;
		if (!bpf_prog_get_info_by_fd(fd, &info, &len) &&
		    info.type == BPF_PROG_TYPE_STRUCT_OPS)
			printf("%s/%s %u\n", what, info.name, info.verified_insns);
		close(fd);
	}
	if (errno == ENOENT)
		return 0;
	perror("cannot look at the BPF programs");
	return 1;
}
