"""What the peer scripts share: turns, and the line that holds ours against a peer's.

A ratio counts only if both were measured in one run: ours and the peers take turns, five rounds at least, and the fastest of each
counts, in the processor's time that each has used. Peers come from where users get them: `pip install duckdb fastavro polars` (one
thread here), Debian's libsimdjson-dev. One that is not there is skipped with a line that says so.
"""
import json
import os
import subprocess
import sys
import tempfile
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


def datasketches_or_skip(bench, folder, part):
    """peer_BENCH.cpp, compiled for this machine against part/include of the checkout of datasketches-cpp that DATASKETCHES names, or None."""
    source = os.environ.get("DATASKETCHES")
    if not source or not os.path.isdir(os.path.join(source, part, "include")):
        skip(bench + " against datasketches: DATASKETCHES names no checkout of datasketches-cpp")
        return None
    program = os.path.join(folder, "peer_" + bench)
    command = ["g++", "-std=c++17", "-O3", "-DNDEBUG", "-march=native", "-I" + os.path.join(source, part, "include"),
               "-I" + os.path.join(source, "common/include"), os.path.join(ROOT, f"test/bench/peer_{bench}.cpp"), "-o", program]
    if subprocess.run(command).returncode != 0:
        skip(bench + " against datasketches: it does not compile here")
        return None
    return program


def datasketches(bench, part, key, values, targets, name):
    """Ours and theirs in turns for each value of the programs' second argument, `key` in their lines; targets: (case, value) -> ratio."""
    ours, theirs = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        program = datasketches_or_skip(bench, folder, part)
        if program is None:
            return
        for _ in range(rounds()):
            for value in values:
                for into, command in (ours, bench_program("bench_" + bench)), (theirs, program):
                    for line in json_lines(command, "1000000", str(value)):
                        case = (line["case"], line[key])
                        into[case] = min(into.get(case, line["ns_row"]), line["ns_row"])
    for (case, value), ns in sorted(theirs.items()):
        mine = ours[case, value]
        line = {"bench": bench, "case": f"{case}, {key} {value}", "peer": name, "ns_row": mine, "peer_ns_row": ns,
                "ratio": round(ns / mine, 2)}
        target = targets.get((case, value), targets.get(case))
        if target is not None:
            line["target"] = target
        print(json.dumps(line), flush=True)
