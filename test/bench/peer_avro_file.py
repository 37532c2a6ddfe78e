#!/usr/bin/env python3
"""Container files to rows or columns in other programs, on the files of bench_avro_file: fastavro and Polars, where they are installed.

    python3 test/bench/peer_avro_file.py [ROUNDS]        (default 3)

One JSON line for each codec and program: the processor time a row takes at its best, and how many times ours it is.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("POLARS_MAX_THREADS", "1")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BENCH = os.path.join(ROOT, os.environ.get("O", "build"), "test/bench/bench_avro_file")


def fastavro_rows(path):
    import fastavro
    with open(path, "rb") as file:
        return sum(1 for _ in fastavro.reader(file))


def polars_rows(path):
    import polars
    return len(polars.read_avro(path))


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    lines = [json.loads(line) for line in subprocess.run([BENCH], check=True, capture_output=True, text=True).stdout.splitlines()]
    ours = {line["case"].split()[2]: line["ns_per_row"] for line in lines if line["case"].endswith(" read")}
    for line in lines:
        print(json.dumps(line))
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([BENCH, "--write", folder], check=True)
        for codec, own in ours.items():
            for name, read in (("fastavro", fastavro_rows), ("polars", polars_rows)):
                best, rows = None, 0
                try:
                    for _ in range(rounds):
                        start = time.process_time()
                        rows = read(os.path.join(folder, codec + ".avro"))
                        took = time.process_time() - start
                        best = took if best is None or took < best else best
                except Exception as error:  # not installed, or without this codec
                    print(json.dumps({"case": f"avro file {codec} {name}", "skip": str(error)[:100]}))
                    continue
                print(json.dumps({"case": f"avro file {codec} {name}", "ns_per_row": round(best * 1e9 / rows, 1), "ours_is_times": round(best * 1e9 / rows / own, 1)}))


main()
