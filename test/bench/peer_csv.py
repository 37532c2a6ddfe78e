#!/usr/bin/env python3
"""CSV to ten typed columns against DuckDB with one thread (pip install duckdb), on the same file of events.

    make bench BENCH=csv PYTHON=python3      or      python3 test/bench/peer_csv.py [ROUNDS]

Both read the file, convert every field and sum every column.
"""
import os
import subprocess
import sys
import tempfile

from peers import against, bench_program, duckdb_or_skip, json_lines, query_ns, rounds, take_turns

BENCH = bench_program("bench_csv")
QUERY = """
SELECT count(*), sum(event_id), sum(length(order_id)), sum(customer_id), sum(epoch_us(ts)), sum(length(status)),
       sum(length(sku)), sum(quantity), sum(price), sum(discount), sum(paid::INT)
FROM read_csv('{path}', header = true, delim = ',', quote = '"', escape = '"', auto_detect = false, columns = {{
    'event_id': 'BIGINT', 'order_id': 'VARCHAR', 'customer_id': 'BIGINT', 'ts': 'TIMESTAMP', 'status': 'VARCHAR',
    'sku': 'VARCHAR', 'quantity': 'INTEGER', 'price': 'DOUBLE', 'discount': 'DOUBLE', 'paid': 'BOOLEAN'}})
"""


def main():
    found = duckdb_or_skip("csv")
    if found is None:
        return
    peer, name = found
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "events.csv")
        subprocess.run([BENCH, "--write", path], check=True)
        query = QUERY.format(path=path)
        rows = query_ns(peer, query)[1][0][0]

        def ours():
            got = json_lines(BENCH, "--file", path, "2")[0]
            if got["rows"] != rows:
                sys.exit("%d rows here, %d there" % (got["rows"], rows))
            return got["ns_row"]

        best = take_turns({"ours": ours, "duckdb": lambda: query_ns(peer, query)[0] / rows}, rounds())
    against("csv", "events_file", name, rows, best["ours"], best["duckdb"], 4)


if __name__ == "__main__":
    main()
