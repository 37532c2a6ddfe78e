#!/usr/bin/env python3
"""Unique visitors in C, Python and Go: the same table from each, right within its errors, in whatever order the events come."""
import gzip
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
PROGRAM = os.path.join(BUILD, "examples", "unique_visitors")
LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:00) +(\d+) +(\d+) to +(\d+) +(\d+) +(\d+) to +(\d+)")
counts = [0, 0, 0]


def check(what, good, *details):
    counts[0 if good else 1] += 1
    if not good:
        print("failed:", what, *details)


def skip(why):
    counts[2] += 1
    print("skip:", why)


def run(folder, *command, expect=0):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    check(f"exit status of {command}", done.returncode == expect, done.returncode, done.stdout, done.stderr)
    return done.stderr if expect else done.stdout


def table(text):
    """Hour -> its users and those so far, each with the bounds of three standard errors."""
    return {m[1]: (tuple(map(int, m.groups()[1:4])), tuple(map(int, m.groups()[4:7]))) for m in map(LINE.fullmatch, text.splitlines()[1:])}


def within(what, text, hourly, so_far):
    """Bounds are rounded to whole numbers; three standard errors around the estimate are not more than 3 % here."""
    got = table(text)
    check(f"{what}: the hours", list(got) == sorted(hourly), list(got))
    for hour, found in got.items():
        for (estimate, low, high), exact in zip(found, (hourly[hour], so_far[hour])):
            check(f"{what}: {hour}", low <= exact <= high and high - low <= 0.06 * exact and low <= estimate <= high, found, exact)


def wikipedia(folder):
    path = os.path.join(DATA, "wikiticker")
    if not os.path.isdir(path):
        return skip(f"no wikiticker in {DATA}")
    with open(os.path.join(DATA, "oracles", "wikiticker_am.json"), encoding="utf-8") as file:
        answers = {query["id"]: query["rows"] for query in json.load(file)["queries"]}
    hourly = {row["window_start"][:13].replace("T", " ") + ":00": row["users"] for row in answers["tumbling_1h"]}
    so_far = {f"2015-09-12 {row['h']}:00": row["users"] for row in answers["cumulative_users"]}
    whole = run(folder, PROGRAM, os.path.join(path, "wikiticker_am.ndjson.gz"))
    within("wikipedia", whole, hourly, so_far)
    for variant in ("unordered", "unordered_dups"):
        check(f"wikipedia, {variant}", run(folder, PROGRAM, os.path.join(path, f"wikiticker_am_{variant}.ndjson.gz")) == whole)
    return None


def own_events(folder):
    """Events with exact answers that need no data: 30,000 of four hours, hours with few users and with many."""
    dice, hourly, so_far, seen = random.Random(3), {}, {}, set()
    lines = []
    for hour, users in (("07", 10), ("22", 900), ("08", 4000), ("23", 9000)):
        chosen = [dice.randrange(20000) for _ in range(users)]
        lines += [f'{{"time":"2024-02-29T{hour}:{dice.randrange(60):02}:00Z","user":"user {user}"}}' for user in chosen + chosen]
        hourly[f"2024-02-29 {hour}:00"] = set(chosen)
    for hour in sorted(hourly):
        seen |= hourly[hour]
        so_far[hour] = len(seen)
    hourly = {hour: len(users) for hour, users in hourly.items()}
    path = os.path.join(folder, "events.ndjson.gz")
    for what in ("in blocks", "in no order"):
        with gzip.open(path, "wt", encoding="utf-8") as file:
            file.write("\n".join(lines + ['{"time":"2024-02-29T07:00:00Z"}']))
        within(what, run(folder, PROGRAM, path), hourly, so_far)
        dice.shuffle(lines)
    return path


def others():
    """The same program in other languages: where foreign programs can load the library."""
    if os.environ.get("SANITIZE"):
        return
    os.environ.update(PLN_LIBRARY=os.path.join(BUILD, "libpipeline.so"), LD_LIBRARY_PATH=BUILD, GOTOOLCHAIN="local", GOFLAGS="-mod=readonly",
                      CGO_CFLAGS=f"-I{ROOT}/include", CGO_LDFLAGS=f"-L{BUILD} -lpipeline")
    yield (sys.executable, os.path.join(ROOT, "examples", "python", "unique_visitors.py"))
    if shutil.which("go"):
        with tempfile.TemporaryDirectory() as folder:
            program = os.path.join(folder, "unique_visitors")
            run(os.path.join(ROOT, "examples", "go"), "go", "build", "-tags", "pln_tree", "-o", program, "./unique_visitors")
            yield (program,)
    else:
        skip("no go")


def main():
    with tempfile.TemporaryDirectory() as folder:
        made, events = run(folder, PROGRAM), own_events(folder)
        check("rows that are made", len(table(made)) == 12)
        wikipedia(folder)
        for command in others():
            check("the same table of rows that are made", run(folder, *command) == made, command)
            check("the same table of a file", run(folder, *command, events) == run(folder, PROGRAM, events), command)
        run(folder, PROGRAM, "--help", expect=2)
        run(folder, PROGRAM, "a", "b", expect=2)
        check("a missing file is named", "none.gz" in run(folder, PROGRAM, "none.gz", expect=3))
        with open(os.path.join(folder, "bad"), "w", encoding="utf-8") as file:
            file.write('{"time":"noon","user":"x"}\n')
        check("a time that is none is named", "noon" in run(folder, PROGRAM, "bad", expect=3))
    print("%d passed, %d failed, %d skipped" % tuple(counts))
    return 1 if counts[1] else 0


sys.exit(main())
