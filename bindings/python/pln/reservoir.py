"""A reservoir: k rows chosen at random from a stream of unknown length, in one pass; pln-sketches(7)."""
import ctypes as C

from . import _c
from .sketch import Sketch, bytes_of, whole

PICKS = 1024


class Reservoir(Sketch):
    """A sample of k rows, every set of k equally likely. It keeps the bytes that rows are added with, or says which rows of a batch go to which of k slots
    of the program's own:

        for row, slot in sample.offer(len(batch)):
            slots[slot] = batch["id"][row]

    The seed, of the coin, should be random and secret where rows come from strangers. Parts of one stream have their `first_row`, the number
    of their first row.
    """

    _noun, _options, _info = "reservoir", _c.ReservoirOptions, _c.ReservoirInfo

    def __init__(self, k=1000, *, seed=0, first_row=0):
        super().__init__(k=k, seed=seed, first_row=first_row)

    def add(self, row):
        """One row comes by, of which the bytes are kept if it comes in. offer is many times faster."""
        data = bytes_of(row)
        self._call("add", data, len(data))

    def offer(self, n):
        """So many rows come by: a list of (row, slot), in order, of those that come in. A later one may take the slot of one before."""
        n, at, picks = whole("n", n), 0, []
        raw, count, taken = (_c.ReservoirPick * PICKS)(), C.c_int64(), C.c_int64()
        while True:
            self._call("offer", n - at, raw, PICKS, C.byref(count), C.byref(taken))
            picks += [(at + pick.row, pick.slot) for pick in raw[:count.value]]
            at += taken.value
            if at >= n:
                return picks

    def items(self):
        """(number, bytes) of the row in each slot; no bytes for one that was offered."""
        number, data, size, items = C.c_int64(), C.c_void_p(), C.c_int64(), []
        for slot in range(self.info()["held"]):
            self._call("item", slot, C.byref(number), C.byref(data), C.byref(size))
            items.append((number.value, C.string_at(data, size.value) if size.value else b""))
        return items

    def error(self, share):
        """The standard error of a share of rows that was seen in the sample; 0 while every row is held."""
        return self._ask("error", share)

    def merge(self, other):
        """Become a sample of the rows of both. A list of (slot of the other, slot here), for a program that keeps rows of its own."""
        picks, count = (_c.ReservoirPick * self.info()["k"])(), C.c_int64()
        self._call("merge", self._kin(other), picks, C.byref(count))
        return [(pick.row, pick.slot) for pick in picks[:count.value]]
