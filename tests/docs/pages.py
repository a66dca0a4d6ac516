#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks of the pages beside the guide: the tutorial as it is typed, spelling, and that everything has its place in the
reference. Speaks TAP.

    pages.py SOURCE_ROOT LIBRARY.so MANUAL_DIRECTORY RETRYABLE"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1]).resolve()
LIBRARY, MANUAL, RETRYABLE = (pathlib.Path(word).resolve() for word in sys.argv[2:5])
sys.path.insert(0, str(ROOT / "tests/abi"))
import declarations  # noqa: E402
import tap  # noqa: E402

WORDS = ROOT / "tests/docs/words.txt"
# A process may have a locale in which nothing is a letter but ASCII.
UTF8 = {**os.environ, "LC_ALL": "C.UTF-8"}


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def documents():
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "CHANGELOG.md",
            ROOT / "bindings/python/README.md", ROOT / "bindings/go/README.md",
            *sorted((ROOT / "doc").glob("*.md")),
            *sorted((ROOT / "doc/guide").glob("*.md"))]


# ---- the tutorial ----

def steps(text):
    """[(what is typed, what must come out)], but what is marked as done already."""
    found = []
    for mark, kind, block in re.findall(r"(<!-- not run[^>]*-->\n)?```(sh|text)\n(.*?)```", text, re.S):
        if kind == "sh" and not mark:
            found.append([block, ""])
        elif kind == "text":
            found[-1][1] = block
    return found


def typed_as_printed():
    found = steps(text_of("doc/tutorial.md"))
    if len(found) < 8:
        yield f"only {len(found)} steps were found"
    with tempfile.TemporaryDirectory() as scratch:
        told = pathlib.Path(scratch, "pc")
        told.mkdir()
        (told / "incload.pc").write_text("Name: incload\nDescription: the one of this build\nVersion: 0\n"
                                         f"Cflags: -I{ROOT}/include\nLibs: -L{LIBRARY.parent} -lincload\n")
        home = pathlib.Path(scratch, "home")
        home.mkdir()
        environment = {**os.environ, "PKG_CONFIG_PATH": str(told), "LD_LIBRARY_PATH": str(LIBRARY.parent)}
        for typed, expected in found:
            done = subprocess.run(["sh", "-e", "-c", typed], cwd=home, env=environment, capture_output=True, text=True,
                                  timeout=100)
            if done.returncode != 0 or done.stdout != expected:
                yield f"{typed!r} gave {done.stdout!r} {done.stderr!r} ({done.returncode}) instead of {expected!r}"
                return


# ---- spelling ----

def prose(text):
    """What a person wrote for persons: no code, no links' targets, no comments, no names."""
    text = re.sub(r"```.*?```", " ", text, flags=re.S)
    text = re.sub(r"<!--.*?-->", " ", text, flags=re.S)
    text = re.sub(r"`[^`]*`", " ", text)
    text = re.sub(r"\]\([^)]*\)", "] ", text)
    text = re.sub(r"https?://\S+", " ", text)
    return re.sub(r"\S*[\w/][_/#.@=][\w/]\S*", " ", text)


def unknown_words(text):
    done = subprocess.run(["hunspell", "-i", "utf-8", "-d", "en_US", "-p", str(WORDS), "-l"], input=text, text=True,
                          capture_output=True, timeout=60, env=UTF8, encoding="utf-8")
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    # Names in capitals, and such as libpq15 or MariaDB's, are words of no dictionary.
    return sorted({word for word in done.stdout.split() if re.fullmatch(r"[A-Z]?[a-z]{3,}", word)})


def spelled_right():
    if unknown_words("the libraary") != ["libraary"]:
        yield "the check does not find a wrong word"
    for path in documents():
        for word in unknown_words(prose(path.read_text(encoding="utf-8"))):
            yield f"{path.relative_to(ROOT)}: '{word}' (if it is right, it goes into {WORDS.relative_to(ROOT)})"


def words_in_order():
    listed = WORDS.read_text(encoding="utf-8").split()
    if listed != sorted(set(listed)):
        yield f"{WORDS.name} is not in order, or says a word twice"


# ---- the reference ----

def exported():
    return re.findall(r"^    (incload_\w+);", text_of("lib/incload.map"), re.M)


