#!/usr/bin/env python3
"""Expressions against DuckDB with one thread (pip install duckdb), on the same 10 million rows.

    make bench BENCH=expr PYTHON=python3      or      python3 test/bench/peer_expr.py [ROUNDS]

DuckDB's results are only counted or summed up, ours are written out as columns.
"""
import json
import subprocess
import sys

from peers import against, bench_program, duckdb_or_skip, query_ns, rounds, take_turns

ROWS = 10000000
WHERE = "amount > 0 and country in ('DE', 'FR')"
CASES = {
    "filter": f"select count(*) from t where {WHERE}",
    "derive": "select max(price * quantity * 1.19::double) from t",
    "derive integer": "select max(amount + quantity * 2) from t",
    "filter and derive": f"select max(price * quantity * 1.19::double) from t where {WHERE}",
    "lower": "select max(strlen(lower(name))) from t",
    "case": "select max(strlen(case when amount > 5000 then 'large' when amount > 0 then 'small' else 'none' end)) from t",
    "like": "select count(*) from t where name like '%77%'",
    "regexp": "select count(*) from t where regexp_matches(name, '[0-9]{3}77[0-9]$')",
    "regexp anchored": r"select count(*) from t where regexp_matches(name, '^Customer Nr\. [0-9]*77$')",
    "regexp class": "select count(*) from t where regexp_matches(name, '^[A-Za-z .]+[0-9]{9,10}$')",
    "regexp literal": r"select count(*) from t where regexp_matches(name, 'Nr\. 77')",
    "substr": "select max(strlen(substr(name, 10, 3))) from t",
}
TABLE = f"""create table t as
    select x % 20001 - 10000 as amount, (x % 100000) / 100.0::double as price, x % 10 + 1 as quantity,
        ['DE', 'FR', 'US', 'GB', 'IT', 'ES', 'NL', 'PL', 'SE', 'AT'][(x // 1000) % 10 + 1] as country,
        'Customer Nr. ' || x as name
    from (select i * 2654435761 % 4294967296 as x from range({ROWS}) r(i))"""


def main():
    found = duckdb_or_skip("expr")
    if found is None:
        return
    peer, name = found
    peer.execute(TABLE)
    ours = subprocess.Popen([bench_program("bench_expr"), "--serve"], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)

    def ask(case):
        ours.stdin.write(case + "\n")
        ours.stdin.flush()
        return json.loads(ours.stdout.readline())

    for case, sql in CASES.items():
        counts = case in ("filter", "like") or case.startswith("regexp")
        if counts and ask(case)["result"] != query_ns(peer, sql)[1][0][0]:
            sys.exit(case + ": not the same rows")
        best = take_turns({"ours": lambda: ask(case)["ns_per_row"],
                           "duckdb": lambda: query_ns(peer, sql)[0] / ROWS}, rounds(7))
        against("expr", case, name, ROWS, best["ours"], best["duckdb"], 1)
    ours.stdin.close()
    ours.wait()


if __name__ == "__main__":
    main()
