/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What libbpf and the verifier say, kept to be shown only if loading fails.
 */
#ifndef BPF_LOG_H
#define BPF_LOG_H

void bpf_log_keep(void);
void bpf_log_drop(void);

/* Say what could not be done, and why. EXIT_FAILED. */
int bpf_log_fail(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
