/* SPDX-License-Identifier: Apache-2.0 */
/* One column that source and target both have: whether its type fits, has become wider, or another. */
#include <string.h>

#include "dialect/widen.h"
#include "load/evolve.h"

/* A civil time in UTC where there is no type with a zone. */
static incload__type
as_instant(const incload__load *load, incload__type type, incload__type from)
{
    if (load->to->dialect->civil_is_utc && type.kind == INCLOAD__TIMESTAMP && from.kind == INCLOAD__TIMESTAMPTZ)
        type.kind = INCLOAD__TIMESTAMPTZ;
    return type;
}

static bool
same_native(const incload__column *from, const char *native)
{
    return from->type.kind != INCLOAD__NATIVE || native == NULL || from->native == NULL
           || strcmp(native, from->native) == 0;
}

/* What the source declares now is what it declared before. */
static bool
is_as_before(const incload__loaded_column *was, const incload__column *from)
{
    return incload__type_equal(was->type, from->type) && same_native(from, was->native);
}

static bool
join(const incload__loaded_column *was, const incload__column *from, incload__type *out)
{
    return was->type.kind != INCLOAD__NATIVE && incload__type_join(was->type, from->type, out);
}

static int32_t
take(incload__matching *m, const incload__column *to, const char *native, incload__type type, uint32_t native_id,
     incload_error **err)
{
    incload__column *column = incload__schema_add(&m->load->target, to->name, native, type);

    if (column == NULL)
        return incload__fail_memory(err);
    column->nullable = to->nullable;
    column->native_id = native_id;
    return INCLOAD_OK;
}

/* As the target has it: values are checked one by one where its type is the narrower one. */
static int32_t
keep(incload__matching *m, const incload__column *from, const incload__column *to, incload_error **err)
{
    char there[48], here[48];
    incload__type type = as_instant(m->load, to->type, from->type);

    if (!incload__convertible(type, from->type))
        return incload__fail(
            err, INCLOAD_E_TYPE,
            "column '%.64s' is %s in the source, which target table %s cannot hold in its column of type "
            "%s: change the type there, or leave the column out by option 'columns'",
            to->name, incload__type_text(from->type, here, sizeof here), m->table,
            incload__type_words(to->native, to->type, there, sizeof there));
    return take(m, to, to->native, type, to->native_id, err);
}

static int32_t
keep_and_say(incload__matching *m, const incload__column *from, const incload__column *to, const char *option,
             incload_error **err)
{
    incload__str text = INCLOAD__STR(m->load->mem);
    char there[48], here[48];

    incload__str_addf(&text,
                      "column '%.64s' is %.100s in the source now and stays %.100s in target table %s (%s=ignore): a "
                      "value that does not fit fails the load",
                      to->name, incload__type_words(from->native, from->type, here, sizeof here),
                      incload__type_words(to->native, to->type, there, sizeof there), m->table, option);
    int32_t status = incload__evolve_say(m->load, &text, err);
    return status == INCLOAD_OK ? keep(m, from, to, err) : status;
}

/* The type that holds what the target has and what the source brings. `joins`: the source's new type is a wider one. */
static bool
find_common(incload__type there, incload__type from, bool joins, incload__type *out)
{
    if (joins)
        return incload__type_join(there, from, out);
    *out = from;
    return incload__type_holds(from, there);
}

/* Writes the native type for `need`, the source's own where that is it. False when the target has none. */
static int32_t
name_type(incload__matching *m, int32_t index, const incload__column *to, incload__type need, incload__str *native,
          uint32_t *native_id, bool *found, incload_error **err)
{
    const incload__load *load = m->load;
    const incload__column *from = &load->shape.columns[index];
    const incload__dialect *dialect = load->to->dialect;
    const incload__evolution *rules = incload__evolution_of(dialect);
    bool own = incload__type_equal(need, from->type), kept = false;
    int32_t status = own ? incload__target_native(load, index, to->name, native, &kept, err)
                         : dialect->native_type(native, to->name, need, incload__is_key(load, index), err);

    *found = false;
    if (status == INCLOAD_OK && native->failed)
        status = incload__fail_memory(err);
    if (status != INCLOAD_OK)
        return status;
    *native_id = kept ? from->native_id : 0;
    incload__type made = as_instant(load, dialect->type_of(incload__str_text(native)), from->type);
    *found = incload__type_holds(made, need)
             && (kept || !rules->numeric_is_bounded || need.kind != INCLOAD__NUMERIC);
    return INCLOAD_OK;
}

