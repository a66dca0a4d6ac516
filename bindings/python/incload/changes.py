# SPDX-License-Identifier: Apache-2.0
"""Change events: pushed one by one, folded per key, written in one transaction with their position."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any, Callable, List, Mapping, Optional, Tuple, Union

from . import _calls, functions
from ._incload import ffi, lib
from .runs import Run
from .steps import Step

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import ChangesBatchOptions, ChangesOptions, ChangesStepOptions

__all__ = ["ChangeGroup", "Changes", "ChangesStep"]

_OPERATIONS = {
    "insert": lib.INCLOAD_CHANGE_INSERT,
    "c": lib.INCLOAD_CHANGE_INSERT,
    "create": lib.INCLOAD_CHANGE_INSERT,
    "update": lib.INCLOAD_CHANGE_UPDATE,
    "u": lib.INCLOAD_CHANGE_UPDATE,
    "delete": lib.INCLOAD_CHANGE_DELETE,
    "d": lib.INCLOAD_CHANGE_DELETE,
    "truncate": lib.INCLOAD_CHANGE_TRUNCATE,
    "t": lib.INCLOAD_CHANGE_TRUNCATE,
    "read": lib.INCLOAD_CHANGE_READ,
    "r": lib.INCLOAD_CHANGE_READ,
    "tombstone": lib.INCLOAD_CHANGE_TOMBSTONE,
}

Position = Union[int, Tuple[int, int]]


def value_text(value: object) -> Optional[str]:
    """A value as an event brings it; None is NULL."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    if isinstance(value, float):
        return repr(value)
    return str(value)


def operation_code(operation: str) -> int:
    try:
        return int(_OPERATIONS[operation.lower()])
    except KeyError:
        raise ValueError(f"there is no operation {operation!r}; there are: {', '.join(_OPERATIONS)}") from None


def texts(items: "list[Optional[str]]") -> Tuple[Any, Any]:
    """An array of texts, and what keeps them alive."""
    kept = [_calls.encoded(item) for item in items]
    return ffi.new("const char *[]", kept), kept


class Changes(_calls.Handle):
    """Events for one table. At the end of a with block they are committed, or dropped when it raised."""

    _kind = "changes"

    def __init__(self, target: Any, table: str, options: Mapping[str, Any], group: Any = None) -> None:
        if group is not None:
            self._hold(
                _calls.call(
                    lib.incload_changes_add_table, group, _calls.encoded(table), _calls.options_pointer(options)
                )
            )
            return
        self._hold(
            _calls.call(
                lib.incload_changes_new, target._pointer, _calls.encoded(table), _calls.options_pointer(options)
            )
        )

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if kind is None:
                self.commit()
            else:
                self.discard()
        finally:
            self.close()

    def push(
        self,
        operation: str,
        row: Optional[Mapping[str, object]] = None,
        *,
        old: Optional[Mapping[str, object]] = None,
        position: Position = 0,
    ) -> None:
        """One event: ``"insert"``, ``"update"``, ``"delete"``, ``"truncate"``, ``"read"`` or ``"tombstone"``, in any
        case
        of letters, or Debezium's c, u, d, t, r. ``row`` has the columns that it brings, for a delete at least the key;
        ``old`` the row before an update that may have changed the key."""
        code = operation_code(operation)
        row = row or {}
        names, names_kept = texts(list(row))
        values, values_kept = texts([value_text(value) for value in row.values()])
        major, minor = position if isinstance(position, tuple) else (position, 0)
        if old is not None and code == lib.INCLOAD_CHANGE_UPDATE:
            old_names, old_names_kept = texts(list(old))
            old_values, old_values_kept = texts([value_text(value) for value in old.values()])
            _calls.call(
                lib.incload_changes_push_update,
                self._pointer,
                old_names,
                old_values,
                len(old),
                names,
                values,
                len(row),
                major,
                minor,
            )
            del old_names_kept, old_values_kept
        else:
            _calls.call(lib.incload_changes_push, self._pointer, code, names, values, len(row), major, minor)
        del names_kept, values_kept  # until here: the arrays point into them

    def push_debezium(self, value: Optional[str], key: Optional[str] = None, *, position: Position = 0) -> None:
        """One message of Debezium, in JSON; a value of None is a tombstone."""
        major, minor = position if isinstance(position, tuple) else (position, 0)
        _calls.call(
            lib.incload_changes_push_debezium, self._pointer, _calls.encoded(key), _calls.encoded(value), major, minor
        )

    def push_batch(self, rows: object, **options: "Unpack[ChangesBatchOptions]") -> None:
        """Rows of Arrow, each an event, all of them or none: anything with ``__arrow_c_array__`` or
        ``__arrow_c_stream__``. The column ``op`` says what each does (option ``operation`` names another), those that
        the options ``position`` and ``ordinal`` name where it stands; all others are columns of the target."""
        from . import arrow

        schema_capsule, array_capsule = arrow.one_array(rows)
        _calls.call(
            lib.incload_changes_push_batch,
            self._pointer,
            arrow.structure_in(schema_capsule, "ArrowSchema"),
            arrow.structure_in(array_capsule, "ArrowArray"),
            _calls.options_pointer(options),
        )

    def commit(self) -> None:
        """Write what was pushed, with its position, in one transaction of the target."""
        _calls.call(lib.incload_changes_commit, self._pointer)

    def discard(self) -> None:
        """Drop what was pushed and not committed."""
        lib.incload_changes_discard(self._pointer)

    def cancel(self) -> None:
        """From another thread: interrupt a commit under way, and refuse all later ones."""
        lib.incload_changes_cancel(self._pointer)

    @property
    def position(self) -> Tuple[int, int]:
        """Where the last committed event stood: whoever reads events goes on behind it."""
        places = ffi.new("uint64_t[2]")
        _calls.call(lib.incload_changes_position, self._pointer, places, places + 1)
        return int(places[0]), int(places[1])

    @property
    def pending(self) -> int:
        """Events that wait for a commit."""
        return int(lib.incload_changes_pending(self._pointer))

    @property
    def applied(self) -> int:
        return int(lib.incload_changes_applied(self._pointer))

    @property
    def skipped(self) -> int:
        """Events that were committed before."""
        return int(lib.incload_changes_skipped(self._pointer))

    @property
    def rows_written(self) -> int:
        return int(lib.incload_changes_rows_written(self._pointer))

    @property
    def rows_deleted(self) -> int:
        return int(lib.incload_changes_rows_deleted(self._pointer))


