# SPDX-License-Identifier: Apache-2.0
"""Writes copies of the library's files with bugs in them, of which one at a time is awake (incload__planted).

usage: planted.py LIB OUTPUT_FOLDER      one file for each that has bugs: state_lease.c for state/lease.c, planted.h
       planted.py --places               which files of lib/ these are

Only the program simulation-planted is made of them. Text that is not found exactly once is an error: a bug whose place
has changed is to be planted anew, or given up."""
import os
import sys

# What goes wrong: (file, text, what stands in its place) as often as it takes. AWAKE: this bug is.
BUGS = {
    "a run lands without its lease": [
        ("state/lease.c", "    return affected == 1 ? INCLOAD_OK : incload__lease_fail_lost(lease, err);\n}\n\n"
                          "int32_t\nincload__lease_renew(",
         "    return AWAKE || affected == 1 ? INCLOAD_OK : incload__lease_fail_lost(lease, err);\n}\n\nint32_t\n"
         "incload__lease_renew(")],
    "a lease that is held is taken": [
        ("state/lease.c", "return row->exists && row->holder != NULL && row->expires_us > row->now_us\n",
         "return !AWAKE && row->exists && row->holder != NULL && row->expires_us > row->now_us\n")],
    "a process that lives is taken for one that is gone": [
        ("state/lease.c", "bool gone = getpgid((pid_t)pid) < 0 && errno == ESRCH;",
         "bool gone = AWAKE || (getpgid((pid_t)pid) < 0 && errno == ESRCH);")],
    "a COMMIT without an answer is taken for one that failed": [
        ("load/resolve.c", "    if (committed)\n", "    if (committed && !AWAKE)\n")],
    "a COMMIT without an answer is taken for one that was done": [
        ("state/ledger.c", "*committed = status == INCLOAD_E_CONSTRAINT;",
         "*committed = AWAKE || status == INCLOAD_E_CONSTRAINT;")],
    "whoever asks for a COMMIT without an answer does not wait for it": [
        ("state/ledger.c", "    int32_t status = conn->driver->begin(conn, err);\n\n    if (status != INCLOAD_OK)\n"
                           "        return status;\n    status = incload__ledger_add_run(",
         "    if (AWAKE) {\n"
         "        const incload__param id = incload__text_param(run_id);\n"
         "        incload__rows rows;\n"
         "        int32_t asked = incload__state_select(ledger, conn, \"SELECT 1 FROM {run} WHERE run_id = ?\", &id,\n"
         "                                              1, &rows, err);\n"
         "        *committed = asked == INCLOAD_OK && rows.count > 0;\n"
         "        incload__rows_free(&rows);\n"
         "        return asked;\n"
         "    }\n"
         "    int32_t status = conn->driver->begin(conn, err);\n\n    if (status != INCLOAD_OK)\n"
         "        return status;\n    status = incload__ledger_add_run(")],
    "rows at the watermark are not read again": [
        ("load/window.c", "status = add_bound(load, sql, dialect, \" >= \", incload__window_first(load), err);\n    }\n"
                          "    if (status == INCLOAD_OK && load->how->until != NULL) {",
         "const char *relation = AWAKE && load->spec->interval == NULL ? \" > \" : \" >= \";\n"
         "        status = add_bound(load, sql, dialect, relation, incload__window_first(load), err);\n    }\n"
         "    if (status == INCLOAD_OK && load->how->until != NULL) {")],
    "the watermark and the rows are of two snapshots": [
        ("load/carry.c", "            status = load->from->driver->begin(load->from, err);",
         "            status = AWAKE ? INCLOAD_OK : load->from->driver->begin(load->from, err);")],
    "rows are committed before their watermark": [
        ("load/carry.c", "        status = incload__group_each(group, settle, err);\n",
         "        status = incload__group_each(group, settle, err);\n"
         "    if (AWAKE && status == INCLOAD_OK) {\n"
         "        incload__conn *to = group->loads[0]->to;\n"
         "        status = to->driver->commit(to, err);\n"
         "        if (status == INCLOAD_OK)\n"
         "            status = to->driver->begin(to, err);\n"
         "    }\n")],
    "a last batch that is not full is dropped": [
        ("load/batches.c", "        if (status != INCLOAD_OK || got == 0)\n            break;\n",
         "        if (status != INCLOAD_OK || got == 0 || (AWAKE && *rows > 0 && got < load->how->batch_rows))\n"
         "            break;\n")],
    "an error of a later batch is taken for the end": [
        ("load/batches.c", "            status = driver->read_next(reader, builder, load->how->batch_rows, "
                           "load->how->batch_bytes, &got, err);\n",
         "            status = driver->read_next(reader, builder, load->how->batch_rows, load->how->batch_bytes, &got,"
         " err);\n"
         "        if (AWAKE && status != INCLOAD_OK && *rows > 0) {\n"
         "            if (err != NULL) {\n"
         "                incload_error_unref(*err);\n"
         "                *err = NULL;\n"
         "            }\n"
         "            status = INCLOAD_OK;\n"
         "            break;\n"
         "        }\n")],
    "a swap is committed statement by statement": [
        ("load/swap.c", "            status = load->to->driver->execute(load->to, sql, NULL, 0, NULL, err);\n"
                        "        INCLOAD__FAILPOINT_ON(status, load->to, \"swap.statement\"",
         "            status = load->to->driver->execute(load->to, sql, NULL, 0, NULL, err);\n"
         "        if (AWAKE && status == INCLOAD_OK && load->to->txn == INCLOAD__TXN_OPEN) {\n"
         "            status = load->to->driver->commit(load->to, err);\n"
         "            if (status == INCLOAD_OK)\n"
         "                status = load->to->driver->begin(load->to, err);\n"
         "        }\n"
         "        INCLOAD__FAILPOINT_ON(status, load->to, \"swap.statement\"")],
    "old rows are gone before the new ones are there": [
        ("load/publish.c", "        status = delete_rows(w, &sql, err);\n    incload__sql_free(&sql);\n"
                           "    return status == INCLOAD_OK ? insert_rows(w, err) : status;",
         "        status = delete_rows(w, &sql, err);\n"
         "    if (AWAKE && status == INCLOAD_OK) {\n"
         "        status = w->load->to->driver->commit(w->load->to, err);\n"
         "        if (status == INCLOAD_OK)\n"
         "            status = w->load->to->driver->begin(w->load->to, err);\n"
         "    }\n"
         "    incload__sql_free(&sql);\n"
         "    return status == INCLOAD_OK ? insert_rows(w, err) : status;")],
    "a unit lands whoever has it by now": [
        ("state/complete.c", "if (status == INCLOAD_OK && affected != count && INCLOAD__FENCED)",
         "if (status == INCLOAD_OK && affected != count && !AWAKE)"),
        ("state/complete.c", "if (status != INCLOAD_OK || (state == INCLOAD_STATUS_RUNNING && epoch == unit->epoch))",
         "if (AWAKE || status != INCLOAD_OK || (state == INCLOAD_STATUS_RUNNING && epoch == unit->epoch))"),
        ("state/complete.c", "return status != INCLOAD_OK || held ? status :",
         "return AWAKE || status != INCLOAD_OK || held ? status :"),
        ("state/applied.c", "    if (older) {\n", "    if (older && !AWAKE) {\n")],
    "a unit is handed out to two": [
        ("state/claim.c", "move_cursor(ledger, conn, claim, last + 1, err)",
         "move_cursor(ledger, conn, claim, AWAKE ? last : last + 1, err)")],
    "units of a claim without an answer are forgotten": [
        ("state/claim.c", "        status = read_held(ledger, conn, claim, err);\n",
         "        status = read_held(ledger, conn, claim, err);\n    if (AWAKE)\n        claim->count = 0;\n")],
    "units of the dead are not handed out again": [
        ("state/reclaim.c", "    if (status == INCLOAD_OK && found.count > 0)\n",
         "    if (!AWAKE && status == INCLOAD_OK && found.count > 0)\n")],
    "the ledger covers less than has landed": [
        ("state/applied.c", "    incload__numbers_add(sql, unit->high);\n",
         "    incload__numbers_add(sql, AWAKE ? unit->high - 1 : unit->high);\n")],
    "a step that waits for several is started by the first of them": [
        ("sched/scheduler_release.c", "(node->flags & NODE_ALL_SUCCESS) != 0 && node->ok == node->upstreams &&",
         "(node->flags & NODE_ALL_SUCCESS) != 0 && (node->ok == node->upstreams || (AWAKE && node->ok > 0)) &&"),
        ("sched/scheduler_release.c",
         "        && node->ok + node->skip + node->bad < node->upstreams)\n        return;",
         "        && node->ok + node->skip + node->bad < node->upstreams && !AWAKE)\n        return;")],
    "a pool gives a slot to more than it has": [
        ("sched/scheduler_take.c", "    pool->used += slots;\n",
         "    pool->used += AWAKE && slots > 0 ? 0 : AWAKE && pool->used == 0 ? 0 : slots;\n")],
    "a failed step is tried once more than it may be": [
        ("sched/scheduler_finish.c", "    if (slot->attempt >= policy->attempts)\n",
         "    if (slot->attempt >= policy->attempts + (AWAKE ? 1 : 0))\n")],
    "a connection in a failed transaction is given to the next": [
        ("driver/pool.c", "    if (conn->txn != INCLOAD__TXN_IDLE || atomic_load(&conn->cancelled)",
         "    if ((conn->txn != INCLOAD__TXN_IDLE && !AWAKE) || atomic_load(&conn->cancelled)")],
    "memory is not given back when a COMMIT has no answer": [
        ("load/resolve.c", "    incload_error_unref(unknown);\n",
         "    if (!AWAKE)\n        incload_error_unref(unknown);\n")],
    "a unit that has landed is started over": [
        ("load/load.c", "    *again = false;\n    if (status != INCLOAD_OK) {",
         "    *again = AWAKE && status == INCLOAD_OK && incload_unit_attempt(c->unit) == 1;\n"
         "    *when_us = 0;\n"
         "    if (status != INCLOAD_OK) {")],
    "a run leaves no record": [
        ("load/commit.c", "        status = record_run(load, err);\n",
         "        status = AWAKE ? INCLOAD_OK : record_run(load, err);\n")],
    "a load of all rows leaves no version behind": [
        ("load/commit.c", "    if (incload__is_remembered(load))\n        return INCLOAD_OK;\n"
                          "    return incload__ledger_move(",
         "    if (incload__is_remembered(load) || AWAKE)\n        return INCLOAD_OK;\n"
         "    return incload__ledger_move(")],
}


