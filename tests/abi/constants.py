#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Public constants keep their values for ever: the headers against constants.txt. Speaks TAP.

    constants.py SOURCE_ROOT            check
    constants.py SOURCE_ROOT --update   add new constants to constants.txt (a changed or lost one stays an error)"""
import pathlib
import subprocess
import sys
import tempfile

import declarations
import tap

GOLDEN = pathlib.Path(__file__).with_name("constants.txt")


def values_in(include, names):
    """{name: value}, as the compiler sees them."""
    includes = "".join(f"#include <incload/{path.name}>\n" for path in declarations.headers_in(include))
    prints = "".join(f'    printf("{name} %lld\\n", (long long){name});\n' for name in names)
    program = f"#include <stdio.h>\n{includes}int main(void)\n{{\n{prints}    return 0;\n}}\n"
    with tempfile.TemporaryDirectory() as scratch:
        binary = pathlib.Path(scratch) / "constants"
        subprocess.run(["cc", "-x", "c", "-I", str(include), "-o", str(binary), "-"],
                       input=program, check=True, text=True)
        return read_lines(subprocess.run([binary], check=True, capture_output=True, text=True).stdout)


def read_lines(text):
    pairs = (line.split() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return {name: int(value) for name, value in pairs}


def current(include):
    names = []
    for path in declarations.headers_in(include):
        names += declarations.constants_of(path.read_text(encoding="utf-8"))
    return values_in(include, names)


def broken(golden, now):
    for name, value in golden.items():
        if name not in now:
            yield f"{name} is gone: programs were built with it"
        elif now[name] != value:
            yield f"{name} was {value} and is {now[name]}: programs were built with the old value"


def unlisted(golden, now):
    for name in now:
        if name not in golden:
            yield f"{name} is new: constants.py SOURCE_ROOT --update"


def self_check():
    golden = {"A": 1, "B": 2}
    for title, found in {
        "a changed value": broken(golden, {"A": 1, "B": 3}),
        "a lost constant": broken(golden, {"A": 1}),
        "a new constant": unlisted(golden, {"A": 1, "B": 2, "C": 3}),
    }.items():
        if len(list(found)) != 1:
            yield f"{title} is not found"
    text = "#ifndef G_H\n#define G_H\n#define E 7\n#define F\n" \
           "enum { A = 1, /**< x, B = 5 */\n C }; enum d { D = -2 };\n#endif\n"
    if declarations.constants_of(text) != ["E", "A", "C", "D"]:
        yield "constants are read wrongly"
    with tempfile.TemporaryDirectory() as scratch:
        header = pathlib.Path(scratch) / "incload" / "x.h"
        header.parent.mkdir()
        header.write_text(text, encoding="utf-8")
        old = current(pathlib.Path(scratch))
        for title, new in (("enumerator", text.replace("A = 1", "A = 2")), ("macro", text.replace("E 7", "E 8"))):
            header.write_text(new, encoding="utf-8")
            if not list(broken(old, current(pathlib.Path(scratch)))):
                yield f"a changed {title} is not found"


def main():
    include = pathlib.Path(sys.argv[1]) / "include"
    golden = read_lines(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    now = current(include)
    if "--update" in sys.argv[2:]:
        merged = {**now, **golden}
        GOLDEN.write_text("# The values of all public constants. A line is never changed or removed.\n"
                          + "".join(f"{name} {value}\n" for name, value in sorted(merged.items())), encoding="utf-8")
        golden = merged
    return tap.run({
        "the check finds changed, lost and new constants": self_check,
        "every constant that was ever published keeps its value": lambda: broken(golden, now),
        "every constant is in constants.txt": lambda: unlisted(golden, now),
    })


if __name__ == "__main__":
    sys.exit(main())
