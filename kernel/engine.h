/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine, through which every operation goes: engine.c.
 */
#ifndef UNIFIED_ENGINE_H
#define UNIFIED_ENGINE_H

struct unified_command;
struct unified_io_region;
struct unified_op;

void unified_engine_init(struct unified_io_region *r);
void unified_engine_exit(struct unified_io_region *r);

/* for doors */
int unified_submit_operation(struct unified_op *op);
void unified_post_operation(struct unified_op *op);
void unified_defer_operation(struct unified_op *op);
void unified_finish_operation(struct unified_op *op);

/* for targets */
void unified_command_end(struct unified_command *c);
void unified_resume_operation(struct unified_op *op);

#endif
