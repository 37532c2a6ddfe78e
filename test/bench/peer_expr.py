#!/usr/bin/env python3
"""Expressions against DuckDB on the same 10 million rows, one thread, alternating rounds, best against best.

    pip install duckdb; test/bench/peer_expr.py [build/test/bench/bench_expr] [rounds]

DuckDB's results are only counted or summed up, ours are written out as columns.
"""
import json
import subprocess
import sys
import time

import duckdb

BENCH = sys.argv[1] if len(sys.argv) > 1 else "build/test/bench/bench_expr"
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 7
WHERE = "amount > 0 and country in ('DE', 'FR')"
CASES = {
    "filter": f"select count(*) from t where {WHERE}",
    "derive": "select max(price * quantity * 1.19::double) from t",
    "derive integer": "select max(amount + quantity * 2) from t",
    "filter and derive": f"select max(price * quantity * 1.19::double) from t where {WHERE}",
    "lower": "select max(strlen(lower(name))) from t",
    "case": "select max(strlen(case when amount > 5000 then 'large' when amount > 0 then 'small' else 'none' end)) from t",
    "like": "select count(*) from t where name like '%77%'",
    "substr": "select max(strlen(substr(name, 10, 3))) from t",
}


def main():
    peer = duckdb.connect()
    peer.execute("set threads = 1")
    peer.execute("""create table t as
        select x % 20001 - 10000 as amount, (x % 100000) / 100.0::double as price, x % 10 + 1 as quantity,
            ['DE', 'FR', 'US', 'GB', 'IT', 'ES', 'NL', 'PL', 'SE', 'AT'][(x // 1000) % 10 + 1] as country,
            'Customer Nr. ' || x as name
        from (select i * 2654435761 % 4294967296 as x from range(10000000) r(i))""")
    ours = subprocess.Popen([BENCH, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for name, sql in CASES.items():
        best = [None, None]
        for _ in range(ROUNDS):
            ours.stdin.write(name + "\n")
            ours.stdin.flush()
            answer = json.loads(ours.stdout.readline())
            start = time.perf_counter()
            result = peer.execute(sql).fetchone()[0]
            took = (time.perf_counter() - start) * 1e3
            best[0] = min(best[0] or answer["ms"], answer["ms"])
            best[1] = min(best[1] or took, took)
        if name in ("filter", "like"):
            assert result == answer["result"], (name, result, answer)
        print(json.dumps({"bench": "expr", "case": name, "ours_ns": round(best[0] / 10, 3),
                          "duckdb_ns": round(best[1] / 10, 3), "ratio": round(best[1] / best[0], 2)}), flush=True)
    ours.stdin.close()
    ours.wait()


main()
