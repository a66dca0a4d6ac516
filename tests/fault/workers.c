/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "workers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "report.h"

counters *
counters_new(void)
{
    void *at = mmap(NULL, sizeof(counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED)
        report_die("no memory to share among workers");
    return at;
}

void
workers_run(work_fn work, void *data)
{
    pid_t pids[WORKERS];
    int status, failed = 0;

    fflush(stdout);
    for (int i = 0; i < WORKERS; i++) {
        pids[i] = fork();
        if (pids[i] < 0)
            report_die("no process for a worker");
        if (pids[i] == 0) {
            /* Nothing of a program that is stopped half-way stays. */
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            work(i, data);
            fflush(stdout);
            _exit(EXIT_SUCCESS);
        }
    }
    for (int i = 0; i < WORKERS; i++) {
        while (waitpid(pids[i], &status, 0) < 0 && errno == EINTR)
            ;
        failed += !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS;
    }
    if (failed > 0)
        report_die("%d of %d workers did not come to their end", failed, (int)WORKERS);
}
