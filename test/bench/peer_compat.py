#!/usr/bin/env python3
"""Compatibility checks against Java's checker (avro.jar, warmed up), on the same pairs, parsed beforehand.

    make bench BENCH=compat      or      python3 test/bench/peer_compat.py [ROUNDS]

Both in Java's mode, so that both have the same to say; the number of issues is held equal. A virtual machine warms up anew in each of the turns.
"""
import json
import os
import subprocess
import sys
import tempfile

from peers import ROOT, against, bench_program, json_lines, rounds, skip, take_turns

BENCH = bench_program("bench_compat")
PEER = os.path.join(ROOT, "test", "laws", "test_compat_java.sh")
SECONDS = "4"


def ns_a_check(line):
    return 1e9 / line["checks_per_second"]


def issues_a_round(line, pairs):
    return line["issues"] * pairs / line["checks"]


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "pairs.tsv")
        with open(path, "wb") as file:
            subprocess.run([BENCH, "--print"], check=True, stdout=file)
        with open(path, "rb") as file:
            pairs = sum(1 for _ in file)
        issues = {}

        def ours():
            line = json_lines(BENCH)[1]
            issues["ours"] = issues_a_round(line, pairs)
            return ns_a_check(line)

        def java():
            run = subprocess.run(["sh", PEER, "--bench", path, SECONDS], capture_output=True, text=True, cwd=ROOT)
            if run.returncode == 77:
                return None
            run.check_returncode()
            line = json.loads(run.stdout)
            issues["java"] = issues_a_round(line, pairs)
            return ns_a_check(line)

        if java() is None:
            skip("compat against Java: no Java compiler or no avro.jar")
            return
        best = take_turns({"ours": ours, "java": java}, rounds())
    if issues["ours"] != issues["java"]:
        sys.exit("%g issues here, %g there" % (issues["ours"], issues["java"]))
    against("compat", "java_parity", "java avro", pairs, best["ours"], best["java"])


if __name__ == "__main__":
    main()
