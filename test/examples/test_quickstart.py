#!/usr/bin/env python3
"""The first example: twice over, the second run changes nothing; its numbers add up; exit codes; a file of one's own."""
import os
import re
import sqlite3
import subprocess
import sys
import tempfile

BUILD = os.path.abspath(os.environ.get("O", "build"))
PROGRAM = os.path.join(BUILD, "examples", "quickstart")
counts = [0, 0, 0]


def check(what, good, *details):
    counts[0 if good else 1] += 1
    if not good:
        print("failed:", what, *details)


def run(folder, *args, expect=0):
    done = subprocess.run([PROGRAM, *args], cwd=folder, capture_output=True, text=True, timeout=300)
    check("exit status", done.returncode == expect, args, done.returncode, done.stdout, done.stderr)
    return done


def table(text):
    """The summary as numbers; rejected rows are summed up."""
    found, section = {"rejected": 0}, None
    for line in text.splitlines():
        if m := re.match(r"  (\S*) +(.*?) +([\d,]+)$", line):
            section = m[1] or section
            number = int(m[3].replace(",", ""))
            if section == "rejected":
                found["rejected"] += number
            else:
                found[m[2] if not m[1] else m[1]] = number
    return found


def stored(folder):
    with sqlite3.connect(os.path.join(folder, "orders.db")) as db:
        return list(db.execute("SELECT * FROM orders ORDER BY order_id"))


def main():
    with tempfile.TemporaryDirectory() as folder:
        first = table(run(folder).stdout)
        rows = stored(folder)
        check("rows are conserved", first["read"] == first["stored"] + first["rejected"] == 100000, first)
        check("the first run inserts all", first["inserted"] == first["stored"] == len(rows) and first["unchanged"] == 0, first)
        done = run(folder)
        second = table(done.stdout)
        check("the second run changes nothing", second["unchanged"] == second["stored"] == len(rows) and
              second["inserted"] == second["updated"] == 0 and "Nothing changed" in done.stdout and stored(folder) == rows, second)
        check("no colours and no progress without a terminal", "\033" not in done.stdout and done.stderr == "")
        with open(os.path.join(folder, "rejected.ndjson"), encoding="utf-8") as file:
            check("every rejected row is in the file", sum(1 for _ in file) == first["rejected"])
        with open(os.path.join(folder, "mine.csv"), "w", encoding="utf-8") as file:
            file.write("order_id,customer,amount\n1,Ada,1\n2,,1\n3,Ada,-1\n4,\"x\n5,Tony,2\n")
        mine = table(run(folder, "mine.csv").stdout)
        check("a file of one's own", mine["read"] == 5 and mine["stored"] == 2 and mine["rejected"] == 3, mine)
        run(folder, "--help", expect=2)
        run(folder, "a.csv", "b.csv", expect=2)
        check("a missing file is named", "none.csv" in run(folder, "none.csv", expect=3).stderr)
    print("%d passed, %d failed, %d skipped" % tuple(counts))
    return 1 if counts[1] else 0


sys.exit(main())
