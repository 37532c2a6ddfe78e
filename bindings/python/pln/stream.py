"""Rows that come batch by batch: Arrow streams, and whatever else can be read as one."""
import ctypes as C
import itertools

from . import _c
from ._c import lib
from ._handle import Handle, make
from .batch import Batch, Schema, capsule, move, pointer_in
from .table import Table


class Stream(Handle):
    """An Arrow stream that is taken from anything with __arrow_c_stream__, and read, or given on, once."""

    def __init__(self, runtime, producer):
        self._raw, self._runtime = _c.ArrowArrayStream(), runtime
        made = producer.__arrow_c_stream__()
        move("stream", C.cast(pointer_in(made, b"arrow_array_stream"), _c.StreamP).contents, self._raw)
        super().__init__(C.addressof(self._raw), runtime)
        self.schema = Schema._filled(runtime, lambda out: self._ask(self._raw.get_schema, out._obj))

    @staticmethod
    def _free(address):
        raw = _c.ArrowArrayStream.from_address(address)
        if raw.release:
            _c.RELEASE_FN(raw.release)(address)

    def _ask(self, function, out):
        code = _c.STREAM_FN(function)(self._handle, C.addressof(out))
        if code:
            why = _c.STREAM_ERROR_FN(self._raw.get_last_error)(self._handle)
            raise OSError(code, C.string_at(why).decode("utf-8", "replace") if why else "the stream failed and gives no reason")
        return out

    def __iter__(self):
        while (array := self._ask(self._raw.get_next, _c.ArrowArray())).release:
            schema = self._ask(self._raw.get_schema, _c.ArrowSchema())  # each batch has one of its own
            yield Batch(make(lib.pln_batch_import, self._runtime._handle, C.byref(schema), C.byref(array)))

    def __arrow_c_stream__(self, requested_schema=None):
        given = _c.ArrowArrayStream()
        move("stream", self._raw, given)
        return capsule(given, b"arrow_array_stream")


def taken(runtime, producer):
    """The stream of a producer. Texts and lists in forms that the library does not read are brought into those that it does by pyarrow, where it is
    installed: polars and pandas have no others."""
    stream = Stream(runtime, producer)
    if not unread(stream.schema.raw):
        return stream
    try:
        import pyarrow
    except ImportError:
        return stream  # the library says which column it is
    reader = pyarrow.RecordBatchReader.from_stream(stream)
    fields = [field.with_type(read_type(pyarrow, field.type)) for field in reader.schema]
    return Stream(runtime, reader.cast(pyarrow.schema(fields)))


def unread(schema):
    """Whether there is text with 64-bit offsets or views of it, or a list of that sort, anywhere in it."""
    inner = [schema.children[i].contents for i in range(schema.n_children)] + ([schema.dictionary.contents] if schema.dictionary else [])
    return schema.format in (b"U", b"Z", b"vu", b"vz", b"+L") or any(map(unread, inner))


def read_type(pa, kind):
    is_a = pa.types
    if is_a.is_large_string(kind) or is_a.is_string_view(kind):
        return pa.string()
    if is_a.is_large_binary(kind) or is_a.is_binary_view(kind):
        return pa.binary()
    if is_a.is_list(kind) or is_a.is_large_list(kind):
        return pa.list_(kind.value_field.with_type(read_type(pa, kind.value_type)))
    if is_a.is_struct(kind):
        return pa.struct([field.with_type(read_type(pa, field.type)) for field in kind])
    if is_a.is_dictionary(kind):
        return pa.dictionary(kind.index_type, read_type(pa, kind.value_type), kind.ordered)
    return kind


def read(runtime, rows):
    """(schema, batches) of a batch, a table, anything with __arrow_c_stream__ or __arrow_c_array__, or an iterable of batches. A table stays as it is."""
    if isinstance(rows, Batch):
        rows = [rows]
    elif isinstance(rows, Table) and len(rows):
        rows = rows.batches()
    elif hasattr(rows, "__arrow_c_stream__"):
        stream = taken(runtime, rows)
        return stream.schema, iter(stream)
    elif hasattr(rows, "__arrow_c_array__"):
        rows = [rows]
    if isinstance(rows, (str, bytes, dict)):
        raise TypeError(f"a {type(rows).__name__} is no rows: give a batch, a table, or anything with __arrow_c_stream__ or __arrow_c_array__")
    batches = iter(rows)
    first = next(batches, None)
    if first is None:
        raise ValueError("there is no batch to take the columns from")
    return Schema(runtime, first), itertools.chain([first], batches)
