#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every public declaration is documented in full, and says only what every language can call. Speaks TAP.

    documented.py SOURCE_ROOT"""
import pathlib
import re
import sys

import declarations
import tap

# What a function's comment must say, and how to recognise it.
FACTS = {
    "a brief": r"@brief\s+\S",
    "Threads": r"\bThreads:\s+(any|one at a time)\b",
    "Blocking": r"\bBlocking:\s+\S",
    "Callback-safe": r"\bCallback-safe:\s+(yes|no)\b",
    "@since": r"@since\s+\d+\.\d+",
}
# Types that mean the same to C, C++, Python's ctypes and cgo on every platform.
SCALARS = {"void", "char", "double", "size_t", "int8_t", "uint8_t", "int16_t", "uint16_t", "int32_t", "uint32_t",
           "int64_t", "uint64_t"}


def undocumented(found):
    for one in found:
        comment = one.comment.replace("\n *", "\n")
        if one.kind != "function":
            if not comment.strip() or "@since" not in comment:
                yield f"{one.place}: a comment with @since is missing"
            continue
        for fact, form in FACTS.items():
            if not re.search(form, comment):
                yield f"{one.place}: {fact} is missing"
        names = [name for _, name in one.parameters()]
        told = re.findall(r"@param\s+(\w+)", comment)
        for name in names:
            if name not in told:
                yield f"{one.place}: parameter '{name}' is not documented"
        for name in told:
            if name not in names:
                yield f"{one.place}: there is no parameter '{name}'"
        if "err" in names and not re.search(r"\bErrors:\s+\S", comment):
            yield f"{one.place}: its errors are not named (Errors: ...)"
        if "err" in names and names[-1] != "err":
            yield f"{one.place}: err is not the last parameter"


def unportable(found):
    callbacks = {one.name for one in found if one.kind == "callback"}
    for one in found:
        if one.kind not in ("function", "callback"):
            continue
        for type_name in [one.result(), *(type_name for type_name, _ in one.parameters())]:
            bare = type_name.replace("const", " ").strip()
            if not bare.endswith("*") and bare not in SCALARS | callbacks:
                yield f"{one.place}: '{type_name}' is not a type that every language has"
        if "..." in one.text:
            yield f"{one.place}: variable arguments cannot be called from most languages"


def code_in_headers(folder):
    """Macros with parameters and inline functions cannot be called through an FFI."""
    for path in declarations.headers_in(folder):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.match(r"\s*#\s*define\s+\w+\(", line) or re.search(r"\binline\b(?!.*\*/)", line):
                yield f"incload/{path.name}:{number}: a macro or inline function"


GOOD = """/**
 * @brief Does it.
 * @param thing  a thing
 * @param err  where the error goes; may be NULL
 *
 * Errors: #INCLOAD_E_INVALID.
 * Threads: any. Blocking: never. Callback-safe: yes. @since 0.1
 */
INCLOAD_API int32_t incload_thing_do(const incload_thing *thing, incload_error **err);
"""


def self_check():
    def complaints(text):
        found = declarations.parse("x.h", text)
        return [*undocumented(found), *unportable(found)]

    broken = {
        "no brief": GOOD.replace("@brief", "Brief:"),
        "no threads": GOOD.replace("Threads: any.", ""),
        "no blocking": GOOD.replace("Blocking: never.", ""),
        "no word on callbacks": GOOD.replace("Callback-safe: yes.", ""),
        "no version": GOOD.replace("@since 0.1", ""),
        "a parameter left out": GOOD.replace(" * @param thing  a thing\n", ""),
        "a parameter too many": GOOD.replace(" *\n", " * @param more  of it\n *\n"),
        "no errors": GOOD.replace("Errors:", "Faults:"),
        "a long": GOOD.replace("int32_t incload", "long incload"),
        "a bool": GOOD.replace("const incload_thing *thing", "bool thing"),
        "a bare enum": "enum { INCLOAD_X = 1 };",
        "a bare callback": "typedef void (*incload_x_fn)(void *user_data);",
    }
    yield from complaints(GOOD)
    for title, text in broken.items():
        if len(complaints(text)) != 1:
            yield f"{title}: {len(complaints(text))} complaints instead of one: {complaints(text)}"


def main():
    include = pathlib.Path(sys.argv[1]) / "include"
    found = declarations.read(include)
    return tap.run({
        "the check finds each kind of gap": self_check,
        "every public declaration is documented": lambda: undocumented(found),
        "every signature can be called from every language": lambda: unportable(found),
        "no macro or inline function is part of the interface": lambda: code_in_headers(include),
    })


if __name__ == "__main__":
    sys.exit(main())
