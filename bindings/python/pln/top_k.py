"""Top-k: the heaviest of many items with bounds that hold, from a fixed number of entries; pln-sketches(7)."""
import collections
import ctypes as C
import struct

from . import _c
from ._handle import number_of
from .sketch import OfCounts, bytes_of, whole

Entry = collections.namedtuple("Entry", "item lower estimate upper")
Bounds = collections.namedtuple("Bounds", "lower estimate upper")

GUARANTEES = {"no false positives": 1, "no false negatives": 2}
NUMBERS = {"int64": "<q", "uint64": "<Q", "float64": "<d"}


class TopK(OfCounts):
    """Up to `capacity` items and their counts: lower <= count <= upper always holds, and no item without an entry has a count above error().

    The seed, of the places of entries, should be random and secret where items come from strangers; it changes no answer and no byte. The forms are
    "native", and "datasketches longs" and "datasketches strings" for frequent items of Apache DataSketches.
    """

    _noun, _options, _info = "top_k", _c.TopKOptions, _c.TopKInfo
    _forms = {"native": 1, "datasketches longs": 2, "datasketches strings": 3}
    _held_to = ("seed",)

    def __init__(self, capacity=1024, *, item_bytes_limit=4096, seed=0):
        super().__init__(capacity=capacity, item_bytes_limit=item_bytes_limit, seed=seed)

    def estimate(self, item):
        """The count of an item, text, bytes or a number: its bounds and their middle."""
        data, lower, upper = bytes_of(item), C.c_int64(), C.c_int64()
        middle = self._ask("estimate", data, len(data), C.byref(lower), C.byref(upper))
        return Bounds(lower.value, middle, upper.value)

    def error(self):
        """No bounds are further apart, and no item without an entry came more often."""
        return self._ask("error")

    def list(self, wanted=10, threshold=0, guarantee="no false positives", items="bytes"):
        """The heaviest items over a threshold, as a list of Entry by falling estimate.

        "no false positives": all that are listed came more often than the threshold. "no false negatives": all that did are listed, for a threshold of
        error() or more. The sketch knows bytes only; `items` says what they are: "text", "int64", "uint64" or "float64".
        """
        number, wanted = number_of("guarantee", guarantee, GUARANTEES), whole("wanted", wanted)
        room = max(min(wanted, self.info()["entries"]), 1)
        raw, found = (_c.TopKEntry * room)(), C.c_int64()
        raw[0].struct_size = C.sizeof(_c.TopKEntry)
        self._call("list", number, whole("threshold", threshold), min(wanted, room), raw, C.byref(found))
        return [Entry(read(entry, items), entry.lower, entry.estimate, entry.upper) for entry in raw[:min(found.value, wanted)]]


def read(entry, items):
    item = C.string_at(entry.bytes, entry.size) if entry.size else b""
    if items == "bytes":
        return item
    if items == "text":
        return item.decode()
    if len(item) != 8:
        raise ValueError(f"items: {item!r} is no {items}")
    return struct.unpack(number_of("items", items, NUMBERS), item)[0]
