"""What all sketches have in common: options by name, values and columns in, numbers out, bytes."""
import array
import ctypes as C
import numbers
import operator
import struct

from . import _c
from ._c import lib
from ._handle import Handle, call, lent, make, new_bytes, number_of, word_of
from .batch import Column, lend, memory_of

# ---- in ----


def whole(noun, value, kind=_c.i64):
    """A whole number as C takes it: ctypes would cut one that is too large."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{noun} is {value!r}, expected a whole number") from None
    if kind(number).value != number:
        sign = "" if kind in (_c.u32, _c.u64) else " and a sign"
        raise ValueError(f"{noun} is {number}, expected a number of {8 * C.sizeof(kind)} bits{sign}")
    return number


def bytes_of(value):
    """The bytes that a value has in a column: those of a text, the 8 of a number."""
    if isinstance(value, numbers.Integral):
        number = int(value)
        return number.to_bytes(8, "little", signed=number < 0)
    if isinstance(value, numbers.Real):
        number = float(value)
        return struct.pack("<d", number + 0.0) if number == number else b"\0\0\0\0\0\0\xf8\x7f"  # -0.0 is 0.0, and there is one NaN
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"a {type(value).__name__} is no text, bytes or number")


def buffer_of(noun, data):
    """What anything holds in bytes; bytes(5) would be five bytes."""
    if isinstance(data, bytes):
        return data
    try:
        return memoryview(data).tobytes()
    except TypeError:
        raise TypeError(f"{noun}: a {type(data).__name__} is no bytes") from None


def numbers_in(noun, values, code):
    """Numbers as C reads them, "d" or "q": address, how many, and what has to live as long. Those that lie so are lent, others copied."""
    if isinstance(values, (str, bytes, bytearray)):
        raise TypeError(f"{noun}: a {type(values).__name__} is no list of numbers")
    if isinstance(values, Column):
        values._batch._handle  # raises for a batch that was closed
        if values.null_count:
            raise ValueError(f"{noun}: column {values.name} has {values.null_count} nulls")
    raw = memory_of(values)
    if raw is not None and raw[1] == {"d": "f8", "q": "i8"}[code] and raw[0] % 8 == 0:
        return raw[0], raw[3], raw[4]
    try:
        copied = array.array(code, values)
    except (TypeError, OverflowError) as e:
        raise type(e)(f"{noun}: {e}") from None
    return copied.buffer_info()[0], len(copied), copied


def weights_in(weights, n):
    """A weight for each of n rows, or None for 1 each; and what has to live as long."""
    if weights is None:
        return None, None
    address, found, kept = numbers_in("weights", weights, "q")
    if found != n:
        raise ValueError(f"weights: there are {found} for {n} rows")
    return address, kept


# ---- out ----


def numbers_out(n, code):
    """Room for n numbers, and its address."""
    room = array.array(code, bytes(8 * n))
    return room, room.buffer_info()[0]


_BITS = [bytes(byte >> i & 1 for byte in range(256)) for i in range(8)]


def bools_out(bits, n):
    """n bits as truth values: eight passes in C, no step of Python's for a row."""
    rows = bytearray(8 * len(bits))
    for i, bit in enumerate(_BITS):
        rows[i::8] = bits.translate(bit)
    return memoryview(rows)[:n].cast("?")


# ---- classes ----

NUMBERS = _c.i32, _c.i64, _c.u32, _c.u64, _c.f64  # what an option may be


def options_of(noun, struct, given, words={}):
    """The option struct of a noun by reference: defaults, and what was given; None is not. `words`: the numbers of words, by option."""
    raw, kinds = struct(), dict(struct._fields_)
    getattr(lib, f"pln_{noun}_options_init")(C.byref(raw), C.sizeof(raw))
    for name, value in given.items():
        if name in ("struct_size", "reserved") or kinds.get(name) not in NUMBERS:
            raise TypeError(f"a {noun} has no option {name!r}")
        if value is not None:
            value = number_of(name, value, words[name]) if name in words else value
            setattr(raw, name, value if kinds[name] is _c.f64 else whole(name, value, kinds[name]))
    return C.byref(raw)


