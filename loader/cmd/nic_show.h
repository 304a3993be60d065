/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For nic.c: unifiedctl nic show.
 */
#ifndef NIC_SHOW_H
#define NIC_SHOW_H

int nic_show(int argc, char **argv);

#endif