def manual_is_whole():
    there = {path.stem for path in MANUAL.glob("*.3")}
    for name in exported():
        if name not in there:
            yield f"{name} has no manual page"
    for name in sorted(there - set(exported())):
        yield f"the manual page {name} is of no function"
    for name in sorted(set(re.findall(r"^\.BR (\w+) \(3\)", text_of("doc/libincload.7"), re.M)) - there):
        yield f"libincload(7) names {name}(3), which is not there"


def manual_is_well_formed():
    pages = [str(path) for path in sorted(MANUAL.glob("*.3"))] + [str(ROOT / "doc/libincload.7")]
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *pages], capture_output=True, text=True,
                          timeout=100)
    yield from (done.stdout + done.stderr).splitlines()


def site_has_every_function():
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run([sys.executable, str(ROOT / "doc/reference/pages.py"), str(ROOT / "include"), scratch],
                              capture_output=True, text=True, timeout=100)
        if done.returncode != 0:
            yield done.stderr
            return
        pages = "".join(path.read_text(encoding="utf-8") for path in pathlib.Path(scratch).glob("*.md"))
    placed = re.findall(r"\{c:function\} [^(\n]*?(incload_\w+)\(", pages)
    if sorted(placed) != sorted(exported()):
        yield f"functions without a place, or with two: {sorted(set(placed) ^ set(exported()))}"
    for header in declarations.headers_in(ROOT / "include"):
        for name in declarations.constants_of(header.read_text(encoding="utf-8")):
            if name.startswith("INCLOAD_") and f"{{c:enumerator}} {name} = " not in pages:
                yield f"{name} has no place"


def every_error_is_explained():
    listed = re.findall(r"\b(INCLOAD_OK|INCLOAD_E_\w+)\s*=\s*(-?\d+)", text_of("include/incload/base.h"))
    rows = [tuple(cell.strip(" `") for cell in line.split("|")[1:6])
            for line in text_of("doc/guide/errors.md").splitlines() if line.startswith("| `INCLOAD_")]
    if [row[:2] for row in rows] != listed:
        yield f"doc/guide/errors.md has {len(rows)} codes, base.h has {len(listed)}, not the same in one order: " \
              f"{sorted(set(listed) ^ {row[:2] for row in rows})}"
    told = subprocess.run([RETRYABLE], capture_output=True, text=True, timeout=60, check=True).stdout
    library = dict(line.split() for line in told.splitlines())
    if {row[0] for row in rows[1:]} != set(library):
        yield f"the library told of {len(library)} codes, doc/guide/errors.md of {len(rows) - 1}"
    for name, _, _, again, remedy in rows[1:]:
        if again != library.get(name):
            yield f"{name}: '{again}' in the column \"again?\", but the library says '{library.get(name)}'"
        if len(remedy) < 10:
            yield f"{name}: what to do is missing"


def comparison_says_what_was_looked_at():
    """Of others: when, in the last column. Of ourselves: the version and a command."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in text_of("doc/comparison.md").splitlines() if line.startswith("| ")]
    told = [row for row in rows if row[-1] != "looked at"]
    if len(told) < 40:
        yield f"only {len(told)} rows were found"
    for row in told:
        ours = row[0].startswith("libincload")
        if not re.search(r"^0\.1: `sh tests/" if ours else r"\b20\d\d-\d\d\b", row[-1]):
            yield f"doc/comparison.md: '{row[0]}' does not say {'how it is shown' if ours else 'when it was looked at'}"


def named_functions_exist():
    """Also in pages that the site does not hold to it: what is written as a call is one of the library's."""
    known = set(exported())
    for path in documents():
        for name in sorted(set(re.findall(r"`(incload_\w+)\(", path.read_text(encoding="utf-8")))):
            if name not in known and not name.endswith("_"):
                yield f"{path.relative_to(ROOT)}: {name}() is no function"


CHECKS = {
    "the tutorial works as it is typed": typed_as_printed,
    "every function has a manual page, and no other": manual_is_whole,
    "every function and constant has one place in the site": site_has_every_function,
    "every error is explained": every_error_is_explained,
    "the comparison says what was looked at": comparison_says_what_was_looked_at,
    "functions that documents name are there": named_functions_exist,
    "the list of words is in order": words_in_order,
}
TOOLS = {
    "hunspell": {"words are spelled right": spelled_right},
    "mandoc": {"manual pages are well formed": manual_is_well_formed},
}

for tool, checks in TOOLS.items():
    if shutil.which(tool) or os.environ.get("CI") == "true":
        CHECKS.update(checks)
sys.exit(tap.run(CHECKS))
