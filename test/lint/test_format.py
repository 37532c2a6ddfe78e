#!/usr/bin/env python3
"""
The code is laid out as .clang-format says; `test_format.py --write` lays it out so, where it is not.

Left to the author: comments at the ends of lines, the items of enums, of tables in braces and of JSON (how they stand
together tells something), and whether the one statement of a case stands beside it or below.
"""
import difflib
import glob
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

from source import Report, blank, lib_files, public_headers, read

TRAILING = re.compile(r"(?<=\S)[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*$", re.M)
report = Report()


def files():
    tests = glob.glob("test/*/*.[ch]") + glob.glob("test/unit/*/*.[ch]")
    samples = glob.glob("examples/*.c") + glob.glob("examples/*/*.c")
    return public_headers() + lib_files() + sorted(tests) + sorted(samples)


def bare(text):
    """Without the comments at the ends of lines: they would make clang-format break or shift the code."""
    return TRAILING.sub("", text)


def free_lines(text):
    """The lines of enums, brace tables and macros of several lines (it takes the next macro into a case label)."""
    code, free = blank(text), set()
    for found in re.finditer(r"^[ \t]*#[^\n]*\\\n(?:[^\n]*\\\n)*[^\n]*", text, re.M):
        free.update(range(code.count("\n", 0, found.start()) + 1, code.count("\n", 0, found.end()) + 2))
    for found in re.finditer(r"\bPLN_JSON\(", code):  # it is no C
        depth, i = 1, found.end()
        while i < len(code) and depth:
            depth += (code[i] == "(") - (code[i] == ")")
            i += 1
        first = max(code.rfind(mark, 0, found.start()) for mark in ";{}") + 1  # the whole statement
        first += len(code[first:]) - len(code[first:].lstrip())
        free.update(range(code.count("\n", 0, first) + 1, code.count("\n", 0, max(i, code.find(";", i))) + 2))
    for found in re.finditer(r"(?:\benum\b[^;{}()]*|=\s*(?:\([^()]*\)\s*)?)\{", code):
        depth, i = 1, found.end()
        while i < len(code) and depth:
            depth += (code[i] == "{") - (code[i] == "}")
            i += 1
        first, last = code.count("\n", 0, found.start()) + 1, code.count("\n", 0, i) + 1
        if last > first:
            free.update(range(first, last + 1))
    return free


def clang_format(text, ranges):
    lines = [f"-lines={a}:{b}" for a, b in ranges]
    return subprocess.run(["clang-format", "--assume-filename=x.c", *lines], input=text, capture_output=True, text=True,
                          check=True).stdout


def spans(wanted):
    out = []
    for line in sorted(wanted):
        if out and out[-1][1] == line - 1:
            out[-1][1] = line
        else:
            out.append([line, line])
    return out


def logical(text):
    """Lines for comparing, each with the number of the first it was made of: labels joined with what follows."""
    out = []
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip()
        if out and re.search(r"(^|\s)(case\b[^\"]*|default):$", out[-1][1]):
            out[-1][1] += " " + line.strip()
        else:
            out.append([number, line])
    return out


def differences(path):
    text = bare(read(path))
    count = text.count("\n") + 1
    free = free_lines(text)
    ours = logical(text)
    theirs = logical(clang_format(text, spans(set(range(1, count + 1)) - free)))
    matcher = difflib.SequenceMatcher(None, [l for _, l in ours], [l for _, l in theirs], autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal" and not (ours[a:b] and all(n in free for n, _ in ours[a:b])):
            last = ours[b][0] - 1 if b < len(ours) else count
            yield ours[min(a, len(ours) - 1)][0], last, [l for _, l in theirs[c:d]]


def all_differences(path):
    return list(differences(path))


def write(path):
    found = [(a, max(a, b)) for a, b, _ in differences(path)]
    if found:
        out = clang_format(read(path), found)
        open(path, "w", encoding="utf-8").write(out)
        print(path)


if not shutil.which("clang-format"):
    report.skip("no clang-format")
    report.end()
if "--write" in sys.argv:
    for path in files():
        write(path)
    sys.exit()
with ProcessPoolExecutor(os.cpu_count()) as pool:
    results = list(pool.map(all_differences, files(), chunksize=8))
for path, found in zip(files(), results):
    text = read(path)
    for first, _, want in found:
        report.check(False, f"{path}:{first}", "clang-format has it otherwise:\n" + "\n".join("    " + w for w in want[:6]))
    report.check("\t" not in text, path, "has a tab")
    report.check(not re.search(r"[ \t]$", text, re.M), path, "has blanks at the end of a line")
    for number, line in enumerate(blank(bare(text), strings=False).split("\n"), 1):
        # A text is not broken, so that it can be searched for: a line with one may be longer. So may tables of tests.
        most = 100 if path.startswith(("lib/", "include/")) else 128
        if '"' not in line:
            report.check(len(line.rstrip()) <= most, f"{path}:{number}", f"{len(line.rstrip())} columns of code, {most} are allowed")
report.end()
