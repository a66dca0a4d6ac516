#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that the documents are true: options, links, and that their programs build, do what they say, and print what
the pages of the guide show. Speaks TAP.

    documents.py SOURCE_ROOT GENERATE_OPTIONS LIBRARY.so EXAMPLES_DIRECTORY COMPILER..."""
import contextlib
import csv
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1])
GENERATE_OPTIONS, LIBRARY, EXAMPLES = (pathlib.Path(word).resolve() for word in sys.argv[2:5])
COMPILER = sys.argv[5:]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "tests/README.md",
             "bindings/python/README.md", "bindings/go/README.md",
             *(str(path.relative_to(ROOT)) for folder in ("doc", "doc/guide")
               for path in sorted((ROOT / folder).glob("*.md")))]
GUIDE = ROOT / "doc/guide"
REASON = "source and target are different databases; the relay needs libpq on both sides"
# What each example printed, in each of its runs here.
PRINTED = {}


def both(command, status=0):
    """What a program says on its two streams. Of an example it is remembered."""
    done = subprocess.run([str(word) for word in command], capture_output=True, timeout=100)
    out, err = (text.decode("utf-8") for text in (done.stdout, done.stderr))
    if done.returncode != status:
        raise AssertionError(f"{command[0]} ended with {done.returncode}: {out}{err}")
    name = pathlib.Path(command[0]).name
    if (ROOT / "doc/examples" / f"{name}.c").exists():
        PRINTED.setdefault(name, []).extend([out, without_progress(out)])
    return out, err


def run(command, status=0):
    return both(command, status)[0]


def equal(found, expected):
    if found != expected:
        raise AssertionError(f"found    {found!r}\nexpected {expected!r}")


def url(path):
    return f"odbc:Driver=SQLite3;Database={path}"


def options_are_as_the_library_tells_them(_):
    written = (ROOT / "doc/options.md").read_text(encoding="utf-8")
    if written != run([GENERATE_OPTIONS]):
        raise AssertionError("doc/options.md is stale: run `build/doc/generate-options > doc/options.md`")


def anchor(title):
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def links_lead_somewhere(_):
    lost = []
    for name in DOCUMENTS:
        path = ROOT / name
        if not path.exists():
            continue
        text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, part = target.partition("#")
            there = path.parent / file if file else path
            if not there.exists():
                lost.append(f"{name}: {target}")
            elif part and there.suffix == ".md":
                titles = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.M)
                if part not in map(anchor, titles):
                    lost.append(f"{name}: {target}")
    equal(lost, [])


def whole_programs():
    for name in DOCUMENTS:
        text = (ROOT / name).read_text(encoding="utf-8")
        for block in re.findall(r"```c\n(.*?)```", text, re.S):
            if re.search(r"\bmain\s*\(", block):
                yield name, block


def build(source, program):
    run([*COMPILER, "-std=c99", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'include'}", source, LIBRARY,
         f"-Wl,-rpath,{LIBRARY.parent}", "-o", program])


def programs_in_the_documents_build(scratch):
    count = 0
    for name, block in whole_programs():
        count += 1
        source = scratch / f"program{count}.c"
        source.write_text(block, encoding="utf-8")
        build(source, scratch / f"program{count}")
    if count == 0:
        raise AssertionError("README.md holds no program")


def the_program_of_the_readme_loads_in_increments(scratch):
    block = next(block for name, block in whole_programs() if name == "README.md")
    urls = re.findall(r'incload_database_new\("([^"]*)"', block)
    equal(len(urls), 2)
    for old, new in zip(urls, ("shop.db", "lake.db")):
        block = block.replace(old, url(scratch / new))
    source = scratch / "orders.c"
    source.write_text(block, encoding="utf-8")
    build(source, scratch / "orders")

    with sqlite3.connect(scratch / "shop.db") as shop:
        shop.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT, updated_at TIMESTAMP NOT NULL)")
        shop.execute("INSERT INTO orders VALUES (1, 'tea', '2024-01-01 08:00:00'), (2, 'cake', '2024-01-02 08:00:00')")
    equal(run([scratch / "orders"]), "2 rows by batches, watermark 2024-01-02 08:00:00 (EXACT_IF_STAMPED)\n")
    with sqlite3.connect(scratch / "shop.db") as shop:
        shop.execute("UPDATE orders SET item = 'pie', updated_at = '2024-01-03 08:00:00' WHERE id = 1")
    equal(run([scratch / "orders"]), "1 rows by batches, watermark 2024-01-03 08:00:00 (EXACT_IF_STAMPED)\n")
    with sqlite3.connect(scratch / "lake.db") as lake:
        equal(lake.execute("SELECT id, item FROM orders ORDER BY id").fetchall(), [(1, "pie"), (2, "cake")])


NUMBERS = {"mag": "REAL", "nst": "INTEGER", "dmin": "REAL", "rms": "REAL", "gap": "REAL", "tsunami": "INTEGER",
           "sig": "INTEGER", "longitude": "REAL", "latitude": "REAL", "depth": "REAL"}


def earthquakes(path):
    """The table that doc/quickstart.sh makes, whole; returns its rows as dictionaries."""
    with open(ROOT / "doc/examples/earthquakes.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = list(rows[0])
    columns = ", ".join(f"{name} {NUMBERS.get(name, 'TEXT')}{' PRIMARY KEY' if name == 'id' else ''}" for name in names)
    with sqlite3.connect(path) as source:
        source.execute(f"CREATE TABLE earthquakes ({columns})")
        source.executemany(f"INSERT INTO earthquakes VALUES ({', '.join('?' * len(names))})",
                           [[row[name] or None for name in names] for row in rows])
    return rows


def without_progress(text):
    """How often a run was looked at while it went on depends on the machine."""
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(("PENDING", "RUNNING")))


def quickstart_loads_in_increments(scratch):
    rows = earthquakes(scratch / "source.db")
    newest = max(row["updated"] for row in rows)
    command = [EXAMPLES / "quickstart", url(scratch / "source.db"), url(scratch / "target.db")]
    tail = f"road:      batches\n           ({REASON})\nwatermark: {newest} (EXACT_IF_STAMPED)\n"
    count = len(rows)
    equal(without_progress(run(command)), f"SUCCESS  {count} rows read, {count} written\n{tail}")
    at_newest = sum(row["updated"] == newest for row in rows)
    equal(without_progress(run(command)), f"SUCCESS  {at_newest} rows read, 0 written\n{tail}"
                                               "nothing to do: the target is up to date\n")
    with sqlite3.connect(scratch / "source.db") as source, sqlite3.connect(scratch / "target.db") as target:
        query = "SELECT * FROM earthquakes ORDER BY id"
        equal(target.execute(query).fetchall(), source.execute(query).fetchall())


def process_leaves_out_what_is_no_earthquake(scratch):
    rows = earthquakes(scratch / "process.db")
    kept = sum(row["type"] == "earthquake" for row in rows)
    out = run([EXAMPLES / "process", url(scratch / "process.db"), url(scratch / "processed.db")])
    equal(out, f"{len(rows)} rows read, {kept} written, {len(rows) - kept} left out; "
               "a process function sees the rows\n")
    with sqlite3.connect(scratch / "processed.db") as target:
        equal(target.execute("SELECT count(*), count(DISTINCT type) FROM only_earthquakes").fetchall(), [(kept, 1)])


def verify_proves_a_load_and_finds_what_was_changed(scratch):
    rows = earthquakes(scratch / "verify.db")
    out = run([EXAMPLES / "verify", url(scratch / "verify.db"), url(scratch / "verified.db")])
    first = min(row["id"] for row in rows)
    equal(out, f"{len(rows)} rows, equal\n0 missing, 0 extra, 1 changed, 0 duplicated\n"
               f"  changed: id = '{first}' (mag)\n")


def advise_says_which_strategy_and_changes_nothing(scratch):
    earthquakes(scratch / "advise.db")
    with sqlite3.connect(scratch / "advised.db") as target:
        target.execute("CREATE TABLE other (id integer)")
    command = [EXAMPLES / "advise", url(scratch / "advise.db"), "earthquakes", url(scratch / "advised.db")]
    out = run([*command, "small_rows=10"])
    for words in ["strategy: timestamp\noptions: cursor=updated key=id\n", "because (timestamps): ",
                  "road: batches: " + REASON, "the target table is made", "the ledger is made",
                  "[source, read] SELECT ", "[target, commit] COMMIT"]:
        if words not in out:
            raise AssertionError(f"no {words!r} in {out}")
    with sqlite3.connect(scratch / "advised.db") as target:
        equal(target.execute("SELECT name FROM sqlite_master").fetchall(), [("other",)])


def group_lands_orders_and_lines_together(scratch):
    with sqlite3.connect(scratch / "shop.db") as shop:
        shop.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, updated TIMESTAMP NOT NULL)")
        shop.execute("CREATE TABLE order_lines (id INTEGER PRIMARY KEY, order_id INTEGER, updated TIMESTAMP NOT NULL)")
        shop.execute("INSERT INTO orders VALUES (1, '2024-01-01 08:00:00'), (2, '2024-01-02 08:00:00')")
        shop.execute("INSERT INTO order_lines VALUES (1, 1, '2024-01-01 08:00:00'), (2, 2, '2024-01-02 08:00:00'),"
                     " (3, 2, '2024-01-02 08:00:01')")
    equal(run([EXAMPLES / "group", url(scratch / "shop.db"), url(scratch / "lake.db")]),
          "orders: 2 rows written, watermark 2024-01-02 08:00:00\n"
          "order_lines: 3 rows written, watermark 2024-01-02 08:00:01\nSUCCESS: 5 rows in one transaction\n")
    with sqlite3.connect(scratch / "lake.db") as lake:
        equal(lake.execute("SELECT COUNT(*) FROM order_lines JOIN orders ON orders.id = order_id").fetchall(), [(3,)])
        equal(lake.execute("SELECT COUNT(*), SUM(rows_written) FROM incload_run WHERE load_name = 'shop'").fetchall(),
              [(1, 5)])


def pipeline_loads_side_by_side_then_reports(scratch):
    with sqlite3.connect(scratch / "night.db") as shop:
        for table in ["orders", "customers"]:
            shop.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, updated TIMESTAMP NOT NULL)")
            shop.execute(f"INSERT INTO {table} VALUES (1, '2024-01-01 08:00:00'), (2, '2024-01-02 08:00:00')")
    equal(run([EXAMPLES / "pipeline", url(scratch / "night.db"), url(scratch / "nightly.db")]),
          "report: both tables are there\norders     SUCCESS 2 rows\ncustomers  SUCCESS 2 rows\n"
          "report     SUCCESS 0 rows\n")


def backfill_loads_each_day_once(scratch):
    with sqlite3.connect(scratch / "days.db") as shop:
        shop.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, ordered_at TIMESTAMP NOT NULL)")
        shop.execute("INSERT INTO orders VALUES (1, '2024-01-01 08:00:00'), (2, '2024-01-02 08:00:00'),"
                     " (3, '2024-02-01 00:00:00')")
    command = [EXAMPLES / "backfill", url(scratch / "days.db"), url(scratch / "filled.db"), "2024-01-01", "2024-01-31"]
    equal(run(command), "31 of 31 days are missing\n31 days loaded, 2 rows\n")
    equal(run(command), "0 of 31 days are missing\n0 days loaded, 0 rows\n")
    with sqlite3.connect(scratch / "filled.db") as lake:
        equal(lake.execute("SELECT id FROM orders ORDER BY id").fetchall(), [(1,), (2,)])


def progress_shows_each_day_and_leaves_a_report(scratch):
    out, err = both([EXAMPLES / "progress", "2024-01-01", "2024-01-10", scratch / "days.html"])
    equal(out, f"SUCCESS, report in {scratch / 'days.html'}\n")
    lines = err.splitlines()
    days = sorted(re.search(r"2024-01-\d\d", line)[0] for line in lines[:-1])
    equal(days, [f"2024-01-{day:02d}" for day in range(1, 11)])
    if "\x1b" in err or not re.match(r"10/10 \u00b7 0 running", lines[-1]):
        raise AssertionError(err)
    if not (scratch / "days.html").read_text(encoding="utf-8").endswith("</html>\n"):
        raise AssertionError("the report is cut off")


def resume_goes_on_from_the_step_that_failed(scratch):
    command = [EXAMPLES / "resume", url(scratch / "ledger.db"), scratch / "orders.csv"]
    equal(run(command, status=1),
          "fetched\nFAILED, attempt 1\n  fetch   SUCCESS\n  check   FAILED the function for 'check' "
          "failed: there is no such file yet\n  publish SKIPPED\n")
    (scratch / "orders.csv").write_text("id\n1\n")
    equal(run(command), "checked what fetch left: 3 orders\npublished\nSUCCESS, attempt 2\n  fetch   SUCCESS\n"
          "  check   SUCCESS\n  publish SUCCESS\n")


def changes_are_applied_once(scratch):
    with sqlite3.connect(scratch / "crm.db") as crm:
        crm.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY NOT NULL, name TEXT, city TEXT,"
                    " _deleted BOOLEAN NOT NULL DEFAULT FALSE, deleted_at TIMESTAMP)")
        crm.execute("INSERT INTO customers (id, name, city) VALUES (2, 'Blaise', 'Rouen')")
    command = [EXAMPLES / "changes", url(scratch / "crm.db")]
    equal(run(command), "5 events applied, 0 skipped: 3 rows written, 0 marked, committed up to offset 5\n")
    equal(run(command), "0 events applied, 5 skipped: 0 rows written, 0 marked, committed up to offset 5\n")
    with sqlite3.connect(scratch / "crm.db") as crm:
        equal(crm.execute("SELECT id, name, city, _deleted FROM customers ORDER BY id").fetchall(),
              [(1, "Ada", "Marylebone", 0), (2, "Blaise", "Paris", 1), (3, "Carl", None, 0)])


def debezium_writes_messages_that_are_read_again(scratch):
    with sqlite3.connect(scratch / "crm.db") as crm:
        for table in ("customers", "copies"):
            crm.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY NOT NULL, name TEXT, city TEXT)")
        crm.execute("INSERT INTO copies VALUES (2, 'Blaise', 'Rouen')")
    equal(run([EXAMPLES / "debezium", url(scratch / "crm.db")]),
          '{"id":1} has a value\n{"id":2} has a value\n{"id":1} has a value\n{"id":2} has a value\n'
          '{"id":2} is a tombstone\n5 messages for crm.main.customers, 1 rows in the copy written and 1 deleted\n')
    with sqlite3.connect(scratch / "crm.db") as crm:
        equal(crm.execute("SELECT * FROM copies").fetchall(), [(1, "Ada", "Marylebone")])


def change_table_follows_what_other_programs_write(scratch):
    def write(*statements):
        with contextlib.closing(sqlite3.connect(scratch / "shop.db")) as shop, shop:
            for statement in statements:
                shop.execute(statement)

    write("CREATE TABLE customers (id INTEGER PRIMARY KEY NOT NULL, name TEXT)",
          "INSERT INTO customers VALUES (1, 'Ada'), (2, 'Blaise')")
    command = [EXAMPLES / "change_table", url(scratch / "shop.db"), url(scratch / "copy.db")]
    equal(run([*command, "install"]), "0 of 0 changes consumed: 0 rows written, 0 deleted\n")
    write("INSERT INTO customers VALUES (3, 'Carl')", "UPDATE customers SET id = 4 WHERE id = 1",
          "DELETE FROM customers WHERE id = 2")
    equal(run(command), "3 of 3 changes consumed: 2 rows written, 2 deleted\n")
    equal(run(command), "0 of 0 changes consumed: 0 rows written, 0 deleted\n")
    with contextlib.closing(sqlite3.connect(scratch / "copy.db")) as copy:
        equal(copy.execute("SELECT id, name FROM customers_copy ORDER BY id").fetchall(), [(3, "Carl"), (4, "Ada")])


def arrow_source_loads_what_the_program_has(scratch):
    command = [EXAMPLES / "arrow_source", url(scratch / "lake.db")]
    equal(run([*command, "1"]), "12 rows read, 12 written\n")
    equal(run([*command, "5"]), "12 rows read, 12 written\n")
    with contextlib.closing(sqlite3.connect(scratch / "lake.db")) as lake:
        equal(lake.execute("SELECT count(*), min(celsius), max(celsius) FROM readings").fetchall(), [(12, 11.25, 14.0)])


def follow_copies_and_then_brings_changes(scratch):
    """With a server, where one is named; else only that it says so."""
    command = [EXAMPLES / "follow", "postgresql://nobody@127.0.0.1:1/none", url(scratch / "shop.db"), "people"]
    out, err = both(command, status=1)
    equal(out, "")
    if not err.startswith("INCLOAD_E_CONNECT: source: "):
        raise AssertionError(err)
    server = os.environ.get("INCLOAD_TEST_POSTGRES")
    psql = shutil.which("psql")
    if server is None or psql is None:
        return
    ask = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", server, "-c"]
    run([*ask, "CREATE TABLE people (id bigint PRIMARY KEY, name text, city text)"])
    run([*ask, "INSERT INTO people VALUES (1, NULL, 'Paris'), (2, NULL, 'Rouen')"])
    command[1] = server
    try:
        equal(run(command), "2 rows copied, 0 inserted, 0 updated, 0 deleted in 0 transactions\n")
        run([*ask, "INSERT INTO people VALUES (3, 'Carl', 'Brunswick'); DELETE FROM people WHERE id = 2"])
        equal(run(command), "0 rows copied, 1 inserted, 0 updated, 1 deleted in 1 transactions\n")
    finally:
        run([*ask, "SELECT pg_drop_replication_slot('follow_example')"])
        run([*ask, "DROP PUBLICATION follow_example; DROP TABLE people"])
    with sqlite3.connect(scratch / "shop.db") as shop:
        equal(shop.execute("SELECT id, name, city FROM people ORDER BY id").fetchall(),
              [(1, None, "Paris"), (3, "***", "Brunswick")])


def shop_with_orders(path):
    with contextlib.closing(sqlite3.connect(path)) as shop, shop:
        shop.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT, updated_at TIMESTAMP NOT NULL)")
        shop.execute("INSERT INTO orders VALUES (1, 'tea', '2024-05-01 08:00:00'), (2, 'cake', '2024-05-01 08:05:00'),"
                     " (3, 'jam', '2024-05-01 09:01:00')")
    return url(path)


def options_are_set_listed_and_refused(_):
    told = run([EXAMPLES / "options"]).splitlines()
    equal(told[0], "window=since write=merge key=id,region lookback=600000")
    for word in ("'lookbak'", "'lookback'"):
        if word not in told[-1]:
            raise AssertionError(f"{told[-1]!r} does not name {word}")


def watermark_is_told_put_back_and_kept_in_history(scratch):
    source, target = shop_with_orders(scratch / "shop.db"), url(scratch / "lake.db")
    told = run([EXAMPLES / "watermark", source, target, "2024-05-01 08:05:00"]).splitlines()
    equal(told[0], "3 rows read, 3 written")
    if not told[1].startswith("EXACT_IF_STAMPED: rows up to 2024-05-01 09:01:00 are loaded"):
        raise AssertionError(told[1])
    equal(told[2], "2 rows read, 0 written")
    equal(told[3:], ["version 3: 2024-05-01 09:01:00", "version 2: 2024-05-01 08:05:00",
                     "version 1: 2024-05-01 09:01:00"])


def atomic_leaves_nothing_when_it_breaks(scratch):
    source, target = shop_with_orders(scratch / "shop.db"), url(scratch / "lake.db")
    equal(run([EXAMPLES / "atomic", source, target, "break"], status=1),
          "INCLOAD_E_CALLBACK: 0 rows written, watermark none\n")
    with contextlib.closing(sqlite3.connect(scratch / "lake.db")) as lake:
        equal(lake.execute("SELECT * FROM orders").fetchall(), [])
    equal(run([EXAMPLES / "atomic", source, target]),
          "SUCCESS: 3 rows written, watermark 2024-05-01 09:01:00\n")


def errors_tell_what_is_missing(scratch):
    source, target = shop_with_orders(scratch / "shop.db"), url(scratch / "lake.db")
    told = run([EXAMPLES / "errors", source, target, "order"], status=1)
    if not told.startswith("INCLOAD_E_NOT_FOUND (-20), something has to be changed\n"):
        raise AssertionError(told)
    equal(run([EXAMPLES / "errors", source, target, "orders"]), "3 rows written\n")


def cancel_ends_a_run_and_gives_back_once(_):
    equal(run([EXAMPLES / "cancel"]), "RUNNING\nFAILED: INCLOAD_E_CANCELLED\ngiven back 1 time\n")


def status_tells_of_a_load_that_does_not_move(scratch):
    source, target = shop_with_orders(scratch / "shop.db"), url(scratch / "lake.db")
    run([EXAMPLES / "atomic", source, target])
    stands = "orders: 2024-05-01 09:01:00 (EXACT_IF_STAMPED)"
    equal(run([EXAMPLES / "status", target, "60"]), f"{stands}\n")
    with contextlib.closing(sqlite3.connect(scratch / "lake.db")) as lake, lake:
        lake.execute("UPDATE incload_watermark SET updated_us = updated_us - 7200000000")
    equal(run([EXAMPLES / "status", target, "60"], status=1), f"{stands}, NOT MOVED\n")


def patterns_do_each_its_own(scratch):
    command = [EXAMPLES / "patterns", shop_with_orders(scratch / "shop.db"), url(scratch / "lake.db")]
    told = "timestamp: {}\nfull_refresh: 3 rows\nswap: 3 rows\nbackfill: {}\nchanges: {} deleted\n"
    equal(run(command), told.format("3 rows", "3 rows", 1))
    equal(run(command), told.format("0 rows", "0 rows", 0))
    with contextlib.closing(sqlite3.connect(scratch / "lake.db")) as lake:
        for table, count in [("orders", 2), ("orders_anew", 3), ("orders_swapped", 3), ("orders_by_day", 3)]:
            equal(lake.execute(f"SELECT COUNT(*) FROM {table}").fetchone(), (count,))


def every_example_is_checked_here(_):
    """An example that nobody runs is an example that does not work."""
    equal(sorted(PRINTED), sorted(path.stem for path in (ROOT / "doc/examples").glob("*.c")))


def without_indent(text):
    return "\n".join(line.strip() for line in text.strip().splitlines())


def blocks(text, mark, kind):
    """[(name of an example, block)] of those behind `<!-- mark: name -->`."""
    return re.findall(rf"<!-- {mark}: (?:examples/)?(\w+)(?:\.c)? -->\n```{kind}\n(.*?)```", text, re.S)


def expect_shown(path, text):
    """Lines of a program as they are there, and what it printed when it was run above."""
    shown, printed = blocks(text, "of", "c"), blocks(text, "printed by", "text")
    marks = text.count("<!-- of: ") + text.count("<!-- printed by: ")
    if not shown or not printed or marks != len(shown + printed):
        raise AssertionError(f"{path.name} does not open with an example and what it prints")
    for name, block in shown:
        whole = (ROOT / "doc/examples" / f"{name}.c").read_text(encoding="utf-8")
        if without_indent(block) not in without_indent(whole):
            raise AssertionError(f"{path.name}: these lines are not in doc/examples/{name}.c:\n{block}")
    for name, block in printed:
        if not any(f"\n{block}" in f"\n{out}" for out in PRINTED.get(name, [])):
            raise AssertionError(f"{path.name}: {name} did not print {block!r}, but {PRINTED.get(name)}")


def readme_and_guide_show_what_examples_are_and_print(_):
    index = (ROOT / "doc/guide.md").read_text(encoding="utf-8")
    expect_shown(ROOT / "README.md", (ROOT / "README.md").read_text(encoding="utf-8"))
    for path in sorted(GUIDE.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if f"| [{text.splitlines()[1].removeprefix('# ')}](guide/{path.name}) |" not in index:
            raise AssertionError(f"doc/guide.md does not list {path.name} by its title")
        expect_shown(path, text.split("\n## ")[0])
        if "<!-- of: " in text.split("\n## ", 1)[1] or "<!-- printed by: " in text.split("\n## ", 1)[1]:
            raise AssertionError(f"{path.name} shows an example behind its opening, where nobody compares it")


# What the lines between the examples take from elsewhere.
AROUND = """
#include <incload/incload.h>
#include <stdio.h>

