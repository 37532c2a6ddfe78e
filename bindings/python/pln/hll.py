"""HyperLogLog: how many different values there are, from a few kilobytes; pln-sketches(7)."""
import collections
import ctypes as C

from . import _c
from .sketch import OfValues, whole

Overlap = collections.namedtuple("Overlap", "union_size intersection intersection_error jaccard jaccard_error")


class Hll(OfValues):
    """A sketch of a set of values. Its standard error is 1.039 / sqrt(2 ** precision): 0.8 % at 14, in 16 KiB at most.

    `hash` is "xxh3", or "redis" or "datasketches" for sketches that those read; only "xxh3" has a seed, which should be random and
    secret where values come from strangers. Equal values of different types count once if their columns would: 5 of an int8 and of a uint64.
    The forms are "native", "redis" (what GET gives for a key of PFADD) and "datasketches"; bytes can be held to `seed` and `hash`.
    """

    _noun, _options, _info = "hll", _c.HllOptions, _c.HllInfo
    _words = {"hash": {"xxh3": 1, "redis": 2, "datasketches": 3}}
    _flags = ("sparse",)
    _forms = {"native": 1, "redis": 2, "datasketches": 3}
    _held_to = ("seed", "hash")

    def __init__(self, precision=14, seed=0, hash="xxh3"):
        super().__init__(precision=precision, seed=seed, hash=hash)

    def add_hash(self, hash):
        """Add one value by its 64-bit hash."""
        self._call("add_hash", whole("hash", hash, _c.u64))

    def estimate(self):
        """How many different values were added."""
        return self._ask("estimate")

    def standard_error(self):
        """Relative to the number."""
        return self._ask("standard_error")

    def interval(self, errors=2):
        """(low, high) that holds the true number if the estimate is off by so many standard errors at most: 2 for 95 % of sketches."""
        low, high = C.c_double(), C.c_double()
        self._ask("interval", errors, C.byref(low), C.byref(high))
        return low.value, high.value

    def intersect(self, other):
        """Union, intersection and Jaccard index with another sketch, and their standard errors, as an Overlap."""
        raw = _c.HllOverlap(struct_size=C.sizeof(_c.HllOverlap))
        self._call("intersect", self._kin(other), C.byref(raw))
        return Overlap(*(getattr(raw, name) for name in Overlap._fields))

    def fold(self, precision):
        """Bring it down to a lower precision."""
        self._call("fold", whole("precision", precision, _c.i32))
