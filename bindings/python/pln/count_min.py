"""Count-Min: how often a value came, never too low, and too high by a stated share of the total; pln-sketches(7)."""
import ctypes as C

from . import _c
from .batch import lend
from .sketch import OfCounts, bytes_of, numbers_out


class CountMin(OfCounts):
    """A table of counters. An answer is at most `epsilon` of the total above the true count, but with probability `delta`, and never below.

    `rows` and `columns` may be given instead of both. `update` "conservative" errs less, but takes nothing away and depends on the order. `panes`
    is how many pieces of time are held; rotate begins the next. The seed should be random and secret where values come from strangers.
    """

    _noun, _options, _info = "count_min", _c.CountMinOptions, _c.CountMinInfo
    _words = {"update": {"plain": 1, "conservative": 2}}
    _held_to = ("seed",)

    def __init__(self, epsilon=0.001, delta=0.01, *, rows=0, columns=0, counter_bits=64, update="plain", panes=1, seed=0):
        super().__init__(epsilon=epsilon, delta=delta, rows=rows, columns=columns, counter_bits=counter_bits, update=update, panes=panes, seed=seed)

    def query(self, value):
        """How often a value came: at least its count, and at most so much more as error says."""
        data, count = bytes_of(value), C.c_int64()
        self._call("query", data, len(data), C.byref(count))
        return count.value

    def query_column(self, column):
        """The same for each row of a column, as an array of int64; 0 for a null."""
        schema, rows, kept = lend(column)
        counts, address = numbers_out(rows.contents.length, "q")
        self._call("query_column", schema, rows, address)
        del kept
        return counts

    def error(self):
        """(by how much an answer may be above the true count, with what probability it is not more)."""
        confidence = C.c_double()
        most = self._ask("error", C.byref(confidence))
        return most, confidence.value

    def inner_product(self, other):
        """(the sum over all values of the product of both counts, by how much it may be above the true one): the size of a join."""
        product, error = C.c_double(), C.c_double()
        self._call("inner_product", self._kin(other), C.byref(product), C.byref(error))
        return product.value, error.value

    def rotate(self):
        """Begin a new pane and forget the oldest."""
        self._ask("rotate")
