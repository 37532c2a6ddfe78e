#!/usr/bin/env python3
"""NDJSON against simdjson on demand (Debian: libsimdjson-dev, g++) and DuckDB (pip install duckdb), one thread each.

    make bench BENCH=ndjson PYTHON=python3      or      python3 test/bench/peer_ndjson.py [ROUNDS]

The events of bench_ndjson, and the same with the members of each record in an order of its own, which is what the general decoder
is for. The simdjson program is compiled for each instruction set this machine has, and ours is held to the same one.
"""
import os
import subprocess
import sys
import tempfile

from peers import ROOT, against, bench_program, duckdb_or_skip, json_lines, query_ns, rounds, skip, take_turns

BENCH = bench_program("bench_ndjson")
GENERAL = 0x80000000
# Instruction set, flags of the peer's compiler, features for our decoder, what /proc/cpuinfo calls it.
SETS = [("sse4.2", "-march=westmere", 1, "sse4_2"), ("avx2", "-march=haswell", 3, "avx2"),
        ("avx512", "-march=icelake-server", 7, "avx512_vbmi2")]
COLUMNS = {
    "event_id": "VARCHAR", "event_time": "TIMESTAMP", "event_type": "VARCHAR",
    "order": "STRUCT(order_id BIGINT, customer STRUCT(customer_id BIGINT, email VARCHAR, country VARCHAR), "
             "amount DOUBLE, quantity INTEGER, express BOOLEAN)",
}
sums = {}


def program(path, *command):
    """Nanoseconds a row of the best round; all that read one file must have read the same."""
    got = json_lines(*command)
    for line in got:
        if sums.setdefault(path, line["sum"]) != line["sum"]:
            sys.exit("%s did not read the same as the others" % command[0])
    return min(line["ns_row"] for line in got)


def ours(path, bits):
    return lambda: program(path, BENCH, "--file", path, str(bits))


def simdjson(path, binary):
    return lambda: program(path, binary, path)


def duckdb_read(peer, path, n):
    columns = "{" + ", ".join(f"'{k}': '{v}'" for k, v in COLUMNS.items()) + "}"
    sql = ("CREATE OR REPLACE TEMP TABLE t AS SELECT * FROM "
           f"read_json('{path}', format = 'newline_delimited', columns = {columns})")
    return lambda: min(query_ns(peer, sql)[0] for _ in range(2)) / n


def compiled(flags, folder, name):
    out = os.path.join(folder, "peer_" + name)
    source = os.path.join(ROOT, "test/bench/peer_simdjson.cpp")
    command = ["g++", "-std=c++17", "-O3", "-DNDEBUG", flags, source, "-o", out, "-lsimdjson"]
    try:
        return out if subprocess.run(command, capture_output=True).returncode == 0 else None
    except OSError:
        return None


def simdjson_cases(folder, files, runs, pairs):
    features = open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""
    for name, march, bits, flag in SETS:
        if flag not in features:
            continue
        binary = compiled(march, folder, name)
        if binary is None:
            skip("ndjson against simdjson: nothing to compile it with or against")
            return
        peer = "simdjson on demand, " + name
        for case, file, how, target in (("decode", "events", bits, 1.2),
                                        ("decode/general", "events", bits | GENERAL, 0.8),
                                        ("decode/any_order", "any_order", bits, 0.8)):
            mine, other = f"{case} {name}", f"simdjson {file} {name}"
            runs[mine] = ours(files[file], how)
            runs[other] = simdjson(files[file], binary)
            pairs.append((case, peer, mine, other, target))


def duckdb_cases(files, n, runs, pairs):
    found = duckdb_or_skip("ndjson")
    if found is None:
        return
    peer, name = found
    for case, file, target in (("decode", "events", 4), ("decode/any_order", "any_order", None)):
        runs[case] = ours(files[file], -1)
        runs["duckdb " + file] = duckdb_read(peer, files[file], n)
        pairs.append((case, name, case, "duckdb " + file, target))


def main():
    runs, pairs = {}, []
    with tempfile.TemporaryDirectory() as folder:
        files = {name: os.path.join(folder, name + ".ndjson") for name in ("events", "any_order")}
        subprocess.run([BENCH, "--write", files["events"]], check=True)
        subprocess.run([BENCH, "--write-any-order", files["any_order"]], check=True)
        n = json_lines(BENCH, "--file", files["events"], "-1", "1")[0]["rows"]
        simdjson_cases(folder, files, runs, pairs)
        duckdb_cases(files, n, runs, pairs)
        best = take_turns(runs, rounds())
    for case, peer, mine, other, target in pairs:
        against("ndjson", case, peer, n, best[mine], best[other], target)


if __name__ == "__main__":
    main()