class ChangeGroup(Changes):
    """Events for several tables, which land together: one transaction a commit, one order of positions. At the end of a
    with block they are committed, or dropped when it raised."""

    def __init__(self, target: Any, name: str, options: Mapping[str, Any]) -> None:
        self._tables: List[Changes] = []
        self._hold(
            _calls.call(
                lib.incload_changes_new_group,
                target._pointer,
                _calls.encoded(name),
                _calls.options_pointer(options),
            )
        )

    def table(self, table: str, **options: "Unpack[ChangesOptions]") -> Changes:
        """Add a table; push its events to what this gives."""
        added = Changes(None, table, options, self._pointer)
        self._tables.append(added)
        return added

    def close(self) -> None:
        """Give it back, with its tables."""
        while self._tables:
            self._tables.pop().close()
        super().close()


class ChangesStep(Step):
    """Changes as a step, alone or in a pipeline. ``fetch(changes, unit)`` is called again and again: it pushes what
    comes behind ``changes.position``, and returns False (or raises Yield, with a delay) when there may be more,
    anything else when it has caught up."""

    def __init__(
        self, changes: Changes, fetch: Callable[[Changes, functions.Unit], Any], **options: "Unpack[ChangesStepOptions]"
    ) -> None:
        def fetches(unit: functions.Unit) -> Any:
            return fetch(changes, unit)

        self._kept = functions.Kept(fetches)
        self._hold(
            _calls.call(
                lib.incload_step_new_changes,
                changes._pointer,
                _calls.options_pointer(options),
                lib.incload_python_fetch,
                functions.keep(self._kept),
                lib.incload_python_destroy,
            )
        )

    def start(self, **options: Any) -> Run:
        run = super().start(**options)
        run._kept = self._kept
        return run


@_calls.called_by_library
def incload_python_fetch(changes: Any, pointer: Any, user_data: Any) -> int:
    kept = ffi.from_handle(user_data)
    unit = functions.Unit(pointer)
    try:
        return int(lib.INCLOAD_YIELD if kept.function(unit) is False else lib.INCLOAD_DONE)
    except BaseException as exception:  # noqa: B902 - nothing may pass into C
        return functions.failed(pointer, kept, exception)
    finally:
        unit._end()
