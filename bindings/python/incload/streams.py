# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL's log into another database: every change of its tables, in the order of their commits, once."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple

from . import _calls, errors, functions
from ._incload import ffi, lib
from .database import Database
from .steps import Step

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import StreamOptions, StreamStepOptions

__all__ = ["Change", "Follower", "FollowerStep", "follow"]

_OPERATIONS = {
    lib.INCLOAD_CHANGE_INSERT: "insert",
    lib.INCLOAD_CHANGE_UPDATE: "update",
    lib.INCLOAD_CHANGE_DELETE: "delete",
    lib.INCLOAD_CHANGE_TRUNCATE: "truncate",
    lib.INCLOAD_CHANGE_READ: "read",
}
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


class Change(_calls.Lent):
    """One change, valid as long as the function runs that it was handed to. Its columns are read and written as those
    of a mapping, as texts; a column that the log does not tell is not in it."""

    @property
    def operation(self) -> str:
        return _OPERATIONS.get(self._ask(lib.incload_change_operation), "")

    @property
    def schema(self) -> str:
        return self._text(lib.incload_change_schema)

    @property
    def table(self) -> str:
        return self._text(lib.incload_change_table)

    @property
    def position(self) -> Tuple[int, int]:
        """The end of its transaction in the source's log, and its number there."""
        places = ffi.new("uint64_t[2]")
        self._call(lib.incload_change_position, places, places + 1)
        return int(places[0]), int(places[1])

    @property
    def committed(self) -> datetime.datetime:
        """When its transaction was committed, by the source's clock."""
        return _EPOCH + datetime.timedelta(microseconds=self._ask(lib.incload_change_committed_us))

    def _values(self, ask: Callable[..., Any]) -> Dict[str, Optional[str]]:
        found: Dict[str, Optional[str]] = self._ask(_values, ask)
        return found

    @property
    def row(self) -> Dict[str, Optional[str]]:
        """The values that it brings, of a delete those that the log tells."""
        return self._values(lib.incload_change_value)

    @property
    def old(self) -> Dict[str, Optional[str]]:
        """The values that an update replaced, where the log tells them."""
        return self._values(lib.incload_change_old_value)

    def __getitem__(self, name: str) -> Optional[str]:
        return self.row[name]

    def __setitem__(self, name: str, value: Optional[str]) -> None:
        self._call(lib.incload_change_set_value, self._ask(_places)[name], _calls.encoded(value))


def _places(change: Any) -> Dict[str, int]:
    count = lib.incload_change_column_count(change)
    return {_calls.text(lib.incload_change_column_name(change, index)): index for index in range(count)}


def _values(change: Any, ask: Callable[..., Any]) -> Dict[str, Optional[str]]:
    found: Dict[str, Optional[str]] = {}
    length = ffi.new("int64_t *")
    for name, index in _places(change).items():
        value = ask(change, index, length)
        if length[0] >= 0:
            text = None if value == ffi.NULL else bytes(ffi.buffer(value, length[0])).decode("utf-8", "replace")
            found[name] = text
    return found


@_calls.called_by_library
def incload_python_change(pointer: Any, user_data: Any) -> int:
    kept = ffi.from_handle(user_data)
    change = Change(pointer)
    try:
        return int(lib.INCLOAD_SKIP if kept.function(change) is False else lib.INCLOAD_DONE)
    except functions.Skip:
        return int(lib.INCLOAD_SKIP)
    except BaseException as exception:  # noqa: B902 - nothing may pass into C
        kept.latest = exception
        return 0
    finally:
        change._end()


class _KeptChange(functions.Kept):
    latest: Optional[BaseException] = None


