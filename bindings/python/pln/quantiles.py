"""Quantiles: median, percentiles, ranks and histograms of many numbers, from a few kilobytes; pln-sketches(7)."""
import ctypes as C
import numbers

from . import _c
from .sketch import OfValues, numbers_in, numbers_out


class Quantiles(OfValues):
    """A sketch of numbers. The rank of a quantile is off by at most 2.296 / k ** 0.9723 of all, 1.33 % at 200, with a probability of 99 %.

    `kind` is "float64", or "int64" for integers, dates and times that must stay exact. The seed, of the coin, should be random and secret where
    numbers come from strangers.
    """

    _noun, _options, _info = "quantiles", _c.QuantilesOptions, _c.QuantilesInfo
    _words = {"kind": {"float64": 1, "int64": 2}}
    _flags = ("exact",)

    def __init__(self, k=200, *, kind="float64", seed=0):
        super().__init__(k=k, kind=kind, seed=seed)

    def add(self, value):
        """Add one number. A column at a time is many times faster."""
        if isinstance(value, numbers.Integral) and -2**63 <= value < 2**63:
            self._call("add_int64", C.byref(C.c_int64(int(value))), 1, None, 0)
        elif isinstance(value, numbers.Real):
            self._call("add", float(value))
        else:
            raise TypeError(f"a {type(value).__name__} is no number")

    def quantile(self, fraction):
        """The number whose rank is that part of all: 0.5 the median, 0 the minimum, 1 the maximum."""
        return self.quantiles([fraction])[0]

    def quantiles(self, fractions):
        """The same for each of many, in any order; an array of float64, or of int64 of that kind."""
        code = "q" if self.info()["kind"] == "int64" else "d"
        return self._answer("quantiles_int64" if code == "q" else "quantiles", "fractions", fractions, code)

    def bounds(self, fraction):
        """(low, high): the quantile is between them with a probability of 99 %."""
        low, high = C.c_double(), C.c_double()
        self._call("bounds", fraction, C.byref(low), C.byref(high))
        return low.value, high.value

    def ranks(self, values):
        """For each value the part of all numbers that are less or equal."""
        return self._answer("ranks", "values", values, "d")

    def histogram(self, splits):
        """About how many numbers are at most splits[0]; above it and at most splits[1]; ... above the last: one more than there are splits."""
        return self._answer("histogram", "splits", splits, "q", 1)

    def error(self):
        """(of one rank, of the part between two numbers), as parts of all, with a probability of 99 %; 0 while every number is held."""
        one_rank, between = C.c_double(), C.c_double()
        self._ask("error", C.byref(one_rank), C.byref(between))
        return one_rank.value, between.value

    def info(self):
        """What it is and holds: a dict of what the C header names, minimum and maximum as numbers of the kind."""
        found = super().info()
        whole = {name: found.pop(name + "_int64") for name in ("minimum", "maximum")}
        return {**found, **whole} if found["kind"] == "int64" and found["n"] > 0 else found

    def _answer(self, verb, noun, values, code, more=0):
        address, n, kept = numbers_in(noun, values, "d")
        answers, room = numbers_out(n + more, code)
        self._call(verb, address, n, room)
        del kept
        return answers
