/* SPDX-License-Identifier: Apache-2.0 */
#include "glue.h"

#include <string.h>

#include "_cgo_export.h"

/* The run that the calling thread drives, by the number of its handle in Go. Units of a run within a run have another
 * id than that which Go knows; on threads of the library it is 0, and the id has to do. */
static _Thread_local uintptr_t driven;

int32_t
incload_go_participate(incload_run *run, uintptr_t by, incload_error **err)
{
    uintptr_t outer = driven;
    driven = by;
    int32_t status = incload_run_participate(run, err);
    driven = outer;
    return status;
}

static int32_t
on_unit(incload_unit *unit, void *user)
{
    return incloadGoUnit(unit, driven, (uintptr_t)user);
}

static int32_t
on_condition(incload_unit *unit, void *user)
{
    return incloadGoCondition(unit, driven, (uintptr_t)user);
}

static int32_t
on_batch(incload_unit *unit, incload_batch *batch, void *user)
{
    return incloadGoBatch(unit, driven, batch, (uintptr_t)user);
}

static int32_t
on_check(incload_unit *unit, int64_t rows_read, int64_t rows_staged, void *user)
{
    return incloadGoCheck(unit, driven, rows_read, rows_staged, (uintptr_t)user);
}

static int32_t
on_fetch(incload_changes *changes, incload_unit *unit, void *user)
{
    (void)changes;
    return incloadGoFetch(unit, driven, (uintptr_t)user);
}

static int32_t
on_change(incload_change *change, void *user)
{
    return incloadGoChange(change, (uintptr_t)user);
}

static int32_t
on_text(const char *text, size_t size, void *user)
{
    return incloadGoWrite((char *)text, size, (uintptr_t)user);
}

static int32_t
on_message(const char *key, size_t key_size, const char *value, size_t value_size, void *user)
{
    return incloadGoMessage((char *)key, key_size, (char *)value, value_size, (uintptr_t)user);
}

static void
on_destroy(void *user)
{
    incloadGoDestroy((uintptr_t)user);
}

incload_step *
incload_go_function(uintptr_t user, incload_error **err)
{
    return incload_step_new_function(on_unit, (void *)user, on_destroy, err);
}

incload_step *
incload_go_backfill(const char *from, const char *through, const char *options, uintptr_t user, incload_error **err)
{
    return incload_step_new_backfill(from, through, options, on_unit, (void *)user, on_destroy, err);
}

incload_step *
incload_go_backfill_between(const char *from, const char *to, const char *options, uintptr_t user,
                            incload_error **err)
{
    return incload_step_new_backfill_between(from, to, options, on_unit, (void *)user, on_destroy, err);
}

incload_step *
incload_go_backfill_keys(char **keys, int32_t count, const char *options, uintptr_t user, incload_error **err)
{
    return incload_step_new_backfill_keys((const char *const *)keys, count, options, on_unit, (void *)user,
                                          on_destroy, err);
}

incload_step *
incload_go_changes_step(incload_changes *changes, const char *options, uintptr_t user, incload_error **err)
{
    return incload_step_new_changes(changes, options, on_fetch, (void *)user, on_destroy, err);
}

int32_t
incload_go_set_batch_function(incload_step *step, uintptr_t user, incload_error **err)
{
    return incload_step_set_batch_function(step, on_batch, (void *)user, on_destroy, err);
}

int32_t
incload_go_set_check_function(incload_step *step, uintptr_t user, incload_error **err)
{
    return incload_step_set_check_function(step, on_check, (void *)user, on_destroy, err);
}

int32_t
incload_go_set_condition(incload_pipeline *pipeline, const char *step, uintptr_t user, incload_error **err)
{
    return incload_pipeline_set_condition(pipeline, step, on_condition, (void *)user, on_destroy, err);
}

int32_t
incload_go_set_change_function(incload_stream *stream, uintptr_t user, incload_error **err)
{
    return incload_stream_set_function(stream, on_change, (void *)user, on_destroy, err);
}

incload_debezium *
incload_go_debezium(incload_database *source, const char *table, const char *options, uintptr_t user,
                    incload_error **err)
{
    return incload_debezium_new(source, table, options, on_message, (void *)user, on_destroy, err);
}

incload_debezium *
incload_go_debezium_for(const char *table, struct ArrowSchema *schema, const char *options, uintptr_t user,
                        incload_error **err)
{
    return incload_debezium_new_for(NULL, table, schema, options, on_message, (void *)user, on_destroy, err);
}

int32_t
incload_go_watch(incload_run *run, const char *options, uintptr_t user, incload_error **err)
{
    return incload_run_watch(run, options, on_text, (void *)user, err);
}

int32_t
incload_go_report(const incload_run *run, const char *format, const char *options, uintptr_t user, incload_error **err)
{
    return incload_run_report(run, format, options, on_text, (void *)user, err);
}

int32_t
incload_go_render(incload_pipeline *pipeline, const char *format, const char *options, uintptr_t user,
                  incload_error **err)
{
    return incload_pipeline_render(pipeline, format, options, on_text, (void *)user, err);
}

int32_t
incload_go_set_keys(incload_step *step, char **keys, int32_t count, incload_error **err)
{
    return incload_step_set_keys(step, (const char *const *)keys, count, err);
}

int32_t
incload_go_push(incload_changes *changes, int32_t operation, char **names, char **values, int32_t count,
                uint64_t position, uint64_t ordinal, incload_error **err)
{
    return incload_changes_push(changes, operation, (const char *const *)names, (const char *const *)values, count,
                                position, ordinal, err);
}