class Follower(_calls.Handle):
    """Follows a source into a target. ``process`` sees each change of the log before it is applied: it may alter
    values, and returns False (or raises Skip) to leave one out."""

    _kind = "stream"

    def __init__(
        self,
        source: Database,
        into: Database,
        *,
        process: Optional[Callable[[Change], Any]] = None,
        **options: "Unpack[StreamOptions]",
    ) -> None:
        text = _calls.options_pointer(options)
        self._hold(_calls.call(lib.incload_stream_new, source._pointer, into._pointer, text))
        self._kept: Optional[_KeptChange] = None
        if process is not None:
            self._kept = _KeptChange(process)
            handle = functions.keep(self._kept)
            _calls.call(
                lib.incload_stream_set_function,
                self._pointer,
                lib.incload_python_change,
                handle,
                lib.incload_python_destroy,
            )

    def run(self) -> "Follower":
        """Follow until what the option ``until`` says, or stop(). It copies the tables at first, and goes on behind the
        target's position later. An exception that comes meanwhile, such as KeyboardInterrupt, stops it: what was read
        whole is committed."""
        try:
            _calls.interruptible(lib.incload_stream_run, self._pointer, lib.incload_stream_stop)
        except errors.CallbackError as error:
            if self._kept is not None and self._kept.latest is not None:
                error.__cause__ = self._kept.latest
            raise
        return self

    def stop(self) -> None:
        """Let a run end soon: what was read whole is committed first. From any thread, also from ``process``."""
        lib.incload_stream_stop(self._pointer)

    def cancel(self) -> None:
        """Break a run off: nothing more lands."""
        lib.incload_stream_cancel(self._pointer)

    def remove(self) -> None:
        """Take the slot away from the source, and the position from the target."""
        _calls.call(lib.incload_stream_remove, self._pointer)

    @property
    def position(self) -> Tuple[int, int]:
        """Where the last committed change stands: the end of its transaction in the log, and its number there."""
        places = ffi.new("uint64_t[2]")
        _calls.call(lib.incload_stream_position, self._pointer, places, places + 1)
        return int(places[0]), int(places[1])

    @property
    def lag_bytes(self) -> int:
        """Of the source's log, between its end, as it was seen last, and the committed position."""
        return int(lib.incload_stream_lag_bytes(self._pointer))

    @property
    def lag_seconds(self) -> float:
        """How old the last committed change was when it was committed in the target."""
        return int(lib.incload_stream_lag_us(self._pointer)) / 1e6

    @property
    def retained_bytes(self) -> int:
        """Of the log that the source keeps for the slot."""
        return int(lib.incload_stream_retained_bytes(self._pointer))

    @property
    def alarm(self) -> bool:
        """Whether that is more than the option ``slot_alarm`` allows."""
        return bool(lib.incload_stream_alarm(self._pointer))

    @property
    def changes(self) -> Dict[str, int]:
        """How many changes of each kind were handed to the target; ``read`` are rows of the first copy."""
        return {name: int(lib.incload_stream_changes(self._pointer, code)) for code, name in _OPERATIONS.items()}

    @property
    def received(self) -> int:
        """How far the source's log was read: a place in it."""
        return int(lib.incload_stream_received(self._pointer))

    @property
    def confirmed(self) -> int:
        """How far the source was told that it need not keep the log."""
        return int(lib.incload_stream_confirmed(self._pointer))

    @property
    def transactions(self) -> int:
        return int(lib.incload_stream_transactions(self._pointer))

    @property
    def commits(self) -> int:
        """In the target, each of many transactions of the source."""
        return int(lib.incload_stream_commits(self._pointer))


class FollowerStep(Step):
    """A follower as a step, alone or in a pipeline: until it has caught up, a position is reached, or its run is
    drained."""

    def __init__(self, follower: Follower, **options: "Unpack[StreamStepOptions]") -> None:
        self._hold(_calls.call(lib.incload_step_new_stream, follower._pointer, _calls.options_pointer(options)))


def follow(
    source: Database,
    *,
    into: Database,
    process: Optional[Callable[[Change], Any]] = None,
    **options: "Unpack[StreamOptions]",
) -> Follower:
    """Follow PostgreSQL's log, on this thread: snapshot, hand-over, changes. See Follower."""
    return Follower(source, into, process=process, **options).run()
