// SPDX-License-Identifier: GPL-2.0
/*
 * VM: --threads multi
 *
 * Buffers are taken and given back by threads on each CPU, in the softirq of
 * packets and in timers that interrupt any of those, all at once: nobody gets
 * what another has, and nothing is lost.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "pool.h"

static atomic_bool stop;

struct worker {
	pthread_t thread;
	const struct pool *pool;
	uint64_t owner;
};

static void *hammering(void *arg)
{
	struct worker *w = arg;

	while (!stop && !call(HAMMER, (struct buffer_call){ .region = w->pool->setup.id,
							    .count = 200,
							    .owner = w->owner }))
		;
	return NULL;
}

static void *scribbling(void *arg)
{
	struct worker *w = arg;
	uint32_t *words = (uint32_t *)w->pool->mirror;
	size_t n = w->pool->setup.nr_slots * sizeof(struct unified_slot) / sizeof(*words);
	unsigned int seed = 1;

	while (!stop)
		*(volatile uint32_t *)&words[rand_r(&seed) % n] =
			rand_r(&seed) % 2 ? 0xffffffff : (uint32_t)rand_r(&seed);
	return NULL;
}

struct wire {
	int from, to;
	struct bpf_link *link;
};

static struct wire wire_open(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct bpf_program *prog = bpf_object__find_program_by_name(programs.obj, "on_packet");
	struct wire w = { .from = socket(AF_INET, SOCK_DGRAM, 0),
			  .to = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0) };
	socklen_t len = sizeof(to);

	w.link = bpf_program__attach_tcx(prog, if_nametoindex("lo"), NULL);
	if (!ok(w.link && !bind(w.to, (struct sockaddr *)&to, len) &&
			!getsockname(w.to, (struct sockaddr *)&to, &len) &&
			!connect(w.from, (struct sockaddr *)&to, len),
		"a program looks at the packets of lo"))
		exit(done());
	return w;
}

static void wire_close(struct wire *w)
{
	bpf_link__destroy(w->link);
	close(w->from);
	close(w->to);
}

/* Datagrams, for so long; returns how many arrived. */
static int traffic(struct wire *w, int seconds)
{
	time_t end = time(NULL) + seconds;
	char data[64] = "all of it";
	int got = 0;

	while (time(NULL) < end) {
		if (write(w->from, data, sizeof(data)) != sizeof(data))
			break;
		while (read(w->to, data, sizeof(data)) == sizeof(data))
			got++;
	}
	return got;
}

/* Two threads alone want more than there is. */
static void at_once(void)
{
	struct pool p = pool_open(6);
	struct worker a = { .pool = &p, .owner = 1 }, b = { .pool = &p, .owner = 2 };
	struct worker s = { .pool = &p };
	struct wire w = wire_open();
	int got;

	tally->region = p.setup.id;
	stop = false;
	pthread_create(&a.thread, NULL, hammering, &a);
	pthread_create(&b.thread, NULL, hammering, &b);
	pthread_create(&s.thread, NULL, scribbling, &s);
	got = traffic(&w, 3);
	stop = true;
	pthread_join(a.thread, NULL);
	pthread_join(b.thread, NULL);
	pthread_join(s.thread, NULL);
	tally->region = 0;
	wire_close(&w);
	/* A timer that runs at this moment is the last. */
	usleep(100000);

	diag("%llu taken, %llu in vain; %llu packets, %llu timers, %d datagrams",
	     (unsigned long long)tally->taken, (unsigned long long)tally->exhausted,
	     (unsigned long long)tally->in_packet, (unsigned long long)tally->in_timer, got);
	ok(tally->taken > 1000 && tally->exhausted > 100 && tally->in_packet > 100 &&
		   tally->in_timer > 100 && got > 100,
	   "two threads, packets and timers take buffers and give them back");
	answers(tally->twice, 0, "none was handed out that somebody had");
	answers(tally->wrong, 0, "nor any other wrong answer given");
	answers(ledger(&p).buffers_exhausted, tally->exhausted, "each refusal was counted");
	answers(ledger(&p).buffers_stale, tally->stale, "and each stale handle");
	ok(region_info(p.fd).slots_held == 0, "none is held");
	all_free(&p, "after that");
	pool_close(&p);
}

/* Nobody writes the mirror of a slot that somebody has: here the only one. */
static void mirrored_at_once(void)
{
	struct pool p = pool_open(1);
	struct worker a = { .pool = &p, .owner = 1 };
	time_t end = time(NULL) + 2;
	int right = 0, wrong = 0;

	stop = false;
	pthread_create(&a.thread, NULL, hammering, &a);
	while (time(NULL) < end) {
		int64_t held = alloc(&p, OWNER(right));

		if (held < 0)
			continue;
		if (mirrors(&p, held, UNIFIED_SLOT_HELD, generation(held), OWNER(right)))
			right++;
		else
			wrong++;
		give(&p, held);
	}
	stop = true;
	pthread_join(a.thread, NULL);
	ok(right > 100 && !wrong, "the mirror stays right meanwhile (%d, %d)", right, wrong);
	pool_close(&p);
}

#define LIST  64
#define TURNS 3000

struct race {
	const struct pool *pool;
	atomic_int turn, ended;
	int64_t given;
};

static struct buffer_call list_of(const struct pool *p)
{
	return (struct buffer_call){ .region = p->setup.id, .count = LIST, .owner = 1 };
}

static void *other_racer(void *arg)
{
	struct race *r = arg;
	int turn;

	for (turn = 1; turn <= TURNS; turn++) {
		while (r->turn < turn)
			;
		r->given += call(GIVE_LIST, list_of(r->pool));
		r->ended = turn;
	}
	return NULL;
}

/* Two give the same buffers back, each of them in the same order. */
static void given_twice(void)
{
	struct pool p = pool_open(LIST);
	struct race r = { .pool = &p };
	int64_t given = 0, least = TURNS / 50;
	pthread_t thread;
	int turn;

	pthread_create(&thread, NULL, other_racer, &r);
	for (turn = 1; turn <= TURNS; turn++) {
		call(TAKE_LIST, list_of(&p));
		r.turn = turn;
		given += call(GIVE_LIST, list_of(&p));
		while (r.ended < turn)
			;
	}
	pthread_join(thread, NULL);
	ok(given > least && r.given > least, "two threads give back at once (%lld, %lld)",
	   (long long)given, (long long)r.given);
	answers(given + r.given, (int64_t)TURNS * LIST, "one of them gives each buffer back");
	answers(ledger(&p).buffers_stale, (int64_t)TURNS * LIST, "the other one is refused");
	answers(ledger(&p).buffers_exhausted, 0, "and all are there every time");
	all_free(&p, "after that");
	pool_close(&p);
}

/* A region that goes while its buffers are taken and given back. */
static void goes(void)
{
	struct pool p = pool_open(13);
	struct worker a = { .pool = &p, .owner = 1 };

	stop = false;
	pthread_create(&a.thread, NULL, hammering, &a);
	usleep(200000);
	pool_close(&p);
	/* It ends by itself, when it finds no region. */
	pthread_join(a.thread, NULL);
	ok(tally->taken > 100 && !tally->twice && !tally->wrong, "until the region is closed");
	ok(is_gone(p.setup.id), "which goes");
}

int main(void)
{
	pool_programs();
	at_once();
	mirrored_at_once();
	given_twice();
	goes();
	policy_close(&programs);
	return done();
}
