#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What gcc -fanalyzer, clang-tidy and cppcheck find in lib/, but for what accepted.txt lists. See tests/static.sh.

    findings.py BUILD TOOL...
    findings.py --self-check        finds what is wrong on purpose, with each tool; speaks TAP"""
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import concurrent.futures

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "abi"))
import tap  # noqa: E402

FORMS = {
    "analyzer": re.compile(r"^(?P<file>[^\s:]+):(?P<line>\d+):\d+: (?:warning|error): (?P<text>.*) "
                           r"\[-W(?:error=)?(?P<rule>analyzer-[\w-]+)\]$", re.M),
    "tidy": re.compile(r"^(?P<file>[^\s:]+):(?P<line>\d+):\d+: (?:warning|error): (?P<text>.*) "
                       r"\[(?P<rule>[\w.,-]+)\]$", re.M),
    "cppcheck": re.compile(r"^(?P<file>[^\s:]+):(?P<line>\d+):\d+: (?:error|warning|style|performance|portability): "
                           r"(?P<text>.*) \[(?P<rule>\w+)\]$", re.M),
}
CPPCHECK = ["cppcheck", "--std=c11", "--enable=warning,performance,portability", "--quiet", "--inline-suppr",
            "--suppress=missingIncludeSystem", "-j1",  # with more it does not follow calls into other files
            "--template={file}:{line}:{column}: {severity}: {message} [{id}]"]
# As the library's own build has them: what depends on a flag is read as it is compiled.
BUILDS = {"analyzer": ("gcc", ["-Dc_args=-fanalyzer", "-Dbuildtype=debugoptimized"]),
          "tidy": ("clang", []), "paths": ("clang", []), "cppcheck": ("gcc", [])}
FORMS["paths"] = FORMS["tidy"]
WORKERS = os.cpu_count() or 1


def done(command, **more):
    return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **more)


def must(command, **more):
    result = done(command, **more)
    if result.returncode != 0:
        sys.exit(f"static: {shlex.join(map(str, command))} failed:\n{result.stdout[-3000:]}")
    return result.stdout


def set_up(build, tool):
    """A build directory for the tool, with what has to be generated."""
    compiler, arguments = BUILDS[tool]
    folder = pathlib.Path(f"{build}-{compiler}{'-analyzer' if arguments else ''}")
    if not (folder / "build.ninja").exists():
        must(["meson", "setup", folder, "-Dauto_features=enabled", "-Dtests=disabled", "-Ddefault_library=shared",
              *arguments], env={**os.environ, "CC": compiler, "CCACHE_DISABLE": "1"})
    generated = [name for target in json.loads(must(["meson", "introspect", "--targets", folder]))
                 if target["type"] == "custom" and "/lib/" in target["defined_in"]
                 for name in target["filename"]]
    must(["ninja", "-C", folder, *(os.path.relpath(name, folder.resolve()) for name in generated)])
    return folder


def commands_of(folder):
    """The compile commands of the library's own sources."""
    for one in json.loads((folder / "compile_commands.json").read_text(encoding="utf-8")):
        if one["output"].startswith("lib/libincload.so") and one["file"].startswith("../"):
            yield one


def knowing(command):
    """What tells the tool what it cannot see in one file."""
    return [] if command["file"].endswith("lib/base/error.c") else ["-include", str(HERE / "known.h")]


def in_parallel(job, work):
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        return "\n".join(pool.map(job, work))


def analyze(folder):
    def one(command):
        words = [word for word in shlex.split(command["command"]) if word != "ccache"]
        words[words.index("-o") + 1] = os.devnull
        del words[words.index("-MD"):words.index("-MD") + 5]
        result = done([*words, *knowing(command), "-fdiagnostics-plain-output"], cwd=folder)
        return result.stdout if result.returncode == 0 else sys.exit(result.stdout)
    return in_parallel(one, commands_of(folder))


# Of the checks in .clang-tidy those that follow paths take forty times as long as the others.
PATHS = {"tidy": "-clang-analyzer-*", "paths": "-*,clang-analyzer-core*,clang-analyzer-unix*,clang-analyzer-deadcode*"}


def tidy(folder, tool="tidy"):
    def one(command):
        told = [f"--extra-arg={word}" for word in knowing(command)]
        return done(["clang-tidy", "-p", ".", "--quiet", f"--checks={PATHS[tool]}", *told, command["file"]],
                    cwd=folder).stdout
    return in_parallel(one, commands_of(folder))


def paths(folder):
    return tidy(folder, "paths")


def cppcheck(folder, sources="lib", includes=("lib", "include")):
    return done([*CPPCHECK, *(f"-I{name}" for name in includes), "-DINCLOAD_HAVE_LIBPQ",
                 "-DINCLOAD_HAVE_ODBC", '-DINCLOAD_VERSION="0"', sources]).stdout


