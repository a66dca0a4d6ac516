# SPDX-License-Identifier: Apache-2.0
"""Change tables: triggers write down each change of a table, and it is consumed exactly once in effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Tuple

from . import _calls
from ._incload import ffi, lib
from .steps import Step

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import CaptureOptions, CaptureStepOptions
    from .database import Database

__all__ = ["Capture", "CaptureStep"]


class Capture(_calls.Handle):
    """``install()`` once, ``load()`` once, then ``run()`` as often as there may be changes."""

    _kind = "capture"

    def __init__(
        self,
        source: "Database",
        table: str,
        target: "Database",
        target_table: str,
        **options: "Unpack[CaptureOptions]",
    ) -> None:
        self._hold(
            _calls.call(
                lib.incload_capture_new,
                source._pointer,
                _calls.encoded(table),
                target._pointer,
                _calls.encoded(target_table),
                _calls.options_pointer(options),
            )
        )

    def install(self) -> "Capture":
        """Make the change table and its triggers in the source, or complete them."""
        self._interruptible(lib.incload_capture_install)
        return self

    def remove(self) -> None:
        """Take them out of the source, with the changes that were not consumed."""
        self._interruptible(lib.incload_capture_remove)

    def load(self) -> "Capture":
        """Bring the target to what the source is now: all of its rows are read."""
        self._interruptible(lib.incload_capture_load)
        return self

    def run(self) -> "Capture":
        """Consume the changes that there are; with the option ``until="cancelled"`` also those that come. An exception
        that comes meanwhile, such as KeyboardInterrupt, cancels it: what is not committed comes again."""
        self._interruptible(lib.incload_capture_run)
        return self

    def cancel(self) -> None:
        """From another thread: interrupt what is under way, and refuse all later calls."""
        lib.incload_capture_cancel(self._pointer)

    def _interruptible(self, function: Callable[..., Any]) -> None:
        _calls.interruptible(function, self._pointer, lib.incload_capture_cancel)

    @property
    def pending(self) -> Tuple[int, float]:
        """How many changes wait in the source, and for how many seconds the oldest has."""
        places = ffi.new("int64_t[2]")
        _calls.call(lib.incload_capture_pending, self._pointer, places, places + 1)
        return int(places[0]), int(places[1]) / 1e6

    @property
    def consumed(self) -> int:
        """Changes that this object has consumed."""
        return int(lib.incload_capture_consumed(self._pointer))

    @property
    def rows_written(self) -> int:
        return int(lib.incload_capture_rows_written(self._pointer))

    @property
    def rows_deleted(self) -> int:
        return int(lib.incload_capture_rows_deleted(self._pointer))


class CaptureStep(Step):
    """A change table as a step, alone or in a pipeline: until there are no more changes, or its run is drained."""

    def __init__(self, capture: Capture, **options: "Unpack[CaptureStepOptions]") -> None:
        self._hold(_calls.call(lib.incload_step_new_capture, capture._pointer, _calls.options_pointer(options)))
