// SPDX-License-Identifier: GPL-2.0
/*
 * unifiedctl io: how far it is, what became of it, and why it did not work.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "interrupt.h"
#include "io_job.h"
#include "json.h"
#include "ledger.h"
#include "nvme.h"
#include "target.h"
#include "unifiedctl.h"
#include "units.h"

#define INTERVAL 500000 /* microseconds between two looks at the progress */

/* --- progress ------------------------------------------------------------------- */

void job_progress(const struct stream *s)
{
	static uint64_t first, last;
	uint64_t now = microseconds_of(CLOCK_MONOTONIC);
	char done[32], of[32] = "", rate[32];

	if (!first)
		first = last = now;
	if (now - last < INTERVAL)
		return;
	last = now;
	if (!s->until_end)
		about(s->length, of, sizeof(of));
	fprintf(stderr, "\r%s%s%s, %s/s\033[K", about(s->bytes, done, sizeof(done)),
		*of ? " of " : "", of, about(s->bytes * 1e6 / (now - first), rate, sizeof(rate)));
	fflush(stderr);
}

/* --- why ------------------------------------------------------------------------ */

/* Its size is 0 some time before the module is told that it goes. */
static bool device_gone(const struct job *job)
{
	struct unified_io_target t = {};

	for (; !ioctl(job->io.region.fd, UNIFIED_IO_GET_TARGET, &t); t.index++)
		if (t.gone || !target_size(&t))
			return true;
	return false;
}

/* What an operation's errno means here, and what to do. */
static const char *error_words(const struct job *job, int err)
{
	switch (err) {
	case -EINTR:
		return "a reset of the controller cut it off; it may have been done or not";
	case -EOPNOTSUPP:
		return "the device cannot do this";
	case -EILSEQ:
		return "the data differs";
	case -EREMOTEIO:
		return "the device refuses it";
	case -ENODATA:
		return "the medium is damaged there";
	case -ENOLINK:
		return "the path to the device failed";
	case -EBADE:
		return "it is reserved for another host";
	case -ETIMEDOUT:
		return "the device did not answer in time";
	case -E2BIG:
		return "the memory is in too many pieces: make --chunk smaller";
	case -ENOMEM:
		return "there is no memory for it: make --chunk or --qd smaller";
	case -ECANCELED:
		return job->nr_policies ? "a policy dropped it" : "it was canceled";
	case -EIO:
		return "the device failed";
	default:
		return strerror(-err);
	}
}

/* Its errno does not tell who refused an operation. */
static const char *policy_words(const struct job *job)
{
	return job->nr_policies ? ", or a policy said so" : "";
}

static bool data_differs(const struct job *job)
{
	return job->stream.end == STREAM_FAILED && job->verb->mask == COMPARE &&
	       job->stream.failed.completion.res == -EILSEQ;
}

static void explain_failed(struct job *job, char *text, size_t size)
{
	struct stream *s = &job->stream;
	const struct unified_completion *c = &s->failed.completion;
	const char *words = nvme_status_words(c->status);
	char where[96] = "";

	if (s->failed.len)
		snprintf(where, sizeof(where), " of %u blocks at lba %" PRIu64,
			 s->failed.len / s->block, s->failed.lba);
	if (device_gone(job))
		snprintf(text, size, "the device was removed during a %s%s", job->verb->name,
			 where);
	else if (data_differs(job) && s->failed.len == s->block)
		snprintf(text, size, "the device has other data: lba %" PRIu64 " is the first",
			 s->failed.lba);
	else if (data_differs(job))
		snprintf(text, size, "the device has other data%s", where);
	else if (words && c->status)
		snprintf(text, size, "%s%s: %s (NVMe status %#x)", job->verb->name, where, words,
			 c->status);
	else if (c->status)
		snprintf(text, size, "%s%s: %s (NVMe status %#x)", job->verb->name, where,
			 error_words(job, c->res), c->status);
	else
		snprintf(text, size, "%s%s: %s%s", job->verb->name, where, error_words(job, c->res),
			 policy_words(job));
}

