/* SPDX-License-Identifier: Apache-2.0 */
#include "run/report/lineage.h"

#include <string.h>

#include "base/hash.h"
#include "run/json.h"
#include "run/report/report.h"

#define PRODUCER "urn:incload:libincload:" INCLOAD_VERSION
#define FACETS "https://openlineage.io/spec/facets/"

/* The run, step or attempt that an event is about. */
typedef struct subject {
    const incload__picture *picture;
    int32_t number; /* of the step, or -1 */
    const incload__picture_step *step;
    const incload__picture_unit *unit;
    int32_t attempt;
    const char *reason;
    const char *error;
    int32_t status;
    int64_t start_us;
    int64_t end_us;
} subject;

static subject
subject_of(const incload__picture *picture, int32_t step, const incload__picture_unit *unit, int32_t attempt)
{
    subject about = { .picture = picture, .number = step, .unit = unit, .attempt = attempt };

    if (step < 0) {
        about.status = picture->state;
        about.error = picture->error;
        about.start_us = picture->start_us;
        about.end_us = picture->end_us;
        return about;
    }
    about.step = &picture->steps[step];
    if (unit == NULL) {
        about.status = about.step->status;
        about.reason = about.step->reason;
        about.error = about.step->error;
        about.start_us = about.step->start_us;
        about.end_us = about.step->end_us;
        return about;
    }
    const incload__picture_attempt *tried = &unit->attempts[attempt];
    about.status = tried->status;
    about.reason = tried->reason;
    about.error = attempt + 1 == unit->attempt_count ? unit->error : NULL;
    about.start_us = tried->start_us;
    about.end_us = tried->end_us;
    return about;
}

void
incload__lineage_id(const incload__picture *picture, int32_t step, const incload__picture_unit *unit, int32_t attempt,
                    char *out)
{
    static const char digits[] = "0123456789abcdef";
    subject about = subject_of(picture, step, unit, attempt);
    unsigned char bytes[INCLOAD__HASH_SIZE];
    incload__hash hash;
    uint64_t ms = (uint64_t)(about.start_us / 1000);
    size_t length = 0;

    incload__hash_init(&hash);
    incload__hash_text(&hash, incload__picture_text(picture->run_id));
    incload__hash_text(&hash, incload__picture_text(step < 0 ? NULL : picture->steps[step].name));
    incload__hash_text(&hash, incload__picture_text(unit == NULL ? NULL : unit->label));
    incload__hash_number(&hash, step);
    incload__hash_number(&hash, unit == NULL ? -1 : attempt);
    incload__hash_number(&hash, unit == NULL ? 0 : unit->lo);
    incload__hash_number(&hash, unit == NULL ? 0 : unit->hi);
    incload__hash_end(&hash, bytes);
    for (int32_t i = 0; i < 6; i++)
        bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x70);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (int32_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[length++] = '-';
        out[length++] = digits[bytes[i] >> 4];
        out[length++] = digits[bytes[i] & 15];
    }
    out[length] = '\0';
}

/* ---- pieces of an event ---- */

static void
put_id(incload__str *out, const subject *about, int32_t step, const incload__picture_unit *unit)
{
    char id[37];

    incload__lineage_id(about->picture, step, unit, about->attempt, id);
    incload__json_member(out, "runId", id);
}

/* The job is the same for every run of it: no label of a unit is in its name. */
static void
put_job(incload__str *out, const subject *about, int32_t step, bool unit)
{
    incload__str name = INCLOAD__STR(out->mem);
    const char *space = incload__picture_text(about->picture->space);

    incload__json_name(out, "namespace");
    incload__put_json(out, space[0] == '\0' ? "incload" : space);
    incload__json_name(out, "name");
    incload__str_add(&name, incload__picture_text(about->picture->name));
    if (step >= 0)
        incload__str_addf(&name, ".%s", incload__picture_text(about->picture->steps[step].name));
    if (unit)
        incload__str_add(&name, ".unit");
    if (name.failed)
        out->failed = true;
    else
        incload__put_json(out, incload__str_text(&name));
    incload__str_free(&name);
}

static void
begin_facet(incload__str *out, const char *name, const char *schema)
{
    incload__json_name(out, name);
    incload__str_add_char(out, '{');
    incload__json_member(out, "_producer", PRODUCER);
    incload__json_member(out, "_schemaURL", schema);
}

