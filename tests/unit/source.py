#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the text of the source: what no file may hold, and what the library may not call. Speaks TAP.

    source.py SOURCE_ROOT"""
import pathlib
import re
import sys
import tempfile

# What lib/ may not call, by the reason that is printed.
BANNED = {
    "the library has no standard streams": "printf vprintf puts putchar putc perror fprintf vfprintf fputs fputc "
                                           "fwrite scanf getchar gets stdout stderr stdin",
    "the library never ends the host": "exit _exit _Exit quick_exit abort assert raise kill",
    "the locale, the environment and the working directory belong to the host":
        "setlocale getenv secure_getenv setenv unsetenv putenv environ chdir umask",
    "signal handlers belong to the host": "signal sigaction alarm setitimer",
    "the library starts no process": "system popen fork vfork execv execve execvp posix_spawn",
    "it has hidden state: use the _r form or lib/base": "localtime gmtime strtok rand srand random srandom strerror "
                                                        "asctime ctime drand48 mktime tzset",
    "it writes without a bound: use lib/base/str.h": "sprintf vsprintf strcpy strcat stpcpy strncpy strncat alloca",
    "it reads numbers by the locale or without an error": "atoi atol atoll atof strtol strtoll strtoul strtoull "
                                                          "strtod strtof strtold sscanf",
    "it blocks without a deadline": "PQexec PQexecParams PQexecPrepared PQprepare PQconnectdb PQconnectdbParams PQping "
                                    "PQsetdbLogin PQreset PQgetCopyDataBlocking sleep",
    "memory comes from lib/base/mem.h": "malloc calloc realloc free strdup strndup asprintf vasprintf",
}
# The one place where each is at home.
AT_HOME = {
    "lib/batch/float.c": {"strtod"},
    "lib/base/mem.c": {"malloc", "calloc", "realloc", "free"},
}
REASONS = {word: reason for reason, words in BANNED.items() for word in words.split()}
CALL = re.compile(r"(?<![\w.>])(" + "|".join(REASONS) + r")\b(?=\s*\(|\s*[,;)])")
# These are no functions, or are reached without a call.
BARE = {"stdout", "stderr", "stdin", "environ"}

MARK = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:wor" r"k|home|roo" r"t|Users)/[\w.]")
SPDX = "SPDX-License-Identifier: Apache-2.0"

MAX_COLUMNS = 120
MAX_LINES = 800
SOURCE_SUFFIXES = {".c", ".h", ".py", ".sh", ".go", ".hpp", ".map", ".sql", ".yml", ".toml", ".in"}
SOURCE_NAMES = {"meson.build", "meson_options.txt", "run", "CMakeLists.txt"}
TEXT_SUFFIXES = SOURCE_SUFFIXES | {".md", ".txt"}
SKIPPED_FOLDERS = re.compile(r"^(\.git|build.*|__pycache__|subprojects|node_modules|.*\.egg-info)$")
# Bounds do not hold for what is made by a program, or is prose or data; SPDX has no place in a one-line map comment.
GENERATED = re.compile(r"@generated")


def without_comments_and_strings(text):
    """C text with comments and literals blanked; the lines stay where they are."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
    return token.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def banned_calls(name, text):
    for number, line in enumerate(without_comments_and_strings(text).splitlines(), 1):
        if re.match(r"\s*#\s*include", line):
            continue
        for found in CALL.finditer(line):
            word = found[1]
            called = line[found.end():].lstrip().startswith("(")
            if word in AT_HOME.get(name, ()) or (not called and word not in BARE):
                continue
            yield f"{name}:{number}: {word}: {REASONS[word]}"


def is_source(path):
    return path.suffix in SOURCE_SUFFIXES or path.name in SOURCE_NAMES


def files_of(root):
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if any(SKIPPED_FOLDERS.match(part) for part in parts[:-1]) or not path.is_file():
            continue
        if is_source(path) or path.suffix in TEXT_SUFFIXES or path.name.startswith(".clang"):
            yield path, path.relative_to(root).as_posix()


def missing_licence(name, path, text):
    if is_source(path) and path.suffix not in (".map", ".in") and SPDX not in "\n".join(text.splitlines()[:3]):
        yield f"{name}:1: one of the first lines must say {SPDX}"


