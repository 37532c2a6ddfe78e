#!/usr/bin/env python3
"""Count-Min against Apache DataSketches in C++ (headers only; Debian has none): DATASKETCHES=FOLDER, a checkout of datasketches-cpp.

    DATASKETCHES=... make bench BENCH=count_min      or      DATASKETCHES=... python3 test/bench/peer_count_min.py [ROUNDS]

Both count the same column in turns, in four rows of 2^16 and of 2^20 counters of 64 bits; the peer is compiled for this machine.
"""
import peers

peers.datasketches("count_min", "count", "log2_columns", (16, 20), {
    ("add uint64 column", 16): 6, ("query uint64 column", 16): 4, ("add uint64 column", 20): 20, ("query uint64 column", 20): 20},
    "datasketches count_min_sketch<uint64_t>")
