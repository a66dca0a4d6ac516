/* SPDX-License-Identifier: Apache-2.0 */
/* Follows a publication from its slot's place up to a position of the source's log, then says how many seconds that
 * took, connecting included, and how many commits.
 *
 *     cdc_follow SOURCE TARGET POSITION */
#include <incload/incload.h>

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static double
now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
    incload_error *err = NULL;
    char options[200];

    if (argc != 4) {
        fprintf(stderr, "usage: cdc_follow SOURCE TARGET POSITION\n");
        return 2;
    }
    snprintf(options, sizeof options,
             "publication=cdc slot=follow create=never snapshot=never memory=268435456"
             " until=position until_position=%s",
             argv[3]);
    incload_database *source = incload_database_new(argv[1], NULL, &err);
    incload_database *target = incload_database_new(argv[2], NULL, &err);
    double began = now();
    incload_stream *stream = incload_stream_new(source, target, options, &err);
    incload_stream_run(stream, &err);
    double took = now() - began;
    if (err != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));
    else
        printf("%.6f %" PRId64 "\n", took, incload_stream_commits(stream));
    incload_stream_unref(stream);
    incload_database_unref(source);
    incload_database_unref(target);
    int failed = err != NULL;
    incload_error_unref(err);
    return failed;
}
