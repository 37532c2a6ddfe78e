#!/usr/bin/env python3
"""The ctypes binding: its structs and prototypes are those of the headers, views copy nothing and keep what they look at alive, Arrow
capsules give everything back, and no exception is lost on its way through C."""
import array
import ctypes
import gc
import glob
import os
import re
import weakref

from binding import ROOT, check, end, live_blocks, pln, skip
from pln import _c
from pln.batch import _handed_out, pointer_in


# ---- the interface is that of the headers ----

def prototypes():
    text = " ".join(open(h, encoding="utf-8").read() for h in glob.glob(os.path.join(ROOT, "include", "pln", "*.h")))
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    found = {}
    for m in re.finditer(r"PLN_API\s+([^;{]*?)(pln_\w+)\(", text):
        depth, at, commas, start = 1, m.end(), 0, m.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            commas += text[at] == "," and depth == 1
            at += 1
        inside = text[start:at - 1].strip()
        found[m[2]] = (m[1].strip(), 0 if inside in ("", "void") else commas + 1)
    for name, (result, *arguments) in _c.FUNCTIONS.items():
        check(f"{name} is in the headers", name in found)
        if name in found:
            kind = found[name][0]
            expected = (type(None) if kind == "void" else str if kind == "const char *" else int)
            check(f"{name}: number of arguments", len(arguments) == found[name][1], len(arguments), found[name])
            check(f"{name}: result", (result is None) == (expected is type(None)) and
                  (result is _c.i32) == (kind in ("pln_status", "int32_t")) and
                  (result is _c.i64) == (kind == "int64_t") and (result is _c.f64) == (kind == "double"), kind, result)


def layouts():
    structs = {"pln_error": _c.Error, "ArrowSchema": _c.ArrowSchema, "ArrowArray": _c.ArrowArray, "ArrowArrayStream": _c.ArrowArrayStream,
               "pln_progress": _c.Progress, "pln_run_options": _c.RunOptions, "pln_map_options": _c.MapOptions, "pln_want": _c.Want,
               "pln_host": _c.Host, "pln_keys_options": _c.KeysOptions, "pln_hll_options": _c.HllOptions, "pln_hll_info": _c.HllInfo,
               "pln_hll_overlap": _c.HllOverlap, "pln_top_k_entry": _c.TopKEntry, "pln_reservoir_pick": _c.ReservoirPick,
               "pln_profile_options": _c.ProfileOptions, "pln_profile_column": _c.ProfileColumn, "pln_suite_options": _c.SuiteOptions,
               "pln_check": _c.Check, "pln_check_result": _c.CheckResult, "pln_validation_verdict": _c.ValidationVerdict,
               "pln_validation_options": _c.ValidationOptions, "pln_monitor_options": _c.MonitorOptions,
               "pln_monitor_verdict": _c.MonitorVerdict, "pln_monitor_point": _c.MonitorPoint, "pln_drift_options": _c.DriftOptions,
               "pln_drift": _c.Drift, "pln_freshness_options": _c.FreshnessOptions, "pln_freshness_verdict": _c.FreshnessVerdict,
               "pln_contract_options": _c.ContractOptions, "pln_contract_problem": _c.ContractProblem, "pln_contract_info": _c.ContractInfo,
               "pln_contract_element_info": _c.ContractElementInfo, "pln_contract_diff_options": _c.ContractDiffOptions}
    for noun, name in (("count_min", "CountMin"), ("top_k", "TopK"), ("quantiles", "Quantiles"), ("reservoir", "Reservoir"), ("bloom", "Bloom"),
                       ("dedup", "Dedup")):
        structs.update({f"pln_{noun}_{what.lower()}": getattr(_c, name + what) for what in ("Options", "Info")})
    current, members = None, {}
    for line in open(os.path.join(ROOT, "test", "abi", "layout.txt"), encoding="utf-8"):
        words = line.split()
        if line.startswith("struct "):
            current = words[1]
            members[current] = [int(words[2])]
        elif current and line.startswith("    "):
            members[current].append((words[0], int(words[1]), int(words[2])))
    for name, struct in structs.items():
        size, *fields = members[name]
        ours = [(f, getattr(struct, f).offset, getattr(struct, f).size) for f, _ in struct._fields_]
        check(f"struct {name}", ctypes.sizeof(struct) == size and ours == fields,
              [pair for pair in zip(ours, fields) if pair[0] != pair[1]][:3])


# ---- columns ----

