#!/usr/bin/env python3
"""Top pages: bounds that hold against exact counts, with entries for all pages and with few."""
import collections
import json
import os
import random
import re
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.path.abspath(os.environ.get("O", os.path.join(ROOT, "build")))
DATA = os.environ.get("PLN_TEST_DATA", os.path.join(ROOT, "..", "shared", "data"))
PROGRAM = os.path.join(BUILD, "examples", "top_pages")
LINE = re.compile(r" *(\d+) +(\d+)  (.*)")
LAST = re.compile(r"of (\d+) edits; a page that came no more often than (\d+) times may be missing")
counts = [0, 0, 0]


def check(what, good, *details):
    counts[0 if good else 1] += 1
    if not good:
        print("failed:", what, *details)


def run(*command, expect=0):
    done = subprocess.run([PROGRAM, *command], capture_output=True, text=True, timeout=600)
    check(f"exit status of {command}", done.returncode == expect, done.returncode, done.stdout, done.stderr)
    lines = done.stdout.splitlines()
    if expect or not lines:
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
    path = os.path.join(DATA, "wikiticker", "wikiticker_am.ndjson.gz")
    if not os.path.exists(path):
        counts[2] += 1
        print(f"skip: no wikiticker in {DATA}")
        return
    with open(os.path.join(DATA, "oracles", "wikiticker_am.json"), encoding="utf-8") as file:
        answers = {query["id"]: query["rows"] for query in json.load(file)["queries"]}
    heavy = {row["page"]: row["n"] for row in answers["heavy_pages"]}
    got, total, error = run(path, "10", "32768")
    check("wikipedia: with room for all pages nothing is lost", (total, error) == (answers["rows"][0]["rows"], 0), total, error)
    check("wikipedia: the oracle's pages", got == [(row["page"], row["n"], row["n"]) for row in answers["top_pages"]], got)
    got, total, error = run(path, "100")
    check("wikipedia: the error", 0 < error < 4 / 3 * total / 8192, error)
    for page, low, high in got:
        check(f"wikipedia: {page}", low <= heavy.get(page, 9) and (page not in heavy or heavy[page] <= high), low, high)
    check("wikipedia: the first", got[0][0] == answers["top_pages"][0]["page"], got[0])


def own_events(folder):
    dice, exact = random.Random(5), collections.Counter()
    path = os.path.join(folder, "events.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(40000):
            page = f"page {int(dice.paretovariate(0.8))}"
            exact[page] += 1
            file.write(json.dumps({"page": page, "other": 1}) + "\n")
    for entries in ("64", "1000", "100000"):
        got, total, error = run(path, "20", entries)
        check(f"{entries} entries: all edits", total == 40000, total)
        holds(f"{entries} entries", got, exact, error)
    check("with room for all the error is 0", error == 0, error)


def main():
    if not os.path.exists(PROGRAM):
        print(f"skip: {PROGRAM} is not built")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as folder:
        own_events(folder)
        check("rows of its own", len(run()[0]) == 10)
        run("--what", expect=2)
        run("-", "0", expect=2)
        run(os.path.join(folder, "none"), expect=3)
    wikipedia()
    print("%d passed, %d failed, %d skipped" % tuple(counts))
    sys.exit(counts[1] != 0)


main()
