#!/usr/bin/env python3
"""HyperLogLog of PLN_HLL_REDIS against redis-server: the bytes of PFADD both ways, PFCOUNT, PFMERGE. Skips where there is no redis-server."""
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile

from binding import pln


class Server:
    """As much of Redis's protocol as the test needs, over a socket in a folder of its own."""

    def __init__(self, folder):
        path = os.path.join(folder, "s")
        self.process = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--dir", folder],
                                        stdout=subprocess.PIPE)
        for line in self.process.stdout:
            if b"ready to accept connections" in line.lower():
                break
        else:
            sys.exit("redis-server does not start")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def call(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        line = self.file.readline().rstrip()
        if line[:1] == b"$":
            return self.file.read(int(line[1:]) + 2)[:-2]
        assert line[:1] in b"+:", line
        return int(line[1:]) if line[:1] == b":" else line[1:]

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=20)


def near(ours, theirs):
    """Two estimators of the same registers: Redis rounds to a whole number."""
    return abs(ours - theirs) <= 1 + 0.005 * theirs


def string(hll):
    return hll.to_bytes("redis")


def check(server, name, values):
    mine = pln.Hll(hash="redis")
    for value in values:
        mine.add(value)
    for i in range(0, len(values), 1000):
        server.call("PFADD", name, *values[i:i + 1000])
    theirs = server.call("GET", name)
    read, count = pln.Hll.from_bytes(theirs, "redis"), server.call("PFCOUNT", name)
    assert string(mine)[16:] == string(read)[16:], f"{name}: other registers out of {len(theirs)} bytes of Redis"
    if theirs[4] == 0:
        assert string(mine)[16:] == theirs[16:], f"{name}: other dense bytes"
    server.call("SET", "ours:" + name, string(mine))
    assert server.call("PFCOUNT", "ours:" + name) == count, f"{name}: Redis counts ours otherwise"
    assert near(read.estimate(), count), f"{name}: {read.estimate()} and {count}"
    assert len(values) < 1000 or abs(mine.estimate() / len(set(values)) - 1) < 0.03
    return mine


def main():
    if not shutil.which("redis-server"):
        print("skip: no redis-server")
        sys.exit(77)
    random.seed(7)
    passed = 0
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            made = {}
            for n in (1, 3, 100, 1000, 5000, 50000):
                values = [random.randbytes(random.randrange(1, 40)) for _ in range(n)]
                made[n] = check(server, f"k{n}", values)
                passed += 1
            made[100].merge(made[50000])
            made[100].merge(made[1])
            server.call("PFMERGE", "all", "k100", "k50000", "k1")
            assert string(made[100])[16:] == server.call("GET", "all")[16:], "PFMERGE gives other registers"
            assert near(made[100].estimate(), server.call("PFCOUNT", "k100", "k50000", "k1"))
            passed += 1
        finally:
            server.stop()
    print(f"{passed} passed, 0 failed, 0 skipped")


main()
