#!/usr/bin/env python3
"""NDJSON against its peers, all on one core, in alternating rounds.

    python3 test/bench/ndjson_peers.py [ROUNDS]        (default 5; run it with a Python that has duckdb to include it)

Generates the events with bench_ndjson, compiles the simdjson peer for each instruction set this machine has (libsimdjson-dev), and
prints one JSON line a program with the time a record takes at its best, and one a ratio. Peers that are not installed are left
out, and said so. All programs tell their own processor time, so what else the machine does disturbs little.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH = os.path.join(ROOT, os.environ.get("O", "build"), "test/bench/bench_ndjson")
# Instruction set, flags of the peer's compiler, the decoder's feature bits.
SETS = [("sse4.2", "-march=westmere", 1), ("avx2", "-march=haswell", 3), ("avx512", "-march=icelake-server", 7)]
COLUMNS = {
    "event_id": "VARCHAR", "event_time": "TIMESTAMP", "event_type": "VARCHAR",
    "order": "STRUCT(order_id BIGINT, customer STRUCT(customer_id BIGINT, email VARCHAR, country VARCHAR), "
             "amount DOUBLE, quantity INTEGER, express BOOLEAN)",
}


def ours(path, bits):
    text = subprocess.run([BENCH, "--file", path, str(bits)], check=True, capture_output=True, text=True).stdout
    return min((json.loads(line) for line in text.splitlines()), key=lambda r: r["ns_row"])


def simdjson(path, program):
    text = subprocess.run([program, path], check=True, capture_output=True, text=True).stdout
    return min((json.loads(line) for line in text.splitlines()), key=lambda r: r["ns_row"])


def duckdb_round(path):
    import duckdb
    db = duckdb.connect(config={"threads": 1})
    columns = "{" + ", ".join(f"'{k}': '{v}'" for k, v in COLUMNS.items()) + "}"
    sql = f"CREATE OR REPLACE TEMP TABLE t AS SELECT * FROM read_json('{path}', format='newline_delimited', columns={columns})"
    best = None
    for _ in range(2):
        start = time.process_time()
        db.execute(sql)
        seconds = time.process_time() - start
        best = seconds if best is None else min(best, seconds)
    rows, amount = db.execute('SELECT count(*), sum(round("order".amount * 100)) FROM t').fetchone()
    return {"rows": rows, "ns_row": best * 1e9 / rows, "GB_s": os.path.getsize(path) / best * 1e-9}


def compiled(flags, folder, name):
    out = os.path.join(folder, "peer_" + name)
    source = os.path.join(ROOT, "test/bench/peer_simdjson.cpp")
    made = subprocess.run(["g++", "-std=c++17", "-O3", "-DNDEBUG", flags, source, "-o", out, "-lsimdjson"],
                          capture_output=True, text=True)
    return out if made.returncode == 0 else None


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    flags = open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "events.ndjson")
        subprocess.run([BENCH, "--write", path], check=True)
        runs = {}
        for name, march, bits in SETS:
            if name == "avx2" and "avx2" not in flags or name == "avx512" and "avx512_vbmi2" not in flags:
                continue
            runs["pln/" + name] = lambda bits=bits: ours(path, bits)
            program = compiled(march, folder, name)
            if program is None:
                print("skip: no simdjson to compile against", file=sys.stderr)
            else:
                runs["simdjson/" + name] = lambda program=program: simdjson(path, program)
        try:
            import duckdb  # noqa: F401
            runs["duckdb"] = lambda: duckdb_round(path)
        except ImportError:
            print("skip: no duckdb for this Python", file=sys.stderr)
        best = {}
        for _ in range(rounds):
            for name, run in runs.items():
                got = run()
                if name not in best or got["ns_row"] < best[name]["ns_row"]:
                    best[name] = got
        for name, got in best.items():
            print(json.dumps({"bench": "ndjson_peers", "case": name, "rows": got["rows"],
                              "ns_row": round(got["ns_row"], 1), "GB_s": round(got["GB_s"], 3)}))
        sums = {got["sum"] for got in best.values() if "sum" in got}
        if len(sums) > 1:
            sys.exit("the programs did not read the same")
        top = min((n for n in best if n.startswith("pln/")), key=lambda n: best[n]["ns_row"])
        for name, got in best.items():
            if name.startswith("pln/"):
                continue
            against = "pln/" + name.split("/")[1] if "/" in name else top
            ratio = got["ns_row"] / best[against]["ns_row"]
            print(json.dumps({"bench": "ndjson_peers", "ratio": against + " to " + name, "times": round(ratio, 2)}))


if __name__ == "__main__":
    main()
