/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of unifiedctl share: the objects of its command line, how a command
 * fails, and the questions to the module and to BPF that several ask.
 *
 * Functions return 0 or -errno unless they say otherwise. A command returns
 * the exit status of the process.
 */
#ifndef UNIFIEDCTL_H
#define UNIFIEDCTL_H

#include <stdbool.h>
#include <stdint.h>

#include "unified_io.h"

struct btf;
struct cli_object;

/* Exit status. */
enum {
	EXIT_OK,
	EXIT_FAILED, /* it could not be done; stderr or "error" says why */
	EXIT_USAGE,  /* the words of the command were wrong */
};

/* cmd/NAME.c: an object, its verbs and their options */
extern const struct cli_object region_object;
extern const struct cli_object policy_object;
extern const struct cli_object target_object;
extern const struct cli_object io_object;
extern const struct cli_object ingest_object;
extern const struct cli_object nic_object;
extern const struct cli_object stat_object;
extern const struct cli_object trace_object;
extern const struct cli_object doctor_object;
extern const struct cli_object version_object;

/* fail.c: err is -errno, or 0 */
extern bool json_output;
int fail(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same, for a sentence that says it all: the error's own text is left out. */
int fail_because(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int fail_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Flushes what was printed. 0 or -errno, which is said once. */
int output_error(void);

/* module.c: the module, through its device and its BTF */
#define MODULE_NAME "unified_io_region"
int module_open(void);
int module_info(struct unified_io_info *info);
const char *module_advice(int err);
int module_fail(int err);
int module_next_region(int fd, uint32_t id, struct unified_io_region_info *info);
int module_next_policy(int fd, uint32_t id, struct unified_io_policy_info *info);
int module_find_region(int fd, uint32_t id, struct unified_io_region_info *info);
struct btf *module_btf(struct btf **vmlinux);

#endif
