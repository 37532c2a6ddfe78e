#!/usr/bin/env python3
"""The functions of the public headers, lib/pln.map and the exports of the library are one list; names are ours."""
import glob
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
os.chdir(ROOT)
sys.path.insert(0, "build-aux")
import headers

BUILD = os.environ.get("O", "build")
counts = [0, 0]


def check(good, message):
    counts[0 if good else 1] += 1
    if not good:
        print("failed:", message)


def nm(*args):
    out = subprocess.run(["nm", *args], capture_output=True, text=True, check=True).stdout
    return [line.split() for line in out.splitlines()]


def same(a, b, a_name, b_name):
    check(not a - b, f"in {a_name}, not in {b_name}: {' '.join(sorted(a - b))}")
    check(not b - a, f"in {b_name}, not in {a_name}: {' '.join(sorted(b - a))}")


declared = {f.name for path in sorted(glob.glob("include/pln/*.h")) for f in headers.functions(path)}
text = re.sub(r"/\*.*?\*/", "", open("lib/pln.map", encoding="utf-8").read(), flags=re.S)
listed = set(re.findall(r"\b(pln_\w+);", text))
check(re.search(r"local:\s*\*;", text) is not None, "lib/pln.map does not end with local: *")
check("*" not in text.split("local:")[0], "lib/pln.map has a pattern among its globals")

symbols = nm("-D", "--defined-only", f"{BUILD}/libpipeline.so")
exported, node = set(), set()
for entry in symbols:
    name, _, version = entry[-1].partition("@@")
    if entry[-2] == "A":
        node.add(entry[-1].partition("@")[0])
    else:
        exported.add(name)
        check(version == "PLN_0", f"{name} has version '{version}', not PLN_0")
check(node == {"PLN_0"}, f"version nodes: {sorted(node)}")
same(declared, listed, "the headers", "lib/pln.map")
same(listed, exported, "lib/pln.map", "the shared library")

foreign = {e[-1] for e in nm("-g", "--defined-only", f"{BUILD}/libpipeline.a") if len(e) == 3
           and not e[-1].startswith("pln_")}
check(not foreign, f"the archive defines names that are not ours: {' '.join(sorted(foreign))}")
dynamic = subprocess.run(["readelf", "-dW", f"{BUILD}/libpipeline.so"], capture_output=True, text=True).stdout
check("[libpipeline-pln.so.0]" in dynamic, "SONAME is not libpipeline-pln.so.0")
check("NODLOPEN" not in dynamic.upper(), "the library is marked -z nodlopen")
check("TEXTREL" not in dynamic, "the library has text relocations")
check("RPATH" not in dynamic and "RUNPATH" not in dynamic, "the library has an rpath")
needed = set(re.findall(r"NEEDED.*\[(lib[a-z0-9_]+)", dynamic))
# libdeflate, libzstd, libpcre2 and libyaml: only where they were found when the library was built.
allowed = {"libjansson", "libxxhash", "libsqlite3", "libz", "libdeflate", "libzstd", "libpcre2", "libyaml", "libm", "libc", "libdl", "libpthread"}
check(needed <= allowed, f"the core library needs {sorted(needed - allowed)}")
print("%d passed, %d failed, 0 skipped" % tuple(counts))
sys.exit(1 if counts[1] else 0)
