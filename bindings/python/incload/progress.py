# SPDX-License-Identifier: Apache-2.0
"""How a run goes on, for people: a bar of tqdm where there is one, else the library's own bar or lines on stderr."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Callable, Dict, List, Optional, Union

from . import _calls
from ._incload import ffi, lib

_STEP_SECONDS = 0.1
_SLICE_MS = 100  # how long Python's signal handlers may have to wait


def finished(pointer: Any) -> bool:
    """Whether the run has ended. As all here it takes what Run._pointer gave: it works on when the run is closed."""
    return _calls.told(lib.incload_run_status_name, pointer) not in ("PENDING", "RUNNING")


def ended(pointer: Any, until: Optional[float]) -> bool:
    """As finished(), and waits for a short time."""
    slice_ms = _SLICE_MS if until is None else max(0, min(_SLICE_MS, round((until - time.monotonic()) * 1000)))
    code = lib.incload_run_wait(pointer, slice_ms, ffi.NULL)
    return bool(code != lib.INCLOAD_E_TIMEOUT or finished(pointer))


def units(pointer: Any) -> Dict[str, int]:
    """How many units ended how."""
    states = {"RUNNING": 2, "SUCCESS": 3, "FAILED": 4, "SKIPPED": 5}
    return {name: int(lib.incload_run_count_units(pointer, code)) for name, code in states.items()}


class _Writer:
    def __init__(self, write: Callable[[str], Any]) -> None:
        self.write = write
        self.rest = b""
        self.raised: "List[BaseException]" = []

    def take(self, data: bytes) -> None:
        """Whole characters only: a portion may end within one."""
        data = self.rest + data
        for length in range(len(data), max(-1, len(data) - 4), -1):
            try:
                text = data[:length].decode()
            except UnicodeDecodeError:
                continue
            self.rest = data[length:]
            self.write(text)
            return
        self.rest = b""
        self.write(data.decode("utf-8", "replace"))


@_calls.called_by_library
def incload_python_write(text: Any, size: int, user_data: Any) -> int:
    writer = ffi.from_handle(user_data)
    try:
        writer.take(bytes(ffi.buffer(text, size)))
        return int(lib.INCLOAD_DONE)
    except BaseException as exception:  # noqa: B902 - nothing may pass into C
        writer.raised.append(exception)
        return 0


def _with_writer(write: Callable[[str], Any], function: Callable[..., Any], *arguments: Any) -> None:
    writer = _Writer(write)
    handle = ffi.new_handle(writer)
    try:
        _calls.call(function, *arguments, lib.incload_python_write, handle)
    except BaseException:
        if writer.raised:
            raise writer.raised[0] from None
        raise


def written(function: Callable[..., Any], *arguments: Any) -> str:
    """What a function of the library writes, as one text."""
    parts: List[str] = []
    _with_writer(parts.append, function, *arguments)
    return "".join(parts)


def show(pointer: Any, target: Union[bool, str, None]) -> None:
    """Until the run has ended. True is a bar of tqdm, or without tqdm the library's; "bar" and "lines" are the
    library's."""
    if target is True:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            target = "bar" if sys.stderr.isatty() else "lines"
        else:
            _show_tqdm(pointer, tqdm)
            return
    coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    told = 0
    options = {"form": target, "colour": coloured, "width": _width()}
    known = _calls.known_options("watch")

    def write(text: str) -> None:
        nonlocal told
        told += len(text)
        sys.stderr.write(text)
        sys.stderr.flush()

    writer = _Writer(write)
    handle = ffi.new_handle(writer)
    text = _calls.options_pointer({name: value for name, value in options.items() if name in known})
    # Not by call(): how the run ended is told by the run itself.
    lib.incload_run_watch(pointer, text, lib.incload_python_write, handle, ffi.NULL)
    if writer.raised:
        raise writer.raised[0]


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError, AttributeError):
        return 80


def _show_tqdm(pointer: Any, tqdm: Any) -> None:
    with tqdm(unit=" rows", unit_scale=True, desc="incload") as bar:
        while True:
            bar.update(lib.incload_run_rows_read(pointer) - bar.n)
            of = units(pointer)
            if sum(of.values()) > 1:
                bar.set_postfix(done=of["SUCCESS"], running=of["RUNNING"], failed=of["FAILED"], refresh=False)
            if ended(pointer, time.monotonic() + _STEP_SECONDS):
                bar.update(lib.incload_run_rows_read(pointer) - bar.n)
                return
