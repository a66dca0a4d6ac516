#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Programs that were built long ago run on the library of today. Speaks TAP.

    frozen.py SOURCE_ROOT LIBRARY.so            check
    frozen.py SOURCE_ROOT --freeze VERSION      keep today's headers and map as frozen/VERSION

Each folder of frozen/ holds what a program was built against: the headers, without their comments, and the map. From
them a library of that time is made again, with every function and no code. The programs of the folder, and one that
names every function, are linked with that one and run on today's: each line of NAME.out comes, in its order. Types and
signatures are compared by libabigail, both sides read in the same way: a description against a library is not
reliable in the versions that are about."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import declarations
import tap

FROZEN = pathlib.Path(__file__).with_name("frozen")
LICENCE = "/* SPDX-License-Identifier: Apache-2.0 */\n"
FLAGS = ["-std=c99", "-g", "-O0", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def run(command, **more):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300, **more)


def done(command, **more):
    """What it printed; its own complaint is the error."""
    result = run(command, **more)
    if result.returncode != 0:
        raise RuntimeError(f"{pathlib.Path(command[0]).name} ended with {result.returncode}: {result.stderr[-600:]}")
    return result.stdout


def squeezed(text):
    """C without comments and empty lines."""
    lines = (line.rstrip() for line in declarations.without_comments(text).splitlines())
    return "".join(line + "\n" for line in lines if line)


