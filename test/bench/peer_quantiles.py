#!/usr/bin/env python3
"""Quantiles and reservoirs against Apache DataSketches in C++ (headers only; Debian has none): DATASKETCHES=FOLDER, a checkout of datasketches-cpp.

    DATASKETCHES=... make bench BENCH=quantiles      or      DATASKETCHES=... python3 test/bench/peer_quantiles.py [ROUNDS]

Both see the same random column in turns, compiled for this machine there.
"""
import json
import os
import subprocess
import tempfile

import peers

TARGETS = {"add float64 column": 3}
SIZES = (("10000", "200"), ("100000", "200"), ("1000000", "200"), ("10000000", "200"), ("1000000", "1000"))


def compiled(folder):
    source = os.environ.get("DATASKETCHES")
    if not source or not os.path.exists(os.path.join(source, "kll/include/kll_sketch.hpp")):
        peers.skip("quantiles against datasketches: DATASKETCHES names no checkout of datasketches-cpp")
        return None
    program = os.path.join(folder, "peer_quantiles")
    command = ["g++", "-std=c++17", "-O3", "-DNDEBUG", "-march=native", *(f"-I{source}/{part}/include" for part in ("kll", "sampling", "common")),
               os.path.join(peers.ROOT, "test/bench/peer_quantiles.cpp"), "-o", program]
    if subprocess.run(command).returncode != 0:
        peers.skip("quantiles against datasketches: it does not compile here")
        return None
    return program


def least(into, size, lines):
    for line in lines:
        key = (line["case"], *size)
        into[key] = min(into.get(key, line["ns_row"]), line["ns_row"])


def main():
    ours, theirs = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        program = compiled(folder)
        if program is None:
            return
        for _ in range(peers.rounds()):
            for size in SIZES:
                least(ours, size, peers.json_lines(peers.bench_program("bench_quantiles"), *size))
                least(theirs, size, peers.json_lines(program, *size))
    for (case, rows, k), ns in sorted(theirs.items()):
        mine = ours[case, rows, k]
        line = {"bench": "quantiles", "case": f"{case}, k {k}", "peer": "datasketches", "rows": int(rows), "ns_row": mine, "peer_ns_row": ns,
                "ratio": round(ns / mine, 2)}
        if case in TARGETS:
            line["target"] = TARGETS[case]
        print(json.dumps(line), flush=True)


main()
