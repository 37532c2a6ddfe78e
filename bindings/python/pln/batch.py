"""Rows in Arrow memory: schemas, batches, their columns, and how columns are lent to and from other libraries."""
import ctypes as C

from . import _c
from ._c import lib
from ._handle import Handle, call, make, make_text


class Schema(Handle):
    """Columns, from their text ("id int64 not null, name utf8") or of anything with __arrow_c_schema__ or __arrow_c_array__, such as a batch."""

    def __init__(self, runtime, columns):
        self.raw = _c.ArrowSchema()
        if isinstance(columns, str):
            call(lib.pln_schema_parse, runtime._handle, columns.encode(), C.byref(self.raw))
        else:
            made = columns.__arrow_c_schema__() if hasattr(columns, "__arrow_c_schema__") else columns.__arrow_c_array__()[0]
            theirs = C.cast(pointer_in(made, b"arrow_schema"), _c.SchemaP).contents
            move("schema", theirs, self.raw)
        self._keep(runtime)

    @classmethod
    def of(cls, runtime, columns):
        """A schema as it is, or one of what the constructor takes."""
        return columns if isinstance(columns, cls) else cls(runtime, columns)

    @classmethod
    def _filled(cls, runtime, fill):
        """Columns that a call fills in."""
        made = cls.__new__(cls)
        made.raw = _c.ArrowSchema()
        fill(C.byref(made.raw))
        made._keep(runtime)
        return made

    def _keep(self, runtime):
        self._runtime = runtime
        Handle.__init__(self, C.addressof(self.raw), runtime)

    def text(self):
        """The columns as text, as the constructor takes it."""
        return make_text(self._runtime, lib.pln_schema_text, self._runtime._handle, C.byref(self.raw))

    @staticmethod
    def _free(address):
        _c.RELEASE_FN(_c.ArrowSchema.from_address(address).release)(address)


def move(noun, theirs, ours):
    """What is in a capsule is taken out of it, once."""
    if not theirs.release:
        raise ValueError(f"the {noun} was taken by somebody else before")
    C.memmove(C.byref(ours), C.byref(theirs), C.sizeof(theirs))
    theirs.release = None


def shape(schema):
    """What two schemas have in common if rows of one can be read by the other: formats, and the names within structs."""
    named = schema.format == b"+s"
    inner = [schema.children[i].contents for i in range(schema.n_children)]
    return (schema.format, tuple((child.name if named else None, shape(child)) for child in inner),
            shape(schema.dictionary.contents) if schema.dictionary else None)


class Rows:
    """Rows of one schema, or of some of its fields. The library sees an array without its schema, so the schema is held to the one that is meant here."""

    def __init__(self, runtime, schema, whose, fields=()):
        self._runtime, self._whose = runtime, whose
        self.names = [(schema.raw.children[i].contents.name or b"").decode("utf-8", "replace") for i in range(schema.raw.n_children)]
        self._used = [i for i, name in enumerate(self.names) if not fields or any(f"{field}.".startswith(f"{name}.") for field in fields)]
        self._want = self._look(schema.raw)

    def fitting(self, rows):
        """The rows as a batch."""
        rows = rows if isinstance(rows, Batch) else self._runtime.from_arrow(rows)
        found = self._look(lib.pln_batch_schema(rows._handle).contents)
        if found != self._want:
            raise TypeError(f"the rows have {told(found)}; the {self._whose} of {told(self._want)}")
        return rows

    def _look(self, schema):
        """What is relied on: how many columns there are, and those that are read."""
        read = [schema.children[i].contents for i in self._used if i < schema.n_children]
        return schema.n_children, [(column.name, shape(column)) for column in read]


def told(found):
    columns = ", ".join(f"{name.decode('utf-8', 'replace')} ({kind[0].decode()})" for name, kind in found[1])
    return f"{found[0]} columns, among them {columns}"


# ---- columns ----

NUMPY = {"c": "|i1", "C": "|u1", "s": "<i2", "S": "<u2", "i": "<i4", "I": "<u4", "l": "<i8", "L": "<u8", "f": "<f4", "g": "<f8",
         "tdD": "<i4", "tts": "<i4", "ttm": "<i4", "ttu": "<i8", "ttn": "<i8"}
