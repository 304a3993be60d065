// SPDX-License-Identifier: GPL-2.0
/*
 * A QEMU plugin: how many instructions each vCPU executes between two markers
 * in the guest (marker.h).
 *
 *	-plugin count.so,counts=FILE[,profile=FILE]
 *
 * At every end marker "counts" is rewritten with what was executed since the
 * begin marker of the same label, a line per vCPU:
 *
 *	label vcpu user kernel rep_moved rep_stored
 *
 * User and kernel are told apart by the address of the instruction. A string
 * instruction with a REP prefix is not among them: one of it can be a byte or a
 * page, so its bytes are counted instead, those that it moved (MOVS) and those
 * that it stored (STOS). "profile" is rewritten likewise, for label 0, with
 *
 *	address instructions rep_bytes
 *
 * for every 16 bytes of the kernel's code that the vCPU with the end marker has
 * executed: a function starts at a multiple of 16.
 *
 * A scoreboard has an entry for each vCPU, and only its own thread adds to it: no
 * lock. Translation, on any of these threads, takes the lock of the profile's
 * table. A marker reads the entries of vCPUs that go on running: theirs are the
 * counts of about now.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marker.h"

/* --- the plugin API of QEMU, of which Debian ships no header ---------------- */

#define EXPORT		  __attribute__((visibility("default")))

#define PLUGIN_API	  7
#define PLUGIN_NO_REGS	  0
#define PLUGIN_MEM_WRITE  2
#define PLUGIN_INLINE_ADD 0

typedef uint64_t plugin_id;

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_scoreboard;

struct plugin_u64 {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
};

struct plugin_info {
	const char *target_name;
	struct {
		int min, current;
	} version;
	bool system_emulation;
	int vcpus, max_vcpus;
};

struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t size);
void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int vcpu);
int qemu_plugin_num_vcpus(void);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *data, size_t size);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn, int op,
							 struct plugin_u64 counter, uint64_t value);
void qemu_plugin_register_vcpu_mem_inline_per_vcpu(struct qemu_plugin_insn *insn, int access,
						   int op, struct plugin_u64 counter,
						   uint64_t value);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*call)(unsigned int vcpu, void *data), int flags,
					    void *data);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
					   void (*call)(struct qemu_plugin_tb *tb, void *data),
					   void *data);

EXPORT int qemu_plugin_version = PLUGIN_API;
EXPORT int qemu_plugin_install(plugin_id id, const struct plugin_info *info, int argc, char **argv);

/* --- counters --------------------------------------------------------------- */

#define MAX_VCPUS 16

enum counter {
	USER,
	KERNEL,
	REP_MOVED,
	REP_STORED,
	NR_COUNTERS
};

static struct qemu_plugin_scoreboard *counters;
static uint64_t counted_at_begin[MARKER_LABELS][MAX_VCPUS][NR_COUNTERS];
static const char *counts_file, *profile_file;

static struct plugin_u64 counter(enum counter which)
{
	return (struct plugin_u64){ counters, which * sizeof(uint64_t) };
}

static unsigned int vcpus(void)
{
	unsigned int nr = qemu_plugin_num_vcpus();

	return nr < MAX_VCPUS ? nr : MAX_VCPUS;
}

static FILE *rewrite(const char *name)
{
	FILE *file = fopen(name, "w");

	if (!file) {
		fprintf(stderr, "count: cannot write %s\n", name);
		exit(1);
	}
	return file;
}

static void begin_counts(unsigned int label)
{
	unsigned int vcpu;

	for (vcpu = 0; vcpu < vcpus(); vcpu++)
		memcpy(counted_at_begin[label][vcpu], qemu_plugin_scoreboard_find(counters, vcpu),
		       sizeof(counted_at_begin[label][vcpu]));
}

static void end_counts(unsigned int label)
{
	FILE *file = rewrite(counts_file);
	unsigned int vcpu, i;

	for (vcpu = 0; vcpu < vcpus(); vcpu++) {
		const uint64_t *now = qemu_plugin_scoreboard_find(counters, vcpu);

		fprintf(file, "%u %u", label, vcpu);
		for (i = 0; i < NR_COUNTERS; i++)
			fprintf(file, " %lu", now[i] - counted_at_begin[label][vcpu][i]);
		fprintf(file, "\n");
	}
	fclose(file);
}

/* --- profile ---------------------------------------------------------------- */

/* The kernel's code has some 100 000 times 16 bytes that a boot executes. */
#define PLACES	    (1U << 19)
#define PLACE_SHIFT 4

struct place {
	uint64_t insns, rep_bytes;
};

/* A hash table of addresses. The scoreboard has a struct place for each, per vCPU. */
static uint64_t place_address[PLACES];
static struct qemu_plugin_scoreboard *places;
static struct place *places_at_begin;
static pthread_mutex_t place_lock = PTHREAD_MUTEX_INITIALIZER;

/* Once the table is nearly full, all that is new goes to entry 0. */
static unsigned int place_of(uint64_t address)
{
	static unsigned int used;
	uint64_t key = address >> PLACE_SHIFT << PLACE_SHIFT;
	unsigned int i = (key * 0x9e3779b97f4a7c15u) >> 45;

	pthread_mutex_lock(&place_lock);
	while (place_address[i] != key && (place_address[i] || !i))
		i = (i + 1) % PLACES;
	if (!place_address[i]) {
		if (used < PLACES / 8 * 7) {
			place_address[i] = key;
			used++;
		} else {
			i = 0;
		}
	}
	pthread_mutex_unlock(&place_lock);
	return i;
}

