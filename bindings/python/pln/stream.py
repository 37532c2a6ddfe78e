"""Rows that come batch by batch: Arrow streams, and whatever else can be read as one."""
import ctypes as C
import itertools

from . import _c
from ._handle import Handle, make
from ._c import lib
from .batch import Batch, Schema, move, pointer_in
from .table import Table


class Stream(Handle):
    """An Arrow stream that is taken from anything with __arrow_c_stream__ and read once."""

    def __init__(self, runtime, producer):
        self._raw, self._runtime = _c.ArrowArrayStream(), runtime
        made = producer.__arrow_c_stream__()
        move("stream", C.cast(pointer_in(made, b"arrow_array_stream"), _c.StreamP).contents, self._raw)
        super().__init__(C.addressof(self._raw), runtime)
        self.schema = self._schema()

    @staticmethod
    def _free(address):
        _c.RELEASE_FN(_c.ArrowArrayStream.from_address(address).release)(address)

    def _ask(self, function, out):
        code = _c.STREAM_FN(function)(self._handle, C.addressof(out))
        if code:
            why = _c.STREAM_ERROR_FN(self._raw.get_last_error)(self._handle)
            raise OSError(code, C.string_at(why).decode("utf-8", "replace") if why else "the stream failed and gives no reason")
        return out

    def _schema(self):
        return Schema._filled(self._runtime, lambda out: self._ask(self._raw.get_schema, out._obj))

    def __iter__(self):
        while (array := self._ask(self._raw.get_next, _c.ArrowArray())).release:
            schema = self._ask(self._raw.get_schema, _c.ArrowSchema())  # each batch has one of its own
            yield Batch(make(lib.pln_batch_import, self._runtime._handle, C.byref(schema), C.byref(array)))


def read(runtime, rows):
    """(schema, batches) of a batch, a table, anything with __arrow_c_array__ or __arrow_c_stream__, or an iterable of batches. A table stays as it is."""
    if hasattr(rows, "__arrow_c_array__"):
        rows = [rows]
    elif isinstance(rows, Table) and len(rows):
        rows = rows.batches()
    elif hasattr(rows, "__arrow_c_stream__"):
        stream = Stream(runtime, rows)
        return stream.schema, iter(stream)
    if isinstance(rows, (str, bytes, dict)):
        raise TypeError(f"a {type(rows).__name__} is no rows: give a batch, a table, or anything with __arrow_c_array__ or __arrow_c_stream__")
    batches = iter(rows)
    first = next(batches, None)
    if first is None:
        raise ValueError("there is no batch to take the columns from")
    return Schema(runtime, first), itertools.chain([first], batches)
