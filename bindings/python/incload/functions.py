# SPDX-License-Identifier: Apache-2.0
"""Python functions that the library calls, and what it hands to them."""

from __future__ import annotations

import datetime
import json
from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

from . import _calls, errors
from ._incload import ffi, lib

__all__ = ["Batch", "Fail", "Retry", "Skip", "ShortCircuit", "Throttled", "Unit", "Yield"]

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_MESSAGE_LIMIT = 500


class Outcome(Exception):
    """What a unit's function raises to end it otherwise than by success or failure."""

    _outcome = 0

    def __init__(self, message: str = "", delay: Optional[float] = None) -> None:
        super().__init__(message)
        self.delay = delay


class Skip(Outcome):
    """The unit leaves itself out; those that wait for it are left out as well."""

    _outcome = lib.INCLOAD_SKIP


class ShortCircuit(Outcome):
    """The unit succeeds, and those that wait for it are left out."""

    _outcome = lib.INCLOAD_SHORT_CIRCUIT


class Retry(Outcome):
    """The unit failed, and may be tried again, in ``delay`` seconds or when its options say."""

    _outcome = lib.INCLOAD_RETRY


class Fail(Outcome):
    """The unit failed for good, whatever its retries."""

    _outcome = lib.INCLOAD_FAIL


class Throttled(Outcome):
    """The other side is overloaded: again later, in ``delay`` seconds; no attempt is used up."""

    _outcome = lib.INCLOAD_THROTTLED


class Yield(Outcome):
    """The unit is not through and is to be called again; no attempt is used up."""

    _outcome = lib.INCLOAD_YIELD


class Unit(_calls.Lent):
    """The part of a step that commits or fails as a whole. It is valid as long as the function it was handed to
    runs."""

    def __repr__(self) -> str:
        try:
            return f"<incload.Unit {self.step} {self.label}>"
        except errors.InterfaceError:
            return "<incload.Unit, ended>"

    @property
    def label(self) -> str:
        """What it covers, for people: a table, a day."""
        return self._text(lib.incload_unit_label)

    @property
    def step(self) -> str:
        return self._text(lib.incload_unit_step)

    @property
    def run_id(self) -> str:
        return self._text(lib.incload_unit_run_id)

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""
        return int(self._ask(lib.incload_unit_attempt))

    @property
    def key(self) -> str:
        """The key of a backfill's unit, of a list of keys or of a range with keys; else empty."""
        return self._text(lib.incload_unit_key)

    @property
    def low(self) -> int:
        """What a backfill's unit covers: the first number, or the first microsecond since 1970 UTC."""
        return int(self._ask(lib.incload_unit_low))

    @property
    def high(self) -> int:
        """The first number or microsecond that it does not cover any more."""
        return int(self._ask(lib.incload_unit_high))

    @property
    def start(self) -> datetime.datetime:
        """The first instant that a unit of a range of time covers, in UTC."""
        return _EPOCH + datetime.timedelta(microseconds=self.low)

    @property
    def end(self) -> datetime.datetime:
        """The first instant that it does not cover any more, in UTC."""
        return _EPOCH + datetime.timedelta(microseconds=self.high)

    @property
    def cancelled(self) -> bool:
        """True once the run is cancelled, out of time or has lost its lease: a long function should then return."""
        return bool(self._ask(lib.incload_unit_is_cancelled))

    def beat(self) -> bool:
        """A sign of life, for steps with the option ``heartbeat``; True when it should stop."""
        return bool(self._ask(lib.incload_unit_beat))

    def add_rows(self, read: int = 0, written: int = 0) -> None:
        """Count rows that the function moved by itself, for the run's figures."""
        if self._ask(lib.incload_unit_add_rows, read, written) != lib.INCLOAD_OK:
            raise ValueError("rows cannot be fewer than none")

    def input(self, step: str) -> Any:
        """What the function of another step of the pipeline returned; None when it returned nothing or did not run."""
        name = _calls.encoded(step)
        return decoded_result(self._ask(lambda pointer: _calls.told_bytes(lib.incload_unit_input, pointer, name)))

    def leave_out(self, step: str) -> None:
        """Leave out a step that waits for this one, once it is done: a branch that is not taken."""
        self._call(lib.incload_unit_leave_out, _calls.encoded(step))

    def add_step(self, name: str, step: "_calls.Handle", before: Iterable[str] = ()) -> None:
        """Add a step to the run, which waits for this one; the steps named in ``before`` then wait for it as well."""
        self._call(lib.incload_unit_add_step, _calls.encoded(name), step._pointer, _calls.encoded(_calls.names(before)))


