#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The failpoints of lib/ (lib/base/failpoint.h) are in the program that uses them, and not in the library. Speaks TAP.

    failpoints.py SOURCE_ROOT LIBRARY [PROGRAM]"""
import pathlib
import re
import subprocess
import sys

import tap

POINT = re.compile(r'INCLOAD__(?:FAILPOINT|FAILPOINT_ON|PASS)\((?:[^"();]|->)*?"([^"]+)"')
MANY = 60


def points_of(root):
    """{name: [file]}, as the sources have them."""
    points = {}
    for file in sorted((root / "lib").rglob("*.c")):
        for name in POINT.findall(file.read_text(encoding="utf-8")):
            points.setdefault(name, []).append(file.relative_to(root / "lib").as_posix())
    return points


def symbols_of(binary):
    return subprocess.run(["nm", "--no-sort", str(binary)], check=True, capture_output=True, text=True).stdout


def checks(root, library, program):
    points = points_of(root)
    code = library.read_bytes()
    listed = (root / "tests/fault/meson.build").read_text(encoding="utf-8")

    def sources():
        if len(points) < MANY:
            yield f"there are {len(points)} points, of {MANY}"
        for name, files in points.items():
            if len(files) > 1:
                yield f"{name} is there {len(files)} times: {', '.join(files)}"
        for file in sorted({file for files in points.values() for file in files}):
            if f"'{file}'" not in listed:
                yield f"lib/{file} has failpoints, and tests/fault/meson.build does not compile it with them"

    def released():
        for name in points:
            if name.encode() in code:
                yield f"the library holds the name {name}"
        for line in symbols_of(library).splitlines():
            if "failpoint" in line:
                yield f"the library holds {line}"

    def built():
        words = program.read_bytes()
        for name in points:
            if name.encode() not in words:
                yield f"{program.name} does not hold {name}"

    found = {"every failpoint has a name of its own, in a file that is built with them": sources,
             "the library holds none of them": released}
    if program is not None:
        found["the program that meets them holds all"] = built
    return found


if __name__ == "__main__":
    arguments = [pathlib.Path(word) for word in sys.argv[1:]]
    sys.exit(tap.run(checks(arguments[0].resolve(), arguments[1], arguments[2] if len(arguments) > 2 else None)))
