# SPDX-License-Identifier: Apache-2.0
"""How a run goes on, for people: a bar of tqdm where there is one, else the library's own bar or lines on stderr."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Callable, List, Union

from . import _calls
from ._incload import ffi, lib

_STEP_SECONDS = 0.1


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


def show(run: Any, target: Union[bool, str, None]) -> None:
    """Until the run has ended. True is a bar of tqdm, or without tqdm the library's; "bar" and "lines" are the
    library's."""
    if target is True:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            target = "bar" if sys.stderr.isatty() else "lines"
        else:
            _show_tqdm(run, tqdm)
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
    lib.incload_run_watch(run._pointer, text, lib.incload_python_write, handle, ffi.NULL)
    if writer.raised:
        raise writer.raised[0]


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError, AttributeError):
        return 80


def _show_tqdm(run: Any, tqdm: Any) -> None:
    with tqdm(unit=" rows", unit_scale=True, desc="incload") as bar:
        while True:
            bar.update(run.rows_read - bar.n)
            units = run.units
            if sum(units.values()) > 1:
                bar.set_postfix(done=units["SUCCESS"], running=units["RUNNING"], failed=units["FAILED"], refresh=False)
            if run._ended(time.monotonic() + _STEP_SECONDS):
                bar.update(run.rows_read - bar.n)
                return
