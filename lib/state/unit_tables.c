/* SPDX-License-Identifier: Apache-2.0 */
#include "state/unit_tables.h"

#include "dialect/units.h"
#include "state/statement.h"

#define NUMBER(name) { name, INCLOAD__INT64, 0, false }
#define MAYBE_NUMBER(name) { name, INCLOAD__INT64, 0, true }
#define KEY_NUMBER(name) { name, INCLOAD__INT64, 1, false }
#define WORDS(name) { name, INCLOAD__TEXT, 0, false }
#define MAYBE_WORDS(name) { name, INCLOAD__TEXT, 0, true }
#define KEY_WORDS(name) { name, INCLOAD__TEXT, 1, false }
#define SHORT_KEY_WORDS(name, length) { name, INCLOAD__TEXT, length, false }

static const incload__ledger_field run_fields[] = {
    KEY_NUMBER("run_no"),
    WORDS("run_id"),
    WORDS("name"),
    NUMBER("kind"),
    MAYBE_WORDS("idem_key"),
    WORDS("spec_hash"),
    WORDS("spec"),
    NUMBER("status"),
    NUMBER("want"),
    MAYBE_WORDS("want_reason"),
    NUMBER("units"),
    NUMBER("next_seq"), /* units from here on were never handed out, and have no row */
    NUMBER("max_active"),
    NUMBER("max_failures"),
    NUMBER("max_orphans"),
    NUMBER("failed"),
    NUMBER("attempt"),
    NUMBER("created_us"),
    MAYBE_NUMBER("finished_us"),
};

static const incload__ledger_field key_fields[] = { KEY_WORDS("idem_key"), NUMBER("run_no") };

static const incload__ledger_field unit_fields[] = {
    KEY_NUMBER("run_no"),
    KEY_NUMBER("seq"),
    NUMBER("status"),
    NUMBER("reason"),
    NUMBER("again"), /* a resumed run runs it again */
    NUMBER("waits"), /* not to be handed out although it is pending */
    NUMBER("attempt"),
    NUMBER("orphans"),
    NUMBER("epoch"),
    NUMBER("worker_no"), /* 0: nobody has it */
    NUMBER("priority"),
    NUMBER("not_before_us"),
    MAYBE_NUMBER("started_us"),
    MAYBE_NUMBER("finished_us"),
    MAYBE_NUMBER("rows_written"),
    MAYBE_NUMBER("error_code"),
    MAYBE_WORDS("error"),
};

static const incload__ledger_field step_fields[] = {
    KEY_NUMBER("run_no"),
    KEY_NUMBER("seq"),
    WORDS("name"),
    WORDS("code_version"),
    WORDS("input_hash"),
    WORDS("upstream"), /* places of the steps it depends on, with commas */
    NUMBER("pending"), /* how many of them have not ended */
    NUMBER("up_ok"),   /* and how the others did */
    NUMBER("up_skip"),
    NUMBER("up_bad"),
    MAYBE_WORDS("result"),
};

static const incload__ledger_field worker_fields[] = {
    KEY_NUMBER("worker_no"), NUMBER("run_no"),     NUMBER("state"),      WORDS("holder"),       NUMBER("started_us"),
    NUMBER("expires_us"),    NUMBER("units_done"), NUMBER("units_bad"), NUMBER("rows_written"),
};

static const incload__ledger_field applied_fields[] = {
    KEY_WORDS("load_name"),
    SHORT_KEY_WORDS("unit_key", INCLOAD__UNIT_KEY_LENGTH),
    NUMBER("epoch"),
    WORDS("run_id"),
    WORDS("code_version"),
    WORDS("lane"),
    NUMBER("low"),
    NUMBER("high"),
    NUMBER("rows_written"),
    NUMBER("applied_us"),
};

static const incload__ledger_field coverage_fields[] = {
    KEY_WORDS("load_name"),
    SHORT_KEY_WORDS("code_version", INCLOAD__CODE_VERSION_LENGTH),
    SHORT_KEY_WORDS("lane", INCLOAD__UNIT_KEY_LENGTH),
    KEY_NUMBER("low"),
    NUMBER("high"),
    NUMBER("updated_us"),
};

static const incload__ledger_field rate_fields[] = { KEY_WORDS("name"), NUMBER("tat_us") };

#define TABLE(name, fields) { name, fields, sizeof(fields) / sizeof((fields)[0]), INCLOAD__UNITS_SINCE }

const incload__ledger_table incload__unit_tables[INCLOAD__UNIT_TABLES] = {
    TABLE("pipeline_run", run_fields), TABLE("run_key", key_fields),       TABLE("unit", unit_fields),
    TABLE("step", step_fields),        TABLE("worker", worker_fields),     TABLE("applied", applied_fields),
    TABLE("coverage", coverage_fields), TABLE("rate_limit", rate_fields),
};

int32_t
incload__unit_tables_finish(const incload__ledger *ledger, incload__conn *conn, incload_error **err)
{
    int32_t status = INCLOAD_OK;

    if (ledger->dialect->units == NULL)
        return INCLOAD_OK;
    for (const char *const *make = ledger->dialect->units->make; *make != NULL && status == INCLOAD_OK; make++)
        status = incload__state_execute(ledger, conn, *make, NULL, 0, NULL, err);
    return status;
}