def freeze(root, version):
    folder = FROZEN / version
    include = folder / "include" / "incload"
    include.mkdir(parents=True, exist_ok=True)
    for path in declarations.headers_in(root / "include"):
        (include / path.name).write_text(LICENCE + squeezed(path.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.copy(root / "lib" / "incload.map", folder / "incload.map")


def umbrella(include):
    return "".join(f"#include <incload/{path.name}>\n" for path in declarations.headers_in(include))


def functions_in(include):
    return [one for one in declarations.read(include) if one.kind == "function"]


def hollow_library(include, map_text, folder):
    """A library with the functions that these headers declare, and nothing in them."""
    bodies = "".join(f"{one.text} {{ {'' if one.result() == 'void' else 'return 0;'} }}\n"
                     for one in functions_in(include))
    source, symbols, library = folder / "hollow.c", folder / "hollow.map", folder / "libincload.so.0"
    source.write_text(umbrella(include) + bodies, encoding="utf-8")
    symbols.write_text(map_text, encoding="utf-8")
    done(["cc", *FLAGS, "-Wno-unused-parameter", "-shared", "-fPIC", "-fvisibility=hidden", "-I", include,
          f"-Wl,--version-script={symbols}", f"-Wl,-soname,{library.name}", "-o", library, source])
    return library


def program(source, include, library, folder):
    """A program of that time: it knows the headers and the library of that time alone."""
    binary = folder / pathlib.Path(source).stem
    done(["cc", *FLAGS, "-I", include, "-o", binary, source, library])
    return binary


def said_by(binary, library, folder):
    """What it says when the loader gives it this library. Every symbol is looked for before it starts."""
    place = folder / "today"
    place.mkdir(exist_ok=True)
    link = place / "libincload.so.0"
    link.unlink(missing_ok=True)
    link.symlink_to(pathlib.Path(library).resolve())
    environment = {**os.environ, "LD_LIBRARY_PATH": str(place), "LD_BIND_NOW": "1"}
    return done([binary, folder], env=environment, cwd=folder)


def lines_missing(expected, said):
    """The lines that do not come, each after the one before it."""
    rest = iter(said.splitlines())
    for line in expected.splitlines():
        if line not in rest:
            yield f"it did not say '{line}'"
            return


def names_of_all(include, folder):
    """The source of a program that holds the address of each function."""
    names = [one.name for one in functions_in(include)]
    source = folder / "names.c"
    source.write_text(
        umbrella(include) + "#include <stdio.h>\ntypedef void (*any)(void);\nint main(void)\n{\n"
        + "    int found = 0;\n"
        + "".join(f"    {{ any volatile f = (any){name}; found += f != 0; }}\n" for name in names)
        + "    printf(\"%d\\n\", found);\n    return 0;\n}\n", encoding="utf-8")
    return source, f"{len(names)}\n"


def programs_of(folder):
    """(source, what it says) of a frozen folder."""
    for source in sorted(folder.glob("*.c")):
        yield source, source.with_suffix(".out").read_text(encoding="utf-8")


def complaints_about_programs(version, library):
    frozen = FROZEN / version
    include = frozen / "include"
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        old = hollow_library(include, (frozen / "incload.map").read_text(encoding="utf-8"), folder)
        for source, expected in [names_of_all(include, folder), *programs_of(frozen)]:
            try:
                found = lines_missing(expected, said_by(program(source, include, old, folder), library, folder))
                yield from (f"{version}/{source.name}: {complaint}" for complaint in found)
            except RuntimeError as error:
                yield f"{version}/{source.name}: {error}"


def described(library, include, out):
    done(["abidw", "--no-show-locs", "--drop-private-types", "--headers-dir", include / "incload", "--out-file", out,
          library])
    return out


def complaints_about_debug_information(library):
    """Without it libabigail knows no types: it compares nothing, and finds nothing."""
    if not re.search(r"\] \.debug_info\s", done(["readelf", "--section-headers", "--wide", library])):
        yield f"{library} has no debug information: build it with -Ddebug=true, and do not strip it"


def complaints_about_types(old, new, scratch):
    """(library, include) of both sides, as libabigail sees them; what was added is none."""
    sides = [described(library, include, scratch / name)
             for (library, include), name in ((old, "old.abi"), (new, "new.abi"))]
    result = run(["abidiff", "--no-added-syms", *sides])
    if result.returncode & 3:
        yield f"abidiff could not compare: {result.stderr[-300:]}"
    elif result.returncode:
        yield from (line for line in result.stdout.splitlines() if line.strip())


def complaints_about_version(version, root, library, changed=("", "")):
    """What is another in today's library, when a text of the old headers is changed before."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        include = folder / "include"
        shutil.copytree(FROZEN / version / "include", include)
        for path in declarations.headers_in(include):
            path.write_text(path.read_text(encoding="utf-8").replace(*changed), encoding="utf-8")
        old = hollow_library(include, (FROZEN / version / "incload.map").read_text(encoding="utf-8"), folder)
        yield from complaints_about_types((old, include), (pathlib.Path(library), root / "include"), folder)


# As if today's library had another struct, or another signature, than the one of that time.
OTHERS = [("    void *(*allocate)(size_t size, void *user_data);\n", ""),
          ("incload_run_cancel(incload_run *run)", "incload_run_cancel(incload_run *run, int32_t more)"),
          ("INCLOAD_API int64_t incload_run_rows_read(", "INCLOAD_API int32_t incload_run_rows_read(")]


def not_found_in_the_library(version, root, library):
    yield from (f"not found: {changed[0].strip()}" for changed in OTHERS
                if not list(complaints_about_version(version, root, library, changed)))


# ---- the checks find what is broken ----

HEADER = """#include <stdint.h>
#include <stddef.h>
#define INCLOAD_API __attribute__((visibility("default")))
typedef struct incload_thing incload_thing;
typedef struct incload_table { size_t struct_size; int32_t (*call)(void *data); void *reserved[2]; } incload_table;
INCLOAD_API incload_thing *incload_thing_new(const incload_table *table, int32_t size);
INCLOAD_API int64_t incload_thing_rows(const incload_thing *thing);
"""
MAP = "INCLOAD_0.1 {\nglobal:\n    incload_thing_new;\n    incload_thing_rows;\nlocal:\n    *;\n};\n"
ROWS = "INCLOAD_API int64_t incload_thing_rows(const incload_thing *thing);\n"
HARMLESS = {
    "nothing": (HEADER, MAP),
    "a function more": (HEADER + "INCLOAD_API void incload_thing_more(void);\n",
                        MAP + "INCLOAD_0.2 { global: incload_thing_more; } INCLOAD_0.1;\n"),
}
BREAKS = {
    "a function is gone": (HEADER.replace(ROWS, ""), MAP),
    "a parameter is wider": (HEADER.replace("int32_t size", "int64_t size"), MAP),
    "a parameter more": (HEADER.replace("int32_t size", "int32_t size, int32_t more"), MAP),
    "another result": (HEADER.replace("int64_t incload_thing_rows", "int32_t incload_thing_rows"), MAP),
    "a struct is larger": (HEADER.replace("reserved[2]", "reserved[3]"), MAP),
    "a member is inserted": (HEADER.replace("size_t struct_size;", "size_t struct_size; void *first;"), MAP),
    "a callback takes more": (HEADER.replace("void *data", "void *data, int32_t more"), MAP),
}
LOADER_BREAKS = {
    "a function is gone": BREAKS["a function is gone"],
    "a function is in another node": (HEADER, MAP.replace("    incload_thing_rows;\n", "")
                                      + "INCLOAD_0.2 { global: incload_thing_rows; } INCLOAD_0.1;\n"),
}


def planted(folder, header, map_text):
    """(library, include) of a library that is as this header says."""
    include = folder / "include"
    (include / "incload").mkdir(parents=True)
    (include / "incload" / "thing.h").write_text(f"#ifndef T\n#define T\n{header}#endif\n", encoding="utf-8")
    return hollow_library(include, map_text, folder), include


def types_self_check():
    with tempfile.TemporaryDirectory() as scratch:
        old = planted(pathlib.Path(scratch) / "old", HEADER, MAP)
        for number, (title, text) in enumerate({**HARMLESS, **BREAKS}.items()):
            folder = pathlib.Path(scratch) / str(number)
            found = list(complaints_about_types(old, planted(folder, *text), folder))
            if bool(found) != (title in BREAKS):
                yield f"{title}: {found or 'not found'}"


def program_self_check():
    with tempfile.TemporaryDirectory() as scratch:
        old, include = planted(pathlib.Path(scratch) / "old", HEADER, MAP)
        source, expected = names_of_all(include, old.parent)
        binary = program(source, include, old, old.parent)
        for number, (title, text) in enumerate({**HARMLESS, **LOADER_BREAKS}.items()):
            folder = pathlib.Path(scratch) / str(number)
            try:
                found = list(lines_missing(expected, said_by(binary, planted(folder, *text)[0], folder)))
            except RuntimeError as error:
                found = [str(error)]
            if bool(found) != (title in LOADER_BREAKS):
                yield f"{title}: {found or 'not found'}"
    for expected, said, right in (("a\nc\n", "a\nb\nc\n", True), ("a\nc\n", "c\na\n", False), ("a\n", "", False)):
        if (not list(lines_missing(expected, said))) != right:
            yield f"{expected!r} in {said!r} is judged wrongly"


def main():
    root = pathlib.Path(sys.argv[1])
    if sys.argv[2] == "--freeze":
        freeze(root, sys.argv[3])
        return 0
    library = sys.argv[2]
    versions = sorted(path.name for path in FROZEN.iterdir() if path.is_dir())
    checks = {
        "there is what compares": lambda: [f"there is no {name}: Debian's package abigail-tools has it"
                                           for name in ("abidw", "abidiff") if shutil.which(name) is None],
        "libabigail finds each kind of break, and no more": types_self_check,
        "a program finds that a function or its node is gone": program_self_check,
        "the library has debug information": lambda: complaints_about_debug_information(library),
        "there is something to keep": lambda: [] if versions else ["frozen/ is empty"],
    }
    for version in versions:
        checks[f"programs built against {version} run"] = \
            lambda version=version: complaints_about_programs(version, library)
        checks[f"types and signatures of {version} are kept"] = \
            lambda version=version: complaints_about_version(version, root, library)
        checks[f"libabigail would find another struct or signature than those of {version}"] = \
            lambda version=version: not_found_in_the_library(version, root, library)
    return tap.run(checks)


if __name__ == "__main__":
    sys.exit(main())
