/* SPDX-License-Identifier: Apache-2.0 */
#include "run/portion.h"

enum { MOMENT_US = 250000, LONG_MOMENTS = 4, LEASE_SHARE = 20 };

void
incload__portion_init(incload__portion *portion, int32_t least, int64_t lease_us, bool steady)
{
    int64_t moment = lease_us / LEASE_SHARE < MOMENT_US ? lease_us / LEASE_SHARE : MOMENT_US;

    least = least < INCLOAD__CLAIM_MOST ? least : INCLOAD__CLAIM_MOST;
    *portion = (incload__portion){
        .least = least, .most = steady ? least : INCLOAD__CLAIM_MOST, .size = least, .moment_us = moment
    };
}

int32_t
incload__portion_next(incload__portion *portion, int64_t now_us)
{
    int64_t lasted = now_us - portion->taken_us;

    if (portion->taken_us != 0 && lasted < portion->moment_us)
        portion->size = portion->size < portion->most / 2 ? portion->size * 2 : portion->most;
    else if (portion->taken_us != 0 && lasted > LONG_MOMENTS * portion->moment_us)
        portion->size = portion->size / 2 > portion->least ? portion->size / 2 : portion->least;
    portion->taken_us = 0;
    return portion->size;
}

void
incload__portion_took(incload__portion *portion, const incload__claim *claim, int64_t now_us)
{
    bool fresh = claim->count == portion->size;

    for (int32_t i = 0; i < claim->count; i++) {
        if (claim->units[i].attempt > 1 || claim->units[i].orphans > 0) {
            portion->size = portion->least;
            fresh = false;
        }
    }
    portion->taken_us = fresh ? now_us : 0;
}
