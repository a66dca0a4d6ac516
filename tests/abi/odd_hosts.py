#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Test programs say the same under a host's odd locale and time zone as under a plain one. Speaks TAP.

    odd_hosts.py ODD_HOST.so ODD_PLANTED PROGRAM [ARG...] [-- PROGRAM [ARG...]]...

Locales are made in a directory of the test's own, so that none has to be set up on the machine."""
import concurrent.futures
import itertools
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import tap

PLAIN = ("C", "UTC")
# A locale, a zone, and what a careless library gets wrong there.
HOSTS = {
    ("de_DE.UTF-8", "Asia/Kathmandu"): {"a number", "a clock"},
    ("tr_TR.UTF-8", "Pacific/Chatham"): {"a number", "a letter", "a clock"},
    ("de_DE.ISO-8859-1", "<-1145>11:45"): {"a number", "a clock"},
    ("C", "America/Sao_Paulo"): {"a clock"},
    ("tr_TR.UTF-8", "Nowhere/At_All"): {"a number", "a letter"},
}
# The number of a line, and where in a file it stands, are no part of what is said.
LINE = re.compile(r"^(not ok|ok)\b(?: \d+)?(?: -)? (.*)$", re.M)
SECONDS = 300


def make_locales(folder):
    for name in sorted({locale for locale, _ in HOSTS if locale != "C"}):
        language, _, encoding = name.partition(".")
        done = subprocess.run(["localedef", "-i", language, "-f", encoding, str(folder / name)], capture_output=True,
                              text=True, timeout=SECONDS)
        if not (folder / name / "LC_NUMERIC").exists():
            yield f"{name} cannot be made (Debian's package locales has it): {done.stderr.strip()[-300:]}"


def said(command, host, locales, preloaded):
    """{line: how often}, good and bad ones, of a program under such a host."""
    locale, zone = host
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "LC_ALL": locale, "TZ": zone, "LOCPATH": str(locales), "LD_PRELOAD": preloaded,
                       "INCLOAD_TEST_DIR": scratch,
                       "INCLOAD_TEST_SQLITE": f"odbc:Driver=SQLite3;Database={scratch}/test.db"}
        environment.pop("LANGUAGE", None)
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment, cwd=scratch,
                              timeout=SECONDS)
    lines = [f"{word} {text}" for word, text in LINE.findall(done.stdout)]
    if done.returncode != 0 or not lines:
        lines.append(f"not ok it ended with {done.returncode} {done.stderr.strip()[-300:]}")
    return sorted(lines)


def differences(command, host, locales, preloaded, plainly):
    now = said(command, host, locales, preloaded)
    for line in sorted(set(now) ^ set(plainly)):
        yield f"{pathlib.Path(command[0]).name}: {'only here' if line in now else 'not here'}: {line}"


def main():
    preloaded, planted, *rest = [os.path.abspath(word) if os.path.exists(word) else word for word in sys.argv[1:]]
    commands = [list(words) for dashes, words in itertools.groupby(rest, "--".__eq__) if not dashes]
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        locales = pathlib.Path(folder)
        unmade = list(make_locales(locales))
        plainly = list(pool.map(lambda command: said(command, PLAIN, locales, preloaded), commands))

        def hosts_are_odd():
            for host, wrong in HOSTS.items():
                found = {line.removeprefix("not ok ") for line in said([planted], host, locales, preloaded)
                         if line.startswith("not ok ")}
                if found != wrong:
                    yield f"{host}: a careless program gets {found or 'nothing'} wrong instead of {wrong}"

        def all_say_the_same(host):
            jobs = pool.map(lambda pair: list(differences(pair[0], host, locales, preloaded, pair[1])),
                            zip(commands, plainly))
            return [complaint for complaints in jobs for complaint in complaints]

        checks = {
            "the locales can be made": lambda: unmade,
            "what asks the C library is found under these hosts": hosts_are_odd,
            "under a plain host all is well": lambda: [
                line for lines in plainly for line in lines if line.startswith("not ok")],
        }
        for host in HOSTS:
            checks[f"{len(commands)} programs say the same under {host[0]} in {host[1]}"] = \
                lambda host=host: all_say_the_same(host)
        return tap.run(checks)


if __name__ == "__main__":
    sys.exit(main())