def columns(rt):
    batch = rt.batch("id int64, x float64, n int16, s utf8, b bool, d date32, raw binary, t timestamp(ms, UTC)", {
        "id": array.array("q", [1, 2, 3]), "x": [0.5, None, -1.5], "n": [None, -7, 7], "s": ["a", None, "äöü"], "b": [True, False, None],
        "d": ["1970-01-02", None, "2024-02-29"], "raw": [b"\x00\xff", b"", None], "t": ["1970-01-01T00:00:01Z", None, None]})
    check("values", batch.to_dict() == {
        "id": [1, 2, 3], "x": [0.5, None, -1.5], "n": [None, -7, 7], "s": ["a", None, "äöü"], "b": [True, False, None],
        "d": [1, None, 19782], "raw": [b"\x00\xff", b"", None], "t": [1000, None, None]}, batch.to_dict())
    part = batch.slice(1, 2)
    check("a slice", part.to_dict()["s"] == [None, "äöü"] and part["n"].to_list() == [-7, 7] and part["b"].to_list() == [False, None])
    check("nulls are counted", (batch["x"].null_count, part["s"].null_count) == (1, 1))
    for wrong in (lambda: rt.batch("id int64", {"id": ["x"]}), lambda: rt.batch("id int8", {"id": [300]}),
                  lambda: rt.batch("id int64, y int64", {"id": [1]}), lambda: rt.batch("id itn64", {})):
        try:
            wrong()
            check("a wrong value is refused", False)
        except pln.PlnError as e:
            check("a wrong value is refused with words", len(e.message) > 10 and e.name in ("PLN_EDATA", "PLN_ESYNTAX"), e.name, e)


def numpy_views(rt):
    try:
        import numpy as np
    except ImportError:
        return skip("no numpy: views of columns are not tried")
    before = live_blocks(rt)
    batch = rt.batch("id int64, x float32, t timestamp(us)", {
        "id": np.arange(1000, dtype="i8"), "x": np.arange(1000, dtype="f4"), "t": np.arange(1000, dtype="i8").view("M8[us]")})
    view = np.asarray(batch.slice(10, 900)["id"])
    address = ctypes.addressof(batch["id"].view()) + 80
    check("a view copies nothing", view.__array_interface__["data"] == (address, True) and list(view[:3]) == [10, 11, 12])
    check("a view cannot be written to", not view.flags.writeable)
    check("types", np.asarray(batch["x"]).dtype == "f4" and np.asarray(batch["t"]).dtype == "M8[us]")
    inner, owner = view[5:7], weakref.ref(batch)
    del batch, view
    gc.collect()
    check("a view of a view keeps the rows alive", owner() is None and list(inner) == [15, 16] and live_blocks(rt) > before)
    del inner
    gc.collect()
    check("the last view frees the rows", live_blocks(rt) == before, live_blocks(rt), before)
    return None


# ---- Arrow capsules ----

def capsules(rt):
    gc.collect()
    before = live_blocks(rt)
    batch = rt.batch("id int64, tags list<utf8>", {"id": [1, 2], "tags": [["a", "b"], []]})
    again = rt.from_arrow(batch)
    check("a batch out and in again", again == batch and again["id"].view()[1] == 2)
    check("nothing was copied", ctypes.addressof(again["id"].view()) == ctypes.addressof(batch["id"].view()))
    unused = batch.__arrow_c_array__(), batch.__arrow_c_schema__()
    table = pln.Table(rt)
    table.append(batch)
    stream = table.__arrow_c_stream__()
    taken = table.__arrow_c_stream__()
    moved = _c.ArrowArrayStream.from_buffer_copy(_c.ArrowArrayStream.from_address(pointer_in(taken, b"arrow_array_stream")))
    _c.ArrowArrayStream.from_address(pointer_in(taken, b"arrow_array_stream")).release = None
    del batch, again, table, stream, unused, taken
    gc.collect()
    rows, end = _c.ArrowArray(), _c.ArrowArray()
    for out in (rows, end):
        check("a stream outlives its table's name", _c.STREAM_FN(moved.get_next)(ctypes.addressof(moved), ctypes.addressof(out)) == 0)
    check("a stream gives its batches, then ends", rows.length == 2 and not end.release)
    _c.RELEASE_FN(rows.release)(ctypes.addressof(rows))
    _c.RELEASE_FN(moved.release)(ctypes.addressof(moved))
    check("capsules that nobody took give all back", live_blocks(rt) == before and not _handed_out and not pln.table._streams,
          live_blocks(rt), before)
    try:
        import pyarrow as pa
    except ImportError:
        return skip("no pyarrow: interchange with it is not tried")
    batch = rt.batch("id int64, s utf8", {"id": [1, None], "s": ["a", "ä"]})
    theirs = pa.record_batch(batch)
    check("pyarrow reads a batch", theirs.to_pydict() == {"id": [1, None], "s": ["a", "ä"]})
    check("a batch of pyarrow's", rt.from_arrow(pa.record_batch({"x": pa.array([1.5, None])})).to_dict() == {"x": [1.5, None]})
    table = pln.Table(rt)
    table.append(batch)
    check("pyarrow reads a table", pa.table(table).num_rows == 2)
    return None


