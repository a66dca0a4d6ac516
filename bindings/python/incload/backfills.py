# SPDX-License-Identifier: Apache-2.0
"""Backfills: a function or a load over a range, unit by unit, in parallel, and only what is missing."""

from __future__ import annotations

import datetime
import functools
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Sequence, Union

from . import _calls, errors, functions
from ._incload import ffi, lib
from .database import Database
from .runs import Run
from .steps import Load, Step, start_with_threads
from .strategies import Strategy

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import BackfillOptions

__all__ = ["Backfill", "BackfillPlan", "backfill", "backfill_load"]

Bound = Union[str, int, datetime.date, datetime.datetime]


class BackfillPlan(_calls.Handle):
    """What a run of a backfill would do now."""

    _kind = "backfill_plan"

    def __init__(self, pointer: Any) -> None:
        self._hold(pointer)

    @property
    def units(self) -> int:
        """How many units the range has."""
        return int(lib.incload_backfill_plan_units(self._pointer))

    @property
    def taken(self) -> int:
        """How many of them would run."""
        return int(lib.incload_backfill_plan_taken(self._pointer))

    @property
    def first(self) -> str:
        return _calls.told(lib.incload_backfill_plan_first, self._pointer)

    @property
    def last(self) -> str:
        return _calls.told(lib.incload_backfill_plan_last, self._pointer)

    @property
    def fingerprint(self) -> str:
        """For the option ``fingerprint``: a run with it refuses when the plan has changed since."""
        return _calls.told(lib.incload_backfill_plan_fingerprint, self._pointer)


class _Range:
    """The way a range is told: by its last day, by its end, or by keys."""

    def __init__(
        self, start: Optional[Bound], through: Optional[Bound], end: Optional[Bound], keys: Optional[Sequence[str]]
    ) -> None:
        if start is None and keys is None:
            raise errors.plain(errors.ProgrammingError, "a backfill needs a range (start with through or end) or keys")
        if start is not None and (through is None) == (end is None):
            raise errors.plain(
                errors.ProgrammingError,
                "a range needs either through, its last day, or end, which is not in it any more",
            )
        self.start = start
        self.through = through
        self.end = end
        self.keys = keys

    def bounds(self) -> "tuple[Any, Any]":
        last = self.through if self.through is not None else self.end
        assert self.start is not None and last is not None
        return _calls.encoded(_calls.option_text(self.start)), _calls.encoded(_calls.option_text(last))


def _keys(keys: Sequence[str]) -> "tuple[Any, Any]":
    kept = [_calls.encoded(key) for key in keys]
    return ffi.new("const char *[]", kept), kept


class Backfill(Step):
    """A step over a range. A unit that fails keeps no other from running; run it again, and only what is missing
    runs."""

    def __init__(self, pointer: Any, threads: int, context: Any = None) -> None:
        self._hold(pointer)
        self._threads = threads
        self._context = context
        self._ledger: Optional[Database] = None
        self.function: Optional[Callable[[functions.Unit], Any]] = None

    def __call__(self, unit: Any) -> Any:
        """Calls the function that the backfill was made of, as if there were no backfill."""
        if self.function is None:
            raise errors.plain(errors.InterfaceError, "this backfill is of a load: run() it")
        return self.function(unit)

    def start(self, *, ledger: Optional[Database] = None, **options: Any) -> Run:
        """Run it; it goes on by itself. With ``ledger``, a database, what is done is recorded there."""
        self._set_ledger(ledger)
        return start_with_threads(self, self._pointer, lib.incload_step_start, options, self._threads, self._context)

    def kept_in(self, ledger: Database) -> "Backfill":
        """Says once where its runs are kept, as ``start(ledger=...)`` does; gives itself."""
        self._set_ledger(ledger)
        return self

    def plan(self, *, ledger: Optional[Database] = None) -> BackfillPlan:
        """What a run would do now."""
        self._set_ledger(ledger)
        return BackfillPlan(_calls.call(lib.incload_backfill_plan_new, self._pointer))

    def _set_ledger(self, ledger: Optional[Database]) -> None:
        if ledger is not None and ledger is not self._ledger:
            _calls.call(lib.incload_step_set_ledger, self._pointer, ledger._pointer)
            self._ledger = ledger


def _function_backfill(function: Callable[[functions.Unit], Any], range_: _Range, options: Dict[str, Any]) -> Backfill:
    options.setdefault("name", getattr(function, "__name__", None))
    kept = functions.Kept(function)
    told = _calls.options_pointer(options)
    callback = (lib.incload_python_unit, functions.keep(kept), lib.incload_python_destroy)
    if range_.start is None:
        assert range_.keys is not None
        array, alive = _keys(range_.keys)
        pointer = _calls.call(lib.incload_step_new_backfill_keys, array, len(range_.keys), told, *callback)
        del alive
    else:
        make = lib.incload_step_new_backfill if range_.through is not None else lib.incload_step_new_backfill_between
        pointer = _calls.call(make, *range_.bounds(), told, *callback)
    step = Backfill(pointer, int(options.get("parallel", 1)))
    if range_.start is not None and range_.keys is not None:
        array, alive = _keys(range_.keys)
        _calls.call(lib.incload_step_set_keys, step._pointer, array, len(range_.keys))
        del alive
    step.function = function
    functools.update_wrapper(step, function)
    return step


def backfill(
    *,
    start: Optional[Bound] = None,
    through: Optional[Bound] = None,
    end: Optional[Bound] = None,
    keys: Optional[Sequence[str]] = None,
    **options: "Unpack[BackfillOptions]",
) -> Callable[[Callable[[functions.Unit], Any]], Backfill]:
    """Makes a function a backfill over a range: of days by ``start`` and ``through``, which is in it; of days,
    instants or
    numbers by ``start`` and ``end``, which is not; of ``keys``; or of both. The function is called with a Unit for each
    part, in as many threads as ``parallel`` says."""
    range_ = _Range(start, through, end, keys)
    return lambda function: _function_backfill(function, range_, dict(options))


def backfill_load(
    source: Database,
    source_table: str,
    target: Database,
    target_table: str,
    strategy: Optional[Strategy] = None,
    *,
    start: Bound,
    through: Optional[Bound] = None,
    end: Optional[Bound] = None,
    load: Optional[Dict[str, Any]] = None,
    **options: "Unpack[BackfillOptions]",
) -> Backfill:
    """A load, done for each part of a range; ``column`` names the column whose values bound the parts, else it is the
    strategy's cursor. ``load`` has further arguments of Load."""
    made = Strategy("append") if strategy is None else strategy
    step = Load(source, source_table, target, target_table, made, **(load or {}))
    range_ = _Range(start, through, end, None)
    make = lib.incload_step_new_load_backfill if through is not None else lib.incload_step_new_load_backfill_between
    pointer = _calls.call(make, step._pointer, *range_.bounds(), _calls.options_pointer(options))
    made_step = Backfill(pointer, int(options.get("parallel", 1)), target.context)
    made_step._ledger = target  # which keeps its runs
    return made_step
