/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "frozen.h"

#include <check.h>
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>

#include "../../unit/await.h"

static long
parent_of(long pid)
{
    char path[64], text[512];
    long parent = -1;

    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return -1;
    /* The name in parentheses may hold spaces; no server's holds a closing one. */
    if (fgets(text, sizeof text, file) != NULL)
        sscanf(text, "%*d (%*[^)]) %*c %ld", &parent);
    fclose(file);
    return parent;
}

/* The state of a process or thread, such as R, S or T; 0 when it is gone. */
static char
state_of(const char *path)
{
    char text[512], state = 0;
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return 0;
    if (fgets(text, sizeof text, file) != NULL)
        sscanf(text, "%*d (%*[^)]) %c", &state);
    fclose(file);
    return state;
}

/* A signal is taken by one thread, and the others run on until that one is given a processor. */
static bool
has_stopped(long pid)
{
    char folder[64], path[400];
    bool stopped = true;

    snprintf(folder, sizeof folder, "/proc/%ld/task", pid);
    DIR *tasks = opendir(folder);
    for (struct dirent *entry = tasks != NULL ? readdir(tasks) : NULL; entry != NULL; entry = readdir(tasks)) {
        snprintf(path, sizeof path, "%s/%s/stat", folder, entry->d_name);
        char state = entry->d_name[0] != '.' ? state_of(path) : 'T';
        stopped = stopped && (state == 'T' || state == 'Z' || state == 0);
    }
    if (tasks != NULL)
        closedir(tasks);
    return stopped;
}

static void
signal_process(long pid, int number)
{
    if (kill((pid_t)pid, number) == 0 && number == SIGSTOP)
        AWAIT(has_stopped(pid));
}

static void
signal_server(const char *variable, int number)
{
    const char *text = getenv(variable);
    long server = text != NULL ? strtol(text, NULL, 10) : 0;

    ck_assert_msg(server > 1, "%s names no process: run this by tests/run.sh", variable);
    /* The first process first: it then starts no other one meanwhile. */
    signal_process(server, number);
    DIR *all = opendir("/proc");
    ck_assert_ptr_nonnull(all);
    for (struct dirent *entry = readdir(all); entry != NULL; entry = readdir(all)) {
        long pid = strtol(entry->d_name, NULL, 10);
        if (pid > 1 && parent_of(pid) == server)
            signal_process(pid, number);
    }
    closedir(all);
}

void
freeze_server(const char *variable)
{
    signal_server(variable, SIGSTOP);
}

void
thaw_server(const char *variable)
{
    signal_server(variable, SIGCONT);
}

static void *
do_nothing(void *data)
{
    return data;
}

static int32_t
threads_now(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int32_t count = 0;

    ck_assert_ptr_nonnull(tasks);
    for (struct dirent *entry = readdir(tasks); entry != NULL; entry = readdir(tasks))
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

int32_t
count_threads(void)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, do_nothing, NULL), 0);
    pthread_join(thread, NULL);
    return threads_now();
}

int32_t
wait_for_threads(int32_t most)
{
    int64_t until = clock_ms() + 10000;

    while (threads_now() > most && clock_ms() < until)
        sleep_ms(1);
    return threads_now();
}

int64_t
clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
sleep_ms(int64_t ms)
{
    struct timespec pause = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };

    nanosleep(&pause, NULL);
}
