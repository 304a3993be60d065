/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A JSON writer: values go to stdout as they are given, commas and indentation
 * are its business. The key is NULL inside an array. A command prints one document,
 * unless it says that it prints a sequence of them.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stdint.h>

void json_setup(bool pretty);
/* What follows is as many documents as there happen to be, each on a line. */
void json_sequence(void);
void json_object(const char *key);
void json_array(const char *key);
void json_end(void);
void json_str(const char *key, const char *value);
void json_u64(const char *key, uint64_t value);
void json_s64(const char *key, int64_t value);
void json_bool(const char *key, bool value);
void json_null(const char *key);
void json_numbers(const char *key, const unsigned int *numbers, unsigned int nr);

/*
 * Say why it failed: in a document of its own, or, if one was begun, at its end, as the
 * last element or as members of the object that was being written; that document is then
 * complete. False: one was printed already, and it has to be said elsewhere. err is
 * -errno, or 0.
 */
bool json_error(const char *text, int err);
/* From here on stdout is somebody else's. */
void json_leave(void);

#endif
