# SPDX-License-Identifier: Apache-2.0
"""A run: one execution of a step or pipeline, what it did, and how it ended."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
import time
import weakref
from dataclasses import dataclass
from typing import Any, Callable, Dict, Generator, List, Mapping, Optional, Set, Union

from . import _calls, errors, functions
from . import progress as _progress
from ._incload import ffi, lib

__all__ = ["FailedUnit", "Run", "StepOutcome"]

_POLL_SECONDS = 0.1
_EXIT_SECONDS = 10
_FORMATS = {
    ".html": "html",
    ".htm": "html",
    ".dot": "dot",
    ".gv": "dot",
    ".mmd": "mermaid",
    ".json": "trace",
    ".jsonl": "openlineage",
}


@dataclass(frozen=True)
class FailedUnit:
    """A unit that failed for good."""

    label: str
    error: errors.Error
    attempts: int


class _Figures:
    """What a run, a load of a group, or a step of a pipeline tells of itself."""

    _figures: Any

    def _number(self, name: str) -> int:
        return int(getattr(lib, f"incload_run_{name}")(self._figures))

    def _text(self, name: str) -> str:
        return _calls.told(getattr(lib, f"incload_run_{name}"), self._figures)

    @property
    def id(self) -> str:
        """32 hexadecimal digits, as in the ledger."""
        return self._text("id")

    @property
    def status(self) -> str:
        """``"PENDING"``, ``"RUNNING"``, ``"SUCCESS"``, ``"FAILED"`` or ``"SKIPPED"``."""
        return self._text("status_name")

    @property
    def rows_read(self) -> int:
        return self._number("rows_read")

    @property
    def rows_written(self) -> int:
        """Rows inserted or updated in the target: final, and durable, when the run has succeeded."""
        return self._number("rows_written")

    @property
    def rows_skipped(self) -> int:
        """Rows read that needed no write."""
        return self._number("rows_skipped")

    @property
    def rows_rejected(self) -> int:
        """Rows that the target refused and the ledger keeps."""
        return self._number("rows_rejected")

    @property
    def rows_deleted(self) -> int:
        return self._number("rows_deleted")

    @property
    def rows_late(self) -> int:
        """Rows that a deep read found behind the place where the cursor would have begun to look."""
        return self._number("rows_late")

    @property
    def lateness(self) -> int:
        """How far the worst of the late rows lay behind: microseconds, or a difference of numbers."""
        return self._number("lateness")

    @property
    def keys_read(self) -> int:
        """Keys that were compared to find deleted rows."""
        return self._number("keys_read")

    @property
    def rows_without_cursor(self) -> int:
        return self._number("rows_without_cursor")

    @property
    def bytes(self) -> int:
        return self._number("bytes")

    @property
    def seconds(self) -> float:
        return self._number("duration_us") / 1e6

    @property
    def attempts(self) -> int:
        return self._number("attempts")

    @property
    def road(self) -> str:
        """``"same-database"``, ``"relay"`` or ``"batches"``."""
        return self._text("road")

    @property
    def road_reason(self) -> str:
        """Why not a faster road; empty when it was the fastest."""
        return self._text("road_reason")

    @property
    def watermark(self) -> Optional[str]:
        return _calls.told_or_none(lib.incload_run_watermark, self._figures)

    @property
    def level(self) -> str:
        """How exact the watermark is: ``"EXACT"``, ``"EXACT_IF_STAMPED"``, ``"BEST_EFFORT"`` or empty."""
        return self._text("level")

    @property
    def level_reason(self) -> str:
        return self._text("level_reason")

    @property
    def held_by(self) -> str:
        """Which transaction of the source has been open longest."""
        return self._text("held_by")

    @property
    def schema_changes(self) -> List[str]:
        """What has changed in the source's columns, and what was done about it."""
        return self._text("schema_changes").splitlines()

    @property
    def error(self) -> Optional[errors.Error]:
        """Why it failed, or None."""
        return _calls.taken_error(lib.incload_run_error(self._figures))


class StepOutcome(_Figures):
    """What one step of a run did."""

    def __init__(self, run: "Run", index: int) -> None:
        self._pointer = run._pointer  # lends the figures, also when the run is closed
        self._index = index
        self._figures = lib.incload_run_step(self._pointer, index)

    def __repr__(self) -> str:
        return f"<incload.StepOutcome {self.name} {self.status}>"

    @property
    def name(self) -> str:
        return _calls.told(lib.incload_run_step_name, self._pointer, self._index)

    @property
    def status(self) -> str:
        return _calls.told(lib.incload_run_step_status_name, self._pointer, self._index)

    @property
    def reason(self) -> str:
        """What it waits for, why it was left out or failed: a word such as ``"UPSTREAM_FAILED"``."""
        return _calls.told(lib.incload_run_step_reason, self._pointer, self._index)

    @property
    def result(self) -> Any:
        """What its function returned."""
        return functions.decoded_result(_calls.told_bytes(lib.incload_run_step_result, self._pointer, self._index))


