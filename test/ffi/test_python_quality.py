#!/usr/bin/env python3
"""Suites, monitors, drift, freshness and contracts from Python: the answers of C on the same rows, whatever brings the rows, and words for what is wrong."""
import array
import datetime
import gc
import json
import math
import os
import tempfile

from binding import ROOT, check, end, live_blocks, pln, refused, rows_of, skip

GOLDEN = os.path.join(ROOT, "test", "unit", "quality", "golden")
NOW = datetime.datetime(2026, 2, 28, 12, tzinfo=datetime.timezone.utc)
DAY = datetime.timedelta(days=1)
COLUMNS = "id int64, amount float64, note utf8"
ROWS = {"id": [1, 2, 2, 4], "amount": [10.0, -5.0, None, 20.0], "note": ["a", None, "b", ""]}
CHECKS = [{"check": "not_null", "column": "note"}, {"check": "unique", "column": "id"},
          {"check": "between", "column": "amount", "min": 0, "severity": "warn"}, {"check": "row_count", "min": 1}]


def golden(name):
    with open(os.path.join(GOLDEN, name), encoding="utf-8") as file:
        return file.read()


def rows_in(bitmap, n):
    return [i for i in range(n) if bitmap[i // 8] >> i % 8 & 1]


# ---- one suite over one batch, as in C ----

def golden_suite(rt, folder):
    suite = pln.Suite(rt, golden("suite.json"))
    suite.reference("customers", rows_of(rt, folder, "id int64", golden("customers.ndjson")))
    rows = rows_of(rt, folder, golden("columns.txt").strip(), golden("rows.ndjson"))
    v = suite.validate(rows, now=NOW)
    check("golden JSON", v.json() == golden("result.json"))
    check("golden text", v.text() == golden("result.txt"))
    check("golden facet", v.facet("https://example.org/orders") == golden("facet.json"))
    check("golden bytes", v.to_bytes() == bytes.fromhex(golden("state.hex")))
    lines, verdict = golden("verdict.txt").splitlines(), v.verdict()
    wrong = rows_in(verdict.bitmap, len(rows))
    check("golden verdict", lines[0] == f"{verdict.n_failed} wrong:" + "".join(f" {i}({verdict.first[i]})" for i in wrong))
    check("truth values", [i for i, failed in enumerate(verdict.failed) if failed] == wrong and len(verdict.failed) == verdict.rows == len(rows))
    bits = {i: v.bitmap(one.id) for i, one in enumerate(suite.checks)}
    check("golden bitmaps", lines[1:] == [f"{i}:" + "".join(f" {row}" for row in rows_in(bits[i], len(rows))) for i in bits if bits[i] is not None])
    check("by row is what has a bitmap", [one.by_row for one in suite.checks] == [bits[i] is not None for i in bits])
    check("the page", v.html().startswith("<!doctype html>") and "golden orders" in v.html())
    # Row by row, merged, and by way of bytes: the same but for samples, which each part finds in itself.
    parts = pln.Validation(suite, rows, now=NOW)
    for i in range(len(rows)):
        part = pln.Validation(suite, rows, now=NOW)
        part.add(rows.slice(i, 1))
        if i % 2:
            parts.merge(part)
        else:
            parts.read(part.to_bytes())
    check("parts merge", [c[:9] for c in parts.checks] == [c[:9] for c in v.checks] and parts.rows == v.rows)
    again = pln.Validation.from_bytes(suite, golden("columns.txt").strip(), v.to_bytes(), now=NOW)
    check("bytes are read", again.json() == v.json() and again.to_bytes() == v.to_bytes())


# ---- suites ----

def suites(rt):
    rows = rt.batch(COLUMNS, ROWS)
    suite = pln.Suite(rt, CHECKS)
    for given in ({"checks": CHECKS}, json.dumps({"checks": CHECKS}), json.dumps({"checks": CHECKS}).encode()):
        check("dict, list, text and bytes are one", pln.Suite(rt, given).checks == suite.checks)
    first = suite.checks[0]
    check("a check", (first.id, first.kind, first.columns, first.severity, first.action, first.by_row) == (
        "not_null(note)", "not_null", "note", "error", "quarantine_row", True) and first.json["column"] == "note", first)
    v = suite.validate(rows)
    check("results", (v.success, v.status, v.rows, len(suite), suite.name) == (False, "failed", 4, 4, ""))
    check("counts", [(c.id, c.status, c.rows, c.missing, c.evaluated, c.unexpected, c.observed) for c in v.checks] == [
        ("not_null(note)", "failed", 4, 0, 4, 1, None), ("unique(id)", "failed", 4, 0, 4, 2, None),
        ("between(amount)", "warned", 4, 1, 3, 1, None), ("row_count", "passed", 4, 0, 4, None, 4.0)], v.checks)
    check("by id", v["unique(id)"] == v.checks[1] and not v["unique(id)"].success and v["row_count"].success)
    verdict = v.verdict()
    check("rows that fail, without warnings", (verdict.n_failed, list(verdict.failed)) == (2, [False, True, True, False]), list(verdict.failed))
    check("which check did it", [verdict.first[i] for i in (1, 2)] == [0, 1])
    check("a warning has a bitmap of its own", v.bitmap("between(amount)") == b"\x02" and v.bitmap("row_count") is None)
    refused("a suite with a validation is as it is", "ValueError", "cannot change", lambda: suite.add(CHECKS[0]))
    more = pln.Suite(rt, CHECKS)
    more.add({"check": "not_empty", "column": "note"})
    check("one more", more.validate(rows)["not_empty(note)"].unexpected == 1)
    measures = pln.Suite(rt, [{"check": "row_count", "min": 1}]).validate(rows)
    check("measures have no verdict of rows", (measures.success, measures.verdict().bitmap, list(measures.verdict().failed)) == (True, None, [False] * 4))
    profile = pln.Profile(rt, rows)
    profile.add(rows)
    suggested = pln.Suite.suggest(profile, "suggested")
    made = pln.Suite(rt, suggested)
    check("a profile's suite is passed by its rows", made.name == "suggested" and len(made) > 5 and made.validate(rows).success, suggested)
    check("json is GX's", json.loads(v.json())["results"][1]["result"]["unexpected_count"] == 2)
    graph = pln.Graph(rt, "check")
    bound, kept, bad = pln.Validation(suite, COLUMNS), pln.Table(rt), pln.Table(rt)
    graph.source("rows", COLUMNS, [rows])
    graph.add("check", "check", validation=bound, enforce=False)
    graph.add("good", "memory.write", table=kept)
    graph.add("bad", "memory.write", table=bad)
    graph.wire("rows > check > good; check.reject > bad")
    graph.run()
    check("a validation of a graph", (bound.rows, len(kept), len(bad), bound["unique(id)"].unexpected) == (4, 2, 2, 2), (bound.rows, len(kept), len(bad)))


class Lent:
    """Rows of another library: all that is known of them is the protocol."""

    def __init__(self, batch):
        self.batch = batch

    def __arrow_c_array__(self, requested_schema=None):
        return self.batch.__arrow_c_array__()


def sources(rt):
    """However the rows come, they are the same rows."""
    suite, rows = pln.Suite(rt, CHECKS), rt.batch(COLUMNS, ROWS)
    wanted, table, empty = suite.validate(rows).to_bytes(), pln.Table(rt), pln.Table(rt, COLUMNS)
    table.append(rows.slice(0, 3))
    table.append(rows.slice(3, 1))
    check("a table", suite.validate(table).to_bytes() == wanted and len(table) == 4)
    check("a list of batches", suite.validate([rows.slice(0, 1), Lent(rows.slice(1, 3))]).to_bytes() == wanted)
    check("an array", suite.validate(Lent(rows)).to_bytes() == wanted)
    check("a table without rows", suite.validate(empty).rows == 0)
    try:
        import pyarrow as pa
        theirs = pa.table(rows_table(rt, rows))
        check("a table of pyarrow's", suite.validate(theirs).to_bytes() == wanted)
        check("a stream of pyarrow's", suite.validate(pa.RecordBatchReader.from_batches(theirs.schema, theirs.to_batches(max_chunksize=1))).to_bytes() == wanted)

        def broken():
            yield theirs.to_batches()[0]
            raise LookupError("the tape is torn")
        refused("a stream that breaks", "OSError", "the tape is torn",
                lambda: suite.validate(pa.RecordBatchReader.from_batches(theirs.schema, broken())))
        long = theirs.cast(pa.schema([("id", pa.int64()), ("amount", pa.float64()), ("note", pa.large_string())]))
        check("long texts", suite.validate(long).to_bytes() == suite.validate(long.to_batches()[0]).to_bytes() == wanted)
        of = pln.Suite(rt, [{"check": "relationships", "column": "note", "to": "notes", "field": "note"}])
        of.reference("notes", long.slice(0, 1))
        check("a reference of long texts", of.validate(long).checks[0].unexpected == 2)
        check("nulls, slices and dictionaries", pln.Suite(rt, [{"check": "in_set", "column": "d", "values": ["x"]}]).validate(
            pa.table({"d": pa.array(["x", "y", None]).dictionary_encode()})).checks[0].unexpected == 1)
    except ImportError:
        skip("no pyarrow: its tables are not validated")
    try:
        import polars
        import pyarrow  # noqa: F401
        frame = polars.DataFrame(rows_table(rt, rows))
        check("a frame of polars'", suite.validate(frame).to_bytes() == wanted)
        check("its categories", suite.validate(frame.with_columns(polars.col("note").cast(polars.Categorical)))["not_null(note)"].unexpected == 1)
    except ImportError:
        skip("no polars: its frames are not validated")
    for what, wrong, error in (("no rows", [], "ValueError"), ("a text", "id", "TypeError"), ("a dict", {}, "TypeError"), ("a number", 5, "TypeError")):
        refused(what, error, "", lambda wrong=wrong: suite.validate(wrong))
    refused("other columns", "TypeError", "suite is over rows", lambda: suite.validate([rows, rt.batch("id int64", {"id": [1]})]))


def rows_table(rt, rows):
    table = pln.Table(rt)
    table.append(rows)
    return table


def references(rt):
    orders = rt.batch("customer int64", {"customer": [1, 2, 7, None]})
    known = rt.batch("id int64", {"id": [1, 2, 3]})
    for brought in (known, [known.slice(0, 1), known.slice(1, 2)], rows_table(rt, known)):
        suite = pln.Suite(rt, [{"check": "relationships", "column": "customer", "to": "customers", "field": "id"}])
        refused("a reference that is not there", "PLN_ESTATE", "customers", lambda suite=suite: suite.validate(orders))
        suite.reference("customers", brought)
        check("a reference", suite.validate(orders).checks[0].unexpected == 1)
        suite.reference("customers", known.slice(0, 1))
        check("another one takes its place", suite.validate(orders).checks[0].unexpected == 2)
    refused("a reference that no check has", "PLN_ENAME", "products", lambda: suite.reference("products", known))


def wrong_suites(rt):
    rows = rt.batch(COLUMNS, ROWS)
    for what, suite, error, words in (
            ("no JSON", "{", "PLN_ESYNTAX", ""), ("a check that there is not", [{"check": "not_nul", "column": "id"}], "PLN_EOPTION", "not_null"),
            ("a parameter", [{"check": "between", "column": "id", "mni": 0}], "PLN_EOPTION", "checks[0]"),
            ("an id twice", [{"check": "not_null", "column": "id", "id": "x"}] * 2, "PLN_EEXIST", "x")):
        refused(what, error, words, lambda suite=suite: pln.Suite(rt, suite))
    refused("a text that goes on behind a NUL", "ValueError", "NUL", lambda: pln.Suite(rt, b'{"checks": []}\0 '))
    refused("a column", "PLN_ENAME", "amuont", lambda: pln.Suite(rt, [{"check": "not_null", "column": "amuont"}]).validate(rows))
    v = pln.Suite(rt, CHECKS).validate(rows)
    refused("an id", "KeyError", "nothing", lambda: v["nothing"])
    refused("bytes of another suite", "PLN_ETYPE", "", lambda: pln.Suite(rt, CHECKS[:2]).validate(rows).read(v.to_bytes()))
    refused("bytes that were cut", "PLN_EDATA", "", lambda: v.read(v.to_bytes()[:-1]))
    refused("another thing", "TypeError", "", lambda: v.merge(pln.Hll()))
    refused("a time without a zone", "ValueError", "time zone", lambda: pln.Suite(rt, CHECKS).validate(rows, now=datetime.datetime(2026, 1, 1)))
    v.close()
    refused("a validation that was closed", "ValueError", "closed", v.json)


# ---- monitors ----

def monitors():
    """Thirty good days, two bad ones, and a stop between each of them."""
    m, said = pln.Monitor(season="weekday", min_history=3), []
    start = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    for day in range(33):
        rows = 90 if day in (30, 31) else (200 if day % 7 >= 5 else 1000) + day
        verdict = m.observe(start + day * DAY, rows)
        said.append((verdict.status, verdict.learned))
        m = pln.Monitor.from_bytes(m.to_bytes(), season="weekday", min_history=3)
    check("one alert, and when it is over", [status for status, _ in said[28:]] == ["normal", "normal", "anomaly", "still", "resolved"], said[20:])
    check("an anomaly is not learned", said[30] == ("anomaly", False) and len(m.history()) == 31)
    check("history", m.history()[-1] == (32 * 86400 * 10**6, 1032.0) and m.memory() > 0)
    m = pln.Monitor(method="absolute", error=5)
    check("nothing to judge by", m.observe(1, 10)[:3] == ("training", "fine", "absolute") and pln.Monitor().observe(1, 1).since_us is None)
    verdict = m.observe(2, 20)
    check("a verdict", (verdict.status, verdict.severity, verdict.expected, verdict.lower, verdict.upper, verdict.incident) == (
        "anomaly", "error", 10.0, 5.0, 15.0, 1) and json.loads(verdict.json)["value"] == 20, verdict)
    check("a new level", m.observe(3, 20, new_level=True).status == "resolved" and m.history() == [(3, 20.0)])
    check("a part does not enter", not m.observe(4, 20, partial=True).learned and m.observe(5, 0).method in ("absolute", "cliff"))
    refused("a time that stands", "PLN_EINVAL", "", lambda: m.observe(5, 20))
    refused("NaN", "PLN_EINVAL", "", lambda: m.observe(6, float("nan")))
    refused("a method", "ValueError", "zscore", lambda: pln.Monitor(method="gauss"))
    refused("an option", "TypeError", "lookbak", lambda: pln.Monitor(lookbak=3))
    refused("a handle as an option", "TypeError", "allocator", lambda: pln.Monitor(allocator=3))
    refused("its value", "PLN_EINVAL", "lookback", lambda: pln.Monitor(lookback=-3))
    refused("bytes", "PLN_EDATA", "", lambda: pln.Monitor.from_bytes(b"PLNM"))


def drift(rt):
    even, other = [100] * 10, [100] * 8 + [50, 150]
    same = pln.drift_psi(even, even)
    check("no drift", (same.severity, same.statistic, same.reference, same.current) == ("none", 0.0, 1000, 1000), same)
    found = pln.drift_psi(array.array("q", even), other, plain=1)
    check("PSI of counts, by hand", abs(found.statistic - (0.05 - 0.1) * math.log(0.5) - 0.05 * math.log(1.5)) < 1e-12
          and found.probability is None, found)
    check("KS of counts", abs(pln.drift_ks(even, other).statistic - 0.05) < 1e-12)
    before, after, pages, later = pln.Quantiles(), pln.Quantiles(), pln.TopK(), pln.TopK()
    for i in range(1000):
        before.add(i)
        after.add(i + 500)
        pages.add(f"page {i % 10}")
        later.add(f"page {i % 5}")
    check("KS of sketches", pln.drift_ks(before, after).severity == "error" and 0.48 < pln.drift_ks(before, after).statistic < 0.52)
    check("PSI of sketches", pln.drift_psi(before, after).severity == "error" and pln.drift_psi(before, before).statistic == 0)
    check("PSI of categories", pln.drift_psi(pages, later).severity == "error" and pln.drift_psi(pages, pages).severity == "none")
    refused("KS of categories", "TypeError", "no order", lambda: pln.drift_ks(pages, later))
    refused("two kinds", "TypeError", "", lambda: pln.drift_psi(before, pages))
    refused("two lengths", "ValueError", "10", lambda: pln.drift_psi(even, even[1:]))
    refused("no values", "PLN_EINVAL", "", lambda: pln.drift_psi([0, 0], [1, 1]))
    refused("an option", "TypeError", "bin", lambda: pln.drift_psi(even, even, bin=3))
    changed = pln.drift_schema(rt, "id int32, old utf8", "id int64, new utf8")
    check("schemas", sorted(changed, key=lambda change: change["change"]) == [
        {"column": "new", "change": "added", "after": "utf8"}, {"column": "old", "change": "removed", "before": "utf8"},
        {"column": "id", "change": "type", "before": "int32", "after": "int64"}], changed)
    check("schemas that are alike", pln.drift_schema(rt, COLUMNS, rt.batch(COLUMNS, ROWS)) == [])


def freshness():
    f = pln.Freshness(error_age_us=3600 * 10**6)
    f.landed(NOW)
    f.expect(NOW, "region=eu")
    check("fresh", f.check(NOW).status == "fresh" and f.partitions == [None, "region=eu"])
    verdict = f.check(NOW + datetime.timedelta(hours=2))
    check("late", (verdict.status, verdict.severity, verdict.reason, verdict.age_us, verdict.incident) == ("late", "error", "age", 7200 * 10**6, 1)
          and json.loads(verdict.json)["status"] == "late", verdict)
    f = pln.Freshness.from_bytes(f.to_bytes(), error_age_us=3600 * 10**6)
    check("said once", f.check(NOW + datetime.timedelta(hours=3)).status == "still")
    f.landed(NOW + datetime.timedelta(hours=3))
    check("over", f.check(NOW + datetime.timedelta(hours=3)).status == "resolved")
    check("a partition never landed", f.check(NOW, "region=eu").landed_us is None)
    f.forget("region=eu")
    refused("one that is not known", "PLN_ENOENT", "region=eu", lambda: f.check(NOW, "region=eu"))


# ---- contracts ----

CONTRACT = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "orders", "version": "1.0.0", "status": "active", "schema": [
    {"name": "orders", "properties": [
        {"name": "id", "logicalType": "integer", "required": True, "primaryKey": True, "primaryKeyPosition": 1},
        {"name": "amount", "logicalType": "number", "logicalTypeOptions": {"minimum": 0}},
        {"name": "note", "logicalType": "string"}],
     "quality": [{"metric": "rowCount", "mustBeGreaterThan": 0}, {"type": "text", "description": "Somebody looks at it."}]}]}


def contracts(rt):
    contract = pln.Contract(rt, CONTRACT)
    check("what it is", (contract.info["id"], contract.info["version"], contract.info["valid"], contract.info["tenant"], contract.objects) == (
        "orders", "1.0.0", True, None, ["orders"]), contract.info)
    check("the columns", contract.schema().text() == "id int64 not null, amount float64, note utf8", contract.schema().text())
    v = contract.suite("orders").validate(rt.batch(contract.schema().text(), {**ROWS, "amount": [1.0, -1.0, 0.0, None]}))
    check("rows that break it", {c.id: c.unexpected for c in v.checks if not c.success} == {"$.primaryKey": 2, "amount.minimum": 1}, v.text())
    check("what no check says", [left["pointer"] for left in contract.unsupported()] == ["/schema/0/quality/1"], contract.unsupported())
    check("a value", contract.value("/schema/0/properties/1/logicalTypeOptions") == {"minimum": 0} and contract.value("/none") is None
          and contract.value() == CONTRACT)
    table = pln.Table(rt, contract.schema())
    check("a table of its columns", contract.suite().validate(table).rows == 0)
    with open(os.path.join(ROOT, "examples", "orders.contract.yaml"), encoding="utf-8") as file:
        text = file.read()
    if pln.Contract.has_yaml():
        quickstart = pln.Contract(rt, text)
        check("YAML", quickstart.info["name"] == "Orders" and quickstart.schema().text().startswith("order_id int64 not null"))
    else:
        refused("YAML without libyaml", "PLN_EUNSUPPORTED", "YAML", lambda: pln.Contract(rt, text))
    new = json.loads(json.dumps(CONTRACT))
    del new["schema"][0]["properties"][2]
    new["version"] = "2.0.0"
    diff = contract.diff(pln.Contract(rt, new))
    check("a column is gone", (diff.accepted, diff.breaks, diff.step_needed, [change["kind"] for change in diff.changes]) == (
        False, ["consumers"], "major", ["property_removed"]), diff)
    check("and said to be", contract.diff(pln.Contract(rt, new), ["property_removed:orders.note"]).accepted and contract.diff(contract).accepted)
    refused("no contract", "PLN_ESYNTAX", "kind", lambda: pln.Contract(rt, {k: v for k, v in CONTRACT.items() if k != "kind"}))
    kept = pln.Contract(rt, {**CONTRACT, "kind": "Contract"}, keep_invalid=True)
    check("what is wrong", [(p.level, p.pointer) for p in kept.problems] == [("error", "/kind")] and not kept.info["valid"], kept.problems)
    refused("an object", "PLN_ENAME", "order", lambda: contract.schema("order"))
    refused("a format", "ValueError", "auto", lambda: pln.Contract(rt, CONTRACT, format="toml"))
    refused("a contract that was too large", "PLN_ELIMIT", "", lambda: pln.Contract(rt, CONTRACT, size_max=100))


def order_of_freeing(rt):
    """Names go in any order; what borrows keeps what it needs."""
    suite = pln.Suite(rt, CHECKS)
    v = suite.validate(rt.batch(COLUMNS, ROWS))
    suite.close()
    del suite
    gc.collect()
    check("a validation keeps its suite", v.rows == 4 and "unique(id)" in v.text())


def main():
    rt = pln.Runtime()
    before = live_blocks(rt)
    with tempfile.TemporaryDirectory() as folder:
        golden_suite(rt, folder)
    suites(rt)
    sources(rt)
    references(rt)
    wrong_suites(rt)
    monitors()
    drift(rt)
    freshness()
    contracts(rt)
    order_of_freeing(rt)
    gc.collect()
    check("all memory is given back", live_blocks(rt) == before, live_blocks(rt), before)
    end()


main()
