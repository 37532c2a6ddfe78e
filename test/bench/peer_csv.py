#!/usr/bin/env python3
"""CSV to ten typed columns against DuckDB with one thread, on the same file of events, alternately, best against best.

    pip install duckdb; peer_csv.py [build/test/bench/bench_csv] [ROUNDS]

Both read the file, convert every field and sum every column. One JSON line with the ratio comes out.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

QUERY = """
SELECT count(*), sum(event_id), sum(length(order_id)), sum(customer_id), sum(epoch_us(ts)), sum(length(status)),
       sum(length(sku)), sum(quantity), sum(price), sum(discount), sum(paid::INT)
FROM read_csv('{path}', header = true, delim = ',', quote = '"', escape = '"', auto_detect = false, columns = {{
    'event_id': 'BIGINT', 'order_id': 'VARCHAR', 'customer_id': 'BIGINT', 'ts': 'TIMESTAMP', 'status': 'VARCHAR',
    'sku': 'VARCHAR', 'quantity': 'INTEGER', 'price': 'DOUBLE', 'discount': 'DOUBLE', 'paid': 'BOOLEAN'}})
"""


def main():
    try:
        import duckdb
    except ImportError:
        print("skip: no duckdb module", file=sys.stderr)
        return 0
    bench = sys.argv[1] if len(sys.argv) > 1 else "build/test/bench/bench_csv"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 6
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "events.csv")
        subprocess.run([bench, "--write", path], check=True)
        peer = duckdb.connect()
        peer.execute("PRAGMA threads = 1")
        query = QUERY.format(path=path)
        rows = peer.execute(query).fetchone()[0]
        ours, theirs, ours_cpu, theirs_cpu = [], [], [], []
        for _ in range(rounds):
            out = subprocess.run([bench, "--file", path, "2"], check=True, capture_output=True, text=True).stdout
            got = json.loads(out)
            assert got["rows"] == rows, (got, rows)
            ours.append(got["ns"])
            ours_cpu.append(got["cpu_ns"])
            start, cpu = time.perf_counter_ns(), time.process_time_ns()
            peer.execute(query).fetchall()
            theirs.append(time.perf_counter_ns() - start)
            theirs_cpu.append(time.process_time_ns() - cpu)
        size = os.path.getsize(path)
        print(json.dumps({
            "bench": "csv", "case": "events_file_against_duckdb", "duckdb": duckdb.__version__, "rows": rows,
            "ours_gb_s": round(size / min(ours), 3), "duckdb_gb_s": round(size / min(theirs), 3),
            "ratio": round(min(theirs) / min(ours), 2),
            "ratio_cpu": round(min(theirs_cpu) / min(ours_cpu), 2), "target": 4}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
