#!/usr/bin/env python3
"""Container files to rows or columns in other programs, on the files of bench_avro_file (pip install fastavro polars).

    make bench BENCH=avro_file PYTHON=python3      or      python3 test/bench/peer_avro_file.py [ROUNDS]
"""
import os
import subprocess
import sys
import tempfile

os.environ.setdefault("POLARS_MAX_THREADS", "1")

from peers import against, bench_program, json_lines, rounds, skip, take_turns, timed_ns  # noqa: E402

BENCH = bench_program("bench_avro_file")


def fastavro_rows(module, path):
    with open(path, "rb") as file:
        return sum(1 for _ in module.reader(file))


def polars_rows(module, path):
    return len(module.read_avro(path))


def installed():
    for name, read in (("fastavro", fastavro_rows), ("polars", polars_rows)):
        try:
            yield name, __import__(name), read
        except ImportError:
            skip(f"avro_file against {name}: this Python has no module {name}")


def one_codec(path, codec, peers, n):
    runs = {"ours": lambda: json_lines(BENCH, "--file", path)[0]["ns_row"]}
    for name, module, read in peers:
        try:
            if read(module, path) != n:
                sys.exit(f"{name} did not read all rows of {codec}")
        except Exception as error:  # a codec that it does not know, or that needs one more module
            skip(f"avro_file {codec} against {name}: {str(error)[:100]}")
            continue
        runs[name] = lambda module=module, read=read: timed_ns(lambda: read(module, path))[0] / n
    if len(runs) > 1:
        best = take_turns(runs, rounds())
        for name, module, _ in peers:
            if name in best:
                against("avro_file", codec, f"{name} {module.__version__}", n, best["ours"], best[name])


def main():
    peers = list(installed())
    if not peers:
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([BENCH, "--write", folder], check=True)
        for file in sorted(os.listdir(folder)):
            path = os.path.join(folder, file)
            one_codec(path, file.split(".")[0], peers, json_lines(BENCH, "--file", path)[0]["rows"])


if __name__ == "__main__":
    main()
