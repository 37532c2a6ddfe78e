"""What the peer scripts share: turns, and the line that holds ours against a peer's.

A ratio counts only if both were measured in one run: ours and the peers take turns, five rounds at least, and the fastest of each
counts, in the processor's time that each has used. Peers come from where users get them: `pip install duckdb fastavro polars` (one
thread here), Debian's libsimdjson-dev. One that is not there is skipped with a line that says so.
"""
import json
import os
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def bench_program(name):
    return os.path.join(ROOT, os.environ.get("O", "build"), "test", "bench", name)


def rounds(default=5):
    return max(int(sys.argv[1]), 5) if len(sys.argv) > 1 else default


def skip(why):
    print("skip: " + why, file=sys.stderr, flush=True)


def duckdb_or_skip(bench):
    """DuckDB with one thread as (connection, name), or None."""
    try:
        import duckdb
    except ImportError:
        skip(bench + " against duckdb: this Python has no module duckdb")
        return None
    peer = duckdb.connect()
    peer.execute("SET threads = 1")
    return peer, "duckdb " + duckdb.__version__


def query_ns(peer, sql):
    return timed_ns(lambda: peer.execute(sql).fetchall())


def timed_ns(call):
    start = time.process_time_ns()
    result = call()
    return time.process_time_ns() - start, result


def json_lines(*command):
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in text.splitlines()]


def take_turns(runs, n):
    """Runs: name -> function that gives nanoseconds a row; the least of each."""
    best = {}
    for _ in range(n):
        for name, run in runs.items():
            got = run()
            best[name] = min(best.get(name, got), got)
    return best


def against(bench, case, peer, rows, ours, theirs, target=None):
    line = {"bench": bench, "case": case, "peer": peer, "rows": rows, "ns_row": round(ours, 2),
            "peer_ns_row": round(theirs, 2), "ratio": round(theirs / ours, 2)}
    if target is not None:
        line["target"] = target
    print(json.dumps(line), flush=True)
