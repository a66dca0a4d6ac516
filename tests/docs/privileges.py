#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The rights that doc/guide/operating.md names are enough for each way of writing, and none of them is too much; its
queries run. Speaks TAP, and needs servers.

    privileges.py SOURCE_ROOT LIBRARY.so postgres|mariadb"""
import pathlib
import re
import sys

import loading
import rights

ROOT = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(ROOT / "tests/abi"))
import tap  # noqa: E402

PAGE = (ROOT / "doc/guide/operating.md").read_text(encoding="utf-8")


def statements(mark):
    """The statements of the blocks behind a mark."""
    blocks = re.findall(rf"<!-- tried: {mark} -->\n\s*```sql\n(.*?)\n\s*```", PAGE, re.S)
    return [" ".join(one.split()) for block in blocks for one in block.split(";") if one.strip()]


def grants(kind, database):
    """[(database, statement)], one right each."""
    found = []
    for statement in statements(f"{kind} {database}"):
        match = re.fullmatch(r"GRANT (.*) (ON .*)", statement)
        several = [f"GRANT {right} {match[2]}" for right in match[1].split(", ")] if match else [statement]
        found += [(database, one) for one in several]
    return found


def ways():
    """{way of writing: rights on a PostgreSQL target table}, as the table has them."""
    table = re.search(r"<!-- tried: postgres writes -->\n(.*?)\n\n", PAGE, re.S)[1]
    return {way: told.split(", ") for way, told in re.findall(r"^\| `(\w+)` \| ([A-Z, ]+) \|$", table, re.M)}


def on_table(told):
    return [("lake", f"GRANT {right} ON orders TO loader") for right in told]


def must_do(library, server, way, given, each=()):
    """With these rights it works; without any one of `each` it fails, or knows less."""
    failure, best = rights.attempt(library, server, way, given)
    if failure or best == "BEST_EFFORT":
        yield f"{way}: {failure or best}"
        return
    for one in each:
        failure, level = rights.attempt(library, server, way, [other for other in given if other != one])
        if not failure and level == best:
            yield f"{way}: '{one[1]}' was not needed"


def postgres(library, server):
    base = grants("postgres", "shop") + grants("postgres", "lake")
    found = ways()
    if sorted(found) != sorted(set(rights.WAYS) - {"swap", "detect_deletes"}):
        yield f"other ways of writing than expected: {sorted(found)}"
    for way, told in found.items():
        yield from must_do(library, server, way, base + on_table(told), on_table(told))
    merge = base + on_table(found["merge"])
    yield from must_do(library, server, "merge", merge, base)
    yield from must_do(library, server, "detect_deletes", merge + on_table(["DELETE"]), on_table(["DELETE"]))
    own = [("lake", "GRANT CREATE ON SCHEMA public TO loader"), ("lake", "ALTER TABLE orders OWNER TO loader")]
    yield from must_do(library, server, "swap", base + own, own)


def mariadb(library, server):
    base = grants("mariadb", "shop") + grants("mariadb", "lake")
    for way in ("append", "delete_insert", "replace_interval", "scd2", "detect_deletes"):
        yield from must_do(library, server, way, base)
    yield from must_do(library, server, "merge", base, base)
    more = [("lake", f"GRANT {right} ON lake.* TO loader@localhost") for right in ("ALTER", "DROP")]
    yield from must_do(library, server, "swap", base + more, more)


def queries(library, server):
    """On the ledger that loads have left."""
    given = grants("postgres", "shop") + grants("postgres", "lake") + on_table(ways()["merge"])
    yield from must_do(library, server, "merge", given)
    asked = statements("query")
    if len(asked) < 5:
        yield f"only {len(asked)} queries were found"
    told = [server.run("lake", [one]) for one in asked]
    if not told[0].startswith("orders|") or "orders|" not in told[2]:
        yield f"the queries do not tell of the load: {told}"


CHECKS = {
    "postgres": (rights.Postgres, {
        "on PostgreSQL each way of writing needs what the page says": postgres,
        "the queries of the page run on a ledger": queries,
    }),
    "mariadb": (rights.MariaDB, {"on MariaDB each way of writing needs what the page says": mariadb}),
}


def main():
    library = loading.Library(sys.argv[2])
    kind, checks = CHECKS[sys.argv[3]]
    server = kind()
    return tap.run({title: lambda check=check: check(library, server) for title, check in checks.items()})


sys.exit(main())