static void
put_instant(incload__str *out, const char *name, int64_t us)
{
    incload__json_name(out, name);
    incload__str_add_char(out, '"');
    incload__picture_instant(out, us);
    incload__str_add_char(out, '"');
}

static void
put_parent(incload__str *out, const subject *about)
{
    int32_t parent = about->unit == NULL ? -1 : about->number;

    begin_facet(out, "parent", FACETS "1-2-0/ParentRunFacet.json#/$defs/ParentRunFacet");
    incload__str_add(out, ",\"run\":{");
    put_id(out, about, parent, NULL);
    incload__str_add(out, "},\"job\":{");
    put_job(out, about, parent, false);
    incload__str_add(out, "},\"root\":{\"run\":{");
    put_id(out, about, -1, NULL);
    incload__str_add(out, "},\"job\":{");
    put_job(out, about, -1, false);
    incload__str_add(out, "}}}");
}

static void
put_error(incload__str *out, const subject *about)
{
    const char *message = incload__picture_text(about->error);

    if (message[0] == '\0')
        message = incload__picture_text(about->reason);
    begin_facet(out, "errorMessage", FACETS "1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet");
    incload__json_name(out, "message");
    incload__put_json(out, message[0] == '\0' ? "failed" : message);
    incload__json_member(out, "programmingLanguage", "C");
    incload__str_add_char(out, '}');
}

static void
put_run_facets(incload__str *out, const subject *about, bool failed)
{
    incload__json_name(out, "facets");
    incload__str_add_char(out, '{');
    begin_facet(out, "processing_engine", FACETS "1-1-1/ProcessingEngineRunFacet.json#/$defs/ProcessingEngineRunFacet");
    incload__json_member(out, "version", INCLOAD_VERSION);
    incload__json_member(out, "name", "libincload");
    incload__str_add_char(out, '}');
    if (about->step != NULL)
        put_parent(out, about);
    if (about->unit != NULL && about->unit->timed) {
        begin_facet(out, "nominalTime", FACETS "1-0-1/NominalTimeRunFacet.json#/$defs/NominalTimeRunFacet");
        put_instant(out, "nominalStartTime", about->unit->lo);
        put_instant(out, "nominalEndTime", about->unit->hi);
        incload__str_add_char(out, '}');
    }
    if (failed)
        put_error(out, about);
    incload__str_add_char(out, '}');
}

static void
put_fields(incload__str *out, const incload__picture_table *table)
{
    begin_facet(out, "schema", FACETS "1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet");
    incload__json_name(out, "fields");
    incload__str_add_char(out, '[');
    for (int32_t i = 0; i < table->field_count; i++) {
        incload__json_next(out);
        incload__str_add(out, "{\"name\":");
        incload__put_json(out, incload__picture_text(table->fields[i].name));
        incload__str_add(out, ",\"type\":");
        incload__put_json(out, incload__picture_text(table->fields[i].type));
        incload__str_add_char(out, '}');
    }
    incload__str_add(out, "]}");
}

static void
put_table(incload__str *out, const incload__picture_table *table, bool finished)
{
    incload__str_add(out, "{\"namespace\":");
    incload__put_json(out, incload__picture_text(table->space));
    incload__str_add(out, ",\"name\":");
    incload__put_json(out, incload__picture_text(table->name));
    incload__str_add(out, ",\"facets\":{");
    if (table->field_count > 0)
        put_fields(out, table);
    if (finished && table->change != NULL) {
        begin_facet(out, "lifecycleStateChange",
                    FACETS "1-0-1/LifecycleStateChangeDatasetFacet.json#/$defs/LifecycleStateChangeDatasetFacet");
        incload__json_member(out, "lifecycleStateChange", table->change);
        incload__str_add_char(out, '}');
    }
    incload__str_add_char(out, '}');
}

static void
put_tables(incload__str *out, const subject *about, bool finished)
{
    const incload__picture_table *source = about->step == NULL ? NULL : about->step->source;
    const incload__picture_table *target = about->step == NULL ? NULL : about->step->target;

    incload__str_add(out, ",\"inputs\":[");
    if (source != NULL) {
        put_table(out, source, false);
        incload__str_add_char(out, '}');
    }
    incload__str_add(out, "],\"outputs\":[");
    if (target != NULL) {
        put_table(out, target, finished);
        if (finished) {
            incload__str_add(out, ",\"outputFacets\":{");
            begin_facet(out, "outputStatistics",
                        FACETS "1-0-2/OutputStatisticsOutputDatasetFacet.json"
                               "#/$defs/OutputStatisticsOutputDatasetFacet");
            incload__json_number(out, "rowCount", about->unit == NULL ? about->step->rows : about->unit->rows);
            incload__json_number(out, "size", about->unit == NULL ? about->step->bytes : about->unit->bytes);
            incload__str_add(out, "}}");
        }
        incload__str_add_char(out, '}');
    }
    incload__str_add_char(out, ']');
}

