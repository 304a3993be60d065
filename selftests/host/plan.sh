#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The planner against a plain model, in user space: plan/model.c.
program=$(mktemp)
trap 'rm -f "$program"' EXIT
cc -std=gnu11 -O2 -Wall -Wextra -Werror -fsanitize=undefined,address -Ikernel -Iselftests/host/plan \
	selftests/host/plan/model.c kernel/plan.c -o "$program" && "$program"