class Noun(Handle):
    """A noun of the C interface, whose functions begin with its name, and its options."""

    _noun = _options = None
    _words = {}  # options that are words here and numbers in C

    def __init_subclass__(cls):
        if cls._noun is not None:
            cls._free = cls._c("free")

    @classmethod
    def _c(cls, verb):
        return getattr(lib, f"pln_{cls._noun}_{verb}")

    @classmethod
    def _given(cls, **options):
        return options_of(cls._noun, cls._options, options, cls._words)

    def _ask(self, verb, *arguments):
        """A call that cannot fail."""
        return self._c(verb)(self._handle, *arguments)

    def _call(self, verb, *arguments):
        return call(self._c(verb), self._handle, *arguments)

    def _lent(self, verb, *arguments):
        return lent(self._c(verb), self._handle, *arguments)


class Summary(Noun):
    """What sketches, indexes and profiles have."""

    def merge(self, other):
        """Add all that was added to another one."""
        self._call("merge", self._kin(other))

    def memory(self):
        """The bytes that it holds."""
        return self._ask("memory")


class Described(Summary):
    """What sketches and indexes have."""

    _info = None
    _flags = ()  # what info says with 0 and 1

    def clear(self):
        """Forget all that was added."""
        self._ask("clear")

    def info(self):
        """What it is and holds: a dict of what the C header names."""
        raw = self._info(struct_size=C.sizeof(self._info))
        self._ask("info_get", C.byref(raw))
        found = {name: getattr(raw, name) for name, _ in raw._fields_ if name not in ("struct_size", "reserved")}
        for name in found.keys() & self._words.keys():
            found[name] = word_of(found[name], self._words[name])
        return {**found, **{name: bool(found[name]) for name in self._flags}}


class Written(Noun):
    """What is made of options alone and written into bytes. It needs no runtime, and is freed by close, at the end of a `with`, or with its last
    reference."""

    _forms = {"native": 1}

    def __init__(self, **options):
        super().__init__(make(self._c("new"), None, self._given(**options)))

    @classmethod
    def _form(cls, form):
        number = number_of("form", form, cls._forms)
        return (number,) if len(cls._forms) > 1 else ()

    def to_bytes(self, form="native"):
        """A serialized form. The native one is the same for the same values and options in every language."""
        form, size = self._form(form), C.c_int64()
        data = new_bytes(max(self._ask("size", *form), 0))  # -1 if it has no such form: the call says why
        self._call("write", *form, data, len(data), C.byref(size))
        return data

    @classmethod
    def from_bytes(cls, data, **options):
        """Out of bytes, which may come from anybody, with the options of a new one; the bytes have none."""
        data = buffer_of("from_bytes", data)
        return cls._adopt(make(cls._c("read"), None, cls._given(**options), data, len(data)))


class Sketch(Described, Written):
    """Answers for many rows are an array.array of numbers or a memoryview of truth values; numpy.asarray looks at both without a copy."""

    _held_to = ()  # options that bytes can be held to when they are read

    def copy(self):
        return self._adopt(make(self._c("copy"), self._handle))

    @classmethod
    def from_bytes(cls, data, form="native", **options):
        """A sketch out of bytes, which may come from anybody. Where a sketch has a secret seed, the bytes have only a fingerprint of it: without `seed` it
        can be merged and written, but takes no values; with it the bytes must be of that seed."""
        for name in options:
            if name not in cls._held_to:
                raise TypeError(f"the bytes of a {cls.__name__} are read without {name!r}")
        held_to, data = any(value is not None for value in options.values()), buffer_of("from_bytes", data)
        return cls._adopt(make(cls._c("read"), None, *cls._form(form), cls._given(**options) if held_to else None, data, len(data)))


class OfValues(Sketch):
    """A sketch of values."""

    def add(self, value):
        """Add one value: text, bytes or a number. A column at a time is many times faster."""
        data = bytes_of(value)
        self._call("add", data, len(data))

    def add_column(self, column):
        """Add a column, leaving nulls out: one of a batch, anything with __arrow_c_array__, or numbers of numpy or array.array; it is not copied."""
        schema, rows, kept = lend(column)
        self._call("add_column", schema, rows)
        del kept


class OfCounts(Sketch):
    """A sketch of values with weights."""

    def add(self, value, weight=1):
        """Add one value, text, bytes or a number, so many times. A column at a time is many times faster."""
        data = bytes_of(value)
        self._call("add", data, len(data), whole("weight", weight))

    def add_column(self, column, weights=None):
        """Add a column, leaving nulls out: one of a batch, anything with __arrow_c_array__, or numbers of numpy or array.array; it is not copied, nor are
        weights of 64 bits, one for each row."""
        schema, rows, kept = lend(column)
        address, held = weights_in(weights, rows.contents.length)
        self._call("add_column", schema, rows, address)
        del kept, held

    def total(self):
        """The sum of all weights."""
        return self._ask("total")
