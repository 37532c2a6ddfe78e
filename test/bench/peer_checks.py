#!/usr/bin/env python3
"""Ten checks over a million rows against DuckDB and Polars with one thread each (pip install duckdb polars): one query with the same counts. And a suite over real flights
through the Python binding against Great Expectations (pip install great_expectations; the data is looked for in ../shared/data or $PLN_TEST_DATA).

    make bench BENCH=checks PYTHON=python3      or      python3 test/bench/peer_checks.py [ROUNDS]

Rows follow from their number on all sides; DuckDB and Polars have them in a table in memory, we in batches. All counts must be the same.
"""
import os
import sys

from peers import ROOT, against, bench_program, duckdb_or_skip, json_lines, query_ns, rounds, skip, take_turns, timed_ns

os.environ["POLARS_MAX_THREADS"] = "1"  # read when it is loaded

ROWS = 1000000
TABLE = """
CREATE TABLE t AS SELECT i AS id, CASE WHEN i % 50 <> 0 THEN (h % 1000)::INTEGER END AS a, (h % 10007) / 4.0::DOUBLE AS b, (h - 500000)::INTEGER AS c,
    'user' || h AS t, ['new', 'paid', 'sent', 'done', 'lost'][h % 5 + 1] AS s FROM (SELECT range AS i, range * 7919 % 1000003 AS h FROM range({rows}))
"""
PLAIN = """
count(*) FILTER (a IS NULL), count(*) FILTER (a NOT BETWEEN 0 AND 900), count(*) FILTER (b NOT BETWEEN 0 AND 2400), count(*) FILTER (c NOT BETWEEN -400000 AND 400000),
count(*) FILTER (length(t) NOT BETWEEN 5 AND 9), count(*) FILTER (s NOT IN ('new', 'paid', 'sent', 'done')), min(c), max(c), avg(b), count(*) FILTER (NOT (a < 950 OR c > 0))
"""
CASES = {"plain": PLAIN, "pattern": PLAIN + ", count(*) FILTER (NOT regexp_matches(t, '^user[0-9]+$'))",
         "unique": PLAIN + ", count(id) - count(DISTINCT id)"}


def duckdb_asks():
    """(name, case -> (nanoseconds, answers)), or None."""
    found = duckdb_or_skip("checks")
    if found is None:
        return None
    peer, name = found
    peer.execute(TABLE.format(rows=ROWS))

    def ask(case):
        ns, answers = query_ns(peer, "SELECT %s FROM t" % CASES[case])
        return ns, answers[0]
    return name, ask


def polars_asks():
    """The same of Polars' expressions."""
    try:
        import polars as pl
    except ImportError:
        skip("checks against polars: this Python has no module polars")
        return None
    a, b, c, t, s, h = map(pl.col, "abctsh")
    # Of a list, not of int_range: of that it knows that it is sorted, and counts no different values.
    frame = pl.DataFrame({"id": list(range(ROWS))}).with_columns(h=pl.col("id") * 7919 % 1000003).with_columns(
        a=pl.when(pl.col("id") % 50 != 0).then(h % 1000).cast(pl.Int32), b=(h % 10007) / 4.0, c=(h - 500000).cast(pl.Int32), t=pl.concat_str(pl.lit("user"), h),
        s=(h % 5).replace_strict(range(5), ["new", "paid", "sent", "done", "lost"])).drop("h")

    def wrong(right):
        return (~right).sum()
    plain = [a.is_null().sum(), wrong(a.is_between(0, 900)), wrong(b.is_between(0, 2400)), wrong(c.is_between(-400000, 400000)),
             wrong(t.str.len_chars().is_between(5, 9)), wrong(s.is_in(["new", "paid", "sent", "done"])), c.min(), c.max(), b.mean(), wrong((a < 950) | (c > 0))]
    more = {"plain": [], "pattern": [wrong(t.str.contains("^user[0-9]+$"))], "unique": [pl.col("id").count() - pl.col("id").n_unique()]}
    queries = {case: [query.alias(str(at)) for at, query in enumerate(plain + last)] for case, last in more.items()}

    def ask(case):
        ns, answers = timed_ns(lambda: frame.select(queries[case]))
        return ns, answers.row(0)
    return "polars " + pl.__version__, ask


def ten_checks():
    peers = [peer for peer in (duckdb_asks(), polars_asks()) if peer is not None]
    if not peers:
        return
    ours = {}

    def measure():
        for line in json_lines(bench_program("bench_checks"), str(ROWS)):
            ours.setdefault(line["case"], []).append(line)
        return 0

    best = take_turns(dict([("ours", measure)] + [((name, case), lambda ask=ask, case=case: ask(case)[0] / ROWS) for name, ask in peers for case in CASES]), rounds())
    for name, ask in peers:
        for case in CASES:
            if case not in ours:
                continue
            mine, theirs = ours[case][0]["answers"], ask(case)[1]
            if len(mine) != len(theirs) or any(abs(a - b) > 1e-9 * abs(b) for a, b in zip(mine, theirs)):
                sys.exit("%s: %s here, %s there" % (case, mine, theirs))
            against("checks", case, name, ROWS, min(line["ns_row"] for line in ours[case]), best[name, case], 5 if case != "unique" and "duckdb" in name else None)