/* Why it ended. Its errno as -errno, or 0; *text is empty if all went well. */
static int explain(struct job *job, char *text, size_t size)
{
	struct stream *s = &job->stream;
	const char *file = job->file && strcmp(job->file, "-") ? job->file : NULL;

	*text = '\0';
	switch (s->end) {
	case STREAM_DONE:
		break;
	case STREAM_INTERRUPTED:
		snprintf(text, size, "interrupted");
		break;
	case STREAM_FAILED:
		explain_failed(job, text, size);
		return s->failed.completion.res;
	case STREAM_BROKEN:
		snprintf(text, size, "door %s: %s", job->door, strerror(-s->error));
		return s->error;
	case STREAM_INPUT:
		snprintf(text, size, "cannot read %s: %s", file ?: "standard input",
			 strerror(-s->error));
		return s->error;
	case STREAM_OUTPUT:
		snprintf(text, size, "cannot write %s: %s", file ?: "standard output",
			 strerror(-s->error));
		return s->error;
	case STREAM_SHORT:
		snprintf(text, size, "the input ended before there were %" PRIu64 " blocks",
			 s->length / s->block);
		break;
	case STREAM_PARTIAL:
		snprintf(text, size,
			 "the last %u bytes of the input are no whole block of %u. Say --pad to "
			 "fill it with zeroes",
			 s->rest, s->block);
		break;
	case STREAM_FULL:
		snprintf(text, size, "the device ends here, and there is more input");
		break;
	}
	return 0;
}

/* --- what became of it ------------------------------------------------------------ */

static void json_devices(const struct job *job)
{
	unsigned int i;

	json_array("devices");
	for (i = 0; i < job->nr_devices; i++) {
		json_object(NULL);
		json_str("name", job->target[i].name);
		json_str("kind", target_kind(&job->target[i]));
		json_u64("block_size", job->target[i].lba_size);
		json_end();
	}
	json_end();
}

static void json_report(const struct job *job, const char *why, int err,
			const struct unified_io_ledger *ledger)
{
	const struct stream *s = &job->stream;
	uint32_t status = s->end == STREAM_FAILED ? s->failed.completion.status : 0;

	json_object(NULL);
	json_str("operation", job->verb->name);
	json_devices(job);
	json_str("door", job->door);
	if (job->verb->mask != FLUSH) {
		json_u64("lba", s->lba);
		json_u64("bytes", s->bytes);
	}
	if (s->padded)
		json_u64("padded", s->padded);
	json_u64("operations", s->operations);
	json_u64("microseconds", job->microseconds);
	json_bool("interrupted", s->end == STREAM_INTERRUPTED);
	if (*why)
		json_str("error", why);
	if (err)
		json_s64("errno", -err);
	if (status) {
		json_u64("status", status);
		json_u64("failed_lba", s->failed.lba);
	}
	/* One that failed too often decides no more: what was asked for did not happen. */
	policy_uses_json(&job->uses);
	ledger_json("ledger", ledger);
	json_end();
}

static void print_report(const struct job *job, const char *why,
			 const struct unified_io_ledger *ledger)
{
	const struct stream *s = &job->stream;
	/* Not among the data. */
	FILE *to = s->out == 1 || *why ? stderr : stdout;
	double seconds = job->microseconds / 1e6;
	char bytes[32], rate[32];

	if (s->progress)
		fputs("\r\033[K", stderr);
	if (*why) {
		fflush(stdout);
		fprintf(stderr, "unifiedctl: %s\n", why);
	}
	if (job->verb->mask == FLUSH) {
		if (!*why)
			fprintf(to, "flushed, %.3f s\n", seconds);
		return;
	}
	fprintf(to, "%s %s, %" PRIu64 " operation%s, %.3f s, %s/s",
		about(s->bytes, bytes, sizeof(bytes)), job->verb->done, s->operations,
		s->operations == 1 ? "" : "s", seconds,
		about(seconds > 0 ? s->bytes / seconds : 0, rate, sizeof(rate)));
	if (s->padded)
		fprintf(to, ", %u bytes of padding", s->padded);
	if (ledger->bytes_bounced)
		fprintf(to, ", %s copied on the way",
			about(ledger->bytes_bounced, bytes, sizeof(bytes)));
	fputc('\n', to);
}

int job_report(struct job *job)
{
	struct unified_io_info info = {};
	char why[400];
	int err;

	/* Before anything more is done to find out why. */
	ioctl(job->io.region.fd, UNIFIED_IO_GET_INFO, &info);
	/* Hooks changed the data: it cannot be compared once more. */
	if (data_differs(job) && !job->process)
		stream_find_difference(&job->stream);
	err = explain(job, why, sizeof(why));
	policy_uses_look_last(&job->uses, job->io.region.fd, NULL);
	if (json_output)
		json_report(job, why, err, &info.region.ledger);
	else
		print_report(job, why, &info.region.ledger);
	policy_uses_tell(&job->uses, stderr);
	if (job->stream.end == STREAM_INTERRUPTED)
		return 128 + interrupted;
	return job->stream.end ? EXIT_FAILED : EXIT_OK;
}
