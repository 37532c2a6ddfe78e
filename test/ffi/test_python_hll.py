#!/usr/bin/env python3
"""HyperLogLog from Python: columns of every kind that can be lent, answers within their errors, and clear errors for the others."""
import array
import math
import random

from binding import check, end, pln, refused, skip
from pln.batch import _handed_out


def same(hll, values, **options):
    """As if each value had been added by itself."""
    one = pln.Hll(**options)
    for value in values:
        one.add(value)
    return hll.to_bytes() == one.to_bytes()


def columns(rt):
    """A column of whatever origin is its values."""
    numbers = [5, 2**63, 17, 5]
    for what, column in (("array.array", array.array("Q", numbers)), ("memoryview", memoryview(array.array("Q", numbers))),
                         ("a column", rt.batch("v uint64 not null", {"v": array.array("Q", numbers)})["v"])):
        hll = pln.Hll()
        hll.add_column(column)
        check(f"numbers of {what}", same(hll, numbers))
    for code in "bhilqBHILQ":
        hll = pln.Hll()
        hll.add_column(array.array(code, [5, 100, 0]))
        check(f"numbers of type {code}", same(hll, [0, 5, 100]))
    for code in "fd":
        hll = pln.Hll()
        hll.add_column(array.array(code, [5, -0.0, math.nan]))
        check(f"floats of type {code}", same(hll, [0.0, 5.0, -math.nan]))
    hll, texts = pln.Hll(10, seed=3), ["a", None, "", "größer"]
    hll.add_column(rt.batch("v utf8", {"v": texts})["v"])
    check("texts without nulls", same(hll, [b"a", bytearray(b""), memoryview("größer".encode())], precision=10, seed=3))
    hll.clear()
    hll.add_column(array.array("q"))
    check("no rows", hll.estimate() == 0 and hll.info()["registers"] == 0)
    growing = array.array("q", [1])
    hll.add_column(growing)
    growing.append(2)
    check("an array is its owner's again", len(growing) == 2)
    hll = pln.Hll()
    hll.add(True)
    hll.add_column(rt.batch("v bool", {"v": [True, None]})["v"])
    check("a boolean is a number", same(hll, [1]))


def numpy_columns():
    try:
        import numpy as np
    except ImportError:
        return skip("no numpy: its arrays are not lent")
    values = np.arange(50000, dtype="u8")
    hll, half = pln.Hll(), pln.Hll()
    hll.add_column(values)
    hll.add_column(values.astype("i4"))
    check("numpy's numbers", hll.to_bytes() == of_range(50000).to_bytes())
    half.add_column(values[:25000])
    check("a part of an array", half.to_bytes() == of_range(25000).to_bytes())
    for scalar, value in ((np.int32(-5), -5), (np.uint8(5), 5), (np.float32(0.5), 0.5)):
        one = pln.Hll()
        one.add(scalar)
        check(f"{scalar!r} is {value}", same(one, [value]))
    unaligned = np.frombuffer(bytearray(17), "u8", 2, 1)
    refused("numbers out of line", "TypeError", "not aligned", lambda: hll.add_column(unaligned))
    for what, column in (("every other number", values[::2]), ("big-endian numbers", values.astype(">u8")), ("a matrix", values.reshape(2, -1)),
                         ("booleans", np.array([True])), ("texts", np.array(["a"])), ("times", np.array(["2024-01-01"], "M8[s]"))):
        refused(what, "TypeError", "ndarray is no column", lambda: hll.add_column(column))
    return None


def pyarrow_columns():
    try:
        import pyarrow as pa
    except ImportError:
        return skip("no pyarrow: its arrays are not lent")
    for column in (pa.array(["a", None, "b", "a"]), pa.array(["a", None, "b"]).dictionary_encode(), pa.array(["x", "a", "b"])[1:]):
        hll = pln.Hll()
        hll.add_column(column)
        check("pyarrow's texts", same(hll, ["a", "b"]), column)
    return None


def of_range(n):
    hll = pln.Hll()
    hll.add_column(array.array("Q", range(n)))
    return hll


