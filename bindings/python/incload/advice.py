# SPDX-License-Identifier: Apache-2.0
"""Looking before and after: plans, advice, linting, verification, watermarks and the ledger's history."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Tuple

from . import _calls, errors
from ._incload import ffi, lib

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import FactsOptions
    from .database import Database
    from .steps import Load
    from .strategies import Strategy

__all__ = [
    "HistoryEntry",
    "Lint",
    "Plan",
    "Recommendation",
    "UnitEntry",
    "Verification",
    "Watermark",
    "cancel_run",
    "history_of",
    "recommend",
    "units_of",
    "watermarks",
]

_PAGE = 1000
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def _moment(microseconds: int) -> Optional[datetime.datetime]:
    return _EPOCH + datetime.timedelta(microseconds=microseconds) if microseconds > 0 else None


class Plan(_calls.Handle):
    """What a run of a load would do: road, bounds, statements with their locks, estimated rows."""

    _kind = "plan"

    def __init__(self, pointer: Any) -> None:
        self._hold(pointer)

    def __str__(self) -> str:
        return _calls.told(lib.incload_plan_text, self._pointer)

    def to_dict(self) -> Dict[str, Any]:
        """All of it."""
        found: Dict[str, Any] = json.loads(_calls.told(lib.incload_plan_json, self._pointer))
        return found

    @property
    def road(self) -> str:
        return _calls.told(lib.incload_plan_road, self._pointer)

    @property
    def estimated_rows(self) -> int:
        """-1 when nobody knows."""
        return int(lib.incload_plan_estimated_rows(self._pointer))

    @property
    def statements(self) -> List[str]:
        return [
            _calls.told(lib.incload_plan_statement, self._pointer, index)
            for index in range(lib.incload_plan_statement_count(self._pointer))
        ]


@dataclass(frozen=True)
class Lint:
    """Something that stands in the way of loading well, and what to do about it."""

    id: str
    object: str
    what: str
    remedy: str
    severity: int


def lints(step: "Load") -> List[Lint]:
    found = _calls.call(lib.incload_step_lint, step._pointer)
    try:
        return [
            Lint(
                _calls.text(lib.incload_lint_id(found, index)),
                _calls.text(lib.incload_lint_object(found, index)),
                _calls.text(lib.incload_lint_what(found, index)),
                _calls.text(lib.incload_lint_remedy(found, index)),
                lib.incload_lint_severity(found, index),
            )
            for index in range(lib.incload_lint_count(found))
        ]
    finally:
        lib.incload_lint_unref(found)


class Recommendation(_calls.Handle):
    """Which strategy fits, by which rule, and what it would take for a better one."""

    _kind = "recommendation"

    def __init__(self, pointer: Any) -> None:
        self._hold(pointer)

    def __str__(self) -> str:
        return _calls.told(lib.incload_recommendation_text, self._pointer)

    def _text(self, name: str) -> str:
        return _calls.told(getattr(lib, f"incload_recommendation_{name}"), self._pointer)

    @property
    def preset(self) -> str:
        return self._text("strategy")

    @property
    def options(self) -> str:
        """The options filled in, in the form of the library's constructors."""
        return self._text("options")

    @property
    def rule(self) -> str:
        return self._text("rule")

    @property
    def reason(self) -> str:
        return self._text("reason")

    @property
    def better(self) -> str:
        return self._text("better")

    def fact(self, name: str) -> Optional[str]:
        """What it took a fact for."""
        return _calls.told_or_none(lib.incload_recommendation_fact, self._pointer, _calls.encoded(name))

    def strategy(self) -> "Strategy":
        """The strategy that it recommends, to load with."""
        from .strategies import Strategy

        made = Strategy.__new__(Strategy)
        made.preset = self.preset
        made._hold(_calls.call(lib.incload_strategy_new, _calls.encoded(self.preset), _calls.encoded(self.options)))
        return made

    def to_dict(self) -> Dict[str, Any]:
        found: Dict[str, Any] = json.loads(self._text("json"))
        return found


def recommend(
    source: "Optional[Database]" = None,
    source_table: Optional[str] = None,
    target: "Optional[Database]" = None,
    target_table: Optional[str] = None,
    **facts: "Unpack[FactsOptions]",
) -> Recommendation:
    """Which strategy fits: by facts alone, or by looking at a live source and target, both of them, for those that
    were not told."""
    told = _calls.options_pointer(facts)
    if source is None:
        return Recommendation(_calls.call(lib.incload_strategy_recommend, told))
    return Recommendation(
        _calls.call(
            lib.incload_strategy_recommend_for,
            source._pointer,
            _calls.encoded(source_table),
            ffi.NULL if target is None else target._pointer,
            _calls.encoded(target_table),
            told,
        )
    )


