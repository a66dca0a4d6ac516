/* SPDX-License-Identifier: Apache-2.0 */
/* Servers of a program's own, which it may kill, stop and start again. What is committed on them outlives them, though
 * not the machine. */
#ifndef INCLOAD_TESTS_FAULT_PRIVATE_H
#define INCLOAD_TESTS_FAULT_PRIVATE_H

#include <stdbool.h>

#include "stage.h"

/* Starts one of each, by tests/servers.sh, which also ends them with this program. */
void private_start(void);
void private_stop(void);

/* A stage on them, from and to that kind. Its loads come as an ordinary role; its own clients may do everything. */
stage *private_stage(kind which);
/* A client with all rights on the server's administrative database, or on the stage's target. */
client *private_admin(kind which);
client *private_try_admin(kind which); /* NULL when it does not answer */
client *private_admin_on(const stage *s);

/* The server's process. */
int private_pid(kind which);
/* Ends it at once, as a crash does, and waits until it is gone. */
void private_crash(kind which);
/* Starts it again, with one more argument (may be NULL), and waits until it answers, unless told not to. */
void private_restart(kind which, const char *argument, bool wait);
/* Its directory of data. */
const char *private_data(kind which);

#endif
