#!/usr/bin/env python3
"""Sketches, samples, indexes and profiles from Python: the bytes that C gives for the same columns, answers against exact ones, clear errors."""
import array
import bisect
import collections
import json
import math
import os
import random
import tempfile

from binding import ROOT, check, end, pln, refused, rows_of, skip

KINDS = {"hll": pln.Hll, "count_min": pln.CountMin, "top_k": pln.TopK, "quantiles": pln.Quantiles, "reservoir": pln.Reservoir,
         "bloom": pln.Bloom, "dedup": pln.Dedup, "profile": pln.Profile}
MERGE_TO_THE_SAME = ("hll", "count_min", "top_k", "bloom")


# ---- the bytes of C ----

def options_of(text):
    """The names of the C header are those of Python."""
    options = dict(word.split("=") for word in text.split())
    return {name: int(value) if value.isdigit() else float(value) if "." in value else value for name, value in options.items()}


def filled(rt, kind, options, batch, weights=None):
    options = dict(options)
    weights = (weights or array.array("q", range(1, len(batch) + 1))) if options.pop("weights", 0) else None
    if kind == "profile":
        made = pln.Profile(rt, batch, **options)
        made.add(batch)
        return made
    made = KINDS[kind](**options)
    if kind == "dedup":
        keys = pln.Keys(rt, batch).batch(batch)
        made.add_with(keys, range(1, len(batch) + 1)) if made.info()["payload"] else made.add(keys)
    elif kind == "reservoir":
        for row in filter(lambda row: row is not None, batch["v"].to_list()):
            made.add(row)
    elif kind in ("count_min", "top_k"):
        made.add_column(batch["v"], weights)
    else:
        made.add_column(batch["v"])
    return made


def written(made, form):
    return made.to_bytes() if isinstance(made, (pln.Dedup, pln.Profile)) else made.to_bytes(form)


def again(rt, kind, options, data, form):
    held_to = {name: value for name, value in options.items() if name in getattr(KINDS[kind], "_held_to", ())}
    if kind == "profile":
        return pln.Profile.from_bytes(rt, data, **options)
    return pln.Dedup.from_bytes(data, seed=options.get("seed", 0)) if kind == "dedup" else KINDS[kind].from_bytes(data, form, **held_to)


def golden(rt, folder):
    with open(os.path.join(ROOT, "test", "unit", "sketch", "columns.txt"), encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file if not line.startswith("#")]
    check("there are golden bytes of every kind", {line[0] for line in lines} == set(KINDS))
    for kind, text, form, columns, rows, wanted in lines:
        what, options = f"{kind} {text} of {columns}", options_of(text)
        batch = rows_of(rt, folder, columns, rows.replace("} {", "}\n{"))
        made = filled(rt, kind, options, batch)
        check(f"{what}: the bytes of C", written(made, form).hex() == wanted, written(made, form).hex())
        check(f"{what}: memory", made.memory() > 0)
        back = again(rt, kind, options, bytearray.fromhex(wanted), form)
        if kind == "dedup":  # its bytes are in the order of the index
            check(f"{what}: read again", len(back) == len(made) and not any(back.add_with(*of_piece(wanted))[0] if made.info()["payload"] else
                                                                            back.add(of_piece(wanted)[0])))
            continue
        check(f"{what}: read again", written(back, form).hex() == wanted)
        if kind in MERGE_TO_THE_SAME and "conservative" not in text and "capacity=3" not in text:
            parts = filled(rt, kind, options, batch.slice(0, 0))
            for row in reversed(range(len(batch))):
                parts.merge(filled(rt, kind, options, batch.slice(row, 1), [row + 1]))
            check(f"{what}: by slices, backwards, merged", written(parts, form).hex() == wanted)


def of_piece(wanted):
    data = bytes.fromhex(wanted)
    n = int.from_bytes(data[8:12], "little")
    return data[16:16 + 16 * n], [0] * n


# ---- answers ----

def skewed(n, seed=1):
    dice = random.Random(seed)
    return array.array("q", (int(dice.paretovariate(1.1)) for _ in range(n)))


