#!/usr/bin/env python3
"""HyperLogLog against Apache DataSketches in C++ (headers only; Debian has none): DATASKETCHES=FOLDER, a checkout of datasketches-cpp.

    DATASKETCHES=... make bench BENCH=hll      or      DATASKETCHES=... python3 test/bench/peer_hll.py [ROUNDS]

Both see the same columns in turns, at precisions 12 and 14; the peer has HLL_8, its fastest type, compiled for this machine.
"""
import peers

peers.datasketches("hll", "hll", "precision", (12, 14), {"add uint64 column": 5, "add utf8 column of 21 bytes": 3, "merge": 30},
                   "datasketches hll_8")
