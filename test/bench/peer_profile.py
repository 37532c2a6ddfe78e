#!/usr/bin/env python3
"""A profile of a CSV file against DuckDB's SUMMARIZE with one thread (pip install duckdb), on the same file of events.

    make bench BENCH=profile PYTHON=python3      or      python3 test/bench/peer_profile.py [ROUNDS]

Both read the file with the same types. SUMMARIZE gives minimum, maximum, distinct values, mean, deviation, three quantiles and nulls; ours gives these and the most
frequent values besides, and once more without them.
"""
import os
import subprocess
import sys
import tempfile

from peers import against, bench_program, duckdb_or_skip, json_lines, query_ns, rounds, take_turns

QUERY = """
SUMMARIZE SELECT * FROM read_csv('{path}', header = true, delim = ',', quote = '"', escape = '"', auto_detect = false, columns = {{
    'event_id': 'BIGINT', 'order_id': 'VARCHAR', 'customer_id': 'BIGINT', 'ts': 'TIMESTAMP', 'status': 'VARCHAR',
    'sku': 'VARCHAR', 'quantity': 'INTEGER', 'price': 'DOUBLE', 'discount': 'DOUBLE', 'paid': 'BOOLEAN'}})
"""


def main():
    found = duckdb_or_skip("profile")
    if found is None:
        return
    peer, name = found
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "events.csv")
        subprocess.run([bench_program("bench_csv"), "--write", path], check=True)
        query = QUERY.format(path=path)
        rows = max(row[10] for row in query_ns(peer, query)[1])

        def ours(top):
            got = json_lines(bench_program("bench_profile"), path, top)[0]
            if got["rows"] != rows or got["columns"] != 10:
                sys.exit("%d rows of %d columns here, %d there" % (got["rows"], got["columns"], rows))
            return got["ns_row"]

        best = take_turns({"ours": lambda: ours("5"), "without": lambda: ours("0"),
                           "duckdb": lambda: query_ns(peer, query)[0] / rows}, rounds())
    against("profile", "events_file", name, rows, best["ours"], best["duckdb"])
    against("profile", "events_file_without_top", name, rows, best["without"], best["duckdb"])


if __name__ == "__main__":
    main()
