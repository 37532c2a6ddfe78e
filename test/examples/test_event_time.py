#!/usr/bin/env python3
"""Hours and visits of a real stream of edits against the oracle's, from the file in order and out of order, in batch and in stream mode."""
import csv
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.path.abspath(os.environ.get("O", os.path.join(ROOT, "build")))
DATA = os.environ.get("PLN_TEST_DATA", os.path.join(ROOT, "..", "shared", "data"))
HOUR = re.compile(r"2015-09-12 (\d\d):00  +(\d+) edits by +(\d+) users: (.*)")
counts = [0, 0, 0]


def check(what, good, *details):
    counts[0 if good else 1] += 1
    if not good:
        print("failed:", what, *details)


def run(name, *arguments, expect=0):
    done = subprocess.run([os.path.join(BUILD, "examples", name), *arguments], capture_output=True, text=True, timeout=600)
    check(f"exit status of {name} {arguments}", done.returncode == expect, done.returncode, done.stdout, done.stderr)
    return done.stdout


def hours(text):
    return {int(m[1]): (int(m[2]), int(m[3])) for m in map(HOUR.fullmatch, text.splitlines()) if m}


def event_time(path, unordered, answers):
    expected = {int(row["window_start"][11:13]): (row["n"], row["users"]) for row in answers["tumbling_1h"]}
    batch = run("event_time", path)
    check("hours", hours(batch) == expected, hours(batch))
    check("nothing is late in order", batch.endswith("\n0 edits came too late\n"), batch[-40:])
    check("stream = batch", run("event_time", path, "stream") == batch)
    late = run("event_time", unordered)
    check("stream = batch, out of order", run("event_time", unordered, "stream") == late)
    with open(os.path.join(DATA, "oracles", "wikiticker_am_streams.json"), encoding="utf-8") as file:
        case = [c for c in json.load(file)["cases"] if (c["size_ms"], c["bound_ms"], c["allowed_lateness_ms"]) == (3600000, 600000, 0)][0]
    check("what is late", late.endswith("\n%d edits came too late\n" % case["dropped"]), late[-40:])
    start = datetime.datetime(2015, 9, 12, tzinfo=datetime.timezone.utc).timestamp() * 1000
    check("what is not", {h: n for h, (n, _) in hours(late).items()} ==
          {int((w["window_start_ms"] - start) // 3600000): w["n"] for w in case["windows"]}, hours(late))


def milliseconds(text):
    return round(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def sessions(path, unordered, answers, folder):
    totals = answers["session_user_30m_totals"][0]
    for name in (path, unordered):
        out = os.path.join(folder, "visits.csv")
        if os.path.exists(out):
            os.remove(out)
        said = run("sessions", out, name, "30m")
        check("said", said == "%d events in %d visits, 0 came too late\n" % (answers["rows"][0]["rows"], totals["sessions"]), said)
        with open(out, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        check("visits", len(rows) == totals["sessions"], len(rows))
        check("visits of one event", sum(row["events"] == "1" for row in rows) == totals["single_event"])
        most = sorted(((int(row["events"]), row["user"], milliseconds(row["began_at"]), milliseconds(row["ended_at"])) for row in rows),
                      key=lambda row: (-row[0], row[1].encode(), row[2]))[:10]
        top = [(row["n"], row["u"], row["first_ms"], row["last_ms"]) for row in answers["session_user_30m_top"]]
        check("the longest", most == top, most, top)


def main():
    if not os.path.exists(os.path.join(BUILD, "examples", "event_time")):
        print("skip: examples/event_time is not built")
        sys.exit(77)
    check("rows of its own", len(run("event_time").splitlines()) == 5)
    run("event_time", "-", "both", expect=2)
    run("event_time", "/none", expect=3)
    run("sessions", expect=2)
    path = os.path.join(DATA, "wikiticker", "wikiticker_am.ndjson.gz")
    with tempfile.TemporaryDirectory() as folder:
        run("sessions", os.path.join(folder, "out.csv"), "-", "gap", expect=3)
        if os.path.exists(path):
            with open(os.path.join(DATA, "oracles", "wikiticker_am.json"), encoding="utf-8") as file:
                answers = {query["id"]: query["rows"] for query in json.load(file)["queries"]}
            unordered = path.replace("am.", "am_unordered.")
            event_time(path, unordered, answers)
            sessions(path, unordered, answers, folder)
        else:
            counts[2] += 1
            print(f"skip: no wikiticker in {DATA}")
    print("%d passed, %d failed, %d skipped" % tuple(counts))
    sys.exit(counts[1] != 0)


main()