static struct plugin_u64 place_insns(unsigned int i)
{
	return (struct plugin_u64){ places, i * sizeof(struct place) };
}

static struct plugin_u64 place_rep_bytes(unsigned int i)
{
	return (struct plugin_u64){ places,
				    i * sizeof(struct place) + offsetof(struct place, rep_bytes) };
}

static void begin_profile(unsigned int vcpu)
{
	memcpy(places_at_begin, qemu_plugin_scoreboard_find(places, vcpu),
	       PLACES * sizeof(*places_at_begin));
}

static void end_profile(unsigned int vcpu)
{
	const struct place *now = qemu_plugin_scoreboard_find(places, vcpu);
	FILE *file = rewrite(profile_file);
	unsigned int i;

	for (i = 0; i < PLACES; i++) {
		uint64_t insns = now[i].insns - places_at_begin[i].insns;
		uint64_t bytes = now[i].rep_bytes - places_at_begin[i].rep_bytes;

		if (insns || bytes)
			fprintf(file, "%016lx %lu %lu\n", place_address[i], insns, bytes);
	}
	fclose(file);
}

/* --- instrumentation -------------------------------------------------------- */

static void mark(unsigned int vcpu, void *data)
{
	uintptr_t marker = (uintptr_t)data;
	unsigned int label = marker % MARKER_LABELS;
	bool profiled = profile_file && !label;

	if (marker / MARKER_LABELS == MARKER_BEGIN) {
		if (profiled)
			begin_profile(vcpu);
		begin_counts(label);
	} else {
		end_counts(label);
		if (profiled)
			end_profile(vcpu);
	}
}

static bool is_marker(const uint8_t *insn, size_t len)
{
	static const uint8_t opcode[] = MARKER_OPCODE, magic[] = MARKER_MAGIC;

	return len == 7 && !memcmp(insn, opcode, sizeof(opcode)) &&
	       !memcmp(insn + 5, magic, sizeof(magic)) && insn[3] < MARKER_LABELS &&
	       insn[4] <= MARKER_END;
}

/* Bytes per iteration if it is REP MOVS or REP STOS, else 0. */
static unsigned int rep_width(const uint8_t *insn, size_t len, enum counter *which)
{
	unsigned int width = 4;
	bool rep = false;
	size_t i = 0;

	for (; i < len && strchr("\xf2\xf3\x66\x67", insn[i]) && insn[i]; i++) {
		if (insn[i] == 0xf2 || insn[i] == 0xf3)
			rep = true;
		if (insn[i] == 0x66)
			width = 2;
	}
	if (i < len && (insn[i] & 0xf0) == 0x40) {
		if (insn[i] & 8)
			width = 8;
		i++;
	}
	if (!rep || i + 1 != len)
		return 0;
	*which = (insn[i] & 0xfe) == 0xa4 ? REP_MOVED : REP_STORED;
	if (*which == REP_STORED && (insn[i] & 0xfe) != 0xaa)
		return 0;
	return insn[i] & 1 ? width : 1;
}

static void add_insn(struct qemu_plugin_insn *insn, struct plugin_u64 to)
{
	qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, PLUGIN_INLINE_ADD, to, 1);
}

/* By its stores: how often QEMU executes the instruction itself is QEMU's affair. */
static void add_bytes(struct qemu_plugin_insn *insn, struct plugin_u64 to, unsigned int width)
{
	qemu_plugin_register_vcpu_mem_inline_per_vcpu(insn, PLUGIN_MEM_WRITE, PLUGIN_INLINE_ADD, to,
						      width);
}

static void instrument(struct qemu_plugin_insn *insn)
{
	uint64_t address = qemu_plugin_insn_vaddr(insn);
	bool kernel = (int64_t)address < 0;
	unsigned int width, place = 0;
	enum counter which;
	uint8_t code[16];
	size_t len;

	len = qemu_plugin_insn_data(insn, code, sizeof(code));
	if (profile_file && kernel)
		place = place_of(address);
	width = rep_width(code, len, &which);
	if (width) {
		add_bytes(insn, counter(which), width);
		if (profile_file && kernel)
			add_bytes(insn, place_rep_bytes(place), width);
		return;
	}
	add_insn(insn, counter(kernel ? KERNEL : USER));
	if (profile_file && kernel)
		add_insn(insn, place_insns(place));
	if (is_marker(code, len))
		qemu_plugin_register_vcpu_insn_exec_cb(
			insn, mark, PLUGIN_NO_REGS,
			(void *)((uintptr_t)code[4] * MARKER_LABELS + code[3]));
}

static void translate(struct qemu_plugin_tb *tb, void *data)
{
	size_t i;

	(void)data;
	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++)
		instrument(qemu_plugin_tb_get_insn(tb, i));
}

int qemu_plugin_install(plugin_id id, const struct plugin_info *info, int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "counts=", 7))
			counts_file = argv[i] + 7;
		else if (!strncmp(argv[i], "profile=", 8))
			profile_file = argv[i] + 8;
		else
			return -1;
	}
	if (!counts_file || info->version.min > PLUGIN_API || !info->system_emulation)
		return -1;
	counters = qemu_plugin_scoreboard_new(NR_COUNTERS * sizeof(uint64_t));
	if (profile_file) {
		places = qemu_plugin_scoreboard_new(PLACES * sizeof(struct place));
		places_at_begin = malloc(PLACES * sizeof(struct place));
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate, NULL);
	return 0;
}
