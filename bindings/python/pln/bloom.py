"""Bloom filter: was this value added? "No" is certain, "yes" is wrong with a probability that is known; pln-sketches(7)."""
import ctypes as C

from . import _c
from ._c import lib
from ._handle import new_bytes
from .batch import lend
from .keys import KEY_SIZE
from .sketch import OfValues, bools_out, buffer_of, bytes_of, whole


def keys_in(keys):
    """Keys of 16 bytes, end to end, and how many there are."""
    data = buffer_of("keys", keys)
    if len(data) % KEY_SIZE:
        raise ValueError(f"keys: {len(data)} bytes, expected {KEY_SIZE} for each")
    return data, len(data) // KEY_SIZE


class Bloom(OfValues):
    """A filter with room for so many `expected` values at an `error`, the probability of a false yes once they are in; or of so many `bytes` instead.

    The seed should be random and secret where values come from strangers. Keys are those of pln.Keys, 16 bytes each.
    """

    _noun, _options, _info = "bloom", _c.BloomOptions, _c.BloomInfo
    _held_to = ("seed",)

    def __init__(self, expected=1000000, error=0.01, *, bytes=0, seed=0):
        super().__init__(expected=expected, error=error, bytes=bytes, seed=seed)

    @staticmethod
    def bytes_for(expected, error):
        """The bytes that a filter for so many values and this error has; None for what cannot be."""
        size = lib.pln_bloom_bytes_for(whole("expected", expected), error)
        return None if size < 0 else size

    @staticmethod
    def error_for(bytes, values):
        """The probability of a false yes of a filter of so many bytes with so many values in it."""
        return lib.pln_bloom_error_for(whole("bytes", bytes), whole("values", values))

    def add_keys(self, keys):
        data, n = keys_in(keys)
        self._call("add_keys", data, n)

    def contains(self, value):
        """Whether a value, text, bytes or a number, was added: no is certain."""
        data, found = bytes_of(value), C.c_int32()
        self._call("contains", data, len(data), C.byref(found))
        return found.value != 0

    __contains__ = contains

    def contains_column(self, column):
        """The same for each row of a column, as truth values; no for a null."""
        schema, rows, kept = lend(column)
        n = rows.contents.length
        bits = new_bytes((n + 7) // 8)
        self._call("contains_column", schema, rows, bits)
        del kept
        return bools_out(bits, n)

    def contains_keys(self, keys):
        return self._keys("contains_keys", keys)

    def put_keys(self, keys):
        """For each key whether it was there, be it from a key before it in this call; those that were not are added."""
        return self._keys("put_keys", keys)

    def error(self):
        """The probability of a false yes now, counted from the bits that are set."""
        return self._ask("error")

    def _keys(self, verb, keys):
        data, n = keys_in(keys)
        bits = new_bytes((n + 7) // 8)
        self._call(verb, data, n, bits)
        return bools_out(bits, n)
