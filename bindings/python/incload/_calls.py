# SPDX-License-Identifier: Apache-2.0
"""Calls into the shared library: errors become exceptions, handles are given back once, options become text."""

from __future__ import annotations

import datetime
import threading
from typing import Any, Callable, Dict, Iterable, Mapping, Optional, TypeVar

from . import errors
from ._incload import ffi, lib

Option = object
H = TypeVar("H", bound="Handle")
F = TypeVar("F", bound=Callable[..., Any])

_JOIN_SECONDS = 0.1  # how long Python's signal handlers may have to wait


def called_by_library(function: F) -> F:
    """Makes it what C calls under the same name."""
    exported: F = ffi.def_extern()(function)
    return exported


def text(pointer: Any) -> str:
    """A text of the library."""
    return "" if pointer == ffi.NULL else ffi.string(pointer).decode("utf-8", "replace")


def text_or_none(pointer: Any) -> Optional[str]:
    return None if pointer == ffi.NULL else text(pointer)


def told(function: Callable[..., Any], *arguments: Any) -> str:
    """A text that belongs to an object: the arguments keep the object until the text is copied."""
    return text(function(*arguments))


def told_or_none(function: Callable[..., Any], *arguments: Any) -> Optional[str]:
    return text_or_none(function(*arguments))


def told_bytes(function: Callable[..., Any], *arguments: Any) -> Optional[bytes]:
    """As told(), of a function that gives a pointer and, through its last parameter, a size."""
    size = ffi.new("size_t *")
    data = function(*arguments, size)
    return None if data == ffi.NULL else bytes(ffi.buffer(data, size[0]))


def encoded(value: Optional[str]) -> Any:
    """A text for the library; None is NULL."""
    if value is None:
        return ffi.NULL
    if not isinstance(value, str):
        raise TypeError(f"a str is needed, not {type(value).__name__}")
    if "\0" in value:
        raise ValueError("a text for a database cannot hold a NUL character")
    return ffi.new("char[]", value.encode())


def error_of(pointer: Any) -> errors.Error:
    """The exception for an error of the library; the reference stays the caller's."""
    cause = lib.incload_error_cause(pointer)
    error = errors.make(
        text(lib.incload_error_name(pointer)),
        text(lib.incload_error_message(pointer)),
        code=lib.incload_error_code(pointer),
        sqlstate=text(lib.incload_error_sqlstate(pointer)),
        native_code=lib.incload_error_native_code(pointer),
        retryable=bool(lib.incload_error_is_retryable(pointer)),
        step=text(lib.incload_error_step(pointer)),
        unit=text(lib.incload_error_unit(pointer)),
        details={
            text(lib.incload_error_detail_key(pointer, index)): text(lib.incload_error_detail_value(pointer, index))
            for index in range(lib.incload_error_detail_count(pointer))
        },
    )
    if cause != ffi.NULL:
        error.__cause__ = error_of(cause)
    return error


