/* SPDX-License-Identifier: Apache-2.0 */
/* A machine whose every turn is drawn from one seed. Its processes have threads, of which one runs at a time until it
 * waits; which one goes on is drawn, and time passes only when all wait. The threads, locks, clocks, randomness and
 * memory of the library's files come from here (--wrap at link time, surroundings.c): nothing else is known to them. */
#ifndef INCLOAD_TESTS_FAULT_SIMULATION_MACHINE_H
#define INCLOAD_TESTS_FAULT_SIMULATION_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct process process;
typedef struct thread thread;

enum { MACHINE_FOREVER = -1 };

/* A machine with no process, at the first instant of its time. */
void machine_begin(uint64_t seed, bool tells);
/* Until no thread is left. False: those that are left wait for each other, or time ran out. */
bool machine_run(int64_t limit_us);
/* What is left is gone. */
void machine_end(void);
/* Of all that was noted. */
uint64_t machine_hash(void);

int64_t machine_now(void);
/* Since its first instant. */
int64_t machine_elapsed(void);
int64_t machine_draw(int64_t below);
/* 0 to from - 1, each as likely; true for the first `share` of them. */
bool machine_odds(int64_t share, int64_t from);
/* A fact of the trace: part of its hash, and printed when this machine tells. */
void machine_note(const char *what, const char *text, int64_t number);

process *machine_start(const char *name, void (*main)(void *data), void *data);
/* A further thread of a process; one that is joinable stays until machine_join(). */
thread *machine_start_thread(process *owner, bool joinable, void *(*main)(void *data), void *data);
void machine_join(thread *which);
/* NULL: none runs. */
process *machine_process(void);
thread *machine_thread(void);
const char *process_name(const process *which);
int32_t process_pid(const process *which);
bool process_lives(int32_t pid);
/* It never runs again, and its memory is gone. Does not return when it is the one that runs. */
void process_kill(process *which);
/* None of its threads runs before that. */
void process_stall(process *which, int64_t us);
/* Blocks of memory that it has not given back. */
int64_t process_blocks(const process *which);

void *process_allocate(size_t size);
void *process_reallocate(void *block, size_t size);
void process_release(void *block);

void machine_sleep(int64_t us);
/* Until somebody wakes those who wait on `what`, or that instant (MACHINE_FOREVER: only that). False: it is over. */
bool machine_wait(const void *what, int64_t until_us);
void machine_wake(const void *what, bool all);
/* Others may have their turn first. */
void machine_yield(void);

#endif
