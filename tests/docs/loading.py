# SPDX-License-Identifier: Apache-2.0
"""One load by the library through ctypes alone, for tests of documents."""
import ctypes

HANDLE, TEXT = ctypes.c_void_p, ctypes.c_char_p
SIGNATURES = {
    "incload_database_new": (HANDLE, [TEXT, TEXT, HANDLE]),
    "incload_strategy_new": (HANDLE, [TEXT, TEXT, HANDLE]),
    "incload_step_new_load": (HANDLE, [HANDLE, TEXT, HANDLE, TEXT, HANDLE, HANDLE]),
    "incload_step_run": (HANDLE, [HANDLE, TEXT, HANDLE]),
    "incload_run_level": (TEXT, [HANDLE]),
    "incload_error_name": (TEXT, [HANDLE]),
    "incload_error_message": (TEXT, [HANDLE]),
    "incload_error_unref": (None, [HANDLE]),
    "incload_run_unref": (None, [HANDLE]),
    "incload_step_unref": (None, [HANDLE]),
    "incload_strategy_unref": (None, [HANDLE]),
    "incload_database_unref": (None, [HANDLE]),
}


class Library:
    def __init__(self, path):
        self.so = ctypes.CDLL(str(path))
        for name, (result, parameters) in SIGNATURES.items():
            function = getattr(self.so, name)
            function.restype, function.argtypes = result, parameters

    def load(self, source, target, table, preset, options, ledger="incload"):
        """("", level) of a load that went well, or (the error's name and message, "")."""
        so, err = self.so, HANDLE()
        to = ctypes.byref(err)
        shop = so.incload_database_new(source.encode(), None, to)
        lake = so.incload_database_new(target.encode(), f"ledger={ledger}".encode(), to)
        how = so.incload_strategy_new(preset.encode(), options.encode(), to)
        step = so.incload_step_new_load(shop, table.encode(), lake, table.encode(), how, to)
        run = so.incload_step_run(step, b"retries=0 timeout=1min", to)
        failure = ""
        if err.value:
            failure = f"{so.incload_error_name(err).decode()}: {so.incload_error_message(err).decode()}"
        level = "" if failure else so.incload_run_level(run).decode()
        for release, handle in ((so.incload_run_unref, run), (so.incload_step_unref, step),
                                (so.incload_strategy_unref, how), (so.incload_database_unref, lake),
                                (so.incload_database_unref, shop), (so.incload_error_unref, err)):
            release(handle)
        return failure, level
