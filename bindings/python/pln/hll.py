"""HyperLogLog: how many different values there are, from a few kilobytes; pln-sketches(7)."""
import array
import collections
import ctypes as C
import numbers

from . import _c
from ._c import lib
from ._handle import Handle, call, make, new_bytes, number_of
from .batch import lend

HASHES = {"xxh3": 1, "redis": 2, "datasketches": 3}
FORMS = {"native": 1, "redis": 2, "datasketches": 3}

Overlap = collections.namedtuple("Overlap", "union_size intersection intersection_error jaccard jaccard_error")


def options_of(hash, seed, precision=None):
    options = _c.HllOptions()
    lib.pln_hll_options_init(C.byref(options), C.sizeof(options))
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed {seed} has not 64 bits")
    options.hash, options.seed = number_of("hash", hash, HASHES), seed
    options.precision = options.precision if precision is None else precision
    return options


class Hll(Handle):
    """A sketch of a set of values. Its standard error is 1.039 / sqrt(2 ** precision): 0.8 % at 14, in 16 KiB at most.

    `hash` is "xxh3", or "redis" or "datasketches" for sketches that those read; only "xxh3" has a seed, which should be random and
    secret where values come from strangers. Equal values of different types count once if their columns would: 5 of an int8 and of a uint64.
    """

    _free = lib.pln_hll_free

    def __init__(self, precision=14, seed=0, hash="xxh3"):
        super().__init__(make(lib.pln_hll_new, None, C.byref(options_of(hash, seed, precision))))

    def add(self, value):
        """Add one value: text, bytes or a number. A column at a time is many times faster."""
        if isinstance(value, numbers.Integral):
            self.add_column(array.array("q" if value < 0 else "Q", [value]))
        elif isinstance(value, numbers.Real):
            self.add_column(array.array("d", [value]))
        elif isinstance(value, (str, bytes, bytearray, memoryview)):
            data = value.encode() if isinstance(value, str) else bytes(value)
            call(lib.pln_hll_add, self._handle, data, len(data))
        else:
            raise TypeError(f"a {type(value).__name__} is no text, bytes or number")

    def add_hash(self, hash):
        """Add one value by its 64-bit hash."""
        call(lib.pln_hll_add_hash, self._handle, hash)

    def add_column(self, column):
        """Add a column, leaving nulls out: one of a batch, anything with __arrow_c_array__, or numbers of numpy or array.array; it is not copied."""
        schema, rows, kept = lend(column)
        call(lib.pln_hll_add_column, self._handle, schema, rows)
        del kept

    def estimate(self):
        """How many different values were added."""
        return lib.pln_hll_estimate(self._handle)

    def standard_error(self):
        """Relative to the number."""
        return lib.pln_hll_standard_error(self._handle)

    def interval(self, errors=2):
        """(low, high) that holds the true number if the estimate is off by so many standard errors at most: 2 for 95 % of sketches."""
        low, high = C.c_double(), C.c_double()
        lib.pln_hll_interval(self._handle, errors, C.byref(low), C.byref(high))
        return low.value, high.value

    def merge(self, other):
        """Add all values of another sketch of the same hash and seed; of different precisions the lower one remains."""
        call(lib.pln_hll_merge, self._handle, self._kin(other))

    def intersect(self, other):
        """Union, intersection and Jaccard index with another sketch, and their standard errors, as an Overlap."""
        raw = _c.HllOverlap(struct_size=C.sizeof(_c.HllOverlap))
        call(lib.pln_hll_intersect, self._handle, self._kin(other), C.byref(raw))
        return Overlap(*(getattr(raw, name) for name in Overlap._fields))

    def fold(self, precision):
        """Bring it down to a lower precision."""
        call(lib.pln_hll_fold, self._handle, precision)

    def copy(self):
        return self._adopt(make(lib.pln_hll_copy, self._handle))

    def clear(self):
        """Forget all values."""
        lib.pln_hll_clear(self._handle)

    def info(self):
        """What it is and holds: precision, hash, sparse, fingerprint, registers, memory_bytes."""
        raw = _c.HllInfo(struct_size=C.sizeof(_c.HllInfo))
        lib.pln_hll_info_get(self._handle, C.byref(raw))
        found = {name: getattr(raw, name) for name, _ in raw._fields_[1:]}
        return {**found, "hash": next(name for name, number in HASHES.items() if number == raw.hash), "sparse": bool(raw.sparse)}

    def to_bytes(self, form="native"):
        """A serialized form: "native", "redis" (what GET gives for a key of PFADD) or "datasketches"."""
        form = number_of("form", form, FORMS)
        data, size = new_bytes(max(lib.pln_hll_size(self._handle, form), 0)), C.c_int64()
        call(lib.pln_hll_write, self._handle, form, data, len(data), C.byref(size))
        return data

    @classmethod
    def from_bytes(cls, data, form="native", seed=None, hash=None):
        """A sketch out of bytes, which may come from anybody. Without its seed it can be merged, asked and written, but takes no values; if `seed` or
        `hash` is given, the bytes must be of it."""
        options = None if seed is None and hash is None else C.byref(options_of(hash or "xxh3", seed or 0))
        return cls._adopt(make(lib.pln_hll_read, None, number_of("form", form, FORMS), options, bytes(data), len(data)))
