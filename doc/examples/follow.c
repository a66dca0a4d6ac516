/* SPDX-License-Identifier: Apache-2.0 */
/* Follows tables of a PostgreSQL database: copies them the first time, and brings every change since in each run. Names
 * of people are left out on the way. With until=stopped in place of until=caught_up it would go on until another thread
 * calls incload_stream_stop().
 *
 *     follow SOURCE_URL TARGET_URL TABLE... */
#include <incload/incload.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int32_t
hide_names(incload_change *change, void *user_data)
{
    (void)user_data;
    for (int32_t i = 0; i < incload_change_column_count(change); i++) {
        if (strcmp(incload_change_column_name(change, i), "name") == 0 && incload_change_value(change, i, NULL) != NULL
            && incload_change_set_value(change, i, "***", NULL) != INCLOAD_OK)
            return 0;
    }
    return INCLOAD_DONE;
}

static void
tell(const incload_stream *stream)
{
    printf("%" PRId64 " rows copied, %" PRId64 " inserted, %" PRId64 " updated, %" PRId64 " deleted in %" PRId64
           " transactions\n",
           incload_stream_changes(stream, INCLOAD_CHANGE_READ), incload_stream_changes(stream, INCLOAD_CHANGE_INSERT),
           incload_stream_changes(stream, INCLOAD_CHANGE_UPDATE), incload_stream_changes(stream, INCLOAD_CHANGE_DELETE),
           incload_stream_transactions(stream));
    if (incload_stream_alarm(stream))
        printf("the source keeps %" PRId64 " bytes of log for us\n", incload_stream_retained_bytes(stream));
}

int
main(int argc, char **argv)
{
    char options[1024] = "publication=follow_example slot=follow_example until=caught_up retries=2 tables='";

    if (argc < 4) {
        fprintf(stderr, "usage: follow SOURCE_URL TARGET_URL TABLE...\n");
        return 2;
    }
    for (int i = 3; i < argc; i++) {
        size_t used = strlen(options);
        snprintf(options + used, sizeof options - used, "%s%s", argv[i], i + 1 < argc ? ", " : "'");
    }

    incload_error *err = NULL;
    incload_database *source = incload_database_new(argv[1], NULL, &err);
    incload_database *target = incload_database_new(argv[2], NULL, &err);
    incload_stream *stream = incload_stream_new(source, target, options, &err);

    incload_stream_set_function(stream, hide_names, NULL, NULL, &err);
    incload_stream_run(stream, &err);
    if (err == NULL)
        tell(stream);
    else
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));

    int failed = err != NULL;
    incload_stream_unref(stream);
    incload_database_unref(target);
    incload_database_unref(source);
    incload_error_unref(err);
    return failed;
}
