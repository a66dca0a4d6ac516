# SPDX-License-Identifier: Apache-2.0
"""A load and a backfill by ctypes alone, with callbacks: load.py LIBRARY.so SOURCE.db TARGET.db"""
import ctypes
import sys

library = ctypes.CDLL(sys.argv[1])
UNIT_FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p)
DONE = 0x1C0AD


def declare(name, result, *arguments):
    function = getattr(library, "incload_" + name)
    function.restype = result
    function.argtypes = arguments
    return function


P, S, I = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32
message = declare("error_message", S, P)
database_new = declare("database_new", P, S, S, P)
execute = declare("database_execute", I, P, S, P, P)
strategy_new = declare("strategy_new", P, S, S, P)
load_new = declare("step_new_load", P, P, S, P, S, P, P)
backfill_new = declare("step_new_backfill", P, S, S, S, UNIT_FUNCTION, P, P, P)
run_step = declare("step_run", P, P, S, P)
rows_written = declare("run_rows_written", ctypes.c_int64, P)
count_units = declare("run_count_units", ctypes.c_int64, P, I)
failed_label = declare("run_failed_label", S, P, I)
unit_label = declare("unit_label", S, P)
run_status = declare("run_status_name", S, P)


def called(function, *arguments):
    """Fails with the library's words when it tells an error."""
    error = ctypes.c_void_p()
    result = function(*arguments, ctypes.byref(error))
    if error.value:
        sys.exit(message(error).decode())
    return result


shop = called(database_new, b"odbc:Driver=SQLite3;Database=" + sys.argv[2].encode(), None)
lake = called(database_new, b"odbc:Driver=SQLite3;Database=" + sys.argv[3].encode(), None)
called(execute, shop, b"CREATE TABLE orders (id INTEGER PRIMARY KEY, updated TIMESTAMP NOT NULL)", None)
called(execute, shop, b"INSERT INTO orders VALUES (1, '2024-01-01 10:00:00'), (2, '2024-01-02 10:00:00')", None)
strategy = called(strategy_new, b"timestamp", b"cursor=updated key=id")
load = called(load_new, shop, b"orders", lake, b"orders", strategy)
first = rows_written(called(run_step, load, None))
called(execute, shop, b"INSERT INTO orders VALUES (3, '2024-01-03 10:00:00')", None)
second = rows_written(called(run_step, load, None))

seen = []


@UNIT_FUNCTION
def each_day(unit, user_data):
    label = unit_label(unit).decode()
    seen.append(label)
    if label == "2024-01-02":
        raise RuntimeError("as a crashed foreign function: ctypes prints this, and returns 0 or garbage")
    return DONE


sys.unraisablehook = lambda told: None
days = called(backfill_new, b"2024-01-01", b"2024-01-03", None, each_day, None, None)
run = run_step(days, None, None)
outcome = (run_status(run), count_units(run, 3), failed_label(run, 0))

for kind, handle in (("run", run), ("step", days), ("step", load), ("strategy", strategy), ("database", lake),
                     ("database", shop)):
    declare(kind + "_unref", None, P)(handle)
print(first, second, seen, outcome)
sys.exit((first, second, len(seen)) != (2, 1, 3) or outcome != (b"FAILED", 2, b"2024-01-02"))
