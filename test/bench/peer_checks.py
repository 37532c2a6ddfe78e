#!/usr/bin/env python3
"""Ten checks over a million rows against DuckDB with one thread (pip install duckdb): one query with the same counts.

    make bench BENCH=checks PYTHON=python3      or      python3 test/bench/peer_checks.py [ROUNDS]

Rows follow from their number on both sides; DuckDB has them in a table in memory, we in batches. All counts must be the same.
"""
import sys

from peers import against, bench_program, duckdb_or_skip, json_lines, query_ns, rounds, take_turns

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


def main():
    found = duckdb_or_skip("checks")
    if found is None:
        return
    peer, name = found
    peer.execute(TABLE.format(rows=ROWS))
    ours = {}

    def measure():
        for line in json_lines(bench_program("bench_checks"), str(ROWS)):
            ours.setdefault(line["case"], []).append(line)
        return 0

    best = take_turns(dict([("ours", measure)] + [
        (case, lambda sql=sql: query_ns(peer, "SELECT %s FROM t" % sql)[0] / ROWS)
        for case, sql in CASES.items()]), rounds())
    for case, sql in CASES.items():
        if case not in ours:
            continue
        theirs = query_ns(peer, "SELECT %s FROM t" % sql)[1][0]
        if any(abs(a - b) > 1e-9 * abs(b) for a, b in zip(ours[case][0]["answers"], theirs)):
            sys.exit("%s: %s here, %s there" % (case, ours[case][0]["answers"], theirs))
        against("checks", case, name, ROWS, min(line["ns_row"] for line in ours[case]), best[case],
                None if case == "unique" else 5)


if __name__ == "__main__":
    main()
