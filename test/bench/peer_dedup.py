#!/usr/bin/env python3
"""The deduplication index against flat hash sets in C++ and DuckDB's DISTINCT: Abseil (libabsl-dev), Boost (libboost1.81-dev or later), duckdb of pip.

    make bench BENCH=dedup      or      python3 test/bench/peer_dedup.py [ROUNDS]

PEER_FLAGS are added for the compiler where the headers are in a place of their own. All see the same ten million keys in turns.
"""
import json
import os
import subprocess
import tempfile

import peers

KEYS = 10000000
SETS = {
    "absl::flat_hash_set": ("<absl/container/flat_hash_set.h>", "absl::flat_hash_set",
                            {"new keys, room made before": 4, "repeated keys, room made before": 2, "new keys, growing": 1}),
    "boost::unordered_flat_set": ("<boost/unordered/unordered_flat_set.hpp>", "boost::unordered_flat_set",
                                  {"new keys, room made before": 2, "new keys, growing": 1}),
}
ABSL = "raw_hash_set hash hashtablez_sampler exponential_biased synchronization time base low_level_hash city throw_delegate " \
       "raw_logging_internal spinlock_wait strings int128 time_zone stacktrace symbolize debugging_internal malloc_internal " \
       "demangle_internal graphcycles_internal"


def compiled(folder, name, header, kind):
    program = os.path.join(folder, name.split(":")[0])
    libraries = ["-Wl,--start-group"] + ["-labsl_" + lib for lib in ABSL.split()] + ["-Wl,--end-group"] if "absl" in name else []
    command = ["g++", "-std=c++17", "-O3", "-DNDEBUG", "-march=native", f"-DPEER_HEADER={header}", f"-DPEER_SET={kind}",
               os.path.join(peers.ROOT, "test/bench/peer_dedup.cpp"), "-o", program] + os.environ.get("PEER_FLAGS", "").split() + libraries + ["-lpthread"]
    if subprocess.run(command, capture_output=True).returncode != 0:
        peers.skip(f"dedup against {name}: it does not compile here")
        return None
    return program


def least(into, lines):
    for line in lines:
        if "ns_row" in line:
            into[line["case"]] = min(into.get(line["case"], line["ns_row"]), line["ns_row"])


def distinct(ours):
    found = peers.duckdb_or_skip("dedup")
    if found is None:
        return
    db, name = found
    db.execute(f"CREATE TABLE k AS SELECT hash(i) AS a, hash(i + {KEYS}) AS b FROM range({KEYS}) t(i)")
    ns = min(peers.query_ns(db, "SELECT count(*) FROM (SELECT DISTINCT a, b FROM k)")[0] for _ in range(3)) / KEYS
    mine = ours["new keys, growing"]
    print(json.dumps({"bench": "dedup", "case": "new keys, growing", "peer": name + " DISTINCT, one thread", "ns_row": mine,
                      "peer_ns_row": round(ns, 2), "ratio": round(ns / mine, 2)}), flush=True)


def main():
    ours, theirs = {}, {name: {} for name in SETS}
    with tempfile.TemporaryDirectory() as folder:
        programs = {name: compiled(folder, name, header, kind) for name, (header, kind, _) in SETS.items()}
        for _ in range(peers.rounds()):
            least(ours, peers.json_lines(peers.bench_program("bench_dedup"), str(KEYS)))
            for name, program in programs.items():
                if program is not None:
                    least(theirs[name], peers.json_lines(program, str(KEYS)))
    for name, cases in theirs.items():
        for case, ns in cases.items():
            line = {"bench": "dedup", "case": case, "peer": name, "ns_row": ours[case], "peer_ns_row": ns, "ratio": round(ns / ours[case], 2)}
            if case in SETS[name][2]:
                line["target"] = SETS[name][2][case]
            print(json.dumps(line), flush=True)
    distinct(ours)


main()
