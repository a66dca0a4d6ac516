# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, under the names that PEP 249 gives to databases' errors."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple, Type

__all__ = [
    "BusyError",
    "CallbackError",
    "CancelledError",
    "CheckError",
    "ConflictError",
    "DataError",
    "DatabaseError",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "TimeoutError",
    "Warning",
]


class Warning(UserWarning):  # noqa: A001 - the name is PEP 249's
    """Something that a person should look at, and that stops nothing."""


class Error(Exception):
    """What all errors of the library are.

    ``code`` is the status code and ``name`` its name (``"INCLOAD_E_CONFLICT"``); ``sqlstate`` and ``native_code`` are
    the server's; ``retryable`` tells whether the same thing may succeed if it is done again; ``step`` and ``unit`` tell
    where it happened; ``details`` are further facts; ``run`` is the run that failed, if there was one. Where a Python
    function raised, its exception is ``__cause__``.
    """

    code: int = 0
    name: str = ""
    sqlstate: str = ""
    native_code: int = 0
    retryable: bool = False
    step: str = ""
    unit: str = ""
    details: Dict[str, str] = {}
    run: Any = None

    def __reduce__(self) -> "Tuple[Any, ...]":
        # It may pass to another process; the run, and the exception of a function, are of this one.
        return type(self), self.args, {key: value for key, value in self.__dict__.items() if key != "run"}


class InterfaceError(Error):
    """The library was used in a way it cannot work: a closed handle, a handle of the parent process."""


class DatabaseError(Error):
    """A database, or what was asked of it, is the cause."""


class DataError(DatabaseError):
    """A value or type cannot be held exactly, a check refused rows, or a watermark is missing. Nothing was changed."""


class OperationalError(DatabaseError):
    """The database could not be reached, refused the user, or was busy."""


class IntegrityError(DatabaseError):
    """A constraint of the target refused a row."""


class InternalError(DatabaseError):
    """The library or a driver broke a promise: please report it."""


class ProgrammingError(DatabaseError):
    """An argument or option is wrong, or an object does not exist."""


class NotSupportedError(DatabaseError):
    """This build, server or driver cannot do it; the message says what can."""


class TimeoutError(OperationalError):  # noqa: A001 - it is one: see below
    """A deadline passed."""


class CancelledError(OperationalError):
    """The run was cancelled."""


class ConflictError(OperationalError):
    """A deadlock, a lock's time limit or a serialization failure: a retry may succeed."""


class BusyError(OperationalError):
    """Another run holds the load, or has moved its watermark."""


class CallbackError(OperationalError):
    """A function of the host failed; its exception is ``__cause__``."""


class CheckError(DataError):
    """A guard or check refused the staged rows; nothing was published."""


_CLASSES: Dict[str, Type[Error]] = {
    "INVALID": ProgrammingError,
    "NO_MEMORY": OperationalError,
    "STATE": InterfaceError,
    "UNKNOWN_OPTION": ProgrammingError,
    "UNSUPPORTED": NotSupportedError,
    "FORKED": InterfaceError,
    "CONNECT": OperationalError,
    "AUTH": OperationalError,
    "PERMISSION": OperationalError,
    "TIMEOUT": TimeoutError,
    "CANCELLED": CancelledError,
    "CONFLICT": ConflictError,
    "BUSY": BusyError,
    "NOT_FOUND": ProgrammingError,
    "EXISTS": ProgrammingError,
    "TYPE": DataError,
    "DATA": DataError,
    "CONSTRAINT": IntegrityError,
    "NULL_CURSOR": DataError,
    "STATE_MISSING": DataError,
    "SQL": ProgrammingError,
    "PROTOCOL": InternalError,
    "COMMIT_UNKNOWN": OperationalError,
    "CALLBACK": CallbackError,
    "INTERNAL": InternalError,
    "CHECK": CheckError,
}


def class_of(name: str) -> Type[Error]:
    """The class for the name of a status code."""
    return _CLASSES.get(name[len("INCLOAD_E_") :], DatabaseError)


def make(name: str, message: str, **attributes: Any) -> Error:
    """An error with all that is known of it."""
    error = class_of(name)(message)
    error.name = name
    for key, value in attributes.items():
        setattr(error, key, value)
    return error


def plain(error_class: Type[Error], message: str, cause: Optional[BaseException] = None) -> Error:
    """An error that the binding itself found."""
    error = error_class(message)
    error.__cause__ = cause
    return error
