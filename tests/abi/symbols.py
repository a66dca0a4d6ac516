#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The library's exported symbols, lib/incload.map and the headers say the same, version by version. Speaks TAP.

    symbols.py SOURCE_ROOT LIBRARY.so"""
import pathlib
import re
import subprocess
import sys

import declarations
import tap


def exported_by(library):
    """{symbol: version node} of a shared library."""
    listing = subprocess.run(["nm", "-D", "--defined-only", "--with-symbol-versions", library],
                             check=True, capture_output=True, text=True).stdout
    found = {}
    for line in listing.splitlines():
        name, _, node = line.split()[-1].partition("@")
        if line.split()[-2] != "A":  # the nodes themselves
            found[name] = node.lstrip("@")
    return found


def listed_in(map_text):
    """{symbol: version node} of a map."""
    found = {}
    text = declarations.without_comments(map_text)
    for node, body in re.findall(r"(\w[\w.]*)\s*\{(.*?)\}\s*[\w.]*\s*;", text, re.S):
        for name in re.findall(r"(\S+?)\s*;", body.split("local:")[0].replace("global:", "")):
            found[name] = node
    return found


def declared_in(found):
    """{symbol: version node} of the headers: the node follows from @since."""
    since = re.compile(r"@since\s+(\d+\.\d+)")
    functions = [one for one in found if one.kind == "function"]
    return {one.name: "INCLOAD_" + (since.search(one.comment) or [None, "?"])[1] for one in functions}


def differences(exported, listed, declared):
    sides = {"exported by the library": exported, "listed in incload.map": listed, "declared in the headers": declared}
    for name in sorted(set().union(*sides.values())):
        missing = [side for side, symbols in sides.items() if name not in symbols]
        if missing:
            yield f"{name}: not {' and not '.join(missing)}"
        elif len({symbols[name] for symbols in sides.values()}) > 1:
            yield f"{name}: " + ", ".join(f"{symbols[name]} as {side}" for side, symbols in sides.items())


def names_are_sorted(map_text):
    body = re.findall(r"incload_\w+", declarations.without_comments(map_text).split("local:")[0])
    for one, other in zip(body, body[1:]):
        if one >= other:
            yield f"{other} comes after {one}"


def self_check():
    """Breaks each side in turn, and wants one complaint about just that."""
    map_text = "INCLOAD_0.1 {\nglobal:\n    incload_a;\n    incload_b;\nlocal:\n    *;\n};\n" \
               "INCLOAD_0.2 { global: incload_c; } INCLOAD_0.1;\n"
    header = "/** @brief A. @since 0.1 */\nINCLOAD_API void incload_a(void);\n" \
             "/** @since 0.1 */ INCLOAD_API const char *\nincload_b(int32_t x,\n const char *y);\n" \
             "/** @since 0.2 */ INCLOAD_API void incload_c(void);\n"
    right = {"incload_a": "INCLOAD_0.1", "incload_b": "INCLOAD_0.1", "incload_c": "INCLOAD_0.2"}

    def complaints(exported=right, map_text=map_text, header=header):
        return list(differences(exported, listed_in(map_text), declared_in(declarations.parse("x.h", header))))

    if complaints():
        yield f"complains about nothing: {complaints()}"
    broken = {
        "a symbol leaks": complaints(exported={**right, "incload__secret": "INCLOAD_0.1"}),
        "a symbol is missing": complaints(exported={name: node for name, node in right.items() if name != "incload_b"}),
        "the map lacks one": complaints(map_text=map_text.replace("    incload_a;\n", "")),
        "the header lacks one": complaints(header=header.replace("INCLOAD_API void incload_a(void);", "")),
        "a released node grew": complaints(header=header.replace("@since 0.2", "@since 0.1")),
    }
    for title, found in broken.items():
        if len(found) != 1:
            yield f"{title}: {len(found)} complaints instead of one: {found}"


def main():
    root, library = pathlib.Path(sys.argv[1]), sys.argv[2]
    map_text = (root / "lib" / "incload.map").read_text(encoding="utf-8")
    return tap.run({
        "the check finds each kind of break": self_check,
        "symbols, map and headers say the same": lambda: differences(
            exported_by(library), listed_in(map_text), declared_in(declarations.read(root / "include"))),
        "the map is sorted": lambda: names_are_sorted(map_text),
    })


if __name__ == "__main__":
    sys.exit(main())
