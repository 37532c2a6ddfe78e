#!/usr/bin/env python3
"""HyperLogLog against Apache DataSketches in C++ (headers only; Debian has none): DATASKETCHES=FOLDER, a checkout of datasketches-cpp.

    DATASKETCHES=... make bench BENCH=hll      or      DATASKETCHES=... python3 test/bench/peer_hll.py [ROUNDS]

Both see the same columns in turns, at precisions 12 and 14; the peer has HLL_8, its fastest type, compiled for this machine.
"""
import json
import os
import subprocess
import tempfile

import peers

TARGETS = {"add uint64 column": 5, "add utf8 column of 21 bytes": 3, "merge": 30}


def compiled(folder):
    source = os.environ.get("DATASKETCHES")
    if not source or not os.path.exists(os.path.join(source, "hll/include/hll.hpp")):
        peers.skip("hll against datasketches: DATASKETCHES names no checkout of datasketches-cpp")
        return None
    program = os.path.join(folder, "peer_hll")
    command = ["g++", "-std=c++17", "-O3", "-DNDEBUG", "-march=native", "-I" + os.path.join(source, "hll/include"),
               "-I" + os.path.join(source, "common/include"), os.path.join(peers.ROOT, "test/bench/peer_hll.cpp"), "-o", program]
    if subprocess.run(command).returncode != 0:
        peers.skip("hll against datasketches: it does not compile here")
        return None
    return program


def least(into, lines):
    for line in lines:
        key = (line["case"], line["precision"])
        into[key] = min(into.get(key, line["ns_row"]), line["ns_row"])


def main():
    ours, theirs = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        program = compiled(folder)
        if program is None:
            return
        for _ in range(peers.rounds()):
            for precision in ("12", "14"):
                least(ours, peers.json_lines(peers.bench_program("bench_hll"), "1000000", precision))
                least(theirs, peers.json_lines(program, "1000000", precision))
    for (case, precision), ns in sorted(theirs.items()):
        mine = ours[case, precision]
        line = {"bench": "hll", "case": f"{case}, precision {precision}", "peer": "datasketches hll_8", "ns_row": mine,
                "peer_ns_row": ns, "ratio": round(ns / mine, 2)}
        if case in TARGETS:
            line["target"] = TARGETS[case]
        print(json.dumps(line), flush=True)


main()
