/* SPDX-License-Identifier: Apache-2.0 */
/* How long units took: a bar for each doubling, since durations differ by factors. */
#include "run/report/html.h"

#include <stdlib.h>

#include "base/error.h"

enum { BUCKETS = 64, BAR = 46, HEIGHT = 120, EDGE = 20 };

typedef struct durations {
    int64_t *us;
    int64_t count;
    int64_t buckets[BUCKETS]; /* n: from 2^n up to 2^(n + 1) milliseconds; 0 also what is shorter */
    int32_t first;
    int32_t last;
} durations;

static int
by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static void
add(durations *took, int64_t us)
{
    uint64_t ms = us < 1000 ? 1 : (uint64_t)us / 1000;

    took->us[took->count++] = us;
    took->buckets[63 - __builtin_clzll(ms)]++;
}

static void
gather(durations *took, const incload__page *page)
{
    const incload__picture *picture = page->picture;

    for (int64_t i = 0; i < picture->unit_count; i++) {
        int64_t us = incload__page_took(picture, &picture->units[i]);
        if (us > 0 && incload__picture_ended(picture->units[i].status)
            && !incload__page_is_step(page, &picture->units[i]))
            add(took, us);
    }
    qsort(took->us, (size_t)took->count, sizeof *took->us, by_value);
    took->first = BUCKETS;
    for (int32_t i = 0; i < BUCKETS; i++) {
        if (took->buckets[i] == 0)
            continue;
        took->first = i < took->first ? i : took->first;
        took->last = i;
    }
}

static void
put_quantile(incload__str *out, const durations *took, const char *name, int64_t percent)
{
    incload__str_addf(out, "%s ", name);
    incload__picture_duration(out, took->us[(took->count - 1) * percent / 100]);
}

static void
put_bars(incload__str *out, const durations *took)
{
    int64_t most = 1;
    int32_t width = 2 * EDGE + (took->last - took->first + 1) * BAR;

    for (int32_t i = took->first; i <= took->last; i++)
        most = took->buckets[i] > most ? took->buckets[i] : most;
    incload__str_addf(out,
                      "<div class=\"scroll\"><svg width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" "
                      "aria-label=\"How many units took how long\">\n",
                      width, HEIGHT + 40, width, HEIGHT + 40);
    for (int32_t i = took->first; i <= took->last; i++) {
        int32_t x = EDGE + (i - took->first) * BAR;
        int32_t height = (int32_t)(took->buckets[i] * HEIGHT / most);
        incload__str_addf(out,
                          "<g class=\"s3\"><rect class=\"bar\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/></g>"
                          "<text class=\"soft\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">%lld</text>"
                          "<text class=\"soft\" x=\"%d\" y=\"%d\">",
                          x + 2, 16 + HEIGHT - height, BAR - 4, height, x + BAR / 2, 12 + HEIGHT - height,
                          (long long)took->buckets[i], x, HEIGHT + 32);
        incload__picture_duration(out, i == 0 ? 0 : (INT64_C(1) << i) * 1000);
        incload__str_add(out, "</text>\n");
    }
    incload__str_add(out, "</svg></div>\n<p class=\"note\">A bar holds the units from its time up to the next bar's: ");
    put_quantile(out, took, "half took at most", 50);
    put_quantile(out, took, ", nine in ten at most", 90);
    put_quantile(out, took, ", the longest", 100);
    incload__str_add(out, ".</p></section>\n");
}

int32_t
incload__page_histogram(incload__page *page, incload_error **err)
{
    durations took = { 0 };

    if (page->picture->unit_count == 0)
        return INCLOAD_OK;
    took.us = incload__alloc_array(page->mem, (size_t)page->picture->unit_count, sizeof *took.us);
    if (took.us == NULL)
        return incload__fail_memory(err);
    gather(&took, page);
    if (took.count > 0) {
        incload__str_add(&page->sink->text, "<section id=\"durations\"><h2>How long units took</h2>\n");
        put_bars(&page->sink->text, &took);
    }
    incload__free(page->mem, took.us);
    return INCLOAD_OK;
}