UNITS = {"s": "s", "m": "ms", "u": "us", "n": "ns"}


def numpy_type(format):
    return f"<M8[{UNITS[format[2]]}]" if format.startswith("ts") else NUMPY.get(format)


class Column:
    """A column of a batch. numpy.asarray(column) is a view of its values; what stands at a null is not defined there."""

    def __init__(self, batch, schema, array):
        self._batch, self._schema, self._array = batch, schema, array
        self.name, self.format = schema.name.decode(), schema.format.decode()

    def __len__(self):
        return self._array.length

    @property
    def __array_interface__(self):
        kind = numpy_type(self.format)
        if kind is None:
            raise TypeError(f"column {self.name} of format {self.format!r} has no numpy type")
        width = 8 if kind[1] == "M" else int(kind[2:])
        data = (self._array.buffers[1] or 0) + self._array.offset * width
        return {"data": (data, True), "typestr": kind, "shape": (len(self),), "version": 3}

    @property
    def null_count(self):
        count = self._array.null_count
        return count if count >= 0 else sum(1 for row in range(len(self)) if not self.valid(row))

    def valid(self, row):
        bits = self._array.buffers[0]
        if not bits or self._array.null_count == 0:
            return True
        at = row + self._array.offset
        return bool(C.c_uint8.from_address(bits + at // 8).value >> (at % 8) & 1)

    def _bytes(self, row):
        offsets = (C.c_int32 * 2).from_address(self._array.buffers[1] + 4 * (row + self._array.offset))
        return C.string_at((self._array.buffers[2] or 0) + offsets[0], offsets[1] - offsets[0])

    def __getitem__(self, row):
        if not 0 <= row < len(self):
            raise IndexError(row)
        if not self.valid(row):
            return None
        if self.format == "u":
            return self._bytes(row).decode()
        if self.format == "z":
            return self._bytes(row)
        at = row + self._array.offset
        if self.format == "b":
            return bool(C.c_uint8.from_address(self._array.buffers[1] + at // 8).value >> (at % 8) & 1)
        return self.view()[row]

    def view(self):
        """The values as a ctypes array over the column's own memory; valid while the batch is."""
        code = {"tdD": "i", "tts": "i", "ttm": "i"}.get(self.format) or ("l" if self.format[0] == "t" else self.format)
        kind = {"c": C.c_int8, "C": C.c_uint8, "s": C.c_int16, "S": C.c_uint16, "i": C.c_int32, "I": C.c_uint32, "l": C.c_int64,
                "L": C.c_uint64, "f": C.c_float, "g": C.c_double}.get(code)
        if kind is None:
            raise TypeError(f"values of format {self.format!r} are read through Arrow")
        return (kind * len(self)).from_address((self._array.buffers[1] or 0) + self._array.offset * C.sizeof(kind))

    def to_list(self):
        return [self[row] for row in range(len(self))]


class Batch(Handle):
    """Rows in Arrow memory. Immutable, counted."""

    _free = lib.pln_batch_unref

    def __len__(self):
        return lib.pln_batch_rows(self._handle)

    @classmethod
    def share(cls, lent):
        return cls(lib.pln_batch_ref(lent))

    @property
    def names(self):
        schema = lib.pln_batch_schema(self._handle).contents
        return [schema.children[i].contents.name.decode() for i in range(schema.n_children)]

    def __getitem__(self, column):
        index = column if isinstance(column, int) else self.names.index(column)
        schema, array = lib.pln_batch_schema(self._handle).contents, lib.pln_batch_array(self._handle).contents
        if not 0 <= index < schema.n_children:
            raise IndexError(column)
        return Column(self, schema.children[index].contents, array.children[index].contents)

    def slice(self, offset, length):
        return Batch(make(lib.pln_batch_slice, self._handle, offset, length))

    def to_dict(self):
        return {name: self[i].to_list() for i, name in enumerate(self.names)}

    def __arrow_c_schema__(self):
        schema = _c.ArrowSchema()
        call(lib.pln_batch_export, self._handle, C.byref(schema), None)
        return capsule(schema, b"arrow_schema")

    def __arrow_c_array__(self, requested_schema=None):
        schema, array = _c.ArrowSchema(), _c.ArrowArray()
        call(lib.pln_batch_export, self._handle, C.byref(schema), C.byref(array))
        return capsule(schema, b"arrow_schema"), capsule(array, b"arrow_array")

    def __eq__(self, other):
        return isinstance(other, Batch) and bool(lib.pln_batch_equal(self._handle, other._handle))

    __hash__ = Handle.__hash__


def memory_of(values):
    """Address, numpy's letters, width and count of what lies in memory in one piece, or None."""
    interface = getattr(values, "__array_interface__", None)
    if interface is not None and len(interface["shape"]) == 1 and interface.get("strides") is None:
        kind = interface["typestr"].lstrip("<|")
        return (interface["data"][0], kind, 0, interface["shape"][0], values) if kind[0] in "iufM" else None
    if interface is not None:
        return None
    try:
        view = memoryview(values)
    except (TypeError, ValueError):
        return None
    if view.ndim != 1 or not view.c_contiguous or view.format not in "bBhHiIlLqQfd":
        return None
    # ctypes gives the address of memory that may be written to; of other it takes a copy.
    kept = C.create_string_buffer(view.tobytes(), view.nbytes or 1) if view.readonly else (C.c_char * view.nbytes).from_buffer(view)
    letter = "f" if view.format in "fd" else "i" if view.format.islower() else "u"
    return C.addressof(kept), f"{letter}{view.itemsize}", view.itemsize, len(view), kept


def lend(column):
    """A column as pointers to an Arrow schema and array, and what has to live as long as they are used.

    It is a column of a batch, anything with __arrow_c_array__, or numbers in one piece of memory (numpy, array.array).
    """
    if isinstance(column, Column):
        column._batch._handle  # its memory is gone with a batch that was closed: this raises
        return C.pointer(column._schema), C.pointer(column._array), column
    if hasattr(column, "__arrow_c_array__"):
        made = column.__arrow_c_array__()
        return (C.cast(pointer_in(made[0], b"arrow_schema"), _c.SchemaP), C.cast(pointer_in(made[1], b"arrow_array"), _c.ArrayP), made)
    raw = None if isinstance(column, (str, bytes, bytearray)) else memory_of(column)
    letter = raw and next((letter for letter, kind in NUMPY.items() if kind[1:] == raw[1]), None)
    if not letter:
        raise TypeError(f"a {type(column).__name__} is no column: give one of a batch, anything with __arrow_c_array__, or numbers that lie in "
                        "one piece (numpy, array.array)")
    address, _, _, n, kept = raw
    if n and address % int(raw[1][1:]):
        raise TypeError("the numbers are not aligned; give a copy of them")
    buffers = (C.c_void_p * 2)(None, address)
    array = _c.ArrowArray(length=n, n_buffers=2, buffers=buffers)
    return C.pointer(_c.ArrowSchema(format=letter.encode(), name=b"")), C.pointer(array), kept


# ---- Arrow PyCapsules ----

_new_capsule = C.PYFUNCTYPE(C.py_object, C.c_void_p, C.c_char_p, C.c_void_p)(("PyCapsule_New", C.pythonapi))
_pointer_of = C.PYFUNCTYPE(C.c_void_p, C.c_void_p, C.c_char_p)(("PyCapsule_GetPointer", C.pythonapi))
_name_of = C.PYFUNCTYPE(C.c_char_p, C.c_void_p)(("PyCapsule_GetName", C.pythonapi))
_handed_out = {}  # address of a struct -> the struct and its name


@C.PYFUNCTYPE(None, C.c_void_p)
def _forget(dying):
    # The capsule is being destroyed: it comes as a number, for an object reference would revive it.
    if _pointer_of is None:
        return  # the interpreter is going down
    address = _pointer_of(dying, _name_of(dying))
    structure, _ = _handed_out.pop(address, (None, None))
    if structure is not None and structure.release:
        _c.RELEASE_FN(structure.release)(address)


def capsule(structure, name):
    address = C.addressof(structure)
    _handed_out[address] = (structure, name)
    return _new_capsule(address, name, C.cast(_forget, C.c_void_p))


def pointer_in(made, name):
    return _pointer_of(id(made), name)