@dataclass(frozen=True)
class Difference:
    """A key whose rows differ."""

    kind: int
    key: str
    columns: str
    source_rows: int
    target_rows: int


class Verification(_calls.Handle):
    """How the source's rows compare with the target's."""

    _kind = "verification"

    def __init__(self, pointer: Any) -> None:
        self._hold(pointer)

    def __bool__(self) -> bool:
        return self.equal

    def _number(self, name: str) -> int:
        return int(getattr(lib, f"incload_verification_{name}")(self._pointer))

    @property
    def equal(self) -> bool:
        return bool(self._number("is_equal"))

    @property
    def source_rows(self) -> int:
        return self._number("source_rows")

    @property
    def target_rows(self) -> int:
        return self._number("target_rows")

    @property
    def missing(self) -> int:
        return self._number("missing")

    @property
    def extra(self) -> int:
        return self._number("extra")

    @property
    def changed(self) -> int:
        return self._number("changed")

    @property
    def duplicated(self) -> int:
        return self._number("duplicated")

    @property
    def pending(self) -> int:
        """Rows that differ but are not due yet: changed since the watermark."""
        return self._number("pending")

    @property
    def exact(self) -> bool:
        """Whether both sides were read as of one moment."""
        return bool(self._number("is_exact"))

    @property
    def digests(self) -> "Tuple[str, str]":
        """Of the source's rows and of the target's."""
        at = self._pointer
        return (
            _calls.text(lib.incload_verification_source_digest(at)),
            _calls.text(lib.incload_verification_target_digest(at)),
        )

    @property
    def differences(self) -> List[Difference]:
        """Those that are listed (option ``list``)."""
        at = self._pointer
        return [
            Difference(
                lib.incload_verification_difference_kind(at, index),
                _calls.text(lib.incload_verification_difference_key(at, index)),
                _calls.text(lib.incload_verification_difference_columns(at, index)),
                lib.incload_verification_difference_source_rows(at, index),
                lib.incload_verification_difference_target_rows(at, index),
            )
            for index in range(self._number("difference_count"))
        ]


class Watermark(_calls.Handle):
    """How far a load has come, as its target keeps it."""

    _kind = "watermark"

    def __init__(self, target: "Database", load: str) -> None:
        self._hold(_calls.call(lib.incload_watermark_open, target._pointer, _calls.encoded(load)))

    @property
    def value(self) -> Optional[str]:
        return _calls.told_or_none(lib.incload_watermark_value, self._pointer)

    @property
    def level(self) -> str:
        return _calls.told(lib.incload_watermark_level, self._pointer)

    @property
    def load(self) -> str:
        return _calls.told(lib.incload_watermark_load, self._pointer)

    @property
    def type(self) -> str:
        """The type of its value, in the source's words."""
        return _calls.told(lib.incload_watermark_type, self._pointer)

    @property
    def document(self) -> str:
        """All that is kept of it."""
        return _calls.told(lib.incload_watermark_document, self._pointer)

    def describe(self) -> str:
        """The same, for people."""
        return _calls.told(lib.incload_watermark_describe, self._pointer)

    @property
    def history(self) -> "List[Tuple[int, Optional[str], Optional[datetime.datetime], str]]":
        """What it was before, the newest first: version, value, when, and the id of the run that moved it."""
        at = self._pointer
        return [
            (
                lib.incload_watermark_history_version(at, index),
                _calls.text_or_none(lib.incload_watermark_history_value(at, index)),
                _moment(lib.incload_watermark_history_time_us(at, index)),
                _calls.text(lib.incload_watermark_history_run_id(at, index)),
            )
            for index in range(_calls.call(lib.incload_watermark_history_count, at))
        ]

    @property
    def version(self) -> int:
        return int(lib.incload_watermark_version(self._pointer))

    @property
    def updated(self) -> Optional[datetime.datetime]:
        return _moment(lib.incload_watermark_updated_us(self._pointer))

    def refresh(self) -> "Watermark":
        """Look again."""
        _calls.call(lib.incload_watermark_refresh, self._pointer)
        return self

    def set(self, value: str) -> None:
        """Move it by hand; the next load begins there."""
        _calls.call(lib.incload_watermark_set, self._pointer, _calls.encoded(value))

    def reset(self) -> None:
        """Forget it; the next load reads everything."""
        _calls.call(lib.incload_watermark_reset, self._pointer)