static const char *
type_of(const subject *about, int32_t which)
{
    if (which == INCLOAD__LINEAGE_START)
        return "START";
    if (incload__picture_cancelled(about->status, about->reason) || about->status == INCLOAD_STATUS_SKIPPED)
        return "ABORT";
    return about->status == INCLOAD_STATUS_FAILED ? "FAIL" : "COMPLETE";
}

void
incload__lineage_event(incload__str *out, const incload__picture *picture, int32_t which, int32_t step,
                       const incload__picture_unit *unit, int32_t attempt)
{
    subject about = subject_of(picture, step, unit, attempt);
    const char *type = type_of(&about, which);
    int64_t end = incload__picture_end(picture, about.start_us, about.end_us);

    incload__str_add_char(out, '{');
    put_instant(out, "eventTime", which == INCLOAD__LINEAGE_START ? about.start_us : end);
    incload__json_member(out, "eventType", type);
    incload__json_member(out, "producer", PRODUCER);
    incload__json_member(out, "schemaURL", "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent");
    incload__str_add(out, ",\"run\":{");
    put_id(out, &about, step, unit);
    put_run_facets(out, &about, strcmp(type, "FAIL") == 0);
    incload__str_add(out, "},\"job\":{");
    put_job(out, &about, step, unit != NULL);
    incload__json_name(out, "facets");
    incload__str_add_char(out, '{');
    begin_facet(out, "jobType", FACETS "2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet");
    incload__json_member(out, "processingType", "BATCH");
    incload__json_member(out, "integration", "INCLOAD");
    incload__json_member(out, "jobType", step < 0 ? "PIPELINE" : unit == NULL ? "STEP" : "UNIT");
    incload__str_add(out, "}}}");
    put_tables(out, &about, strcmp(type, "COMPLETE") == 0);
    incload__str_add(out, "}\n");
}

/* ---- all of a picture ---- */

static void
put_attempts(incload__sink *sink, const incload__picture *picture, const incload__picture_unit *unit)
{
    for (int32_t i = 0; i < unit->attempt_count; i++) {
        if (unit->attempts[i].start_us == 0)
            continue;
        incload__lineage_event(&sink->text, picture, INCLOAD__LINEAGE_START, unit->step, unit, i);
        if (incload__picture_ended(unit->attempts[i].status))
            incload__lineage_event(&sink->text, picture, INCLOAD__LINEAGE_END, unit->step, unit, i);
        incload__sink_pass(sink);
    }
}

/* Parents first when they start, last when they end. What never began is told by nothing: there is no event for it. */
int32_t
incload__render_lineage(incload__sink *sink, const incload__picture *picture, const incload__report_options *options,
                        incload_error **err)
{
    (void)options;
    (void)err;
    if (picture->start_us == 0)
        return INCLOAD_OK;
    incload__lineage_event(&sink->text, picture, INCLOAD__LINEAGE_START, -1, NULL, 0);
    for (int32_t i = 0; i < picture->step_count; i++) {
        if (picture->steps[i].start_us != 0)
            incload__lineage_event(&sink->text, picture, INCLOAD__LINEAGE_START, i, NULL, 0);
        incload__sink_pass(sink);
    }
    for (int64_t i = 0; i < picture->unit_count; i++)
        put_attempts(sink, picture, &picture->units[i]);
    for (int32_t i = 0; i < picture->step_count; i++) {
        if (picture->steps[i].start_us != 0 && incload__picture_ended(picture->steps[i].status))
            incload__lineage_event(&sink->text, picture, INCLOAD__LINEAGE_END, i, NULL, 0);
        incload__sink_pass(sink);
    }
    if (incload__picture_ended(picture->state))
        incload__lineage_event(&sink->text, picture, INCLOAD__LINEAGE_END, -1, NULL, 0);
    return INCLOAD_OK;
}
