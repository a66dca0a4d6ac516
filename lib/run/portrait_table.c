/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a load as catalogues of lineage name them. */
#include "run/portrait.h"

#include "driver/database.h"

static const incload__picture_table *
fill_table(incload__portrait *portrait, const incload_database *database, const char *name, incload__picture_table *out)
{
    incload__str space = INCLOAD__STR(portrait->mem), whole = INCLOAD__STR(portrait->mem);

    incload__database_place(database, &space, &whole);
    if (whole.length > 0)
        incload__str_add_char(&whole, '.');
    incload__str_add(&whole, name);
    out->space = incload__portrait_keep(portrait, incload__str_text(&space));
    out->name = incload__portrait_keep(portrait, incload__str_text(&whole));
    portrait->failed = portrait->failed || space.failed || whole.failed;
    incload__str_free(&space);
    incload__str_free(&whole);
    return out;
}

void
incload__portrait_tables(incload__portrait *portrait, const incload_step *load, int32_t number)
{
    incload__picture_step *step = &portrait->steps[number];
    incload__picture_table *tables = &portrait->tables[2 * number];

    /* A query has no name. */
    if (load->source_table != NULL)
        step->source = fill_table(portrait, load->source, load->source_table, &tables[0]);
    step->target = fill_table(portrait, load->target, load->target_table, &tables[1]);
}
