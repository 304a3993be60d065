/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is where in a queue's part of the rings. The last is the refill ring, of
 * at most 32768 entries and a page for its indices.
 */
#ifndef INGEST_LAYOUT_H
#define INGEST_LAYOUT_H

#define INGEST_RING_PART  (2ULL << 20)
#define INGEST_AT_CQ	  0
#define INGEST_AT_SQ	  (1ULL << 20)
#define INGEST_AT_REFILL  (INGEST_AT_SQ + (256ULL << 10))

#define INGEST_SQ_ENTRIES 1024 /* of 128 bytes */
#define INGEST_CQ_ENTRIES 8192 /* of 32 */
#define INGEST_MAX_REFILL 32768

#endif
