// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl version
 */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "json.h"
#include "options.h"
#include "unifiedctl.h"

static int version_show(void *values)
{
	struct unified_io_info info = {};
	char module[32] = "not loaded";
	struct utsname os;
	int ret;

	(void)values;
	uname(&os);
	ret = module_info(&info);
	if (!ret)
		snprintf(module, sizeof(module), "%u.%u.%u", info.version >> 16,
			 info.version >> 8 & 0xff, info.version & 0xff);

	if (json_output) {
		json_object(NULL);
		json_str("unifiedctl", UNIFIED_VERSION);
		if (ret)
			json_null("module");
		else
			json_str("module", module);
		if (!ret)
			json_u64("features", info.features);
		json_str("kernel", os.release);
		json_str("libbpf", libbpf_version_string());
		json_end();
		return EXIT_OK;
	}
	printf("unifiedctl %s\nmodule     %s\nkernel     %s\nlibbpf     %s\n", UNIFIED_VERSION,
	       ret ? module_advice(ret) : module, os.release, libbpf_version_string());
	return EXIT_OK;
}

const struct cli_object version_object = {
	.name = "version",
	.help = "versions of this program, the module and the kernel",
	.alone = "show",
	.verbs =
		(const struct cli_verb[]){
			{ "show", "succeeds without the module, too", 1, version_show }, {} },
};