def files():
    return sorted({place for edits in BUGS.values() for place, _, _ in edits})


def name_of(place):
    return place.replace("/", "_")


def planted(lib, place):
    with open(os.path.join(lib, place), encoding="utf-8") as file:
        text = file.read()
    for number, (bug, edits) in enumerate(BUGS.items(), 1):
        for where, before, after in edits:
            if where != place:
                continue
            if text.count(before) != 1:
                sys.exit("planted.py: '%s': its place in lib/%s is there %d times" % (bug, place, text.count(before)))
            text = text.replace(before, after.replace("AWAKE", "incload__awake(%d)" % number))
    # A macro, for the parentheses, of which clang warns elsewhere.
    head = "extern int incload__planted;\n#define incload__awake(n) (incload__planted == (n))\n"
    return "%s#line 1 \"lib/%s\"\n%s" % (head, place, text)


def main(arguments):
    if arguments == ["--places"]:
        print("\n".join(files()))
        return
    lib, folder = arguments
    for place in files():
        with open(os.path.join(folder, name_of(place)), "w", encoding="utf-8") as out:
            out.write(planted(lib, place))
    with open(os.path.join(folder, "planted.h"), "w", encoding="utf-8") as out:
        out.write("static const char *const planted_bugs[] = {\n%s};\n"
                  % "".join('    "%s",\n' % bug for bug in BUGS))


if __name__ == "__main__":
    main(sys.argv[1:])
