/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is where in a queue's part of the rings. The last is the refill ring, of
 * at most 32768 entries and a page for its indices.
 */
#ifndef PIPELINE_LAYOUT_H
#define PIPELINE_LAYOUT_H

#define PIPELINE_RING_PART  (2ULL << 20)
#define PIPELINE_AT_CQ	    0
#define PIPELINE_AT_SQ	    (1ULL << 20)
#define PIPELINE_AT_REFILL  (PIPELINE_AT_SQ + (256ULL << 10))

#define PIPELINE_SQ_ENTRIES 1024 /* of 128 bytes */
#define PIPELINE_CQ_ENTRIES 8192 /* of 32 */
#define PIPELINE_MAX_REFILL 32768

#endif
