/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

extern char **environ;

enum { WORDS = 40, ANSWER_MS = 30000 };

/* MARIADB, and POSTGRES for both roads to it. */
static struct server {
    pid_t pid;
    bool ours; /* our own child: it was started again */
    char *words[WORDS];
    char data[512];
    char text[4096]; /* of the words */
} servers[KINDS];

static pid_t keeper;
static int keeper_input = -1;

static struct server *
server_of(kind which)
{
    return &servers[which == PG_ODBC ? POSTGRES : which];
}

/* ---- starting them the first time ---- */

static void
take_variables(int fd)
{
    FILE *in = fdopen(fd, "r");
    char line[2048];

    while (fgets(line, sizeof line, in) != NULL && strcmp(line, "ready\n") != 0) {
        char *value = strchr(line, '=');
        line[strcspn(line, "\n")] = '\0';
        if (value == NULL)
            continue;
        *value++ = '\0';
        setenv(line, value, 1);
    }
    fclose(in);
}

static void
read_words(kind which, const char *variable, const char *data_option)
{
    struct server *s = server_of(which);
    char path[64];
    const char *text = getenv(variable);

    if (text == NULL)
        report_die("the private servers did not start");
    s->pid = (pid_t)strtol(text, NULL, 10);
    snprintf(path, sizeof path, "/proc/%ld/cmdline", (long)s->pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, s->text, sizeof s->text - 1) : -1;
    if (length <= 0)
        report_die("cannot tell how a server was started");
    close(fd);
    int count = 0;
    for (char *at = s->text; at < s->text + length && count < WORDS - 2; at += strlen(at) + 1) {
        s->words[count++] = at;
        if (strncmp(at, data_option, strlen(data_option)) == 0)
            snprintf(s->data, sizeof s->data, "%s",
                     at[strlen(data_option)] != '\0' ? at + strlen(data_option) : at + strlen(at) + 1);
    }
}

void
private_start(void)
{
    static const char *const words[] = {
        "sh", INCLOAD_FAULT_SERVERS, "sh", "-c", "env | grep ^INCLOAD_TEST_; echo ready; cat >/dev/null", NULL,
    };
    int input[2], output[2];
    posix_spawn_file_actions_t actions;

    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0)
        report_die("no pipes");
    setenv("INCLOAD_TEST_SERVERS", "postgres mariadb", 1);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    if (posix_spawnp(&keeper, "sh", &actions, NULL, (char *const *)(uintptr_t)words, environ) != 0)
        report_die("cannot start %s", INCLOAD_FAULT_SERVERS);
    posix_spawn_file_actions_destroy(&actions);
    close(input[0]);
    close(output[1]);
    keeper_input = input[1];
    take_variables(output[0]);
    read_words(POSTGRES, "INCLOAD_TEST_POSTGRES_PID", "-D");
    read_words(MARIADB, "INCLOAD_TEST_MARIADB_PID", "--datadir=");

    client *pg = private_admin(POSTGRES), *my = private_admin(MARIADB);
    /* The tests' servers may lose a commit that they have reported when they are killed. */
    client_do(pg, "ALTER SYSTEM SET synchronous_commit = on");
    client_do(pg, "SELECT pg_reload_conf()");
    client_do(my, "SET GLOBAL innodb_flush_log_at_trx_commit = 1");
    client_do(pg, "CREATE ROLE loader LOGIN");
    client_do(pg, "GRANT pg_read_all_stats TO loader");
    /* So that it is the load that finds out about a deadlock. */
    client_do(pg, "ALTER ROLE loader SET deadlock_timeout = '200ms'");
    client_do(my, "CREATE USER loader@localhost IDENTIFIED BY 'loader'");
    client_do(my, "GRANT PROCESS ON *.* TO loader@localhost");
    client_close(pg);
    client_close(my);
}

static void
wait_until_gone(pid_t pid)
{
    /* One that is not our child stays in the table of processes for a while. */
    struct pollfd ended = { .fd = pidfd_open(pid, 0), .events = POLLIN };

    if (ended.fd < 0)
        return;
    if (poll(&ended, 1, ANSWER_MS) == 0)
        report_die("a server does not end");
    close(ended.fd);
}

void
private_stop(void)
{
    for (int i = 0; i < KINDS; i++) {
        if (servers[i].ours)
            private_crash((kind)i);
    }
    if (keeper > 0) {
        close(keeper_input);
        waitpid(keeper, NULL, 0);
    }
    keeper = 0;
}

/* ---- clients and stages ---- */

static const char *
admin_url(kind which)
{
    return getenv(which == MARIADB ? "INCLOAD_TEST_MARIADB" : "INCLOAD_TEST_POSTGRES");
}

