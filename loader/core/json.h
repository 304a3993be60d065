/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A JSON writer: values go to stdout as they are given, commas and indentation
 * are its business. The key is NULL inside an array.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdint.h>

void json_setup(bool pretty);
void json_object(const char *key);
void json_array(const char *key);
void json_end(void);
void json_str(const char *key, const char *value);
void json_u64(const char *key, uint64_t value);
void json_s64(const char *key, int64_t value);
void json_bool(const char *key, bool value);
void json_null(const char *key);
void json_numbers(const char *key, const unsigned int *numbers, unsigned int nr);

#endif