def too_big(name, path, text):
    if not is_source(path) or GENERATED.search(text[:400]):
        return
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        yield f"{name}: {len(lines)} lines, more than {MAX_LINES}: it holds more than one idea"
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            yield f"{name}:{number}: {len(line)} columns, more than {MAX_COLUMNS}"


def unfinished(name, path, text):
    for number, line in enumerate(text.splitlines(), 1):
        found = MARK.search(line)
        if found:
            yield f"{name}:{number}: {found[1]}: finish it or file it"


def machine_paths(name, path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield f"{name}:{number}: a path of one machine"


def untidy(name, path, text):
    for number, line in enumerate(text.splitlines(), 1):
        # Go's own formatter indents by tabs.
        if line != line.rstrip() or (is_source(path) and path.suffix != ".go" and "\t" in line):
            yield f"{name}:{number}: a tab or a blank at the end of the line"
    if text and not text.endswith("\n"):
        yield f"{name}: no newline at the end"


def library_calls(name, path, text):
    if name.startswith("lib/") and path.suffix in (".c", ".h"):
        yield from banned_calls(name, text)


CHECKS = {
    "lib/ calls nothing that is banned": library_calls,
    "every source file names its licence": missing_licence,
    f"no file over {MAX_LINES} lines, no line over {MAX_COLUMNS} columns": too_big,
    "nothing is marked as unfinished": unfinished,
    "no path of one machine": machine_paths,
    "no tabs, no trailing blanks": untidy,
}

HEAD = f"/* {SPDX} */\n"
# File, text, and the check that must complain; None: no check may.
PLANTED = [
    ("lib/base/a.c", HEAD + "    printf(\"%d\", 1);\n", library_calls),
    ("lib/base/b.c", HEAD + "    fwrite(p, 1, n, stderr);\n", library_calls),
    ("lib/load/c.c", HEAD + "    double d = strtod (text, &end);\n", library_calls),
    ("lib/batch/float.c", HEAD + "    double d = strtod(text, &end);\n", None),
    ("lib/base/d.c", HEAD + "/* never printf() */ incload__printf(1); x.free(p); x->free(p); s(\"exit(1)\");\n", None),
    ("lib/driver/libpq/e.c", HEAD + "    PGresult *r = PQexec(conn, sql);\n", library_calls),
    ("tests/unit/f.c", HEAD + "    printf(\"%d\", 1);\n", None),
    ("lib/base/g.c", "int x;\n", missing_licence),
    ("tests/h.py", "import sys\n", missing_licence),
    ("lib/base/i.c", HEAD + "int x;" + " " * 120 + "int y;\n", too_big),
    ("lib/base/j.c", HEAD + "int x;\n" * 801, too_big),
    ("lib/base/k.c", HEAD + "/* TO" + "DO: more */\n", unfinished),
    ("doc/l.md", "see /ho" + "me/someone/notes\n", machine_paths),
    ("lib/base/m.c", HEAD + "\tint x;\n", untidy),
    ("lib/base/n.c", HEAD + "int x;", untidy),
]


def problems_of(root, check):
    found = []
    for path, name in files_of(root):
        found.extend(check(name, path, path.read_text(encoding="utf-8", errors="replace")))
    return found


def self_check():
    wrong = []
    with tempfile.TemporaryDirectory() as scratch:
        root = pathlib.Path(scratch)
        for name, text, _ in PLANTED:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        for check in CHECKS.values():
            found = {line.split(":")[0] for line in problems_of(root, check)}
            planted = {name for name, _, by in PLANTED if by is check}
            wrong += [f"{check.__name__} is wrong about {name}" for name in sorted(found ^ planted)]
    return wrong


def main():
    root = pathlib.Path(sys.argv[1])
    results = {"planted faults are found, innocent lines are not": self_check()}
    results.update({title: problems_of(root, check) for title, check in CHECKS.items()})
    print(f"1..{len(results)}")
    for number, (title, problems) in enumerate(results.items(), 1):
        print(f"{'not ok' if problems else 'ok'} {number} - {title}")
        for problem in problems:
            print(f"# {problem}", file=sys.stderr)
    return int(any(results.values()))


if __name__ == "__main__":
    sys.exit(main())
