/* SPDX-License-Identifier: Apache-2.0 */
#include "run/report/report.h"

#include "base/error.h"

typedef int32_t (*render_fn)(incload__sink *sink, const incload__picture *picture,
                             const incload__report_options *options, incload_error **err);

static const render_fn renderers[] = {
    [INCLOAD__REPORT_HTML] = incload__render_html,       [INCLOAD__REPORT_DOT] = incload__render_dot,
    [INCLOAD__REPORT_MERMAID] = incload__render_mermaid, [INCLOAD__REPORT_GANTT] = incload__render_gantt,
    [INCLOAD__REPORT_TRACE] = incload__render_trace,     [INCLOAD__REPORT_LINEAGE] = incload__render_lineage,
};

int32_t
incload__report_write(const incload__mem *mem, const incload__picture *picture, int32_t format,
                      const incload__report_options *options, incload__write_fn write, void *user_data,
                      incload_error **err)
{
    static const incload__report_options usual = { 0 };
    incload__sink sink = { .text = INCLOAD__STR(mem), .write = write, .user_data = user_data };

    if (format < INCLOAD__REPORT_HTML || format > INCLOAD__REPORT_LINEAGE)
        return incload__fail(err, INCLOAD_E_INVALID, "there is no report format %d", format);
    int32_t status = incload__picture_check(picture, err);
    if (status != INCLOAD_OK)
        return status;

    status = renderers[format](&sink, picture, options == NULL ? &usual : options, err);
    if (status == INCLOAD_OK)
        return incload__sink_end(&sink, err);
    incload__str_free(&sink.text);
    return status;
}