def answers():
    """Against exact numbers, within errors that a sketch of these values keeps."""
    small, large = of_range(1000), of_range(100000)
    check("few values are exact", round(small.estimate()) == 1000 and small.info()["sparse"])
    low, high = large.interval(3)
    check("many are within three errors", low <= 100000 <= high and high - low < 6 * 0.0082 * 100000 and not large.info()["sparse"])
    check("the error is relative", math.isclose(large.standard_error(), 1.039 / 128, rel_tol=0.01))
    found = small.intersect(large)
    check("an intersection", abs(found.intersection - 1000) < 3 * found.intersection_error and
          math.isclose(found.union_size, large.estimate()) and abs(found.jaccard - 0.01) < 3 * found.jaccard_error, found)
    folded, twelve = large.copy(), pln.Hll(12)
    folded.fold(12)
    twelve.add_column(array.array("Q", range(100000)))
    check("folded", folded.to_bytes() == twelve.to_bytes() and large.info()["precision"] == 14)
    small.merge(large)
    check("merged", small.to_bytes() == large.to_bytes())
    hashed, hashes = pln.Hll(), random.Random(1)
    for _ in range(500):
        hashed.add_hash(hashes.getrandbits(64))
    check("by hashes", round(hashed.estimate()) == 500 and hashed.info()["hash"] == "xxh3")


def refusals(rt):
    hll, batch = pln.Hll(), rt.batch("v utf8", {"v": ["x"]})
    for what, column in (("a list", ["a"]), ("a text", "abc"), ("bytes", b"abc"), ("none", None)):
        refused(what, "TypeError", "is no column", lambda: hll.add_column(column))
    refused("a whole batch", "PLN_EUNSUPPORTED", "no hash of a struct", lambda: hll.add_column(batch))
    check("what was lent is given back", not _handed_out, _handed_out)
    for what, value in (("none", None), ("a list", [1]), ("a complex number", 1j)):
        refused(what, "TypeError", "is no text, bytes or number", lambda: hll.add(value))
    refused("a number of 65 bits", "OverflowError", "", lambda: hll.add(2**64))
    refused("a precision", "PLN_EINVAL", "precision is 3, expected 4 to 18", lambda: pln.Hll(3))
    refused("a hash", "ValueError", "hash 'md5' is none of xxh3, redis, datasketches", lambda: pln.Hll(hash="md5"))
    refused("a seed", "ValueError", "seed is -1, expected a number of 64 bits", lambda: pln.Hll(seed=-1))
    refused("a form", "ValueError", "form 'json' is none of native", lambda: hll.to_bytes("json"))
    refused("a form of another hash", "PLN_EUNSUPPORTED", "has no form", lambda: hll.to_bytes("redis"))
    refused("bytes that are none", "PLN_EDATA", "at least 32", lambda: pln.Hll.from_bytes(b"PLNH"))
    refused("a batch to merge", "TypeError", "a Batch is no Hll", lambda: hll.merge(batch))
    refused("another seed", "PLN_ETYPE", "", lambda: hll.merge(pln.Hll(seed=1)))
    secret = pln.Hll.from_bytes(pln.Hll(seed=1).to_bytes())
    refused("a value without the seed", "PLN_ESTATE", "", lambda: secret.add("x"))
    refused("bytes of another seed", "PLN_ETYPE", "", lambda: pln.Hll.from_bytes(pln.Hll(seed=1).to_bytes(), seed=2))
    refused("bytes of another hash", "PLN_ETYPE", "", lambda: pln.Hll.from_bytes(hll.to_bytes(), hash="redis"))
    column = batch["v"]
    batch.close()
    refused("a column of a closed batch", "ValueError", "this Batch is closed", lambda: hll.add_column(column))
    hll.close()
    refused("a closed sketch", "ValueError", "this Hll is closed", lambda: hll.estimate())


def main():
    rt = pln.Runtime()
    columns(rt)
    numpy_columns()
    pyarrow_columns()
    answers()
    refusals(rt)
    end()


main()
