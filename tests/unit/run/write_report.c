/* SPDX-License-Identifier: Apache-2.0 */
/* Writes a report of a picture to the standard output, for tests that read it with parsers of the format.
 *
 *     write_report PICTURE FORMAT [MAX_NODES [MAX_UNITS]]    formats: html dot mermaid gantt trace lineage */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pictures.h"
#include "run/report/report.h"

static int32_t
write_out(void *user_data, const char *text, size_t size)
{
    return fwrite(text, 1, size, user_data) == size ? INCLOAD_OK : INCLOAD_E_STATE;
}

static int32_t
format_named(const char *name)
{
    static const char *const names[] = { "", "html", "dot", "mermaid", "gantt", "trace", "lineage" };

    for (int32_t i = 1; i < (int32_t)(sizeof names / sizeof names[0]); i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return 0;
}

int
main(int count, char **words)
{
    incload__report_options options = { 0 };
    incload_error *err = NULL;
    const incload__picture *picture = count > 2 ? picture_named(words[1]) : NULL;

    if (picture == NULL)
        return EXIT_FAILURE;
    options.max_nodes = count > 3 ? atoi(words[3]) : 0;
    options.max_units = count > 4 ? atoi(words[4]) : 0;
    incload__report_write(&incload__mem_libc, picture, format_named(words[2]), &options, write_out, stdout, &err);
    if (err != NULL)
        fprintf(stderr, "%s\n", incload_error_message(err));
    return err == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}