def count_min():
    values = skewed(30000)
    exact = collections.Counter(values)
    cm = pln.CountMin(0.001, 0.01, seed=5)
    cm.add_column(values)
    most, confidence = cm.error()
    asked = array.array("q", exact)
    answers = cm.query_column(asked)
    over = [answer - exact[value] for value, answer in zip(asked, answers)]
    check("count-min: never too low, few too high", min(over) >= 0 and sum(o > most for o in over) <= (1 - confidence) * len(over) + 1, most)
    check("count-min: one by one", [cm.query(value) for value in asked[:50]] == answers.tolist()[:50] and cm.query("no value") <= most)
    check("count-min: the total", cm.total() == 30000 and math.isclose(most, cm.info()["epsilon"] * 30000) and 0.99 <= confidence < 1)
    product, error = cm.inner_product(cm)
    squares = sum(n * n for n in exact.values())
    check("count-min: an inner product", squares <= product <= squares + error, product, squares, error)
    weighed, single = pln.CountMin(rows=4, columns=4096), pln.CountMin(rows=4, columns=4096)
    weighed.add_column(array.array("q", [7, 8, 7]), [10, -3, 5])
    for value, weight in ((7, 15), (8, -3)):
        single.add(value, weight)
    check("count-min: weights", weighed.to_bytes() == single.to_bytes() and weighed.query(7) == 15 and weighed.info()["removed"] == 3)
    panes = pln.CountMin(panes=2)
    panes.add("x")
    panes.rotate()
    panes.add("x", 2)
    check("count-min: panes", panes.query("x") == 3 and panes.info()["update"] == "plain")
    panes.rotate()
    check("count-min: the oldest is forgotten", panes.query("x") == 2)
    twice = cm.copy()
    twice.merge(cm)
    check("count-min: merged with itself", twice.query(1) == 2 * cm.query(1) and twice.total() == 60000)
    twice.clear()
    check("count-min: cleared", twice.total() == 0 and cm.total() == 30000)


