#!/usr/bin/env python3
"""Top-k against Apache DataSketches in C++ (headers only; Debian has none): DATASKETCHES=FOLDER, a checkout of datasketches-cpp.

    DATASKETCHES=... make bench BENCH=top_k      or      DATASKETCHES=... python3 test/bench/peer_top_k.py [ROUNDS]

Both see the same columns in turns and have as many entries: 1,536 and 12,288. The peer is compiled for this machine.
"""
import json
import os
import subprocess
import tempfile

import peers

SIZES = ((1536, 11), (12288, 14))
EXPONENTS = ("1.1", "1.5")


def compiled(folder):
    source = os.environ.get("DATASKETCHES")
    if not source or not os.path.exists(os.path.join(source, "fi/include/frequent_items_sketch.hpp")):
        peers.skip("top_k against datasketches: DATASKETCHES names no checkout of datasketches-cpp")
        return None
    program = os.path.join(folder, "peer_top_k")
    command = ["g++", "-std=c++17", "-O3", "-DNDEBUG", "-march=native", "-I" + os.path.join(source, "fi/include"),
               "-I" + os.path.join(source, "common/include"), os.path.join(peers.ROOT, "test/bench/peer_top_k.cpp"), "-o", program]
    if subprocess.run(command).returncode != 0:
        peers.skip("top_k against datasketches: it does not compile here")
        return None
    return program


def least(into, lines):
    for line in lines:
        key = (line["case"], line["capacity"], line["exponent"])
        if key not in into or line["ns_row"] < into[key]["ns_row"]:
            into[key] = line


def main():
    ours, theirs = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        program = compiled(folder)
        if program is None:
            return
        for _ in range(peers.rounds()):
            for capacity, lg in SIZES:
                for exponent in EXPONENTS:
                    least(ours, peers.json_lines(peers.bench_program("bench_top_k"), "1000000", str(capacity), exponent))
                    least(theirs, peers.json_lines(program, "1000000", str(lg), exponent))
    for (case, capacity, exponent), peer in sorted(theirs.items()):
        mine = ours[case, capacity, exponent]
        print(json.dumps({"bench": "top_k", "case": f"{case}, {capacity} entries, exponent {exponent}", "peer": "datasketches frequent items",
                          "ns_row": mine["ns_row"], "peer_ns_row": peer["ns_row"], "ratio": round(peer["ns_row"] / mine["ns_row"], 2),
                          "error": mine["error"], "peer_error": peer["error"], "memory": mine["memory"], "peer_memory": peer["memory"]}), flush=True)


main()
