# SPDX-License-Identifier: Apache-2.0
"""Arrow's PyCapsule protocol, by which rows pass to and from pyarrow, Polars, pandas and DuckDB without a copy."""

from __future__ import annotations

import ctypes
from typing import Any, Iterable, Iterator, Tuple

from . import _calls, errors
from ._incload import ffi, lib

__all__ = ["Stream"]

_new = ctypes.pythonapi.PyCapsule_New
_new.restype = ctypes.py_object
_new.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_get = ctypes.pythonapi.PyCapsule_GetPointer
_get.restype = ctypes.c_void_p
_get.argtypes = [ctypes.py_object, ctypes.c_char_p]
_destructor_type = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
_get_raw = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)

# What a consumer did not take is released, and the structures are freed with the capsule.
_structures: "dict[int, Any]" = {}


def _destructor(name: bytes, kind: str) -> Any:
    def destroy(capsule: int) -> None:
        structure = _structures.pop(_get_raw(capsule, name) or 0, None)
        if structure is not None and structure.release != ffi.NULL:
            structure.release(structure)

    return _destructor_type(destroy)


_names = {"ArrowSchema": b"arrow_schema", "ArrowArray": b"arrow_array", "ArrowArrayStream": b"arrow_array_stream"}
_destructors = {kind: _destructor(name, kind) for kind, name in _names.items()}


def new_structure(kind: str) -> Any:
    return ffi.new(f"struct {kind} *")


def capsule(kind: str, structure: Any) -> object:
    """Hands a filled structure to whoever takes the capsule."""
    address = int(ffi.cast("uintptr_t", structure))
    _structures[address] = structure
    return _new(address, _names[kind], ctypes.cast(_destructors[kind], ctypes.c_void_p))


def structure_in(capsule_object: object, kind: str) -> Any:
    """The structure that somebody else's capsule holds."""
    return ffi.cast(f"struct {kind} *", _get(capsule_object, _names[kind]))


def export_batch(batch: Any) -> Tuple[object, object]:
    schema, array = new_structure("ArrowSchema"), new_structure("ArrowArray")
    _calls.call(lib.incload_batch_export, batch, schema, array)
    return capsule("ArrowSchema", schema), capsule("ArrowArray", array)


def one_array(rows: Any) -> Tuple[object, object]:
    if hasattr(rows, "__arrow_c_array__"):
        pair: Tuple[object, object] = rows.__arrow_c_array__()
        return pair
    if not hasattr(rows, "__arrow_c_stream__"):
        raise TypeError(
            f"rows of Arrow are needed, not {type(rows).__name__}: an object with __arrow_c_array__ or "
            "__arrow_c_stream__"
        )
    # Several pieces become one array; only pyarrow does that today.
    import pyarrow

    table = pyarrow.RecordBatchReader.from_stream(rows).read_all().combine_chunks()
    batches = table.to_batches()
    one = batches[0] if batches else pyarrow.RecordBatch.from_pylist([], schema=table.schema)
    pair = one.__arrow_c_array__()
    return pair


def replace_batch(batch: Any, schema_capsule: object, array_capsule: object) -> None:
    schema = structure_in(schema_capsule, "ArrowSchema")
    array = structure_in(array_capsule, "ArrowArray")
    # The library releases both in any case, which also marks them as taken in their capsules.
    _calls.call(lib.incload_batch_replace, batch, schema, array)


def _batches(items: Iterable[Any]) -> Iterator[Any]:
    """The record batches of each item: a batch, or whatever has a stream of them."""
    import pyarrow

    for item in items:
        if hasattr(item, "__arrow_c_array__"):
            yield pyarrow.record_batch(item)
        elif hasattr(item, "__arrow_c_stream__"):
            yield from pyarrow.RecordBatchReader.from_stream(item)
        else:
            raise TypeError(f"a batch of Arrow is needed, not {type(item).__name__}")


def _reader_of(items: Iterable[Any]) -> Any:
    """An iterable of batches as a stream; pyarrow makes one of them."""
    import itertools

    import pyarrow

    batches = _batches(items)
    first = next(batches, None)
    if first is None:
        raise ValueError("an iterable of batches needs one at least: nothing else says which columns there are")
    return pyarrow.RecordBatchReader.from_batches(first.schema, itertools.chain([first], batches))


def stream_of(rows: Any) -> Tuple[Any, object]:
    """The stream that rows are, as a structure and the capsule that holds it."""
    if not hasattr(rows, "__arrow_c_stream__"):
        if hasattr(rows, "__arrow_c_array__"):
            rows = [rows]
        elif isinstance(rows, (str, bytes)) or not hasattr(rows, "__iter__"):
            raise TypeError(
                f"a source is a Database or rows of Arrow, not {type(rows).__name__}: an object with "
                "__arrow_c_stream__, or an iterable of batches"
            )
        rows = _reader_of(rows)
    held = rows.__arrow_c_stream__()
    return structure_in(held, "ArrowArrayStream"), held


class Stream:
    """The rows of a query, batch by batch. Read it once: ``pyarrow.table(stream)``, ``polars.from_arrow(stream)``,
    ``duckdb.from_arrow(stream)`` or whatever else takes an object with ``__arrow_c_stream__``."""

    def __init__(self, structure: Any) -> None:
        self._capsule: Any = capsule("ArrowArrayStream", structure)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        taken, self._capsule = self._capsule, None
        if taken is None:
            raise errors.plain(errors.InterfaceError, "this stream was read already: run the query again")
        return taken

    def close(self) -> None:
        """Give its connection back without reading it."""
        self._capsule = None

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
