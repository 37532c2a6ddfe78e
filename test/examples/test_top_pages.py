#!/usr/bin/env python3
"""Top pages in C, Python and Go: bounds that hold against exact counts, with entries for all pages and with few; the same table from each."""
import collections
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.path.abspath(os.environ.get("O", os.path.join(ROOT, "build")))
DATA = os.environ.get("PLN_TEST_DATA", os.path.join(ROOT, "..", "shared", "data"))
LINE = re.compile(r" *(\d+) +(\d+)  (.*)")
LAST = re.compile(r"of (\d+) edits; a page that came no more often than (\d+) times may be missing")
counts = [0, 0, 0]


def check(what, good, *details):
    counts[0 if good else 1] += 1
    if not good:
        print("failed:", what, *details)


def skip(why):
    counts[2] += 1
    print("skip:", why)


def languages(folder):
    """What to run, by language; others than C where foreign programs can load the library."""
    yield "C", [os.path.join(BUILD, "examples", "top_pages")]
    if os.environ.get("SANITIZE"):
        return
    os.environ.update(PLN_LIBRARY=os.path.join(BUILD, "libpipeline.so"), LD_LIBRARY_PATH=BUILD, GOTOOLCHAIN="local", GOFLAGS="-mod=readonly",
                      CGO_CFLAGS=f"-I{ROOT}/include", CGO_LDFLAGS=f"-L{BUILD} -lpipeline", PYTHONDONTWRITEBYTECODE="1")
    yield "Python", [sys.executable, os.path.join(ROOT, "examples", "python", "top_pages.py")]
    if not shutil.which("go"):
        skip("no go")
        return
    program = os.path.join(folder, "top_pages")
    built = subprocess.run(["go", "build", "-tags", "pln_tree", "-o", program, "./top_pages"], cwd=os.path.join(ROOT, "examples", "go"),
                           capture_output=True, text=True)
    check("Go builds", built.returncode == 0, built.stderr)
    if built.returncode == 0:
        yield "Go", [program]


def run(program, *arguments, expect=0):
    done = subprocess.run([*program, *arguments], capture_output=True, text=True, timeout=600)
    check(f"exit status of {program} {arguments}", done.returncode == expect, done.returncode, done.stdout, done.stderr)
    lines = done.stdout.splitlines()
    if expect or not lines:
        check("an error is told", done.stdout == "" and done.stderr.count("\n") == 1, done.stdout, done.stderr)
        return [], 0, 0
    total, error = map(int, LAST.fullmatch(lines[-1]).groups())
    return [(m[3], int(m[1]), int(m[2])) for m in map(LINE.fullmatch, lines[1:-1])], total, error


def holds(what, got, exact, error):
    """Every bound; and no page is missing that came more often than the error and than the last one listed."""
    for page, low, high in got:
        check(f"{what}: {page}", low <= exact[page] <= high and high - low <= error, low, high, exact[page])
    listed, last = {page for page, _, _ in got}, min(high for _, _, high in got)
    missing = [page for page, n in exact.items() if n > max(error, last) and page not in listed]
    check(f"{what}: nothing is missing", not missing, missing)


def wikipedia():
    """The file and its answers; nothing where there is no data."""
    path = os.path.join(DATA, "wikiticker", "wikiticker_am.ndjson.gz")
    if not os.path.exists(path):
        return skip(f"no wikiticker in {DATA}")
    with open(os.path.join(DATA, "oracles", "wikiticker_am.json"), encoding="utf-8") as file:
        return path, {query["id"]: query["rows"] for query in json.load(file)["queries"]}


def wikipedia_of(language, program, path, answers):
    heavy = {row["page"]: row["n"] for row in answers["heavy_pages"]}
    got, total, error = run(program, path, "10", "32768")
    check(f"{language}, wikipedia: with room for all pages nothing is lost", (total, error) == (answers["rows"][0]["rows"], 0), total, error)
    check(f"{language}, wikipedia: the oracle's pages", got == [(row["page"], row["n"], row["n"]) for row in answers["top_pages"]], got)
    got, total, error = run(program, path, "100")
    check(f"{language}, wikipedia: the error", 0 < error < 4 / 3 * total / 8192, error)
    for page, low, high in got:
        check(f"{language}, wikipedia: {page}", low <= heavy.get(page, 9) and (page not in heavy or heavy[page] <= high), low, high)
    check(f"{language}, wikipedia: the first", got[0][0] == answers["top_pages"][0]["page"], got[0])


def own_events(folder):
    dice, exact = random.Random(5), collections.Counter()
    path = os.path.join(folder, "events.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(40000):
            page = f"page {int(dice.paretovariate(0.8))}"
            exact[page] += 1
            file.write(json.dumps({"page": page, "other": 1}) + "\n")
    return path, exact


def own_events_of(language, program, path, exact):
    tables = []
    for entries in ("64", "1000", "100000"):
        got, total, error = run(program, path, "20", entries)
        check(f"{language}, {entries} entries: all edits", total == 40000, total)
        holds(f"{language}, {entries} entries", got, exact, error)
        tables.append((got, error))
    check(f"{language}: with room for all the error is 0", error == 0, error)
    return tables + [run(program)]


def main():
    if not os.path.exists(os.path.join(BUILD, "examples", "top_pages")):
        print("skip: examples/top_pages is not built")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        path, exact = own_events(folder)
        data, first = wikipedia(), None
        for language, program in languages(folder):
            tables = own_events_of(language, program, path, exact)
            first = first or tables
            check(f"{language}: the table of C", tables == first, tables)
            check(f"{language}: rows of its own", len(tables[-1][0]) == 10)
            for wrong in (("--what",), ("-", "0"), ("-", "x"), ("-", "1", "1", "1")):
                run(program, *wrong, expect=2)
            run(program, os.path.join(folder, "none"), expect=3)
            if data:
                wikipedia_of(language, program, *data)
    print("%d passed, %d failed, %d skipped" % tuple(counts))
    sys.exit(counts[1] != 0)


main()
