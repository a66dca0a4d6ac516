/* SPDX-License-Identifier: Apache-2.0 */
/* Files of time zones, with any bytes: one that is taken answers the same about every clock and instant, whichever way
 * it is asked. Eight bytes for an instant, the others are the file. */
#include "base/zone.h"
#include "input.h"

#define FARTHEST (INT64_C(200000) * 365 * 86400)

static void
check_instant(const incload__zone *zone, int64_t instant)
{
    incload__zone_span span = incload__zone_span_at(zone, instant);
    int64_t clock = incload__zone_clock(zone, instant), first = 0, last = 0;

    fuzz_check(span.from <= instant && instant < span.to, "an instant lies in its span");
    fuzz_check(span.offset >= -INCLOAD__ZONE_MOST_OFFSET && span.offset <= INCLOAD__ZONE_MOST_OFFSET,
               "no clock is far from UTC");
    fuzz_check(clock == instant + span.offset, "the clock is the instant, shifted");
    int32_t how = incload__zone_instants(zone, clock, &first, &last);
    fuzz_check(how != INCLOAD__CLOCK_SKIPPED, "a clock that was shown is not skipped");
    fuzz_check(first <= instant && instant <= last, "it is shown from the first to the last such instant");
    fuzz_check((how == INCLOAD__CLOCK_ONCE) == (first == last), "once is once");
    fuzz_check(incload__zone_first(zone, clock) <= first, "no later than when the clock shows it");
    fuzz_check(incload__zone_first(zone, clock) <= incload__zone_first(zone, clock + 1),
               "a later clock is not shown earlier");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = { data, size };
    int64_t instant = (int64_t)take_number(&in) % FARTHEST;
    incload_error *err = NULL;

    incload__zone *zone = incload__zone_parse(&incload__mem_libc, "Some/Where", in.at, in.left, &err);
    fuzz_check((zone != NULL) == (err == NULL), "a refused file has an error");
    check_outcome(incload_error_code(err), &err, NULL);
    if (zone != NULL) {
        incload__zone_span span = incload__zone_span_at(zone, instant);
        check_instant(zone, instant);
        check_instant(zone, instant % (INT64_C(100) * 365 * 86400));
        if (span.from > -FARTHEST && span.from < FARTHEST) {
            check_instant(zone, span.from);
            check_instant(zone, span.from - 1);
        }
    }
    incload__zone_free(zone);
    return 0;
}