TOOLS = {"tidy": tidy, "cppcheck": cppcheck, "analyzer": analyze, "paths": paths}


def findings_in(tool, output, folder):
    """{(rule, file, the source's line): [what is said, with its place]}."""
    found = {}
    for match in FORMS[tool].finditer(re.sub(r"\x1b\[[\d;]*[mK]", "", output)):
        path = pathlib.Path(match["file"])
        real = path if path.is_absolute() else pathlib.Path(folder, path) if tool != "cppcheck" else path
        name = os.path.relpath(os.path.realpath(real), os.path.realpath("."))
        lines = real.read_text(encoding="utf-8").splitlines() if real.exists() else []
        number = int(match["line"])
        line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        place = f"{name}:{number}: {match['text']} [{match['rule']}]"
        if place not in found.setdefault((match["rule"], name, line), []):
            found[match["rule"], name, line].append(place)
    return found


def read_accepted(text):
    """{tool: {(rule, file, line)}}: `tool rule file source line`, or * for every line, below its reason after #."""
    accepted, reason = {}, False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#") or not line.strip():
            reason = line.startswith("#") and bool(line.strip("# "))
            continue
        if not reason:
            sys.exit(f"accepted.txt:{number}: a line without its reason above it")
        tool, rule, name, source = line.split(" ", 3)
        accepted.setdefault(tool, set()).add((rule, name, source))
    return accepted


def judged(found, accepted):
    """What is wrong: findings that are not accepted, and what is accepted and not found."""
    rules = {(rule, name, "*") for rule, name, _ in found}
    for rule, name, line in sorted(found.keys() - accepted):
        if (rule, name, "*") not in accepted:
            yield from found[rule, name, line]
    for rule, name, line in sorted(accepted - found.keys() - rules):
        yield f"accepted.txt lists {rule} in {name}, which is found no more: {line}"


PLANTED = """#include <stdlib.h>
#include <string.h>
int leak(int n);
int leak(int n)
{
    char *text = malloc(10);
    if (text == NULL)
        return 0;
    if (n > 3)
        return 1;
    memset(text, 0, 10);
    free(text);
    free(text);
    return n == n;
}
"""
WANTED = {"tidy": ["misc-redundant-expression"], "paths": ["unix.Malloc"], "cppcheck": ["memleak", "doubleFree"],
          "analyzer": ["analyzer-malloc-leak", "analyzer-double-free"]}


def planted_tidy(tool, source):
    return done(["clang-tidy", "--quiet", f"--config-file={HERE.parent.parent / '.clang-tidy'}",
                 f"--checks={PATHS[tool]}", source, "--"]).stdout


def planted_findings(tool):
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        source = folder / "planted.c"
        source.write_text(PLANTED, encoding="utf-8")
        output = {
            "analyzer": lambda: done(["gcc", "-O2", "-g", "-fanalyzer", "-c", "-o", os.devnull, source]).stdout,
            "tidy": lambda: planted_tidy("tidy", source),
            "paths": lambda: planted_tidy("paths", source),
            "cppcheck": lambda: cppcheck(folder, source, ()),
        }[tool]()
        return findings_in(tool, output, folder)


def self_check(tool):
    found = planted_findings(tool)
    for what in WANTED[tool]:
        if not any(what in rule for rule, _, _ in found):
            yield f"{tool} finds no {what} in what is planted: {sorted(found)}"
    key = ("rule", "lib/x.c", "x = 1;")
    for accepted, count in (({key}, 0), (set(), 1), ({key, ("rule", "lib/y.c", "y = 1;")}, 1),
                            ({("rule", "lib/x.c", "*")}, 0), ({("rule", "lib/y.c", "*")}, 2)):
        if len(list(judged({key: ["lib/x.c:1: what"]}, accepted))) != count:
            yield f"{accepted} is judged wrongly"


def main():
    if sys.argv[1] == "--self-check":
        return tap.run({f"{tool} finds what is planted": lambda tool=tool: self_check(tool) for tool in TOOLS})
    build, *tools = sys.argv[1:]
    accepted = read_accepted((HERE / "accepted.txt").read_text(encoding="utf-8"))
    short = False
    for tool in tools:
        wrong = list(self_check(tool))
        folder = set_up(build, tool)
        wrong += judged(findings_in(tool, TOOLS[tool](folder), folder), accepted.get(tool, set()))
        print("".join(f"{line}\n" for line in wrong), end="")
        print(f"BAR static_{tool} {len(wrong)} 0 {'short' if wrong else 'ok'}", flush=True)
        short = short or bool(wrong)
    return int(short)


if __name__ == "__main__":
    sys.exit(main())
