/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that are stopped by SIGSTOP, all their processes, and go on by SIGCONT. They are private to the program:
 * tests/servers.sh starts them for it. */
#ifndef INCLOAD_TESTS_INTEGRATION_FROZEN_H
#define INCLOAD_TESTS_INTEGRATION_FROZEN_H

#include <stdint.h>

/* `variable` names the environment variable with the first process's id. */
void freeze_server(const char *variable);
void thaw_server(const char *variable);
/* Threads of this process; a sanitizer's own, which come with the first thread, are among them from the start. */
int32_t count_threads(void);
/* Until there are no more than so many, for ten seconds at the most; how many there are. */
int32_t wait_for_threads(int32_t most);
int64_t clock_ms(void);
void sleep_ms(int64_t ms);

#endif
