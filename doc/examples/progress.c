/* SPDX-License-Identifier: Apache-2.0 */
/* Works on each day of a range and shows how it goes on: a bar on a terminal, plain lines elsewhere. What it may draw
 * is the program's to find out; the library writes to its function alone. Leaves a report behind.
 *
 *     progress FIRST_DAY LAST_DAY REPORT.html */
#include <incload/incload.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static int32_t
work_on_day(incload_unit *unit, void *data)
{
    struct timespec a_while = { 0, 20000000 };

    (void)data;
    nanosleep(&a_while, NULL);
    incload_unit_add_rows(unit, 1000, 1000);
    return INCLOAD_DONE;
}

static int32_t
write_to_stderr(const char *text, size_t size, void *data)
{
    (void)data;
    return fwrite(text, 1, size, stderr) == size && fflush(stderr) == 0 ? INCLOAD_DONE : 0;
}

/* https://no-color.org: the variable counts when it is there and not empty. */
static void
choose_style(char *options, size_t size)
{
    const char *no_colour = getenv("NO_COLOR");
    struct winsize window = { 0 };

    if (!isatty(STDERR_FILENO)) {
        snprintf(options, size, "form=lines");
        return;
    }
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col < 10)
        window.ws_col = 80;
    snprintf(options, size, "form=bar width=%d colour=%s", window.ws_col,
             no_colour == NULL || no_colour[0] == '\0' ? "true" : "false");
}

int
main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: progress FIRST_DAY LAST_DAY REPORT.html\n");
        return 2;
    }

    char style[64];
    incload_error *err = NULL;
    choose_style(style, sizeof style);
    incload_step *days = incload_step_new_backfill(argv[1], argv[2], "parallel=4", work_on_day, NULL, NULL, &err);
    incload_run *run = incload_step_start(days, NULL, &err);
    incload_run_watch(run, style, write_to_stderr, NULL, &err);

    /* Also of a run that failed: that is when somebody will want to read it. */
    incload_error *unwritten = NULL;
    incload_run_report_file(run, "html", NULL, argv[3], &unwritten);
    printf("%s, report in %s\n", incload_run_status_name(run), argv[3]);
    if (err != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));
    if (unwritten != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(unwritten), incload_error_message(unwritten));

    int failed = err != NULL || unwritten != NULL;
    incload_run_unref(run);
    incload_step_unref(days);
    incload_error_unref(unwritten);
    incload_error_unref(err);
    return failed;
}
