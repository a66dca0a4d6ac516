#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the built library needs and how it is hardened, read from the file itself. Speaks TAP.

    binary.py LIBRARY.so VERSION"""
import re
import subprocess
import sys

import tap

# The library harms no host: it cannot call what it does not import. (source.py says the same of the text; this holds
# for what the compiler and the included archives made of it, too.)
DENIED = """
    printf vprintf puts putchar putc perror fprintf vfprintf dprintf vdprintf fputs fputc fwrite stdout stderr stdin
    __printf_chk __vprintf_chk __fprintf_chk __vfprintf_chk __dprintf_chk syslog
    exit _exit _Exit quick_exit abort __assert_fail __assert raise kill pthread_exit pthread_cancel pthread_kill
    setlocale getenv secure_getenv setenv unsetenv putenv clearenv environ __environ chdir umask
    signal sigaction sigprocmask alarm setitimer
    system popen fork vfork execv execve execvp execl execlp posix_spawn posix_spawnp
    localtime gmtime mktime tzset strtok rand srand random srandom strerror ctime asctime
    gets sprintf vsprintf strcpy strcat stpcpy __sprintf_chk __strcpy_chk __strcat_chk
    atexit on_exit __longjmp_chk longjmp
    PQexec PQexecParams PQexecPrepared PQprepare PQconnectdb PQconnectdbParams PQsetdbLogin PQreset PQping
""".split()
NEEDED = re.compile(r"^(libpq\.so\.5|libodbc\.so\.2|libjansson\.so\.4|libc\.so\.6|libm\.so\.6"
                    r"|libpthread\.so\.0|ld-linux[\w.-]*)$")


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def undefined_in(listing):
    return {line.split()[-1].partition("@")[0] for line in listing.splitlines() if line.strip()}


def denied_imports(names):
    for name in sorted(set(DENIED) & names):
        yield f"it imports {name}"


def dynamic_faults(dynamic, soname):
    """Complaints about `readelf -dW`."""
    entries = re.findall(r"\((\w+)\)\s+(.*)", dynamic)
    values = {}
    for key, value in entries:
        values.setdefault(key, []).append(value)
    flags = " ".join(values.get("FLAGS", []) + values.get("FLAGS_1", []))
    if not re.search(r"\b(BIND_NOW|NOW)\b", flags):
        yield "it does not bind at once (BIND_NOW): its jump table stays writable"
    if "NODELETE" not in flags:
        yield "it may be unloaded under its own threads (NODELETE is missing)"
    for key in ("RPATH", "RUNPATH", "TEXTREL"):
        if key in values:
            yield f"it has {key}"
    if [f"[{soname}]"] != [re.search(r"\[.*\]", value)[0] for value in values.get("SONAME", [])]:
        yield f"its SONAME is {values.get('SONAME')}, not {soname}"
    for value in values.get("NEEDED", []):
        name = re.search(r"\[(.*)\]", value)[1]
        if not NEEDED.match(name):
            yield f"it needs {name}"


def segment_faults(segments):
    """Complaints about `readelf -lW`."""
    stack = re.search(r"GNU_STACK.*", segments)
    if not stack or re.search(r"\bRWE\b", stack[0]):
        yield "its stack is executable"
    if "GNU_RELRO" not in segments:
        yield "it has no read-only relocations (RELRO)"
    for line in re.findall(r"^\s*LOAD.*", segments, re.M):
        if re.search(r"\bRWE\b", line):
            yield "it has a segment that is writable and executable"


DYNAMIC = """ 0x0000000000000001 (NEEDED)             Shared library: [libpq.so.5]
 0x000000000000000e (SONAME)             Library soname: [libincload.so.0]
 0x000000000000001e (FLAGS)              BIND_NOW
 0x000000006ffffffb (FLAGS_1)            Flags: NOW NODELETE
"""
SEGMENTS = """  LOAD           0x000000 0x0000 0x0000 0x00b2b8 0x00b2b8 R E 0x1000
  GNU_STACK      0x000000 0x0000 0x0000 0x000000 0x000000 RW  0x10
  GNU_RELRO      0x019b50 0x19b50 0x19b50 0x0004b0 0x0004b0 R   0x1
"""


def self_check():
    broken = {
        "a printing library": denied_imports(undefined_in("     U __printf_chk@GLIBC_2.3.4\n     U memcpy@GLIBC_2\n")),
        "lazy binding": dynamic_faults(DYNAMIC.replace("BIND_NOW", "").replace("NOW NO", "NO"), "libincload.so.0"),
        "unloadable": dynamic_faults(DYNAMIC.replace("NODELETE", ""), "libincload.so.0"),
        "a run path": dynamic_faults(DYNAMIC + " 0x1d (RUNPATH)  Library runpath: [$ORIGIN]\n", "libincload.so.0"),
        "another SONAME": dynamic_faults(DYNAMIC, "libincload.so.1"),
        "a further library": dynamic_faults(DYNAMIC + " 0x01 (NEEDED)  Library: [libssl.so.3]\n", "libincload.so.0"),
        "an executable stack": segment_faults(SEGMENTS.replace(" RW ", " RWE ")),
        "no RELRO": segment_faults(SEGMENTS.replace("GNU_RELRO", "GNU_OTHER")),
        "code that can be written": segment_faults(SEGMENTS.replace("R E", "RWE")),
    }
    for title, complaints in broken.items():
        found = list(complaints)
        if len(found) != 1:
            yield f"{title}: {len(found)} complaints instead of one: {found}"
    yield from dynamic_faults(DYNAMIC, "libincload.so.0")
    yield from segment_faults(SEGMENTS)


def main():
    library, version = sys.argv[1:3]
    soname = "libincload.so." + version.split(".", maxsplit=1)[0]
    return tap.run({
        "the check finds each kind of fault": self_check,
        "it imports nothing that could harm its host":
            lambda: denied_imports(undefined_in(output_of("nm", "-D", "--undefined-only", library))),
        f"it binds at once, stays loaded, is {soname}, needs only what it must":
            lambda: dynamic_faults(output_of("readelf", "-dW", library), soname),
        "no memory is writable and executable": lambda: segment_faults(output_of("readelf", "-lW", library)),
        "stacks are guarded": lambda: [] if "__stack_chk_fail" in output_of("nm", "-D", library) else ["no canaries"],
    })


if __name__ == "__main__":
    sys.exit(main())