def taken_error(pointer: Any) -> Optional[errors.Error]:
    """As error_of(), and gives the reference back; None for none."""
    if pointer == ffi.NULL:
        return None
    try:
        return error_of(pointer)
    finally:
        lib.incload_error_unref(pointer)


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function whose last parameter is the error. Other threads run meanwhile."""
    place = ffi.new("incload_error **")
    result = function(*arguments, place)
    error = taken_error(place[0])
    if error is not None:
        arguments = ()  # the traceback keeps this frame: it would keep the handle of a closed object as well
        raise error
    return result


def interruptible(function: Callable[..., Any], pointer: Any, stop: Callable[[Any], Any]) -> None:
    """As call(), by a thread of its own: an exception that comes meanwhile, such as KeyboardInterrupt, stops it, waits
    for its end and goes on."""
    failure: "list[BaseException]" = []

    def work() -> None:
        try:
            call(function, pointer)
        except BaseException as exception:
            failure.append(exception)

    thread = threading.Thread(target=work, name="incload", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(_JOIN_SECONDS)
    except BaseException:
        stop(pointer)
        thread.join()
        raise
    finally:
        pointer = None  # see call()
    if failure:
        raise failure.pop()


class Handle:
    """Something of the library that is given back once: by close(), at the end of a with block, or when it is
    dropped.

    Other threads may close it at any time. A call under way holds what ``_pointer`` gave it among its arguments, so
    that the library's object lives until the last such call has returned; what is read from it in several calls keeps
    it in a variable meanwhile."""

    _kind = ""
    _held: Any = None

    def _hold(self, pointer: Any) -> None:
        if pointer == ffi.NULL:
            raise errors.plain(errors.InternalError, f"the library made no {self._kind} and told no error")
        self._held = ffi.gc(pointer, getattr(lib, f"incload_{self._kind}_unref"))

    @property
    def _pointer(self) -> Any:
        held = self._held  # once: it may be closed from here on
        if held is None:
            raise errors.plain(errors.InterfaceError, f"this {type(self).__name__} is closed")
        return held

    def close(self) -> None:
        """Give it back. What another thread has under way by it goes on to its end; a second call does nothing."""
        self._held = None

    def __enter__(self: H) -> H:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.close()


class Lent:
    """Something of the library that is lent to a function of this program while it runs. Its other threads may hold
    it longer: the library takes it back when none of them uses it, and refuses it to them from then on."""

    def __init__(self, pointer: Any) -> None:
        self._held: Any = pointer
        self._lock = threading.RLock()

    def _ask(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """function(pointer, ...)."""
        with self._lock:
            if self._held is None:
                kind = type(self).__name__.lower()
                raise errors.plain(errors.InterfaceError, f"the function that this {kind} was handed to has returned")
            return function(self._held, *arguments)

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """As _ask(), of a function whose last parameter is the error."""
        return self._ask(lambda pointer: call(function, pointer, *arguments))

    def _text(self, function: Callable[..., Any]) -> str:
        return str(self._ask(lambda pointer: text(function(pointer))))

    def _end(self) -> None:
        with self._lock:
            self._held = None


# ---- options ----


def option_text(value: Option) -> str:
    """The value of an option as the library reads it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.timedelta):
        return f"{-(-value // datetime.timedelta(milliseconds=1))}ms"
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return ",".join(list_item(item) for item in value)
    return str(value)


def list_item(item: object) -> str:
    """A name in a list of the library: in double quotes where it needs them."""
    name = str(item)
    if name and all(letter.isalnum() or letter in "_$." or ord(letter) > 127 for letter in name):
        return name
    return '"' + name.replace('"', '""') + '"'


def names(items: Optional[Iterable[str]]) -> str:
    """A list of names with blanks between, as pipelines read it."""
    if items is None:
        return ""
    if isinstance(items, str):
        items = [items]
    return " ".join(list_item(item) for item in items)


def options_text(options: Mapping[str, Option]) -> str:
    """Options in the form key='value', as every constructor of the library takes them; those that are None are left
    out."""
    words = []
    for name, value in options.items():
        if value is None:
            continue
        quoted = option_text(value).replace("\\", "\\\\").replace("'", "\\'")
        words.append(f"{name}='{quoted}'")
    return " ".join(words)


def options_pointer(options: Mapping[str, Option]) -> Any:
    return encoded(options_text(options))


def known_options(kind: str) -> Dict[str, str]:
    """The options of an object and their defaults, from the library itself."""
    word = encoded(kind)
    return {
        text(lib.incload_option_name(word, index)): text(lib.incload_option_default(word, index))
        for index in range(lib.incload_option_count(word))
    }


def split_options(options: Mapping[str, Option], *kinds: str) -> "list[Dict[str, Option]]":
    """Each option with the first of the objects that has it. What none has goes to the first, which names the
    nearest."""
    tables = [known_options(kind) for kind in kinds]
    parts: "list[Dict[str, Option]]" = [{} for _ in kinds]
    for name, value in options.items():
        for table, part in zip(tables, parts):
            if name in table:
                part[name] = value
                break
        else:
            parts[0][name] = value
    return parts