# ---- graphs ----

def graph_of(rt, batches, function=None, **options):
    g, kept = pln.Graph(rt, "test"), pln.Table(rt)
    g.source("in", "id int64 not null", batches)
    g.map("map", function or (lambda batch: batch), **options)
    g.add("out", "memory.write", table=kept)
    g.wire("in > map > out")
    return g, kept


def ids(table):
    return [value for batch in table.batches() for value in batch["id"].to_list()]


def graphs(rt):
    def batches():
        for start in (0, 10000, 20000):
            yield rt.batch("id int64 not null", {"id": array.array("q", range(start, start + 10000))})
            yield rt.batch("id int64 not null", {"id": []})
    g, kept = graph_of(rt, batches)
    seen = []
    report = g.run(max_batch_rows=999, mode="micro-batch", epoch_rows=5000, progress=seen.append, progress_us=1)
    check("large batches are cut to what is wanted", ids(kept) == list(range(30000)) and report.rows_in == 30000 and
          max(len(b) for b in kept.batches()) <= 999)
    check("progress is told", len(seen) > 3 and seen[-1]["rows_in"] == 30000 and seen[-1]["done"] == 1)
    g, kept = graph_of(rt, batches, lambda batch: None if batch["id"][0] >= 10000 else batch, rowwise=False)
    report = g.run(max_batch_rows=10000)
    check("a map may give no rows", ids(kept) == list(range(10000)) and report.node("map")["absorbed"] == 30000, report.data)


class Odd(BaseException):
    pass


def exceptions(rt):
    def raising(error, when):
        def batches():
            for i in range(3):
                if when == ("poll", i):
                    raise error
                yield rt.batch("id int64 not null", {"id": [i]})

        def function(batch):
            if when == ("map", batch["id"][0]):
                raise error
            return batch

        def progress(numbers):
            if when[0] == "progress":
                raise error
        return batches, function, progress
    for error in (ValueError("no"), KeyboardInterrupt(), Odd("odd"), MemoryError(), StopIteration()):
        for when in (("poll", 1), ("map", 2), ("progress", 0)):
            if isinstance(error, StopIteration) and when[0] == "poll":
                continue  # a generator turns it into RuntimeError by itself
            batches, function, progress = raising(error, when)
            g, _ = graph_of(rt, batches, function)
            try:
                g.run(progress=progress, progress_us=1)
                check(f"{error!r} in {when[0]} is raised again", False)
            except BaseException as e:
                check(f"{error!r} in {when[0]} is raised again", e is error, repr(e))
    g, _ = graph_of(rt, [rt.batch("id int64 not null", {"id": [1]})], lambda batch: "no batch")
    try:
        g.run()
        check("a result of the wrong type", False)
    except AttributeError:
        check("a result of the wrong type", True)
    g, _ = graph_of(rt, [rt.batch("id int64 not null", {"id": [1]})], lambda batch: rt.batch("x utf8", {"x": ["1"]}))
    try:
        g.run()
        check("a batch of another schema", False)
    except pln.PlnError as e:
        check("a batch of another schema is refused", e.name in ("PLN_ETYPE", "PLN_ECONTRACT"), e.name, e)
    try:
        pln.Graph(rt, "x").add("a", "csv.read", pathh="x")
    except pln.PlnError as e:
        check("an unknown option is named with the nearest", e.name == "PLN_EOPTION" and "path" in e.message, e)


def main():
    prototypes()
    layouts()
    rt = pln.Runtime()
    check("the stages are there", {"csv.read", "sqlite.upsert", "filter"} <= set(rt.stages()))
    columns(rt)
    numpy_views(rt)
    capsules(rt)
    graphs(rt)
    exceptions(rt)
    gc.collect()
    check("no callback stays behind", not pln._called, pln._called)
    end()


main()
