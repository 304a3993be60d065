/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine, through which every operation goes: engine.c.
 */
#ifndef UNIFIED_ENGINE_H
#define UNIFIED_ENGINE_H

struct unified_command;
struct unified_op;

int unified_submit_operation(struct unified_op *op);
void unified_submit_posted(struct unified_op *op);
void unified_resume_operation(struct unified_op *op);
void unified_command_end(struct unified_command *c);
void unified_process_operation(struct unified_op *op);
void unified_finish_operation(struct unified_op *op);

#endif
