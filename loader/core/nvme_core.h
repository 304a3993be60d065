/* SPDX-License-Identifier: GPL-2.0 */
/* Is the NVMe driver the one that the module was built for? */
#ifndef NVME_CORE_H
#define NVME_CORE_H

enum nvme_core {
	NVME_CORE_SAME,
	NVME_CORE_OTHER,
	NVME_CORE_ABSENT, /* no driver to compare */
};

enum nvme_core nvme_core_compare(void);

#endif
