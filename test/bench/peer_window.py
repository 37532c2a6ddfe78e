#!/usr/bin/env python3
"""Count and sum by key and window against DuckDB with one thread (pip install duckdb): GROUP BY over the same rows, which it holds in a table.

    make bench BENCH=window PYTHON=python3      or      python3 test/bench/peer_window.py [ROUNDS] (ROWS in the environment, 10,000,000)

Hopping windows are unnested, sessions found with lag() and a running sum, as its users write them. Ours decides for each row whether it is late and what fires.
"""
import os

from peers import against, bench_program, duckdb_or_skip, json_lines, query_ns, rounds, take_turns

ROWS = int(os.environ.get("ROWS", 10000000))
KEYS = {"tumbling": 0, "tumbling_1000": 1000, "hopping_1000": 1000, "hopping_100000": 100000, "session_1000": 1000,
        "global_100": 100, "global_10000": 10000, "global_1000000": 1000000}
TARGETS = {"tumbling": 3, "tumbling_1000": 4, "hopping_1000": 8, "hopping_100000": 8, "session_1000": 50, "global_1000000": 2.5}
TABLE = """CREATE OR REPLACE TABLE t AS SELECT i * 500 AS ts, i % 1000 AS v,
    {key}::BIGINT AS k FROM range({rows}) r(i)"""
MINUTE = 60000000


def query(case):
    if case == "tumbling":
        return "SELECT ts // %d AS w, count(*) AS n, sum(v) AS s FROM t GROUP BY w" % MINUTE
    if case.startswith("tumbling"):
        return "SELECT k, ts // %d AS w, count(*) AS n, sum(v) AS s FROM t GROUP BY k, w" % MINUTE
    if case.startswith("hopping"):
        return "SELECT k, ts // 10000000 - h AS w, count(*) AS n, sum(v) AS s FROM t, range(6) u(h) GROUP BY k, w"
    if case.startswith("session"):
        return """WITH g AS (SELECT k, ts, v, CASE WHEN ts - lag(ts) OVER o > 30000000 THEN 1 ELSE 0 END AS fresh FROM t WINDOW o AS (PARTITION BY k ORDER BY ts)),
            s AS (SELECT k, v, sum(fresh) OVER (PARTITION BY k ORDER BY ts) AS id FROM g) SELECT k, id, count(*) AS n, sum(v) AS s FROM s GROUP BY k, id"""
    return "SELECT k, count(*) AS n, sum(v) AS s FROM t GROUP BY k"


def main():
    found = duckdb_or_skip("window")
    if found is None:
        return
    peer, name = found
    ours = {line["case"]: line for line in json_lines(bench_program("bench_window"), str(ROWS))}
    for case, keys in KEYS.items():
        key = "0" if keys == 0 else "((i::HUGEINT * 2654435761) & 4294967295) %% %d" % keys
        peer.execute(TABLE.format(key=key, rows=ROWS))
        total = peer.execute("SELECT sum(s)::BIGINT FROM (%s)" % query(case)).fetchone()[0]
        if total != ours[case]["total"]:
            raise SystemExit("%s: the sums add up to %d here, %d there" % (case, ours[case]["total"], total))
        count = "SELECT count(*), sum(n), sum(s) FROM (%s)" % query(case)
        best = take_turns({"duckdb": lambda: query_ns(peer, count)[0] / ROWS}, max(3, rounds() // 2))
        against("window", case, name, ROWS, ours[case]["ns_row"], best["duckdb"], TARGETS.get(case))


if __name__ == "__main__":
    main()