def top_k():
    values = skewed(30000, 2)
    exact = collections.Counter(values)
    whole, first, second = pln.TopK(64, seed=9), pln.TopK(64), pln.TopK(64)
    whole.add_column(values)
    first.add_column(values[:10000])
    second.add_column(values[10000:], array.array("q", [1]) * 20000)
    first.merge(second)
    for what, top in (("whole", whole), ("merged", first)):
        listed, error = top.list(20, items="int64"), top.error()
        check(f"top-k, {what}: bounds", all(e.lower <= exact[e.item] <= e.upper and e.upper - e.lower <= error for e in listed), listed)
        missing = [value for value, n in exact.items() if n > max(error, listed[-1].upper) and value not in {e.item for e in listed}]
        check(f"top-k, {what}: nothing is missing", not missing and len(listed) == 20 and top.total() == 30000, missing)
        heavy = {e.item for e in top.list(64, error, "no false negatives", "int64")}
        check(f"top-k, {what}: no false negatives", {value for value, n in exact.items() if n > error} <= heavy)
        bounds = top.estimate(1)
        check(f"top-k, {what}: one item", bounds.lower <= exact[1] <= bounds.upper and bounds.estimate == (bounds.lower + bounds.upper) // 2, bounds)
    texts = pln.TopK(8)
    for item, weight in (("größer", 3), (b"\xff", 2), ("", 1), (2.5, 4)):
        texts.add(item, weight)
    check("top-k: items as they are", [e.item for e in texts.list()] == [b"\0\0\0\0\0\0\x04@", "größer".encode(), b"\xff", b""])
    check("top-k: as text", texts.list(1, items="float64") == [pln.Entry(2.5, 4, 4, 4)] and texts.list(0) == [])
    check("top-k: an item that never came", texts.estimate("x") == pln.Bounds(0, 0, 0) and texts.info()["entries"] == 4)
    check("top-k: DataSketches' strings", pln.TopK.from_bytes(texts.to_bytes("datasketches strings"), "datasketches strings").total() == 10)
    refused("top-k: a form of numbers only", "PLN_EUNSUPPORTED", "", lambda: texts.to_bytes("datasketches longs"))
    refused("top-k: a text as number", "ValueError", "is no int64", lambda: texts.list(items="int64"))
    refused("top-k: an unknown kind of item", "ValueError", "items 'json' is none of", lambda: texts.list(1, items="json"))
    refused("top-k: an unknown guarantee", "ValueError", "guarantee 'none' is none of", lambda: texts.list(guarantee="none"))
    refused("top-k: a negative weight", "PLN_EINVAL", "weight", lambda: texts.add("x", -1))
    refused("top-k: fewer than none", "PLN_EINVAL", "-1", lambda: texts.list(-1))
    refused("top-k: a threshold under the error", "PLN_EINVAL", "", lambda: whole.list(5, 0, "no false negatives"))


def quantiles():
    dice = random.Random(3)
    numbers = [dice.gauss(100, 15) for _ in range(40000)]
    ordered = sorted(numbers)
    q, halves = pln.Quantiles(seed=4), pln.Quantiles(seed=5)
    q.add_column(array.array("d", numbers))
    for part in (numbers[:7000], numbers[7000:]):
        other = pln.Quantiles(seed=6)
        other.add_column(array.array("d", part))
        halves.merge(other)
    fractions = [0.01, 0.25, 0.5, 0.99]
    for what, sketch in (("whole", q), ("merged", halves)):
        one_rank, between = sketch.error()
        check(f"quantiles, {what}: the errors of k", math.isclose(one_rank, 2.296 / 200**0.9723) and one_rank < between < 0.02)
        off = [bisect.bisect_right(ordered, value) / 40000 - fraction for value, fraction in zip(sketch.quantiles(fractions), fractions)]
        check(f"quantiles, {what}: ranks of quantiles", all(abs(o) <= 2 * one_rank for o in off), off)
        got = sketch.ranks(array.array("d", [80, 100, 130]))
        check(f"quantiles, {what}: ranks", all(abs(r - bisect.bisect_right(ordered, v) / 40000) <= 2 * one_rank for r, v in zip(got, (80, 100, 130))), got)
        counts = sketch.histogram([90, 110])
        check(f"quantiles, {what}: a histogram", len(counts) == 3 and sum(counts) == 40000 and abs(counts[1] / 40000 - 0.495) < 2 * between + 0.01, counts)
        check(f"quantiles, {what}: the ends", (sketch.quantile(0), sketch.quantile(1)) == (ordered[0], ordered[-1]) ==
              (sketch.info()["minimum"], sketch.info()["maximum"]))
        low, high = sketch.bounds(0.5)
        check(f"quantiles, {what}: bounds", low <= sketch.quantile(0.5) <= high and not sketch.info()["exact"])
    few, exact = pln.Quantiles(), pln.Quantiles(kind="int64")
    few.add_column(array.array("i", [5, 1, 4]))
    few.add(2.5)
    few.add(7)
    few.add(math.nan)
    check("quantiles: few are exact", few.quantiles([0.2, 0.4, 0.6, 0.8, 1]).tolist() == [1, 2.5, 4, 5, 7] and few.error() == (0, 0) and
          few.info()["nans"] == 1 and few.info()["n"] == 5 and few.info()["kind"] == "float64")
    exact.add(2**62 + 1)
    exact.add_column(array.array("q", [3]))
    check("quantiles: integers stay whole", exact.quantile(1) == 2**62 + 1 == exact.info()["maximum"] and exact.quantiles([]).tolist() == [])
    refused("quantiles: a float of integers", "PLN_ETYPE", "", lambda: exact.add(0.5))
    refused("quantiles: no numbers", "PLN_ESTATE", "", lambda: pln.Quantiles().quantile(0.5))
    refused("quantiles: a fraction", "PLN_EINVAL", "2", lambda: few.quantile(2))
    refused("quantiles: splits that fall", "PLN_EINVAL", "", lambda: few.histogram([2, 1]))
    refused("quantiles: texts", "PLN_EUNSUPPORTED", "v", lambda: few.add_column(pln.Runtime().batch("v utf8", {"v": ["x"]})["v"]))
    refused("quantiles: a text for fractions", "TypeError", "fractions: a str is no list of numbers", lambda: few.quantiles("0.5"))
    refused("quantiles: one for many", "TypeError", "fractions: ", lambda: few.quantiles(0.5))
    refused("quantiles: another kind", "PLN_ETYPE", "kind", lambda: few.merge(exact))


def reservoir():
    kept, chosen, slots = pln.Reservoir(100, seed=1), pln.Reservoir(100, seed=1), {}
    for number in range(5000):
        kept.add(f"row {number}")
    at = 0
    for n in (70, 0, 3000, 1930):
        for row, slot in chosen.offer(n):
            slots[slot] = at + row
        at += n
    items = kept.items()
    check("reservoir: offered or added is the same", [number for number, _ in items] == [slots[slot] for slot in range(100)])
    check("reservoir: items", all(data == f"row {number}".encode() for number, data in items) and len({number for number, _ in items}) == 100)
    check("reservoir: the parts of the stream", 25 <= sum(number < 2500 for number, _ in items) <= 75)
    check("reservoir: the error of a share", math.isclose(kept.error(0.5), math.sqrt(0.25 / 100 * 4900 / 4999)))
    many = pln.Reservoir(5000, seed=1)
    check("reservoir: more picks than go in one call", many.offer(5000) == [(row, row) for row in range(5000)] and many.error(0.5) == 0)
    other = pln.Reservoir(100, seed=2, first_row=5000)
    for number in range(5000, 10000):
        other.add(f"row {number}")
    before, copied = kept.items(), kept.copy()
    picks = copied.merge(other)
    merged = {slot: other.items()[row] for row, slot in picks}
    check("reservoir: merged", copied.items() == [merged.get(slot, before[slot]) for slot in range(100)] and 25 <= len(picks) <= 75)
    check("reservoir: what it is", {name: copied.info()[name] for name in ("k", "n", "held")} == {"k": 100, "n": 10000, "held": 100})
    copied.clear()
    check("reservoir: cleared", copied.items() == [] and copied.info()["n"] == 0)
    refused("reservoir: fewer than no rows", "PLN_EINVAL", "-1", lambda: kept.offer(-1))
    refused("reservoir: another size", "PLN_ETYPE", "k", lambda: kept.merge(many))
    refused("reservoir: itself", "PLN_EINVAL", "", lambda: kept.merge(kept))
    refused("reservoir: no size", "PLN_EINVAL", "k is 0", lambda: pln.Reservoir(0))


def bloom(rt):
    inside, outside = array.array("Q", range(20000)), array.array("q", range(-20000, 0))
    b = pln.Bloom(20000, 0.01, seed=3)
    b.add_column(inside)
    found = b.contains_column(outside)
    check("bloom: what was added is there", all(b.contains_column(inside)) and b.contains(17) and 17 in b)
    check("bloom: false answers", len(found) == 20000 and 0.5 * b.error() <= sum(found) / 20000 <= 1.5 * b.error() and b.error() < 0.011, sum(found), b.error())
    check("bloom: sizes", pln.Bloom.bytes_for(20000, 0.01) == b.info()["blocks"] * 32 and pln.Bloom.bytes_for(0, 0.01) is None and
          math.isclose(pln.Bloom.error_for(b.info()["blocks"] * 32, 20000), b.error(), rel_tol=0.1))
    check("bloom: how many", math.isclose(b.info()["estimate"], 20000, rel_tol=0.02))
    texts = pln.Bloom(bytes=1024)
    texts.add("a")
    texts.add_column(rt.batch("v utf8", {"v": ["b", None]})["v"])
    answers = texts.contains_column(rt.batch("v utf8", {"v": ["a", None, "b", "c"]})["v"])
    check("bloom: texts and nulls", answers.tolist() == [True, False, True, False] and "c" not in texts)
    keys = pln.Keys(rt, "v int64").batch(rt.batch("v int64", {"v": array.array("q", [1, 2, 1, 3])}))
    k = pln.Bloom(1000)
    check("bloom: keys that were there", k.put_keys(keys).tolist() == [False, False, True, False] and all(k.contains_keys(memoryview(keys))))
    other = pln.Bloom(1000)
    other.add_keys(keys[:16])
    check("bloom: one key", other.contains_keys(keys).tolist() == [True, False, True, False])
    refused("bloom: a part of a key", "ValueError", "keys: 17 bytes, expected 16 for each", lambda: k.add_keys(bytes(17)))
    refused("bloom: keys that are none", "TypeError", "keys: a int is no bytes", lambda: k.put_keys(16))
    refused("bloom: another size", "PLN_ETYPE", "", lambda: b.merge(texts))
    refused("bloom: an error", "PLN_EINVAL", "error", lambda: pln.Bloom(10, 2.0))


def dedup(rt):
    dice, seen, keys = random.Random(4), set(), pln.Keys(rt, "v int64")
    index, other = pln.Dedup(seed=11), pln.Dedup(expected=1000)
    for _ in range(5):
        values = array.array("q", (dice.randrange(5000) for _ in range(3001)))
        fresh = index.add(keys.batch(rt.batch("v int64", {"v": values})))
        exact = [value not in seen and not seen.add(value) for value in values]
        check("dedup: which are new", fresh.tolist() == exact)
    check("dedup: how many", len(index) == len(seen) == index.info()["count"] and index.memory() > 16 * len(seen))
    made = keys.batch(rt.batch("v int64", {"v": list(seen)}))
    other.merge(index)
    index.merge(index)
    check("dedup: merged", len(other) == len(index) and not any(other.add(made)))
    third = pln.Dedup()
    pieces = list(index.pieces(1000))
    for piece in reversed(pieces):
        third.read(piece)
    check("dedup: by pieces", len(pieces) > 50 and max(map(len, pieces)) <= 1000 and not any(third.add(made)) and len(third) == len(seen))
    back = pln.Dedup.from_bytes(index.to_bytes())
    check("dedup: in one piece", len(back) == len(seen) and not any(back.add(made)) and pln.Dedup().to_bytes() == b"" and
          len(pln.Dedup.from_bytes(b"")) == 0)
    four = keys.batch(rt.batch("v int64", {"v": [1, 2, 1, 3]}))
    timed = pln.Dedup(payload=True)
    fresh, held = timed.add_with(four, [10, 20, 30, 40])
    check("dedup: payloads", fresh.tolist() == [True, True, False, True] and held.tolist() == [10, 20, 10, 40])
    check("dedup: payloads are kept", pln.Dedup.from_bytes(timed.to_bytes()).add_with(four, array.array("q", [0] * 4))[1].tolist() == held.tolist())
    timed.expire(15)
    check("dedup: forgotten", timed.sweep() == 1 and timed.add_with(four, [50] * 4)[0].tolist() == [True, False, False, False])
    index.clear()
    check("dedup: cleared", len(index) == 0 and index.add(four).tolist() == [True, True, False, True])
    check("dedup: no keys", index.add(b"").tolist() == [] and timed.add_with(b"", [])[1].tolist() == [])
    refused("dedup: payloads of another number", "ValueError", "payloads: there are 3 for 4 keys", lambda: timed.add_with(four, [1, 2, 3]))
    refused("dedup: no payloads", "PLN_EINVAL", "payload", lambda: timed.add(four))
    refused("dedup: payloads for none", "PLN_EINVAL", "payload", lambda: index.add_with(four, [1, 2, 3, 4]))
    refused("dedup: a piece of another kind", "PLN_ETYPE", "payload", lambda: index.read(timed.to_bytes()))
    refused("dedup: a small piece", "PLN_EINVAL", "63", lambda: list(index.pieces(63)))
    refused("dedup: bytes that are none", "PLN_EDATA", "dedup index", lambda: pln.Dedup.from_bytes(b"PLND"))
    refused("dedup: a full memory", "PLN_ELIMIT", "", lambda: pln.Dedup(expected=10**6, memory_limit=1000))


def profile(rt):
    columns = "id int64, page utf8, x float64, tags list<int8>"
    rows = [(i, f"page {i * i % 7}" if i % 10 else None, i / 4 if i % 5 else None, [i % 3]) for i in range(200)]
    batch = rt.batch(columns, {name: list(column) for name, column in zip(("id", "page", "x", "tags"), zip(*rows))})
    p, parts = pln.Profile(rt, batch, top=3), pln.Profile(rt, columns, top=3)
    p.add(batch)
    for start in (150, 0):
        part = pln.Profile(rt, pln.Schema(rt, columns), top=3)
        part.add(batch.slice(start, 150 if start == 0 else 50))
        parts.merge(part)
    xs = [x for _, _, x, _ in rows if x is not None]
    mean, pages = sum(xs) / len(xs), collections.Counter(page for _, page, _, _ in rows if page)
    for what, made in (("whole", p), ("merged", parts)):
        x, page, tags = made.column("x"), made.column("page"), made.column(3)
        check(f"profile, {what}: numbers", (x["rows"], x["nulls"], x["minimum"], x["maximum"], x["negatives"], x["zeros"]) ==
              (200, 200 - len(xs), "0.25", "49.75", 0, 0) and math.isclose(x["mean"], mean) and x["longest"] is None, x)
        check(f"profile, {what}: deviation", math.isclose(x["deviation"], math.sqrt(sum((v - mean)**2 for v in xs) / (len(xs) - 1))))
        check(f"profile, {what}: texts", (page["type"], page["shortest"], page["longest"], round(page["distinct"]), page["mean"]) ==
              ("utf8", 6, 6, len(pages), None), page)
        check(f"profile, {what}: nested", tags["rows"] == 200 and tags["minimum"] is None and made.hll("tags") is None)
        check(f"profile, {what}: frequent", {e.item: e.lower for e in made.top("page").list(10, items="text")} == pages)
        check(f"profile, {what}: sketches", round(made.hll("id").estimate()) == 200 and made.quantiles("x").quantile(0) == 0.25)
        report = json.loads(made.json())
        check(f"profile, {what}: JSON", report["rows"] == 200 and [c["column"] for c in report["columns"]] == made.names == ["id", "page", "x", "tags"])
        check(f"profile, {what}: a batch", made.report()["minimum"].to_list() == ["0", "page 0", "0.25", None] and len(made) == 200)
    back = pln.Profile.from_bytes(rt, p.to_bytes(), top=3)
    back.add(batch)
    check("profile: it goes on", len(back) == 400 and back.column("id")["distinct"] == p.column("id")["distinct"] and back.names == p.names)
    refused("profile: other columns", "TypeError", "the profile is of 4 columns, among them id (l)", lambda: back.add(rt.batch("id int32", {"id": [1]})))
    refused("profile: another width", "TypeError", "the rows have 4 columns, among them id (i)", lambda: back.add(
        rt.batch(columns.replace("int64", "int32"), {"id": [1], "page": ["a"], "x": [1.0], "tags": [[]]})))
    refused("profile: other options", "PLN_ETYPE", "top", lambda: p.merge(pln.Profile(rt, columns)))
    refused("profile: bytes of other options", "PLN_ETYPE", "", lambda: pln.Profile.from_bytes(rt, p.to_bytes()))
    refused("profile: bytes that are none", "PLN_EDATA", "", lambda: pln.Profile.from_bytes(rt, b"PLNP"))
    refused("profile: no column", "KeyError", "no column 'y'", lambda: p.column("y"))
    refused("profile: no column of this number", "PLN_EINVAL", "4", lambda: p.column(4))
    refused("profile: an option", "PLN_EINVAL", "top is 2000", lambda: pln.Profile(rt, columns, top=2000))


# ---- what is the same for all ----

def refusals(rt):
    batch = rt.batch("v utf8, w int64", {"v": ["x", "y"], "w": [1, None]})
    made = {name: kind(rt, batch) if kind is pln.Profile else kind() for name, kind in KINDS.items()}
    for name, sketch in made.items():
        kind = type(sketch)
        refused(f"{name}: another kind to merge", "TypeError", f"a Batch is no {kind.__name__}", lambda: sketch.merge(batch))
        if kind not in (pln.Profile, pln.Dedup):
            refused(f"{name}: bytes that are none", "PLN_EDATA", "", lambda: kind.from_bytes(b"junk"))
            refused(f"{name}: no bytes", "TypeError", "from_bytes: a int is no bytes", lambda: kind.from_bytes(40))
            refused(f"{name}: a form", "ValueError", "form 'json' is none of native", lambda: sketch.to_bytes("json"))
            refused(f"{name}: an unknown option of bytes", "TypeError", "are read without 'size'", lambda: kind.from_bytes(b"", size=1))
            refused(f"{name}: a value of another kind", "TypeError", "a list is no ", lambda: sketch.add([1]))
            refused(f"{name}: a cut form", "PLN_EDATA", "bytes", lambda: kind.from_bytes(sketch.to_bytes()[:-1]))
        seed = {"seed": 2**64}
        refused(f"{name}: a seed", "ValueError", "seed is 18446744073709551616, expected a number of 64 bits",
                lambda: kind(rt, batch, **seed) if kind is pln.Profile else kind(**seed))
        with sketch as same:
            check(f"{name}: with", same is sketch and same.memory() > 0)
        refused(f"{name}: closed", "ValueError", f"this {kind.__name__} is closed", sketch.memory)
    for kind in (pln.Hll, pln.CountMin, pln.Bloom):
        closed = kind(seed=1).to_bytes()
        refused(f"{kind.__name__}: a value without the seed", "PLN_ESTATE", "", lambda: kind.from_bytes(closed).add("x"))
        refused(f"{kind.__name__}: another seed", "PLN_ETYPE", "", lambda: kind.from_bytes(closed, seed=2))
        refused(f"{kind.__name__}: seeds do not mix", "PLN_ETYPE", "seed", lambda: kind().merge(kind(seed=1)))
        kind.from_bytes(closed, seed=1).add("x")
    for kind in (pln.CountMin, pln.TopK):
        sketch = kind()
        refused("weights of another number", "ValueError", "weights: there are 3 for 2 rows", lambda: sketch.add_column(batch["v"], [1, 2, 3]))
        refused("weights with nulls", "ValueError", "weights: column w has 1 nulls", lambda: sketch.add_column(batch["v"], batch["w"]))
        refused("weights that are none", "TypeError", "weights: ", lambda: sketch.add_column(batch["v"], ["a", "b"]))
        refused("weights with a point", "TypeError", "weights: ", lambda: sketch.add_column(batch["v"], array.array("d", [1, 2])))
        refused("a weight of 65 bits", "ValueError", "weight is 9223372036854775808", lambda: sketch.add("x", 2**63))
        refused("half a weight", "TypeError", "weight is 0.5, expected a whole number", lambda: sketch.add("x", 0.5))
        check("nothing was added", sketch.total() == 0)
    refused("an option that is no number", "TypeError", "capacity is '5', expected a whole number", lambda: pln.TopK("5"))
    refused("an option of 33 bits", "ValueError", "rows is 4294967296, expected a number of 32 bits and a sign", lambda: pln.CountMin(rows=2**32))
    refused("a word", "ValueError", "kind 'int8' is none of float64, int64", lambda: pln.Quantiles(kind="int8"))
    refused("an update", "ValueError", "update 'lazy' is none of plain, conservative", lambda: pln.CountMin(update="lazy"))


def other_libraries(rt):
    try:
        import numpy as np
    except ImportError:
        return skip("no numpy: its arrays are not lent")
    values = np.arange(1000, dtype="u4") % 7
    cm, top, q, b = pln.CountMin(), pln.TopK(), pln.Quantiles(), pln.Bloom(100)
    for sketch in (cm, top):
        sketch.add_column(values, np.full(1000, 2))
    q.add_column(values)
    b.add_column(values)
    counts, found = np.asarray(cm.query_column(np.arange(7))), np.asarray(b.contains_column(np.arange(14)))
    check("numpy looks at counts", counts.dtype == "i8" and not counts.flags.owndata and counts.tolist() == (2 * np.bincount(values)).tolist())
    check("numpy looks at truth values", found.dtype == "?" and not found.flags.owndata and found[:7].all())
    check("numpy's weights", [e.lower for e in top.list(items="uint64")] == sorted(counts.tolist(), reverse=True))
    ranks = np.asarray(q.ranks(np.array([2.0, 6.0], "f4")))
    check("numpy looks at ranks", ranks.dtype == "f8" and not ranks.flags.owndata and abs(ranks[0] - 3 / 7) < 0.03 and ranks[1] == 1)
    keys = np.arange(64, dtype="u1").reshape(4, 16)
    check("numpy's keys", pln.Dedup().add(keys).tolist() == [True] * 4 and pln.Bloom(100).put_keys(keys[::2]).tolist() == [False] * 2)
    try:
        import pyarrow as pa
    except ImportError:
        return skip("no pyarrow: its arrays are not lent")
    texts = pa.array(["a", None, "b", "a"])
    for column in (texts, texts.dictionary_encode(), pa.array(["x", "a", None, "b", "a"])[1:]):
        top, b = pln.TopK(), pln.Bloom(100)
        top.add_column(column, [1, 2, 3, 4])
        b.add_column(column)
        check("pyarrow's texts", [e[:2] for e in top.list(items="text")] == [("a", 5), ("b", 3)] and b.contains_column(column).tolist() ==
              [True, False, True, True])
    rows = pa.record_batch({"v": texts, "n": pa.array([1, 2, 3, None])})
    p = pln.Profile(rt, rows)
    p.add(rows)
    check("pyarrow's rows", p.column("n")["nulls"] == 1 and p.column("v")["minimum"] == "a" and pa.record_batch(p.report()).num_rows == 2)
    return None


def main():
    rt = pln.Runtime()
    with tempfile.TemporaryDirectory() as folder:
        golden(rt, folder)
    count_min()
    top_k()
    quantiles()
    reservoir()
    bloom(rt)
    dedup(rt)
    profile(rt)
    refusals(rt)
    other_libraries(rt)
    end()


main()
