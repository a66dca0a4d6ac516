/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cdc_follow.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <incload/incload.h>

#include "report.h"

extern char **environ;

enum { SESSIONS_END_US = 30000000 };

/* A killed one cannot give its lease up, and the next waits for its end. Small commits make many moments, also inside
 * of large transactions. */
static const char common[] = "publication=cdc schema_changes=ignore lease=300ms wait=20s retry_delay=20ms retries=200 "
                             "batch_events=20 batch_bytes=65536 batch_delay=5ms memory=262144";

static int32_t
run(const follow *f, const char *until, int64_t *commits, incload_error **err)
{
    char options[400];
    int file = trace_open(f->seen);
    incload_database *from = incload_database_new(f->source, NULL, err);
    incload_database *to = incload_database_new(f->target, NULL, err);

    snprintf(options, sizeof options, "%s slot=%s until=%s", common, f->slot, until);
    incload_stream *stream = incload_stream_new(from, to, options, err);
    incload_stream_set_function(stream, trace_see, &file, NULL, err);
    int32_t status = incload_stream_run(stream, err);
    *commits += incload_stream_commits(stream);
    incload_stream_unref(stream);
    incload_database_unref(to);
    incload_database_unref(from);
    close(file);
    return status;
}

/* ---- how far the target is ---- */

/* A commit that was on its way when the process was killed lands or does not before its session ends. */
static void
wait_for_sessions(const follow *f)
{
    for (int64_t until = now_us() + SESSIONS_END_US; now_us() < until; pause_us(1000)) {
        if (client_number(f->at_target, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                                        "backend_type = 'client backend' AND pid <> pg_backend_pid()")
            == 0)
            return;
    }
    report_die("the sessions of a stream do not end");
}

static spot
landed(const follow *f)
{
    char *text = client_ask(f->at_target, "SELECT value FROM incload.watermark WHERE load_name = 'stream:%s'", f->slot);
    char *dot = strchr(text, '.');
    spot at = { 0, 0 };

    if (dot == NULL)
        report_die("stream:%s has no position", f->slot);
    at.position = strtoull(text, NULL, 10);
    at.ordinal = strtoull(dot + 1, NULL, 10);
    free(text);
    return at;
}

static int64_t
take(follow *f)
{
    wait_for_sessions(f);
    return trace_take(&f->trace, f->seen, landed(f));
}

/* ---- in this process ---- */

bool
follow_catch_up(follow *f, char why[400])
{
    incload_error *err = NULL;
    int32_t status = run(f, "caught_up", &f->commits, &err);

    snprintf(why, 400, "%s", incload_error_message(err));
    incload_error_unref(err);
    take(f);
    return status == INCLOAD_OK;
}

/* ---- in one of its own ---- */

int
follow_main(char **arguments)
{
    follow f = { .source = arguments[0], .target = arguments[1], .slot = arguments[2], .seen = arguments[3] };
    incload_error *err = NULL;

    if (run(&f, "stopped", &f.commits, &err) != INCLOAD_OK)
        fprintf(stderr, "%s\n", incload_error_message(err));
    incload_error_unref(err);
    return EXIT_FAILURE;
}

pid_t
follow_start(const follow *f)
{
    const char *words[] = { f->program, "--follow", f->source, f->target, f->slot, f->seen, NULL };
    char *argv[sizeof words / sizeof words[0]];
    pid_t process;

    /* Emptied here: it may be killed before it has come to that. */
    close(trace_open(f->seen));
    memcpy(argv, words, sizeof argv);
    int failure = posix_spawn(&process, f->program, NULL, NULL, argv, environ);
    if (failure != 0)
        report_die("cannot start a process that follows: %s", strerror(failure));
    return process;
}

void
follow_await(const follow *f, int64_t us)
{
    for (int64_t until = now_us() + us; !trace_has_begun(f->seen) && now_us() < until;)
        pause_us(500);
}

bool
follow_kill(follow *f, pid_t process, char why[200])
{
    int status = 0;

    kill(process, SIGKILL);
    while (waitpid(process, &status, 0) < 0 && errno == EINTR)
        continue;
    f->amid += take(f) > 0;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return true;
    snprintf(why, 200, "a process that follows ended by itself, with %s %d", WIFSIGNALED(status) ? "signal" : "status",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return false;
}
