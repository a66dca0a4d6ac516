/* SPDX-License-Identifier: Apache-2.0 */
/* The public face of reports: of a pipeline or a run as it stands, to a function or into a file. */
#include <incload/report.h>

#include <string.h>

#include "run/portrait.h"
#include "run/report/report.h"
#include "run/reporting.h"

typedef struct report_values {
    int64_t max_steps;
    int64_t max_units;
} report_values;

static const incload__option report_option_list[] = {
    { "max_steps", INCLOAD_OPTION_INTEGER, offsetof(report_values, max_steps), "0", 0, 10000, "steps", "", "0.1",
      "How many nodes a graph may have; above it steps that look alike are drawn as one. 0 is 200, and 120 in HTML." },
    { "max_units", INCLOAD_OPTION_INTEGER, offsetof(report_values, max_units), "0", 0, 1000000, "units", "", "0.1",
      "How many units, attempts and rows of tables are listed one by one. 0 is 5000, and all of a trace." },
};

const incload__option_table incload__reporting_options = INCLOAD__OPTION_TABLE("report", report_option_list);

static const struct {
    const char *name;
    int32_t format;
    bool graph; /* also of a pipeline that has not run */
} formats[] = {
    { "dot", INCLOAD__REPORT_DOT, true },      { "mermaid", INCLOAD__REPORT_MERMAID, true },
    { "html", INCLOAD__REPORT_HTML, false },   { "gantt", INCLOAD__REPORT_GANTT, false },
    { "trace", INCLOAD__REPORT_TRACE, false }, { "openlineage", INCLOAD__REPORT_LINEAGE, false },
};

/* The format's number, or an error. */
static int32_t
find_format(const char *name, bool graph, incload_error **err)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0] && name != NULL; i++) {
        if (strcmp(formats[i].name, name) == 0 && (formats[i].graph || !graph))
            return formats[i].format;
    }
    if (graph)
        return incload__fail(err, INCLOAD_E_INVALID, "a pipeline is written as dot or mermaid, not as '%.32s'",
                             name != NULL ? name : "");
    return incload__fail(err, INCLOAD_E_INVALID,
                         "there is no report format '%.32s': take html, dot, mermaid, gantt, trace or openlineage",
                         name != NULL ? name : "");
}

static int32_t
parse_options(const incload__mem *mem, const char *text, incload__report_options *out, incload_error **err)
{
    report_values values = { 0 };
    int32_t status = incload__options_init(&incload__reporting_options, mem, &values, err);

    if (status == INCLOAD_OK)
        status = incload__options_parse(&incload__reporting_options, mem, &values, text, err);
    out->max_nodes = (int32_t)values.max_steps;
    out->max_units = values.max_units;
    return status;
}

int32_t
incload__writer_pass(void *user_data, const char *text, size_t size)
{
    const incload__writer *to = user_data;

    return to->write(text, size, to->user_data) == INCLOAD_DONE ? INCLOAD_OK : INCLOAD_E_CALLBACK;
}

int32_t
incload_pipeline_render(incload_pipeline *pipeline, const char *format, const char *options, incload_write_fn write,
                        void *user_data, incload_error **err)
{
    incload__writer to = { write, user_data };
    incload__report_options limits;
    incload__portrait portrait;

    INCLOAD_ENTER(err);
    if (pipeline == NULL || write == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the pipeline and the function that takes it must not be NULL");
    int32_t form = find_format(format, true, err);
    if (form < 0)
        return form;
    int32_t status = parse_options(&pipeline->env->mem, options, &limits, err);
    if (status == INCLOAD_OK)
        status = incload_pipeline_validate(pipeline, err);
    if (status == INCLOAD_OK)
        status = incload__portrait_of_pipeline(pipeline, &portrait, err);
    if (status != INCLOAD_OK)
        return status;
    status = incload__report_write(portrait.mem, &portrait.picture, form, &limits, incload__writer_pass, &to, err);
    incload__portrait_free(&portrait);
    return status;
}

/* What both forms of a report begin with: the format's number, or an error. */
static int32_t
take_portrait(const incload_run *run, const char *format, const char *options, incload__report_options *limits,
              incload__portrait *portrait, incload_error **err)
{
    int32_t form = find_format(format, false, err);

    if (form < 0)
        return form;
    int32_t status = parse_options(&run->env->mem, options, limits, err);
    if (status == INCLOAD_OK)
        status = incload__portrait_of_run(run, portrait, err);
    return status == INCLOAD_OK ? form : status;
}

int32_t
incload_run_report(const incload_run *run, const char *format, const char *options, incload_write_fn write,
                   void *user_data, incload_error **err)
{
    incload__writer to = { write, user_data };
    incload__report_options limits;
    incload__portrait portrait;

    INCLOAD_ENTER(err);
    if (run == NULL || write == NULL)
        return incload__fail(err, INCLOAD_E_INVALID, "the run and the function that takes its report must not be NULL");
    int32_t form = take_portrait(run, format, options, &limits, &portrait, err);
    if (form < 0)
        return form;
    int32_t status =
        incload__report_write(portrait.mem, &portrait.picture, form, &limits, incload__writer_pass, &to, err);
    incload__portrait_free(&portrait);
    return status;
}

int32_t
incload_run_report_file(const incload_run *run, const char *format, const char *options, const char *path,
                        incload_error **err)
{
    incload__report_options limits;
    incload__portrait portrait;

    INCLOAD_ENTER(err);
    if (run == NULL || path == NULL || path[0] == '\0')
        return incload__fail(err, INCLOAD_E_INVALID, "the run and the path of its report must not be NULL or empty");
    int32_t form = take_portrait(run, format, options, &limits, &portrait, err);
    if (form < 0)
        return form;
    int32_t status = incload__report_file(portrait.mem, &portrait.picture, form, &limits, path, err);
    incload__portrait_free(&portrait);
    return status;
}
