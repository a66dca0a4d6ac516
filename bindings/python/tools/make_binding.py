# SPDX-License-Identifier: Apache-2.0
"""Makes the C of the extension module from the library's own headers: make_binding.py DECLARATIONS OUTPUT"""

import re
import sys

import cffi

# Called by the library, implemented in incload/functions.py, changes.py, debezium.py, progress.py and streams.py.
CALLBACKS = """
extern "Python" int32_t incload_python_unit(incload_unit *, void *);
extern "Python" int32_t incload_python_batch(incload_unit *, incload_batch *, void *);
extern "Python" int32_t incload_python_check(incload_unit *, int64_t, int64_t, void *);
extern "Python" int32_t incload_python_change(incload_change *, void *);
extern "Python" int32_t incload_python_fetch(incload_changes *, incload_unit *, void *);
extern "Python" int32_t incload_python_message(const char *, size_t, const char *, size_t, void *);
extern "Python" int32_t incload_python_write(const char *, size_t, void *);
extern "Python" void incload_python_destroy(void *);
"""

SOURCE = """
#include <incload/incload.h>
#include <incload/mock.h>
"""


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    text = text[text.index("incload_declarations_begin_here;") + len("incload_declarations_begin_here;") :]
    text = re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r'__attribute__\(\(visibility\("default"\)\)\)', "", text)
    builder = cffi.FFI()
    builder.cdef(text + CALLBACKS)
    builder.set_source("incload._incload", SOURCE)
    builder.emit_c_code(sys.argv[2])


main()
