#!/usr/bin/env python3
"""HyperLogLog of PLN_HLL_REDIS against redis-server: the bytes of PFADD both ways, PFCOUNT, PFMERGE. Skips where there is no redis-server."""
import ctypes
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile

BUILD = os.environ.get("O", "build")
REDIS, STRING = 2, 2


class Options(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("precision", ctypes.c_int32), ("hash", ctypes.c_int32),
                ("reserved", ctypes.c_int32), ("seed", ctypes.c_uint64), ("allocator", ctypes.c_void_p)]


class Sketch:
    def __init__(self, lib, data=None):
        self.lib, self.at = lib, ctypes.c_void_p()
        options = Options(ctypes.sizeof(Options), 14, REDIS)
        if data is None:
            status = lib.pln_hll_new(None, ctypes.byref(options), ctypes.byref(self.at), None)
        else:
            status = lib.pln_hll_read(None, STRING, None, data, ctypes.c_int64(len(data)), ctypes.byref(self.at), None)
        assert status == 0, status

    def add(self, values):
        for value in values:
            assert self.lib.pln_hll_add(self.at, value, ctypes.c_int64(len(value)), None) == 0

    def merge(self, other):
        assert self.lib.pln_hll_merge(self.at, other.at, None) == 0

    def bytes(self):
        out, size = ctypes.create_string_buffer(12304), ctypes.c_int64()
        assert self.lib.pln_hll_write(self.at, STRING, out, ctypes.c_int64(12304), ctypes.byref(size), None) == 0
        return out.raw[:size.value]

    def estimate(self):
        return self.lib.pln_hll_estimate(self.at)


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


def check(lib, server, name, values):
    mine = Sketch(lib)
    mine.add(values)
    for i in range(0, len(values), 1000):
        server.call("PFADD", name, *values[i:i + 1000])
    theirs = server.call("GET", name)
    read, count = Sketch(lib, theirs), server.call("PFCOUNT", name)
    assert mine.bytes()[16:] == read.bytes()[16:], f"{name}: other registers out of {len(theirs)} bytes of Redis"
    if theirs[4] == 0:
        assert mine.bytes()[16:] == theirs[16:], f"{name}: other dense bytes"
    server.call("SET", "ours:" + name, mine.bytes())
    assert server.call("PFCOUNT", "ours:" + name) == count, f"{name}: Redis counts ours otherwise"
    assert near(read.estimate(), count), f"{name}: {read.estimate()} and {count}"
    assert len(values) < 1000 or abs(mine.estimate() / len(set(values)) - 1) < 0.03
    return mine


def main():
    if not shutil.which("redis-server"):
        print("skip: no redis-server")
        sys.exit(77)
    lib = ctypes.CDLL(os.path.abspath(f"{BUILD}/libpipeline.so"))
    lib.pln_hll_estimate.restype = ctypes.c_double
    random.seed(7)
    passed = 0
    with tempfile.TemporaryDirectory() as folder:
        server = Server(folder)
        try:
            made = {}
            for n in (1, 3, 100, 1000, 5000, 50000):
                values = [random.randbytes(random.randrange(1, 40)) for _ in range(n)]
                made[n] = check(lib, server, f"k{n}", values)
                passed += 1
            made[100].merge(made[50000])
            made[100].merge(made[1])
            server.call("PFMERGE", "all", "k100", "k50000", "k1")
            assert made[100].bytes()[16:] == server.call("GET", "all")[16:], "PFMERGE gives other registers"
            assert near(made[100].estimate(), server.call("PFCOUNT", "k100", "k50000", "k1"))
            passed += 1
        finally:
            server.stop()
    print(f"{passed} passed, 0 failed, 0 skipped")


main()
