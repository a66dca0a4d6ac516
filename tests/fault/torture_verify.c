/* SPDX-License-Identifier: Apache-2.0 */
/* What the library itself finds when it is asked whether the target equals the source. */
#include "torture.h"

void
verify_tables(loader *l)
{
    incload_error *err = NULL;
    incload_verification *v = incload_verify(l->step, "timeout=120s", &err);

    if (err != NULL)
        report_die("verifying %s against %s: %s", l->target, l->scene->table, incload_error_message(err));
    l->verified = (findings){ incload_verification_missing(v), incload_verification_changed(v),
                              incload_verification_duplicated(v), incload_verification_extra(v) };
    incload_verification_unref(v);
}
