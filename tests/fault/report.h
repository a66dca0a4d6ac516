/* SPDX-License-Identifier: Apache-2.0 */
/* What a fault program says: its own tables, and one line for each bar it stands for, `BAR name value limit ok` or
 * `... short`. With --tap, which meson gives, each bar is also a test, and all else is a comment. */
#ifndef INCLOAD_TESTS_FAULT_REPORT_H
#define INCLOAD_TESTS_FAULT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

/* `--name VALUE` or `--name` among the arguments; the preset when it is not there. A flag's name stands alone. */
const char *argument_text(int argc, char **argv, const char *name, const char *preset);
int64_t argument_number(int argc, char **argv, const char *name, int64_t preset);
bool argument_flag(int argc, char **argv, const char *name);
/* Whether each argument is one of these names; flags and names with a value, NULL behind the last. --tap is known. */
bool arguments_known(int argc, char **argv, const char *const *flags, const char *const *values);

void report_begin(bool tap);
/* One line, without its end. Any thread. */
void report_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, of something that went wrong: with --tap it is an error too, so that the sum of the tests shows it. */
void report_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
void report_at_most(const char *name, double value, double limit);
void report_at_least(const char *name, double value, double limit);
/* The exit status: 1 when a bar was short, or none was there. */
int report_end(void);
/* For what must not happen in the program itself, such as a server that is gone: says why and ends it. */
void report_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The same numbers for one seed, on any machine (splitmix64). */
uint64_t draw(uint64_t *seed);
/* 0 to below - 1. */
int64_t draw_below(uint64_t *seed, int64_t below);

int64_t now_us(void);
void pause_us(int64_t us);

#endif