def watermarks(target: "Database") -> Dict[str, Optional[str]]:
    """All loads that a target knows, with their watermarks."""
    found = _calls.call(lib.incload_watermark_list_new, target._pointer)
    try:
        return {
            _calls.text(lib.incload_watermark_list_load(found, index)): _calls.text_or_none(
                lib.incload_watermark_list_value(found, index)
            )
            for index in range(lib.incload_watermark_list_count(found))
        }
    finally:
        lib.incload_watermark_list_unref(found)


@dataclass(frozen=True)
class HistoryEntry:
    """A run that a ledger keeps."""

    run_id: str
    name: str
    key: str
    kind: str
    status: str
    started: Optional[datetime.datetime]
    finished: Optional[datetime.datetime]
    units: int
    failed: int
    attempt: int


def history_of(ledger: "Database", name: Optional[str] = None, limit: int = 100) -> Iterator[HistoryEntry]:
    """Runs of pipelines and backfills, the newest first."""
    found = _calls.call(lib.incload_history_new, ledger._pointer, _calls.encoded(name), limit)
    try:
        entries = [
            HistoryEntry(
                _calls.text(lib.incload_history_run_id(found, index)),
                _calls.text(lib.incload_history_name(found, index)),
                _calls.text(lib.incload_history_key(found, index)),
                _calls.text(lib.incload_history_kind(found, index)),
                _calls.text(lib.incload_history_status_name(found, index)),
                _moment(lib.incload_history_started_us(found, index)),
                _moment(lib.incload_history_finished_us(found, index)),
                lib.incload_history_units(found, index),
                lib.incload_history_failed(found, index),
                lib.incload_history_attempt(found, index),
            )
            for index in range(lib.incload_history_count(found))
        ]
    finally:
        lib.incload_history_unref(found)
    return iter(entries)


def cancel_run(ledger: "Database", run_id: Optional[str] = None, *, key: Optional[str] = None) -> bool:
    """Asks a run to stop, in all processes that take part in it, by its id or its ``run_key``. False when it has ended,
    or the newest thousand runs of the ledger have none like it."""
    if (run_id is None) == (key is None):
        raise errors.plain(errors.ProgrammingError, "a run is named by its id or by its key")
    found = _calls.call(lib.incload_history_new, ledger._pointer, ffi.NULL, _PAGE)
    try:
        for index in range(lib.incload_history_count(found)):
            told = lib.incload_history_run_id(found, index) if key is None else lib.incload_history_key(found, index)
            if _calls.text(told) == (run_id if key is None else key):
                _calls.call(lib.incload_history_cancel, found, index)
                return True
    except errors.InterfaceError:
        return False  # it has ended
    finally:
        lib.incload_history_unref(found)
    return False


@dataclass(frozen=True)
class UnitEntry:
    """A unit of a run that a ledger keeps."""

    label: str
    status: str
    attempts: int
    rows_written: int
    started: Optional[datetime.datetime]
    finished: Optional[datetime.datetime]
    error: str


def units_of(ledger: "Database", run_id: str) -> Iterator[UnitEntry]:
    """The steps or units of a run, in their order; they are read a thousand at a time."""
    start = 0
    while True:
        page = _page_of_units(ledger, run_id, start)
        yield from page
        start += len(page)
        if len(page) < _PAGE:
            return


def _page_of_units(ledger: "Database", run_id: str, start: int) -> List[UnitEntry]:
    found = _calls.call(lib.incload_unit_history_new, ledger._pointer, _calls.encoded(run_id), start, _PAGE)
    try:
        return [
            UnitEntry(
                _calls.text(lib.incload_unit_history_label(found, index)),
                _calls.text(lib.incload_unit_history_status_name(found, index)),
                lib.incload_unit_history_attempts(found, index),
                lib.incload_unit_history_rows_written(found, index),
                _moment(lib.incload_unit_history_started_us(found, index)),
                _moment(lib.incload_unit_history_finished_us(found, index)),
                _calls.text(lib.incload_unit_history_error(found, index)),
            )
            for index in range(lib.incload_unit_history_count(found))
        ]
    finally:
        lib.incload_unit_history_unref(found)
