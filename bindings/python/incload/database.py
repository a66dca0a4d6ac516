# SPDX-License-Identifier: Apache-2.0
"""A database: one string names it, one handle pools its connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from . import _calls, arrow
from ._incload import ffi, lib
from .capture import Capture
from .changes import ChangeGroup, Changes
from .context import Context

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import CaptureOptions, ChangesOptions, DatabaseOptions

__all__ = ["Call", "Database"]


class Call(_calls.Handle):
    """Statements to a database that another thread can interrupt: ``cancel()`` ends what is under way, at the server as
    well, and refuses all that comes later."""

    _kind = "call"

    def __init__(self, database: "Database") -> None:
        self._hold(_calls.call(lib.incload_call_new, database._pointer))

    def check(self) -> None:
        """As ``Database.check``."""
        _calls.call(lib.incload_call_check, self._pointer)

    def execute(self, sql: str) -> int:
        """As ``Database.execute``."""
        rows = ffi.new("int64_t *")
        _calls.call(lib.incload_call_execute, self._pointer, _calls.encoded(sql), rows)
        return int(rows[0])

    def query(self, sql: str) -> arrow.Stream:
        """As ``Database.query``; the reading of its rows is interrupted as well."""
        structure = arrow.new_structure("ArrowArrayStream")
        _calls.call(lib.incload_call_query, self._pointer, _calls.encoded(sql), structure)
        return arrow.Stream(structure)

    def cancel(self) -> None:
        """Other calls to the same database, and runs, go on. From any thread; of one that is closed nothing happens."""
        held = self._held
        if held is not None:
            lib.incload_call_cancel(held)


class Database(_calls.Handle):
    """``postgresql://user@host:port/name?...`` or ``odbc:Driver=...;...``. Nothing is connected before it is needed."""

    _kind = "database"

    def __init__(self, url: str, *, context: Optional[Context] = None, **options: "Unpack[DatabaseOptions]") -> None:
        self.context = context
        text = _calls.options_pointer(options)
        if context is None:
            self._hold(_calls.call(lib.incload_database_new, _calls.encoded(url), text))
        else:
            self._hold(_calls.call(lib.incload_database_new_in, context._pointer, _calls.encoded(url), text))

    @classmethod
    def of_rows(
        cls, rows: Any, *, context: Optional[Context] = None, **options: "Unpack[DatabaseOptions]"
    ) -> "Database":
        """Rows that this program has, as the source of one load: anything with ``__arrow_c_stream__`` (a table or
        reader of pyarrow, a DataFrame of pandas or Polars, a relation of DuckDB), or an iterable of batches and
        DataFrames. It is one table by any name, and read once."""
        source = cls.__new__(cls)
        source.context = context
        structure, kept = arrow.stream_of(rows)
        pointer = _calls.call(
            lib.incload_database_new_arrow,
            ffi.NULL if context is None else context._pointer,
            structure,
            _calls.options_pointer(options),
        )
        source._hold(pointer)
        del kept  # the library has taken what the capsule held
        return source

    def __repr__(self) -> str:
        return "<incload.Database>"  # its url may hold a password

    def check(self) -> None:
        """Connect, and make sure that the server answers."""
        _calls.call(lib.incload_database_check, self._pointer)

    @property
    def dialect(self) -> str:
        """``"postgres"``, ``"mariadb"``, ``"sqlite"``, ``"sqlserver"``, ``"ansi"``, or ``"arrow"`` of rows;
        found out by connecting once."""
        return _calls.text(_calls.call(lib.incload_database_dialect, self._pointer))

    def set(self, name: str, value: Any) -> "Database":
        """Set one option, until it is used first."""
        _calls.call(
            lib.incload_database_set, self._pointer, _calls.encoded(name), _calls.encoded(_calls.option_text(value))
        )
        return self

    def capture(
        self, table: str, target: "Database", target_table: str, **options: "Unpack[CaptureOptions]"
    ) -> Capture:
        """Changes of a table by triggers, carried to a table of another database."""
        return Capture(self, table, target, target_table, **options)

    def execute(self, sql: str) -> int:
        """Run one statement that returns no rows; gives the rows affected, -1 when the server does not say."""
        rows = ffi.new("int64_t *")
        _calls.call(lib.incload_database_execute, self._pointer, _calls.encoded(sql), rows)
        return int(rows[0])

    def query(self, sql: str) -> arrow.Stream:
        """Run one query and read its result as Arrow batches."""
        structure = arrow.new_structure("ArrowArrayStream")
        _calls.call(lib.incload_database_query, self._pointer, _calls.encoded(sql), structure)
        return arrow.Stream(structure)

    def call(self) -> Call:
        """Statements that another thread can interrupt."""
        return Call(self)

    def changes(self, table: str, **options: "Unpack[ChangesOptions]") -> Changes:
        """Events for a table: inserts, updates and deletes that are folded per key and land in one transaction."""
        return Changes(self, table, options)

    def change_group(self, name: str, /, **options: "Unpack[ChangesOptions]") -> ChangeGroup:
        """Events for several tables that land together, with their position under this name."""
        return ChangeGroup(self, name, options)