class Batch(_calls.Lent):
    """Rows on their way from the source to the target. Speaks the Arrow PyCapsule protocol:
    ``pyarrow.record_batch(batch)``,
    ``polars.DataFrame(batch)`` and the like read it without a copy."""

    def __len__(self) -> int:
        return int(self._ask(lib.incload_batch_rows))

    def __arrow_c_array__(self, requested_schema: object = None) -> Tuple[object, object]:
        from . import arrow

        pair: Tuple[object, object] = self._ask(arrow.export_batch)
        return pair

    def keep(self, mask: Iterable[object]) -> None:
        """Keep only the rows whose place in ``mask`` is true."""
        flags = list(mask)
        if len(flags) != len(self):
            raise ValueError(f"the mask has {len(flags)} places, the batch {len(self)} rows")
        bits = bytearray((len(flags) + 7) // 8)
        for index, flag in enumerate(flags):
            if flag:
                bits[index >> 3] |= 1 << (index & 7)
        self._call(lib.incload_batch_keep, ffi.from_buffer(bits), len(bits))

    def replace(self, rows: object) -> None:
        """Put other rows in their place: anything with ``__arrow_c_array__`` or ``__arrow_c_stream__``."""
        from . import arrow

        self._ask(arrow.replace_batch, *arrow.one_array(rows))


# ---- results of functions, as the ledger keeps them ----


def encoded_result(value: object) -> bytes:
    if isinstance(value, bytes):
        return b"b" + value
    return b"j" + json.dumps(value, separators=(",", ":")).encode()


def decoded_result(data: Optional[bytes]) -> Any:
    if data is None:
        return None
    return data[1:] if data[:1] == b"b" else json.loads(data[1:])


# ---- the way from C into Python ----


class Kept:
    """A Python function in the library's hands, with the exceptions that it raised."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.handle: Any = None
        self._raised: Dict[Tuple[str, str, str], BaseException] = {}

    def keep(self, unit: Any, exception: BaseException) -> None:
        """The last exception of each unit: the run's error is raised from it."""
        key = (
            _calls.text(lib.incload_unit_run_id(unit)),
            _calls.text(lib.incload_unit_step(unit)),
            _calls.text(lib.incload_unit_label(unit)),
        )
        self._raised[key] = exception

    def raised(self, run_ids: Optional[Set[str]]) -> List[Tuple[str, str, BaseException]]:
        """Takes the exceptions of a run, or (None) of any: step, unit, exception."""
        taken = []
        for key in list(self._raised):
            if run_ids is None or key[0] in run_ids:
                exception = self._raised.pop(key, None)  # another thread may have been quicker
                if exception is not None:
                    taken.append((key[1], key[2], exception))
        return taken


# Without a lock, as Kept._raised: the garbage collector may call incload_python_destroy() within any allocation, also
# of a thread that holds one. Each use is one operation of the interpreter, which no other thread comes between.
_kept: Set[Kept] = set()


def keep(kept: Kept) -> Any:
    """Hands a function to the library, which gives it back by incload_python_destroy()."""
    kept.handle = ffi.new_handle(kept)
    _kept.add(kept)
    return kept.handle


def kept_count() -> int:
    """How many functions the library holds."""
    return len(_kept)


def raised_in(run_ids: Set[str]) -> List[Tuple[str, str, BaseException]]:
    """Takes all exceptions that functions raised in a run, by what it and its units are known by."""
    return [found for kept in list(_kept) for found in kept.raised(run_ids)]


@_calls.called_by_library
def incload_python_destroy(user_data: Any) -> None:
    _kept.discard(ffi.from_handle(user_data))


def _told(unit: Any, exception: BaseException) -> None:
    words = f"{type(exception).__name__}: {exception}".replace("\n", " ")[:_MESSAGE_LIMIT]
    lib.incload_unit_fail(unit, _calls.encoded(words.replace("\0", " ")))


def failed(unit: Any, kept: Kept, exception: BaseException) -> int:
    """The outcome that an exception stands for."""
    if isinstance(exception, Outcome):
        if exception.delay is not None:
            lib.incload_unit_again_in(unit, max(0, round(exception.delay * 1000)))
        if exception._outcome in (lib.INCLOAD_RETRY, lib.INCLOAD_FAIL):
            kept.keep(unit, exception)
            _told(unit, exception)
        return int(exception._outcome)
    kept.keep(unit, exception)
    _told(unit, exception)
    return int(lib.INCLOAD_FAIL if isinstance(exception, KeyboardInterrupt) else lib.INCLOAD_RETRY)


@_calls.called_by_library
def incload_python_unit(pointer: Any, user_data: Any) -> int:
    kept = ffi.from_handle(user_data)
    unit = Unit(pointer)
    try:
        result = kept.function(unit)
        if result is not None:
            data = encoded_result(result)
            _calls.call(lib.incload_unit_set_result, pointer, data, len(data))
        return int(lib.INCLOAD_DONE)
    except BaseException as exception:  # noqa: B902 - nothing may pass into C
        return failed(pointer, kept, exception)
    finally:
        unit._end()


@_calls.called_by_library
def incload_python_batch(pointer: Any, batch_pointer: Any, user_data: Any) -> int:
    kept = ffi.from_handle(user_data)
    batch = Batch(batch_pointer)
    try:
        result = kept.function(batch)
        if result is not None and result is not batch:
            batch.replace(result)
        return int(lib.INCLOAD_DONE)
    except BaseException as exception:  # noqa: B902
        kept.keep(pointer, exception)
        _told(pointer, exception)
        return 0
    finally:
        batch._end()


@_calls.called_by_library
def incload_python_check(pointer: Any, rows_read: int, rows_staged: int, user_data: Any) -> int:
    kept = ffi.from_handle(user_data)
    try:
        answer = kept.function(rows_read, rows_staged)
        if answer is None or answer is True:
            return int(lib.INCLOAD_DONE)
        lib.incload_unit_fail(pointer, _calls.encoded(f"the check function returned {str(answer)[:_MESSAGE_LIMIT]}"))
        return 0
    except BaseException as exception:  # noqa: B902
        kept.keep(pointer, exception)
        _told(pointer, exception)
        return 0