class LoadOutcome(_Figures):
    """What one load of a group did."""

    def __init__(self, run: "Run", index: int) -> None:
        self._pointer = run._pointer  # see StepOutcome
        self._figures = lib.incload_run_load(self._pointer, index)


async def _stopped(pointer: Any) -> None:
    """Sees a run that was told to stop to its end; to be cancelled once more changes nothing."""
    while not _progress.ended(pointer, time.monotonic()):
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            pass


class Run(_calls.Handle, _Figures):
    """One execution. It goes on by itself; ``wait()`` or ``await run`` see it to its end."""

    _kind = "run"

    def __init__(self, pointer: Any, context: Any = None, again: Optional[Callable[..., "Run"]] = None) -> None:
        self._hold(pointer)
        self._in_use = weakref.ref(self._held)  # also after close(), while a call is under way
        self._context = context
        self._again = again
        self._threads: List[threading.Thread] = []
        self._kept: Optional[functions.Kept] = None  # of a step that is one unit, which has an id of its own
        self._shared = False  # other processes may take part in it
        self._own_id = self.id  # as its units have it; one that turns out to be another's run takes that one's
        self._leaves = False  # ... and go on when this one is interrupted
        self._raised: Dict[str, BaseException] = {}
        _live.add(self)

    def __repr__(self) -> str:
        return f"<incload.Run {self.id} {self.status}>" if self._held is not None else "<incload.Run, closed>"

    @property
    def _figures(self) -> Any:
        return self._pointer

    # ---- its course ----

    def _participate(self, threads: int) -> None:
        """Has Python's own threads do the work."""
        for number in range(threads):
            thread = threading.Thread(target=_work, args=(self, self._pointer), name=f"incload-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    @property
    def finished(self) -> bool:
        return _progress.finished(self._pointer)

    def cancel(self) -> None:
        """Ask it to stop: running SQL is interrupted, nothing of an open unit lands."""
        lib.incload_run_cancel(self._pointer)

    def leave(self) -> None:
        """Take no further part in a run that a ledger keeps and that has a ``run_key``: what this process is at goes
        to the others, who go on. Any other run is cancelled."""
        lib.incload_run_leave(self._pointer)

    def _stop(self, pointer: Any) -> None:
        """Stops what goes on here, after an exception."""
        if self._leaves:
            lib.incload_run_leave(pointer)
        else:
            lib.incload_run_cancel(pointer)

    def _break_off(self, pointer: Any) -> None:
        """As _stop(), and waits until nothing goes on."""
        self._stop(pointer)
        while not _progress.ended(pointer, None):
            pass
        self._settle(pointer)

    def drain(self) -> None:
        """Ask it to start nothing more; what is at work may end."""
        lib.incload_run_drain(self._pointer)

    def pause(self) -> None:
        lib.incload_run_pause(self._pointer)

    def proceed(self) -> None:
        """Let a paused run go on."""
        lib.incload_run_continue(self._pointer)

    def wait(self, timeout: Optional[float] = None, *, check: bool = True) -> bool:
        """Waits for its end; False when it goes on after so many seconds. With ``check`` a run that failed raises.

        An exception that comes meanwhile, such as KeyboardInterrupt, cancels the run, waits for its end and goes on.
        """
        return self._wait(self._pointer, timeout, check)

    def _wait(self, pointer: Any, timeout: Optional[float], check: bool) -> bool:
        until = None if timeout is None else time.monotonic() + timeout
        try:
            while not _progress.ended(pointer, until):
                if until is not None and time.monotonic() >= until:
                    return False
        except BaseException:
            self._break_off(pointer)
            raise
        self._settle(pointer)
        failure = self._failure(pointer) if check else None
        pointer = None  # see _calls.call()
        if failure is not None:
            raise failure
        return True

    def _settle(self, pointer: Any) -> None:
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        found = functions.raised_in(self._ids(pointer))
        if self._kept is not None:
            found += self._kept.raised(None)
        for step, label, exception in found:
            self._raised[label] = exception
            self._raised.setdefault(step, exception)
        _live.discard(self)

    def _ids(self, pointer: Any) -> Set[str]:
        """What its units may know it by: each load and step of it is a run of its own."""
        ids = {self._own_id, _calls.told(lib.incload_run_id, pointer)}
        for count, part in (
            (lib.incload_run_load_count, lib.incload_run_load),
            (lib.incload_run_step_count, lib.incload_run_step),
        ):
            for index in range(count(pointer)):
                ids.add(_calls.text(lib.incload_run_id(part(pointer, index))))
        return ids

    def __await__(self) -> Generator[Any, None, "Run"]:
        return self._awaited().__await__()

    async def _awaited(self) -> "Run":
        pointer = self._pointer
        try:
            try:
                if self._context is None:
                    while not _progress.ended(pointer, time.monotonic()):
                        await asyncio.sleep(_POLL_SECONDS)
                else:
                    await self._context._ended(pointer)
            except asyncio.CancelledError:
                self._stop(pointer)
                await _stopped(pointer)
                self._settle(pointer)
                raise
        except (KeyboardInterrupt, SystemExit):  # which asyncio lets come anywhere
            self._break_off(pointer)
            raise
        self._settle(pointer)
        failure = self._failure(pointer)
        del pointer  # see _calls.call()
        if failure is not None:
            raise failure
        return self

    def raise_for_status(self) -> "Run":
        """Raises the run's error, if it failed; the exception of the Python function that made it fail is its cause."""
        failure = self._failure(self._pointer)
        if failure is not None:
            raise failure
        return self

    def _failure(self, pointer: Any) -> Optional[errors.Error]:
        error = _calls.taken_error(lib.incload_run_error(pointer))
        if error is None:
            return None
        error.run = self
        return self._with_cause(error, error.unit or error.step)

    def _with_cause(self, error: errors.Error, place: str) -> errors.Error:
        """In the place of what the library was told of an exception, the exception itself."""
        if isinstance(error, errors.CallbackError) and self._raised:
            error.__cause__ = self._raised.get(place) or next(iter(self._raised.values()))
        return error

    def watch(self, target: Union[bool, str, None] = True, *, check: bool = True) -> "Run":
        """Waits, and shows how it goes on: see the option ``progress`` of incload.load()."""
        pointer = self._pointer
        try:
            _progress.show(pointer, target)
        except BaseException:
            self._break_off(pointer)
            raise
        try:
            self._wait(pointer, None, check)
        finally:
            del pointer  # see _calls.call()
        return self

    def resume(self, **options: Any) -> "Run":
        """Go on with a run of a pipeline that a ledger keeps: what failed or never ran, and what comes after it."""
        if self._again is None:
            raise errors.plain(errors.InterfaceError, "only the run of a pipeline with a ledger can be resumed")
        return self._again(self.id, **options)

    # ---- what it did ----

    @property
    def steps(self) -> Dict[str, StepOutcome]:
        """What each step did, by its name: of a pipeline, function or backfill."""
        found = [StepOutcome(self, index) for index in range(lib.incload_run_step_count(self._pointer))]
        return {step.name: step for step in found}

    @property
    def loads(self) -> List[LoadOutcome]:
        """What each load of a group did."""
        return [LoadOutcome(self, index) for index in range(lib.incload_run_load_count(self._pointer))]

    @property
    def failed(self) -> List[FailedUnit]:
        """The units that failed for good."""
        units = []
        for index in range(lib.incload_run_failed_count(self._pointer)):
            label = _calls.told(lib.incload_run_failed_label, self._pointer, index)
            error = _calls.taken_error(lib.incload_run_failed_error(self._pointer, index))
            assert error is not None
            if label in self._raised:
                self._with_cause(error, label)
            units.append(FailedUnit(label, error, lib.incload_run_failed_attempts(self._pointer, index)))
        return units

    @property
    def units(self) -> Mapping[str, int]:
        """How many units ended how."""
        return _progress.units(self._pointer)

    def report(
        self, path: "Optional[Union[str, os.PathLike[str]]]" = None, format: Optional[str] = None, **options: Any
    ) -> Optional[str]:
        """Writes a report into a file, whole or not at all; without a path it is returned.

        The format is ``"html"``, ``"dot"``, ``"mermaid"``, ``"gantt"``, ``"trace"`` or ``"openlineage"``; without one
        it follows from the file's name.
        """
        if path is None:
            return _progress.written(
                lib.incload_run_report,
                self._pointer,
                _calls.encoded(format or "html"),
                _calls.options_pointer(options),
            )
        name = os.fspath(path)
        chosen = format or _FORMATS.get(os.path.splitext(name)[1].lower(), "html")
        _calls.call(
            lib.incload_run_report_file,
            self._pointer,
            _calls.encoded(chosen),
            _calls.options_pointer(options),
            _calls.encoded(name),
        )
        return None


_live: "weakref.WeakSet[Run]" = weakref.WeakSet()


def _work(run: Run, pointer: Any) -> None:
    try:
        lib.incload_run_participate(pointer, ffi.NULL)
    finally:
        pointer = None  # the traceback of what a function raised keeps this frame as well: see _calls.call()


@atexit.register
def _end_all() -> None:
    """Runs do not outlive the interpreter: their functions could no longer be called."""
    unsettled = [(run, run._in_use()) for run in list(_live)]
    runs = [(run, pointer) for run, pointer in unsettled if pointer is not None and not _progress.finished(pointer)]
    for run, pointer in runs:
        if run._shared:
            lib.incload_run_leave(pointer)
        else:
            lib.incload_run_cancel(pointer)
    until = time.monotonic() + _EXIT_SECONDS
    for _, pointer in runs:
        while not _progress.ended(pointer, until) and time.monotonic() < until:
            pass


def finish(run: Run, progress: Union[bool, str, None], check: bool) -> Run:
    """Sees a run to its end, as every blocking call does."""
    if progress:
        return run.watch(progress, check=check)
    run.wait(check=check)
    return run