static int32_t
change(incload__matching *m, int32_t index, const incload__column *to, const char *native, uint32_t native_id,
       incload_error **err)
{
    const incload__column *from = &m->load->shape.columns[index];
    incload__str text = INCLOAD__STR(m->load->mem);
    incload__type type = m->load->to->dialect->type_of(native);
    char there[48];
    int32_t status = incload__evolve_add(m, INCLOAD__CHANGE_TYPE, to, native, type, err);

    incload__str_addf(&text, "column '%.64s' of target table %s goes from %.100s to %.100s, after the source",
                      to->name, m->table, incload__type_words(to->native, to->type, there, sizeof there), native);
    if (status == INCLOAD_OK)
        status = incload__evolve_say(m->load, &text, err);
    else
        incload__str_free(&text);
    return status == INCLOAD_OK ? take(m, to, native, as_instant(m->load, type, from->type), native_id, err) : status;
}

static void
refuse_change(incload__matching *m, const incload__column *from, const incload__column *to,
              const incload__loaded_column *was, const char *remedy)
{
    char before[48], now[48], there[48];

    incload__refuse(m, INCLOAD_E_TYPE,
                    "column '%.64s' was %.100s in the source and is %.100s now, and %.100s in the target: %s", to->name,
                    incload__type_words(was->native, was->type, before, sizeof before),
                    incload__type_words(from->native, from->type, now, sizeof now),
                    incload__type_words(to->native, to->type, there, sizeof there), remedy);
}

static int32_t
evolve(incload__matching *m, int32_t index, const incload__column *to, const incload__loaded_column *was, bool joins,
       incload_error **err)
{
    const incload__column *from = &m->load->shape.columns[index];
    const incload__evolution *rules = incload__evolution_of(m->load->to->dialect);
    incload__str native = INCLOAD__STR(m->load->mem);
    incload__type need;
    uint32_t native_id = 0;
    bool found = false;
    int32_t status = INCLOAD_OK;

    if (!find_common(as_instant(m->load, to->type, from->type), from->type, joins, &need)) {
        refuse_change(m, from, to, was,
                      joins ? "the target's type and the source's have no common one: change the type there"
                            : "there is no cast without loss: change the type there, or load the column under "
                              "another name by option 'columns'");
    } else if (rules == NULL || rules->change_type == NULL) {
        refuse_change(m, from, to, was,
                      joins ? "this database changes no column's type in place: make the table anew with the new type, "
                              "or set widened_types=ignore"
                            : "this database changes no column's type in place: make the table anew with the new type, "
                              "or set changed_types=ignore");
    } else {
        status = name_type(m, index, to, need, &native, &native_id, &found, err);
        if (status == INCLOAD_OK && found)
            status = change(m, index, to, incload__str_text(&native), native_id, err);
        else if (status == INCLOAD_OK)
            refuse_change(m, from, to, was, "no type there surely holds all values: change it by hand");
    }
    incload__str_free(&native);
    return status;
}

int32_t
incload__evolve_type(incload__matching *m, int32_t index, const incload__column *to, incload_error **err)
{
    const incload__strategy_values *how = m->load->how;
    const incload__column *from = &m->load->shape.columns[index];
    const incload__loaded_column *was = incload__loaded_find(&m->evolve->before, to->name);
    incload__type wide, there = as_instant(m->load, to->type, from->type);

    if (was == NULL || is_as_before(was, from))
        return keep(m, from, to, err);
    bool joins = join(was, from, &wide);
    /* Narrower than it was: what held the old values holds the new ones. */
    if (joins && (incload__type_equal(wide, was->type) || incload__type_holds(there, from->type)))
        return keep(m, from, to, err);
    /* Whoever changed the source has changed the target, too. */
    if (!joins && there.kind == from->type.kind && same_native(from, to->native))
        return keep(m, from, to, err);
    switch (joins ? how->widened_types : how->changed_types) {
    case INCLOAD__EVOLVE_ERROR:
        refuse_change(m, from, to, was,
                      joins ? "widened_types=evolve widens it there, widened_types=ignore keeps the target's type"
                            : "if the values mean the same, changed_types=evolve changes the target's where no value "
                              "is lost, changed_types=ignore keeps the target's type");
        return INCLOAD_OK;
    case INCLOAD__EVOLVE_IGNORE:
        return keep_and_say(m, from, to, joins ? "widened_types" : "changed_types", err);
    default:
        return incload__type_holds(there, from->type) ? keep(m, from, to, err) : evolve(m, index, to, was, joins, err);
    }
}
