#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each public header compiles alone, as C99, C11, C++11 and C++17, with gcc and clang and no warning. Speaks TAP.

    headers.py SOURCE_ROOT"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import declarations
import tap

COMPILERS = {"c": ["gcc", "clang"], "c++": ["g++", "clang++"]}
STANDARDS = {"c": ["c99", "c11"], "c++": ["c++11", "c++17"]}
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wundef", "-Wshadow", "-Wconversion"]
C_WARNINGS = ["-Wstrict-prototypes", "-Wmissing-prototypes"]


def jobs():
    for language, compilers in COMPILERS.items():
        for compiler in compilers:
            for standard in STANDARDS[language]:
                yield language, compiler, standard


def compile_text(text, include, language, compiler, standard):
    """None, or what the compiler said first."""
    command = [compiler, "-x", language, f"-std={standard}", *WARNINGS, "-I", str(include), "-fsyntax-only", "-"]
    if language == "c":
        command[4:4] = C_WARNINGS
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    return None if done.returncode == 0 else next(iter(done.stderr.splitlines()), f"exit code {done.returncode}")


def complaints_about(names, include, language, compiler, standard):
    if shutil.which(compiler) is None:
        return [f"there is no {compiler}"]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        # Twice: the guard must hold.
        texts = [f"#include <incload/{name}>\n#include <incload/{name}>\n" for name in names]
        results = pool.map(lambda text: compile_text(text, include, language, compiler, standard), texts)
        return [f"{name} as {standard} with {compiler}: {said}" for name, said in zip(names, results) if said]


def not_installed(root, names):
    listed = set(re.findall(r"'incload/(\S+?)'", (root / "include" / "meson.build").read_text(encoding="utf-8")))
    yield from (f"{name} is not in include/meson.build" for name in sorted(set(names) - listed))
    yield from (f"include/meson.build lists {name}, which is not there" for name in sorted(listed - set(names)))


BROKEN = {
    "c++ keyword": ("c++", "g++", "c++11", "void incload_x(int class);\n"),
    "old-style declaration": ("c", "gcc", "c99", "void incload_x();\n"),
    "unknown type": ("c", "clang", "c99", "bool incload_x(void);\n"),
    "stray semicolon": ("c", "gcc", "c99", "void incload_x(void);;\n"),
}


def self_check():
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch) / "incload"
        folder.mkdir()
        for title, (language, compiler, standard, text) in BROKEN.items():
            (folder / "x.h").write_text("#ifndef X\n#define X\n" + text + "#endif\n", encoding="utf-8")
            if not complaints_about(["x.h"], scratch, language, compiler, standard):
                yield f"{title}: not found"


def main():
    root = pathlib.Path(sys.argv[1])
    include = root / "include"
    names = [path.relative_to(include / "incload").as_posix() for path in declarations.headers_in(include)]
    of_cpp = sorted(path.name for path in (include / "incload").glob("*.hpp"))
    checks = {"the check finds broken headers": self_check,
              "every header is installed": lambda: not_installed(root, names + of_cpp)}
    for job in jobs():
        checks[f"every header compiles alone as {job[2]} with {job[1]}"] = \
            lambda job=job: complaints_about(names, include, *job)
    for compiler in ("g++", "clang++"):
        checks[f"headers of C++ compile alone as c++17 with {compiler}"] = \
            lambda compiler=compiler: complaints_about(of_cpp, include, "c++", compiler, "c++17")
    return tap.run(checks)


if __name__ == "__main__":
    sys.exit(main())
