#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks who knows whom in lib/: a folder includes only itself and the folders above it. Speaks TAP.

    layers.py SOURCE_ROOT"""
import pathlib
import re
import sys
import tempfile

# Top to bottom: each uses only those above it (the table of lib/ in CONTRIBUTING.md).
ORDER = ["base", "batch", "sched", "dialect", "driver", "state", "load", "cdc", "run"]
# Ways to talk to a server know the contract beside them (driver/driver.h) and not each other.
SIBLINGS = {"driver": ["libpq", "odbc", "mock", "arrow"]}
# A system header that only one place may know.
CONFINED = {
    "libpq-fe.h": "driver/libpq", "libpq/libpq-fs.h": "driver/libpq",
    "sql.h": "driver/odbc", "sqlext.h": "driver/odbc", "sqltypes.h": "driver/odbc", "odbcinst.h": "driver/odbc",
}
# Folders that know no threads: what they make is used under a lock of those below.
THREADLESS = ["base", "batch", "dialect"]

INCLUDE = re.compile(r'^\s*#\s*include\s*(?P<open>[<"])(?P<path>[^>"]+)[>"]')


def complaint_about(folder, bracket, path):
    """Why a file in `folder` (such as "driver/odbc") may not include `path`, or None."""
    top = folder.split("/")[0]
    if path in CONFINED and folder != CONFINED[path]:
        return f"only lib/{CONFINED[path]} may know <{path}>"
    if path in ("pthread.h", "threads.h") and top in THREADLESS:
        return f"lib/{top} knows no threads"
    if bracket == "<":
        return None
    if ".." in path:
        return f'"{path}" climbs: write it from lib/ down'
    if "/" not in path:
        return f'"{path}" names no folder: write it from lib/ down'
    target = path.split("/")[0]
    if target == "incload":
        return f"public headers are written <{path}>"
    if target not in ORDER:
        return f'"{path}": there is no folder {target}'
    if top in ORDER and ORDER.index(target) > ORDER.index(top):
        return f"lib/{target} is below lib/{top}"
    siblings = SIBLINGS.get(top, [])
    inner, other = folder.split("/")[1:2], path.split("/")[1]
    if target == top and inner and inner[0] in siblings and other in siblings and other != inner[0]:
        return f"lib/{top}/{inner[0]} must not know lib/{top}/{other}"
    return None


def violations(lib):
    found = []
    for file in sorted([*lib.rglob("*.c"), *lib.rglob("*.h")]):
        folder = file.parent.relative_to(lib).as_posix()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            complaint = match and complaint_about(folder, match["open"], match["path"])
            if complaint:
                found.append(f"lib/{file.relative_to(lib)}:{number}: {complaint}")
    return found


PLANTED = {
    "base/planted.c": '#include "driver/driver.h"\n',
    "batch/planted.c": "#include <pthread.h>\n",
    "state/planted.c": '#  include  "load/load.h"\n',
    "driver/odbc/planted.c": '#include "driver/libpq/connection.h"\n',
    "driver/libpq/planted.h": '#include "../driver.h"\n',
    "load/planted.c": "#include <libpq-fe.h>\n",
    "run/planted.c": '#include "pipeline/pipeline.h"\n',
    "sched/planted.c": '#include "planted.h"\n',
}
INNOCENT = {
    "run/innocent.c": '#include "base/mem.h"\n#include "run/run.h"\n#include <incload/run.h>\n#include <pthread.h>\n',
    "driver/odbc/innocent.c": '#include <sql.h>\n#include "driver/driver.h"\n#include "driver/odbc/block.h"\n',
    "driver/innocent.c": '#include "driver/odbc/odbc.h"\n#include "driver/libpq/libpq.h"\n',
}


def self_check():
    """The files that were planted and not found, or found and not planted."""
    with tempfile.TemporaryDirectory() as scratch:
        lib = pathlib.Path(scratch)
        for name, text in {**PLANTED, **INNOCENT}.items():
            (lib / name).parent.mkdir(parents=True, exist_ok=True)
            (lib / name).write_text(text, encoding="utf-8")
        found = {line.split(":")[0].removeprefix("lib/") for line in violations(lib)}
    return sorted(found ^ set(PLANTED))


def report(number, name, problems):
    print(f"{'not ok' if problems else 'ok'} {number} - {name}")
    for problem in problems:
        print(f"# {problem}", file=sys.stderr)
    return bool(problems)


def main():
    lib = pathlib.Path(sys.argv[1]) / "lib"
    print("1..2")
    failed = report(1, "planted violations are found, innocent lines are not", self_check())
    failed |= report(2, "each folder of lib/ includes only itself and those above it", violations(lib))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
