/* SPDX-License-Identifier: Apache-2.0 */
/* Says of each code whether an error with it can be retryable, in the words of doc/guide/errors.md. */
#include <stdio.h>

#include "base/error.h"

int
main(void)
{
    for (int32_t i = 0; i < incload_status_count(); i++) {
        incload_error *err = NULL;

        if (incload_status_code(i) == INCLOAD_OK)
            continue;
        incload__fail(&err, incload_status_code(i), "an error");
        incload__error_set_retryable(&err, true);
        printf("%s %s\n", incload_error_name(err), incload_error_is_retryable(err) ? "either" : "no");
        incload_error_unref(err);
    }
    return 0;
}