int32_t
incload_go_push_update(incload_changes *changes, char **old_names, char **old_values, int32_t old_count, char **names,
                       char **values, int32_t count, uint64_t position, uint64_t ordinal, incload_error **err)
{
    return incload_changes_push_update(changes, (const char *const *)old_names, (const char *const *)old_values,
                                       old_count, (const char *const *)names, (const char *const *)values, count,
                                       position, ordinal, err);
}

int32_t
incload_go_debezium_write(incload_debezium *debezium, int32_t operation, char **old_names, char **old_values,
                          int32_t old_count, char **names, char **values, int32_t count, uint64_t position,
                          uint64_t ordinal, int64_t committed_us, incload_error **err)
{
    return incload_debezium_write(debezium, operation, (const char *const *)old_names,
                                  (const char *const *)old_values, old_count, (const char *const *)names,
                                  (const char *const *)values, count, position, ordinal, committed_us, err);
}

void
incload_go_release(struct ArrowSchema *schema, struct ArrowArray *array)
{
    if (array != NULL && array->release != NULL)
        array->release(array);
    if (schema != NULL && schema->release != NULL)
        schema->release(schema);
}

int32_t
incload_go_next_array(struct ArrowArrayStream *stream, struct ArrowArray *array)
{
    return stream->get_next(stream, array);
}

int32_t
incload_go_stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *schema)
{
    return stream->get_schema(stream, schema);
}

const char *
incload_go_stream_error(struct ArrowArrayStream *stream)
{
    return stream->get_last_error(stream);
}

void
incload_go_release_stream(struct ArrowArrayStream *stream)
{
    if (stream != NULL && stream->release != NULL)
        stream->release(stream);
}

/* ---- a stream that tells when it is released ---- */

typedef struct told_stream {
    struct ArrowArrayStream inner;
    uintptr_t user;
} told_stream;

static struct ArrowArrayStream *
inner_of(struct ArrowArrayStream *self)
{
    return &((told_stream *)self->private_data)->inner;
}

static int
told_schema(struct ArrowArrayStream *self, struct ArrowSchema *out)
{
    struct ArrowArrayStream *inner = inner_of(self);
    return inner->get_schema(inner, out);
}

static int
told_next(struct ArrowArrayStream *self, struct ArrowArray *out)
{
    struct ArrowArrayStream *inner = inner_of(self);
    return inner->get_next(inner, out);
}

static const char *
told_error(struct ArrowArrayStream *self)
{
    struct ArrowArrayStream *inner = inner_of(self);
    return inner->get_last_error(inner);
}

static void
told_release(struct ArrowArrayStream *self)
{
    told_stream *told = self->private_data;
    told->inner.release(&told->inner);
    incloadGoReleased(told->user);
    free(told);
    self->release = NULL;
}

int32_t
incload_go_query(incload_call *call, const char *sql, struct ArrowArrayStream *out, uintptr_t user,
                 incload_error **err)
{
    told_stream *told = calloc(1, sizeof(*told));
    int32_t status = told != NULL ? incload_call_query(call, sql, &told->inner, err) : INCLOAD_E_NO_MEMORY;
    if (status != INCLOAD_OK) {
        free(told);
        incloadGoReleased(user);
        return status;
    }
    told->user = user;
    *out = (struct ArrowArrayStream){ told_schema, told_next, told_error, told_release, told };
    return INCLOAD_OK;
}

/* ---- one column in the place of another ---- */

static void
borrowed_schema_release(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static void
borrowed_array_release(struct ArrowArray *array)
{
    array->release = NULL;
}

/* The library copies what it is handed, so a structure that borrows all of its parts will do: the others from the batch
 * itself, the new one from Go. */
static int32_t
replace_among(incload_batch *batch, const struct ArrowSchema *rows_schema, const struct ArrowArray *rows,
              int32_t index, struct ArrowSchema *schema, struct ArrowArray *array, incload_error **err)
{
    size_t count = (size_t)rows->n_children;
    struct ArrowSchema **schemas = calloc(count, sizeof(*schemas));
    struct ArrowArray **arrays = calloc(count, sizeof(*arrays));
    const void *no_validity[1] = { NULL };
    int32_t status = INCLOAD_E_NO_MEMORY;

    if (schemas != NULL && arrays != NULL) {
        memcpy(schemas, rows_schema->children, count * sizeof(*schemas));
        memcpy(arrays, rows->children, count * sizeof(*arrays));
        schemas[index] = schema;
        arrays[index] = array;
        struct ArrowSchema all_schema = {
            .format = "+s", .name = "", .n_children = (int64_t)count, .children = schemas,
            .release = borrowed_schema_release,
        };
        struct ArrowArray all = {
            .length = rows->length, .n_buffers = 1, .buffers = no_validity, .n_children = (int64_t)count,
            .children = arrays, .release = borrowed_array_release,
        };
        status = incload_batch_replace(batch, &all_schema, &all, err);
    }
    free(schemas);
    free(arrays);
    return status;
}

int32_t
incload_go_replace_column(incload_batch *batch, int32_t index, const char *format, int64_t null_count, void **buffers,
                          int32_t buffer_count, incload_error **err)
{
    struct ArrowSchema rows_schema = { .release = NULL };
    struct ArrowArray rows = { .release = NULL };
    int32_t status = incload_batch_export(batch, &rows_schema, &rows, err);
    if (status != INCLOAD_OK)
        return status;

    struct ArrowSchema schema = {
        .format = format, .name = rows_schema.children[index]->name, .flags = ARROW_FLAG_NULLABLE,
        .release = borrowed_schema_release,
    };
    struct ArrowArray array = {
        .length = rows.length, .null_count = null_count, .n_buffers = buffer_count, .buffers = (const void **)buffers,
        .release = borrowed_array_release,
    };
    status = replace_among(batch, &rows_schema, &rows, index, &schema, &array, err);
    incload_go_release(&rows_schema, &rows);
    return status;
}
