/* SPDX-License-Identifier: Apache-2.0 */
/* Where every load of a target stands, for a monitor: it ends with 1 when one has not moved for longer than it may.
 *
 *     status TARGET_URL MINUTES */
#include <incload/incload.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int
tell(incload_database *lake, const char *load, long minutes, incload_error **err)
{
    incload_watermark *mark = incload_watermark_open(lake, load, err);
    int64_t quiet_us = (int64_t)time(NULL) * 1000000 - incload_watermark_updated_us(mark);
    int late = quiet_us > (int64_t)minutes * 60000000;

    if (mark != NULL)
        printf("%s: %s (%s)%s\n", load, incload_watermark_value(mark), incload_watermark_level(mark),
               late ? ", NOT MOVED" : "");
    incload_watermark_unref(mark);
    return late;
}

int
main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: status TARGET_URL MINUTES\n");
        return 2;
    }

    int late = 0;
    incload_error *err = NULL;
    incload_database *lake = incload_database_new(argv[1], NULL, &err);
    incload_watermark_list *loads = incload_watermark_list_new(lake, &err);
    for (int32_t i = 0; i < incload_watermark_list_count(loads); i++)
        late |= tell(lake, incload_watermark_list_load(loads, i), strtol(argv[2], NULL, 10), &err);
    if (err != NULL)
        fprintf(stderr, "%s: %s\n", incload_error_name(err), incload_error_message(err));

    int failed = late || err != NULL;
    incload_watermark_list_unref(loads);
    incload_database_unref(lake);
    incload_error_unref(err);
    return failed;
}