# ---- a suite over flights ----

FLIGHTS = ("year int32, month int8, day int8, dep_time int32, dep_delay int32, arr_time int32, arr_delay int32, carrier utf8, tailnum utf8, flight int32, origin utf8, "
           "dest utf8, air_time int32, distance int32, hour int8, minute int8")
SUITE = [
    ({"check": "not_null", "column": "carrier"}, "ColumnValuesToNotBeNull", {"column": "carrier"}),
    ({"check": "not_null", "column": "dep_time", "mostly": 0.95}, "ColumnValuesToNotBeNull", {"column": "dep_time", "mostly": 0.95}),
    ({"check": "between", "column": "dep_delay", "min": -60, "max": 600}, "ColumnValuesToBeBetween", {"column": "dep_delay", "min_value": -60, "max_value": 600}),
    ({"check": "between", "column": "distance", "min": 50, "max": 5000}, "ColumnValuesToBeBetween", {"column": "distance", "min_value": 50, "max_value": 5000}),
    ({"check": "in_set", "column": "origin", "values": ["EWR", "JFK", "LGA"]}, "ColumnValuesToBeInSet", {"column": "origin", "value_set": ["EWR", "JFK", "LGA"]}),
    ({"check": "length", "column": "dest", "equals": 3}, "ColumnValueLengthsToEqual", {"column": "dest", "value": 3}),
    ({"check": "matches", "column": "tailnum", "pattern": "^N[0-9]"}, "ColumnValuesToMatchRegex", {"column": "tailnum", "regex": "^N[0-9]"}),
    ({"check": "unique", "columns": ["year", "month", "day", "carrier", "flight", "origin"]}, "CompoundColumnsToBeUnique",
     {"column_list": ["year", "month", "day", "carrier", "flight", "origin"]}),
    ({"check": "column_mean", "column": "arr_delay", "min": 0, "max": 10}, "ColumnMeanToBeBetween", {"column": "arr_delay", "min_value": 0, "max_value": 10}),
    ({"check": "row_count", "min": 1}, "TableRowCountToBeBetween", {"min_value": 1})]


def flights_of_ours(path):
    """(rows, a call that validates them, giving for each check whether it passes and how many rows are wrong)"""
    os.environ.setdefault("PLN_LIBRARY", os.path.join(ROOT, os.environ.get("O", "build"), "libpipeline.so"))
    sys.path.insert(0, os.path.join(ROOT, "bindings", "python"))
    import pln
    rt = pln.Runtime()
    kept, g = pln.Table(rt), pln.Graph(rt, "flights")
    g.add("read", "csv.read", path=path, schema_handle=pln.Schema(rt, FLIGHTS), nulls=["NA", ""])
    g.add("keep", "memory.write", table=kept)
    g.wire("read > keep")
    g.run()
    suite = pln.Suite(rt, [check for check, _, _ in SUITE])

    def validate():
        v = suite.validate(kept)
        v.json()
        return [(result.success, result.unexpected) for result in v.checks]
    return len(kept), validate


def flights_of_great_expectations(gx, path):
    import pandas
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    frame = pandas.read_csv(path, keep_default_na=False, na_values=["NA", ""])
    asset = context.data_sources.add_pandas("files").add_dataframe_asset("flights")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch(batch_parameters={"dataframe": frame})
    suite = gx.ExpectationSuite(name="flights", expectations=[getattr(gx.expectations, "Expect" + name)(**more, meta={"case": i})
                                                              for i, (_, name, more) in enumerate(SUITE)])

    def validate():
        results = sorted(batch.validate(suite).results, key=lambda result: result.expectation_config.meta["case"])
        return [(result.success, result.result.get("unexpected_count")) for result in results]
    return "great_expectations " + gx.__version__, validate


def flights():
    path = os.path.join(os.environ.get("PLN_TEST_DATA", os.path.join(ROOT, "..", "shared", "data")), "nycflights13", "flights_2013h1.csv.gz")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    try:
        import great_expectations as gx
    except ImportError:
        skip("a suite over flights against Great Expectations: this Python has no module great_expectations")
        return
    if not os.path.exists(path):
        skip("a suite over flights against Great Expectations: there is no " + path)
        return
    n, ours = flights_of_ours(path)
    name, theirs = flights_of_great_expectations(gx, path)
    if ours() != theirs():
        sys.exit("flights: %s here, %s there" % (ours(), theirs()))
    best = take_turns({"ours": lambda: timed_ns(ours)[0] / n, "theirs": lambda: timed_ns(theirs)[0] / n}, rounds())
    against("checks", "suite over flights", name, n, best["ours"], best["theirs"])


if __name__ == "__main__":
    ten_checks()
    flights()
