#!/usr/bin/env python3
"""Files of at most 800 lines, functions of at most 80 lines and 7 parameters; most are far shorter."""
import glob
import re

from source import Report, blank, lib_files, public_headers, read
import headers

report = Report()
# A head may go over several lines; those after the first are indented.
HEAD = re.compile(r"^(?!struct|union|enum|typedef|extern|#)[A-Za-z_][^;={}\n]*(?:\n[ \t][^;={}\n]*)*\)[^;={}\n]*\{$", re.M)
# Slots of the public tables have the parameters that they have.
SLOTS = set(re.findall(r"\(\*(\w+)\)\(", "".join(read(path) for path in public_headers())))


def functions(code):
    for found in HEAD.finditer(code):
        end = re.compile(r"^\}", re.M).search(code, found.end())
        if end:
            yield found[0], code.count("\n", 0, found.start()) + 1, code.count("\n", found.start(), end.start()) + 1


sizes = []
tests = sorted(glob.glob("test/*/*.[ch]") + glob.glob("test/unit/*/*.[ch]"))
for path in lib_files() + tests + sorted(glob.glob("examples/*.c*") + glob.glob("examples/*/*.c")):
    text = read(path)
    lines = text.count("\n")
    limit = 200 if path.startswith("examples/") else 800
    report.check(lines <= limit, path, f"{lines} lines, the ceiling is {limit}")
    for head, line, length in functions(blank(text)):
        name = (re.findall(r"(\w+)\s*\(", head) or ["?"])[0]
        inside = re.search(r"\w\s*\((.*)\)", head, re.S)
        params = headers.split_params(inside[1]) if inside else []
        report.check(length <= 80, f"{path}:{line}", f"{name} has {length} lines, the ceiling is 80")
        if path.startswith("lib/"):
            sizes.append(length)
            slot = name in SLOTS or name.split("__")[-1] in SLOTS
            report.check(len(params) <= 7 or slot, f"{path}:{line}", f"{name} has {len(params)} parameters, the ceiling is 7")
if sizes:
    sizes.sort()
    median, most = sizes[len(sizes) // 2], sizes[len(sizes) * 9 // 10]
    print(f"{len(sizes)} functions: median {median} lines, nine in ten at most {most}")
    report.check(median <= 15, "lib", f"the median function has {median} lines, at most 15 are wanted")
    report.check(most <= 40, "lib", f"nine in ten functions have up to {most} lines, at most 40 are wanted")
report.end()
