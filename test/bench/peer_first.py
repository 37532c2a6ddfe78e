#!/usr/bin/env python3
"""bench_first linked with the shared library, as programs of users are: what the loader does is in the time.

    make bench BENCH=first      or      python3 test/bench/peer_first.py
"""
import os
import subprocess
import sys
import tempfile

from peers import ROOT, skip


def main():
    build = os.path.join(ROOT, os.environ.get("O", "build"))
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "bench_first")
        made = subprocess.run([os.environ.get("CC", "cc"), "-O2", "-std=c11", f"-I{ROOT}/include", f"{ROOT}/test/bench/bench_first.c", "-o", program,
                               f"-L{build}", "-lpipeline", f"-Wl,-rpath,{build}"])
        if made.returncode != 0:
            skip("bench_first does not link with the shared library here")
            return
        sys.stdout.flush()
        subprocess.run([program, "shared"], check=True)


if __name__ == "__main__":
    main()
