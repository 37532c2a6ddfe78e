"""Batches in memory, as the input and the output of a graph and as a stream for other libraries."""
import ctypes as C
import itertools

from . import _c
from ._c import lib
from ._handle import Handle, call, make
from .batch import Batch, Schema, capsule


class Table(Handle):
    """Batches in memory. The output of memory.write and the input of memory.read: g.add("out", "memory.write", table=t)."""

    _free = lib.pln_table_free

    def __init__(self, runtime, schema=None):
        kept = Schema.of(runtime, schema) if schema is not None else None
        super().__init__(make(lib.pln_table_new, runtime._handle, None if kept is None else C.byref(kept.raw)), runtime)

    def append(self, batch):
        call(lib.pln_table_append, self._handle, batch._handle)

    def __len__(self):
        return lib.pln_table_rows(self._handle)

    def batches(self):
        for i in range(lib.pln_table_count(self._handle)):
            yield Batch.share(lib.pln_table_batch(self._handle, i))

    def __arrow_c_stream__(self, requested_schema=None):
        """Reading it empties the table: batches are handed over."""
        return capsule(stream_of(self), b"arrow_array_stream")


# ---- its stream, which other libraries may hold longer than Python holds the table ----

_numbers = itertools.count(1)
_streams = {}  # number -> the library's stream and the table that it reads, which must live as long as whoever has the stream


def _inner(stream):
    return _streams[_c.ArrowArrayStream.from_address(stream).private_data][0]


@_c.STREAM_FN
def _stream_schema(stream, out):
    inner = _inner(stream)
    return _c.STREAM_FN(inner.get_schema)(C.addressof(inner), out)


@_c.STREAM_FN
def _stream_next(stream, out):
    inner = _inner(stream)
    return _c.STREAM_FN(inner.get_next)(C.addressof(inner), out)


@_c.STREAM_ERROR_FN
def _stream_error(stream):
    inner = _inner(stream)
    return _c.STREAM_ERROR_FN(inner.get_last_error)(C.addressof(inner))


@_c.RELEASE_FN
def _stream_release(stream):
    raw = _c.ArrowArrayStream.from_address(stream)
    inner, table = _streams.pop(raw.private_data)
    _c.RELEASE_FN(inner.release)(C.addressof(inner))
    raw.release = None
    table._let_go()


def stream_of(table):
    inner = _c.ArrowArrayStream()
    call(lib.pln_table_stream, table._handle, None, C.byref(inner))
    number = next(_numbers)
    table._holds += 1
    _streams[number] = (inner, table)
    return _c.ArrowArrayStream(*(C.cast(f, C.c_void_p) for f in (_stream_schema, _stream_next, _stream_error, _stream_release)), number)


# C may hold these beyond the life of this module.
for _function in (_stream_schema, _stream_next, _stream_error, _stream_release):
    C.pythonapi.Py_IncRef(C.py_object(_function))
