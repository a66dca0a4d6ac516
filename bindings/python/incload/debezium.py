# SPDX-License-Identifier: Apache-2.0
"""Change events out as messages of Debezium, for a program that produces them to Kafka or elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping, Optional, Tuple

from . import _calls, arrow, errors, functions
from ._incload import ffi, lib
from .changes import Position, operation_code, texts, value_text

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._options import DebeziumOptions
    from .database import Database

__all__ = ["DebeziumWriter"]

Send = Callable[[Optional[str], Optional[str]], Any]


class _KeptSend(functions.Kept):
    latest: Optional[BaseException] = None


class DebeziumWriter(_calls.Handle):
    """Calls ``send(key, value)`` with each message, both JSON or None: of a table of ``source``, whose columns are
    looked up, or of a ``schema`` of Arrow (anything with ``__arrow_c_schema__``)."""

    _kind = "debezium"

    def __init__(
        self,
        source: "Optional[Database]",
        table: str,
        send: Send,
        *,
        schema: Any = None,
        **options: "Unpack[DebeziumOptions]",
    ) -> None:
        if (source is None) == (schema is None):
            raise errors.plain(errors.ProgrammingError, "a writer needs either a database or the schema of its table")
        self._kept = _KeptSend(send)
        text = _calls.options_pointer(options)
        callback = (lib.incload_python_message, functions.keep(self._kept), lib.incload_python_destroy)
        if source is not None:
            made = _calls.call(lib.incload_debezium_new, source._pointer, _calls.encoded(table), text, *callback)
        else:
            capsule = schema.__arrow_c_schema__()
            structure = arrow.structure_in(capsule, "ArrowSchema")
            name = _calls.encoded(table)
            made = _calls.call(lib.incload_debezium_new_for, ffi.NULL, name, structure, text, *callback)
        self._hold(made)

    @property
    def topic(self) -> str:
        """Where Debezium would send the messages."""
        return _calls.told(lib.incload_debezium_topic, self._pointer)

    @property
    def header(self) -> Optional[Tuple[str, str]]:
        """While ``send`` runs: the header of its message, of a change of a key."""
        name = _calls.told(lib.incload_debezium_header_name, self._pointer)
        return (name, _calls.told(lib.incload_debezium_header_value, self._pointer)) if name else None

    def write(
        self,
        operation: str,
        row: Optional[Mapping[str, object]] = None,
        *,
        old: Optional[Mapping[str, object]] = None,
        position: Position = 0,
        committed_us: int = 0,
    ) -> None:
        """One event, told as to Changes.push(); its messages are sent before this returns."""
        row, old = row or {}, old or {}
        major, minor = position if isinstance(position, tuple) else (position, 0)
        parts = [texts(list(old)), texts([value_text(value) for value in old.values()])]
        parts += [texts(list(row)), texts([value_text(value) for value in row.values()])]
        arrays = [array for array, _ in parts]
        try:
            _calls.call(
                lib.incload_debezium_write,
                self._pointer,
                operation_code(operation),
                arrays[0],
                arrays[1],
                len(old),
                arrays[2],
                arrays[3],
                len(row),
                major,
                minor,
                committed_us,
            )
        except errors.CallbackError as error:
            error.__cause__, self._kept.latest = self._kept.latest, None
            raise


def _message(data: Any, size: int) -> Optional[str]:
    return None if data == ffi.NULL else bytes(ffi.buffer(data, size)).decode()


@_calls.called_by_library
def incload_python_message(key: Any, key_size: int, value: Any, value_size: int, user_data: Any) -> int:
    kept = ffi.from_handle(user_data)
    try:
        kept.function(_message(key, key_size), _message(value, value_size))
        return int(lib.INCLOAD_DONE)
    except BaseException as exception:  # noqa: B902 - nothing may pass into C
        kept.latest = exception
        return 0
