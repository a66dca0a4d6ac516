# SPDX-License-Identifier: Apache-2.0
"""Checks that doc/types.md holds the tables that the conformance suite asserts.

usage: types_page.py CONFORMANCE PAGE [--write]
"""
import subprocess
import sys


def main(program, page, *options):
    tables = subprocess.run([program, "--types"], check=True, capture_output=True, text=True).stdout
    with open(page, encoding="utf-8") as file:
        text = file.read()
    if options == ("--write",):
        head = text.split("## From ", 1)[0]
        with open(page, "w", encoding="utf-8") as file:
            file.write(head + tables.rstrip() + "\n")
        return
    print("1..1")
    if tables.rstrip() in text:
        print("ok 1 - doc/types.md says what the suite asserts")
        return
    missing = next(line for line in tables.splitlines() if line not in text.splitlines())
    print("not ok 1 - doc/types.md differs from the suite; run tests/conformance/types_page.py with --write")
    print("# missing: " + missing)
    sys.exit(1)


main(*sys.argv[1:])
