/* SPDX-License-Identifier: Apache-2.0 */
/* The host is left as it was: host LIBRARY.so DIRECTORY. Two copies of the library load at once, each from a thread
 * with a small stack, under an odd locale and zone; then the library comes and goes a thousand times. Speaks TAP. */
#define _GNU_SOURCE
#include <incload/incload.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STACK = 64 * 1024, TIMES = 1000, SIGNALS = 64, PATH_ROOM = 4096, ENVIRONMENT_ROOM = 65536, GROWTH_PAGES = 64 };

#define CALLS(X)                                                                                                       \
    X(database_new) X(database_execute) X(database_unref) X(strategy_new) X(strategy_unref) X(step_new_load)           \
    X(step_run) X(step_unref) X(run_rows_written) X(run_unref) X(error_message) X(error_unref)

typedef struct copy {
    const char *directory;
    int32_t number;
    void *library;
    char failure[512]; /* "" when all went well */
#define MEMBER(name) __typeof__(incload_##name) *name;
    CALLS(MEMBER)
} copy;

static int tests;

static bool
told(bool holds, const char *what, const char *why)
{
    printf("%s %d - %s\n", holds ? "ok" : "not ok", ++tests, what);
    if (!holds)
        printf("# %s\n", why);
    return holds;
}

/* ---- copies ---- */

static bool
open_copy(copy *c, const char *path)
{
    c->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (c->library == NULL)
        return false;
#define FIND(name)                                                                                                     \
    *(void **)&c->name = dlsym(c->library, "incload_" #name);                                                          \
    if (c->name == NULL)                                                                                               \
        return false;
    CALLS(FIND)
    return true;
}

static bool
copy_file(const char *from, const char *to)
{
    static char buffer[1 << 16];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    bool whole = in != NULL && out != NULL;

    for (size_t got = 1; whole && got > 0;) {
        got = fread(buffer, 1, sizeof buffer, in);
        whole = fwrite(buffer, 1, got, out) == got;
    }
    if (in != NULL)
        fclose(in);
    if (out != NULL)
        whole = fclose(out) == 0 && whole;
    return whole;
}

/* ---- a load ---- */

static void *
load(void *data)
{
    copy *c = data;
    incload_error *err = NULL;
    char from[PATH_ROOM], to[PATH_ROOM];

    snprintf(from, sizeof from, "odbc:Driver=SQLite3;Database=%s/host-from-%d.db", c->directory, (int)c->number);
    snprintf(to, sizeof to, "odbc:Driver=SQLite3;Database=%s/host-to-%d.db", c->directory, (int)c->number);
    incload_database *source = c->database_new(from, NULL, &err), *target = c->database_new(to, NULL, &err);
    incload_strategy *how = c->strategy_new("timestamp", "cursor=at key=id", &err);
    c->database_execute(source, "CREATE TABLE title (id INTEGER PRIMARY KEY, size REAL, at TEXT NOT NULL)", NULL, &err);
    c->database_execute(source, "INSERT INTO title VALUES (1, 1.5, '2024-01-01 08:00:00'), "
                                "(2, 1234567.25, '2011-12-30 09:00:00')", NULL, &err);
    incload_step *step = c->step_new_load(source, "title", target, "title", how, &err);
    incload_run *run = c->step_run(step, NULL, &err);
    if (err != NULL || c->run_rows_written(run) != 2)
        snprintf(c->failure, sizeof c->failure, "copy %d: %s", (int)c->number, c->error_message(err));
    c->run_unref(run);
    c->step_unref(step);
    /* The target refuses it unless the numbers arrived with their points. */
    c->database_execute(target, "CREATE TABLE proof AS SELECT sum(size) AS total FROM title", NULL, &err);
    c->database_execute(target, "CREATE TABLE equal (total REAL CHECK (total = 1234568.75))", NULL, &err);
    c->database_execute(target, "INSERT INTO equal SELECT total FROM proof", NULL, &err);
    if (err != NULL && c->failure[0] == '\0')
        snprintf(c->failure, sizeof c->failure, "copy %d: %s", (int)c->number, c->error_message(err));
    errno = EXDEV;
    c->strategy_unref(how);
    c->database_unref(target);
    c->database_unref(source);
    c->error_unref(err);
    if (errno != EXDEV && c->failure[0] == '\0')
        snprintf(c->failure, sizeof c->failure, "copy %d: errno is another after unref", (int)c->number);
    return NULL;
}

static bool
load_in_both(copy copies[2])
{
    pthread_attr_t attributes;
    pthread_t threads[2];
    bool started[2] = { false, false };

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    for (int i = 0; i < 2; i++)
        started[i] = pthread_create(&threads[i], &attributes, load, &copies[i]) == 0;
    for (int i = 0; i < 2; i++) {
        if (started[i])
            pthread_join(threads[i], NULL);
    }
    pthread_attr_destroy(&attributes);
    return started[0] && started[1];
}

/* ---- what a host has ---- */

typedef struct state {
    struct sigaction signals[SIGNALS];
    sigset_t mask;
    mode_t umask;
    char locale[1024], directory[PATH_ROOM], environment[ENVIRONMENT_ROOM];
} state;

static void
look(state *s)
{
    size_t at = 0;

    memset(s, 0, sizeof *s);
    for (int i = 1; i < SIGNALS; i++)
        sigaction(i, NULL, &s->signals[i]);
    pthread_sigmask(SIG_SETMASK, NULL, &s->mask);
    s->umask = umask(0);
    umask(s->umask);
    snprintf(s->locale, sizeof s->locale, "%s", setlocale(LC_ALL, NULL));
    if (getcwd(s->directory, sizeof s->directory) == NULL)
        s->directory[0] = '\0';
    for (char **line = environ; *line != NULL && at < sizeof s->environment; line++)
        at += (size_t)snprintf(s->environment + at, sizeof s->environment - at, "%s\n", *line);
}

static const char *
difference(const state *a, const state *b)
{
    for (int i = 1; i < SIGNALS; i++) {
        if (a->signals[i].sa_handler != b->signals[i].sa_handler || a->signals[i].sa_flags != b->signals[i].sa_flags)
            return "a signal is handled otherwise";
    }
    if (memcmp(&a->mask, &b->mask, sizeof a->mask) != 0)
        return "other signals are blocked";
    if (strcmp(a->locale, b->locale) != 0)
        return "the locale is another";
    if (a->umask != b->umask || strcmp(a->directory, b->directory) != 0)
        return "the umask or the working directory is another";
    return strcmp(a->environment, b->environment) != 0 ? "the environment is another" : NULL;
}

/* Standard output and error into a file, and back. */
static int
silence(int kept[2], const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        kept[i] = dup(i + 1);
        dup2(file, i + 1);
    }
    return file;
}