extern incload_error *err;
extern incload_database *shop, *lake;
extern incload_strategy *strategy;
extern incload_step *orders, *lines, *days;
extern incload_pipeline *nightly;
extern incload_changes *changes;
extern struct ArrowArrayStream stream;
extern const char *const *names, *const *values;
extern const char *const *order_names, *const *order_values, *const *line_names, *const *line_values;
extern const char *message_key, *message_value;
extern uint64_t offset, position;
extern void *user_data, *data, *queue;
extern int32_t process_day(incload_unit *unit, void *user_data);
extern int32_t fetch(incload_changes *changes, incload_unit *unit, void *user_data);
extern int32_t write(const char *text, size_t size, void *user_data);
extern void destroy(void *user_data);
"""


def the_other_lines_of_the_guide_compile(scratch):
    """They are of no example: their functions and options are looked at."""
    known = set(re.findall(r"^\| `(\w+)`", (ROOT / "doc/options.md").read_text(encoding="utf-8"), re.M))
    count = 0
    for path in sorted(GUIDE.glob("*.md")):
        for block in re.findall(r"(?<!-->\n)```c\n(.*?)```", path.read_text(encoding="utf-8"), re.S):
            count += 1
            block = re.sub(r"^ *\.\.\.\n", "", block, flags=re.M).replace(", ...)", ", 0LL)")
            functions = re.findall(r"^static .*?^}\n", block, re.M | re.S)
            for function in functions:
                block = block.replace(function, "")
            source = scratch / f"{path.stem}{count}.c"
            source.write_text(f"{AROUND}{''.join(functions)}void lines_of_the_guide(void);\n"
                              f"void lines_of_the_guide(void)\n{{\n{block}}}\n", encoding="utf-8")
            run([*COMPILER, "-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-unused-variable", "-Wno-unused-parameter",
                 "-Wno-unused-but-set-variable", "-fsyntax-only", f"-I{ROOT / 'include'}", source])
            texts = " ".join(text for text in re.findall(r'"([^"]*)"', block) if re.match(r"\w+=", text))
            equal([name for name in re.findall(r"(?:^| )(\w+)=", texts) if name not in known], [])
    equal(count > 10, True)


CHECKS = [options_are_as_the_library_tells_them, links_lead_somewhere, programs_in_the_documents_build,
          the_program_of_the_readme_loads_in_increments, quickstart_loads_in_increments,
          process_leaves_out_what_is_no_earthquake, verify_proves_a_load_and_finds_what_was_changed,
          advise_says_which_strategy_and_changes_nothing, group_lands_orders_and_lines_together,
          pipeline_loads_side_by_side_then_reports, backfill_loads_each_day_once,
          progress_shows_each_day_and_leaves_a_report,
          resume_goes_on_from_the_step_that_failed,
          changes_are_applied_once, debezium_writes_messages_that_are_read_again,
          arrow_source_loads_what_the_program_has, follow_copies_and_then_brings_changes,
          change_table_follows_what_other_programs_write,
          options_are_set_listed_and_refused, watermark_is_told_put_back_and_kept_in_history,
          atomic_leaves_nothing_when_it_breaks, errors_tell_what_is_missing, cancel_ends_a_run_and_gives_back_once,
          status_tells_of_a_load_that_does_not_move, patterns_do_each_its_own,
          every_example_is_checked_here, readme_and_guide_show_what_examples_are_and_print,
          the_other_lines_of_the_guide_compile]


def main():
    os.environ["LD_LIBRARY_PATH"] = str(LIBRARY.parent)
    failed = False
    print(f"1..{len(CHECKS)}")
    for number, check in enumerate(CHECKS, 1):
        title = check.__name__.replace("_", " ")
        try:
            with tempfile.TemporaryDirectory() as scratch:
                check(pathlib.Path(scratch))
            print(f"ok {number} - {title}", flush=True)
        except (AssertionError, OSError, sqlite3.Error, subprocess.SubprocessError) as problem:
            failed = True
            print(f"not ok {number} - {title}", flush=True)
            for line in str(problem).splitlines():
                print(f"# {line}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