client *
private_admin(kind which)
{
    return client_open(admin_url(which));
}

static const char *
between(const char *text, const char *before, const char *ends, char *out, size_t size)
{
    const char *at = strstr(text, before);

    if (at == NULL)
        report_die("a database's url has no '%s'", before);
    at += strlen(before);
    snprintf(out, size, "%.*s", (int)strcspn(at, ends), at);
    return out;
}

/* The url of a database on the private server, for `user`. */
static void
url_on(kind which, const char *user, const char *name, char out[1024])
{
    char socket[128], port[16];

    if (which == MARIADB) {
        between(admin_url(MARIADB), "Socket=", ";", socket, sizeof socket);
        snprintf(out, 1024, "odbc:Driver=MariaDB Unicode;Database=%s;Socket=%s;UID=%s;PWD={%s}", name, socket, user,
                 strcmp(user, "loader") == 0 ? "loader" : "battery staple");
        return;
    }
    between(admin_url(POSTGRES), "host=", "&", socket, sizeof socket);
    between(admin_url(POSTGRES), "port=", "&", port, sizeof port);
    if (which == PG_ODBC)
        snprintf(out, 1024, "odbc:Driver=PostgreSQL Unicode;Servername=%s;Port=%s;Database=%s;UID=%s", socket, port,
                 name, user);
    else
        snprintf(out, 1024, "postgresql://%s@/%s?host=%s&port=%s", user, name, socket, port);
}

client *
private_try_admin(kind which)
{
    return client_try_open(admin_url(which));
}

stage *
private_stage(kind which)
{
    static const char *const ends[] = { "from", "to" };
    client *admin = private_admin(which);
    char urls[2][1024], name[64];

    for (int i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "server_%s_%s", kind_names[which], ends[i]);
        if (which == MARIADB) {
            client_do(admin, "CREATE DATABASE %s", name);
            client_do(admin, "GRANT ALL ON %s.* TO loader@localhost", name);
        } else {
            client_do(admin, "CREATE DATABASE %s OWNER loader", name);
        }
        url_on(which, "loader", name, urls[i]);
    }
    client_close(admin);
    return stage_new_at(which, urls[0], which, urls[1]);
}

client *
private_admin_on(const stage *s)
{
    char url[1024], name[64];

    snprintf(name, sizeof name, "server_%s_to", kind_names[s->to_kind]);
    url_on(s->to_kind == PG_ODBC ? POSTGRES : s->to_kind, "incload", name, url);
    return client_open(url);
}

/* ---- killing and starting again ---- */

int
private_pid(kind which)
{
    return server_of(which)->pid;
}

const char *
private_data(kind which)
{
    return server_of(which)->data;
}

void
private_crash(kind which)
{
    struct server *s = server_of(which);

    if (s->pid <= 0)
        return;
    /* PostgreSQL's immediate stop, which takes all its processes along and writes nothing more. */
    kill(s->pid, which == MARIADB ? SIGKILL : SIGQUIT);
    wait_until_gone(s->pid);
    if (s->ours)
        waitpid(s->pid, NULL, 0);
    s->ours = false;
    s->pid = 0;
}

static bool
answers(kind which)
{
    client *c = private_try_admin(which);

    client_close(c);
    return c != NULL;
}

void
private_restart(kind which, const char *argument, bool wait)
{
    struct server *s = server_of(which);
    char *words[WORDS + 8];
    char log[600];
    int count = 0;
    posix_spawn_file_actions_t actions;

    words[count++] = (char *)(uintptr_t)"setpriv";
    words[count++] = (char *)(uintptr_t) "--pdeathsig=TERM";
    if (geteuid() == 0) {
        words[count++] = (char *)(uintptr_t)"--reuid=nobody";
        words[count++] = (char *)(uintptr_t)"--regid=nogroup";
        words[count++] = (char *)(uintptr_t)"--clear-groups";
    }
    for (char **next = s->words; *next != NULL; next++)
        words[count++] = *next;
    if (which == MARIADB)
        words[count++] = (char *)(uintptr_t)"--innodb-flush-log-at-trx-commit=1";
    if (argument != NULL)
        words[count++] = (char *)(uintptr_t)argument;
    words[count] = NULL;
    snprintf(log, sizeof log, "%s/../log/again", s->data);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    if (posix_spawnp(&s->pid, "setpriv", &actions, NULL, words, environ) != 0)
        report_die("cannot start a server again");
    posix_spawn_file_actions_destroy(&actions);
    s->ours = true;
    int64_t until = now_us() + ANSWER_MS * INT64_C(1000);
    while (wait && !answers(which)) {
        if (now_us() > until)
            report_die("a server that was started again does not answer: %s", client_problem());
        pause_us(10000);
    }
}