static off_t
speak(const int kept[2], int file)
{
    struct stat about;

    fflush(NULL);
    fstat(file, &about);
    for (int i = 0; i < 2; i++) {
        dup2(kept[i], i + 1);
        close(kept[i]);
    }
    close(file);
    return about.st_size;
}

/* ---- coming and going ---- */

static long
pages(void)
{
    long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file == NULL || fscanf(file, "%ld %ld", &all, &resident) != 2)
        resident = -1;
    if (file != NULL)
        fclose(file);
    return resident;
}

static bool
come_and_go(const char *path, int times)
{
    for (int i = 0; i < times; i++) {
        copy c = { .number = i };
        if (!open_copy(&c, path))
            return false;
        incload_error *err = NULL;
        c.database_unref(c.database_new("odbc:Driver=SQLite3;Database=:memory:", NULL, &err));
        c.error_unref(err);
        dlclose(c.library);
    }
    return true;
}

/* The one that odd_hosts.py has set, or what the machine has. */
static const char *
odd_locale(void)
{
    static const char *const names[] = { "tr_TR.UTF-8", "de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8" };

    if (strcmp(setlocale(LC_ALL, NULL), "C") != 0)
        return setlocale(LC_ALL, NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (setlocale(LC_ALL, names[i]) != NULL)
            return names[i];
    }
    return "C";
}

static bool
join(char out[PATH_ROOM], const char *directory, const char *name)
{
    int length = snprintf(out, PATH_ROOM, "%s/%s", directory, name);

    return length > 0 && length < PATH_ROOM;
}

int
main(int argc, char **argv)
{
    static state before, after;
    static copy copies[2];
    char twin[PATH_ROOM], quiet[PATH_ROOM], directory[PATH_ROOM];
    int kept[2];

    if (argc != 3)
        return 2;
    if (!join(directory, argv[2], "host-XXXXXX") || mkdtemp(directory) == NULL || !join(twin, directory, "twin.so")
        || !join(quiet, directory, "quiet"))
        return 2;
    setenv("TZ", "Pacific/Apia", 1);
    printf("1..4\n# locale %s\n", odd_locale());
    look(&before);
    int file = silence(kept, quiet);
    bool opened = copy_file(argv[1], twin) && open_copy(&copies[0], argv[1]) && open_copy(&copies[1], twin);
    for (int i = 0; i < 2; i++) {
        copies[i].directory = directory;
        copies[i].number = i;
    }
    bool ran = opened && copies[0].database_new != copies[1].database_new && load_in_both(copies);
    off_t said = speak(kept, file);
    look(&after);
    told(ran && copies[0].failure[0] == '\0' && copies[1].failure[0] == '\0',
         "two copies load at once, on stacks of 64 KiB, in an odd locale and zone",
         copies[0].failure[0] != '\0' ? copies[0].failure : copies[1].failure);
    told(said == 0, "nothing is said on standard output and error", "see what the test's directory holds");
    const char *other = difference(&before, &after);
    told(other == NULL, "signals, locale, environment, umask and working directory are as before", other);
    bool warm = come_and_go(argv[1], 20);
    long first = pages();
    bool gone = warm && come_and_go(argv[1], TIMES);
    long grown = pages() - first;
    char why[64];
    snprintf(why, sizeof why, "%ld pages more", grown);
    told(gone && first > 0 && grown <= GROWTH_PAGES, "a thousand times opened and closed it takes no more memory", why);
    return 0;
}
