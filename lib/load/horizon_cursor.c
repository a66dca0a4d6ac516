/* SPDX-License-Identifier: Apache-2.0 */
/* Where nothing is known but the cursor: every row at or past the watermark. */
#include "load/internal.h"

static int32_t
bound(incload__load *load, incload_error **err)
{
    const char *low = load->before.value != NULL ? load->before.value : load->how->initial;

    load->window.repeats = true;
    load->window.level = "BEST_EFFORT";
    if (low != NULL) {
        load->window.low = incload__strdup(load->mem, low);
        if (load->window.low == NULL)
            return incload__fail_memory(err);
    }
    return incload__window_say(load, err,
                               "the cursor alone decides what was loaded: a row that is committed later with an older "
                               "cursor value is not seen");
}

const incload__finder incload__finder_cursor = { .kind = INCLOAD__MARK_CURSOR, .bound = bound };
