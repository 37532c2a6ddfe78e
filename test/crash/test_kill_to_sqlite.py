#!/usr/bin/env python3
"""to_sqlite is killed at random moments and started again until it is done.

Whatever the moments were, the table, the reject file and the counters must be those of a run that nobody disturbed: for append, upsert and
overwrite, with one epoch and with several.

    test_kill_to_sqlite.py [--kills N] [--seed S] [--rows N]     12 kills by default; 200 with PLN_TORTURE set
"""
import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

TOOL = os.path.join(os.path.abspath(os.environ.get("O", "build")), "examples", "to_sqlite")
MODES = {"append": [], "upsert": ["--key", "id"], "overwrite": ["--mode", "overwrite", "--partition", "day"]}
counts = [0, 0, 0]


def check(what, good, *details):
    counts[0 if good else 1] += 1
    if not good:
        print("failed:", what, *details, flush=True)
    return good


def write_input(path, rows, seed):
    """Keys that come again, days as partitions, and every now and then a line that is no row."""
    rng = random.Random(seed)
    damage = ("{0},{1},many,{2}", "{0},{1},{3}", '{0},{1},{3},"{2}', "{0},{1},{3},{2},more")
    with open(path, "w", encoding="utf-8") as out:
        out.write("id,day,amount,note\n")
        for i in range(rows):
            key = rng.randrange(1, i) if i > 10 and rng.random() < 0.05 else i
            form = rng.choice(damage) if rng.random() < 0.003 else "{0},{1},{3},{2}"
            out.write(form.format(key, f"2024-01-{1 + i * 28 // rows:02}", f"note {rng.randrange(10**9)}", rng.randrange(10**6)) + "\n")


SCHEMA = {"type": "record", "name": "r", "fields": [
    {"name": "id", "type": "long"}, {"name": "day", "type": {"type": "int", "logicalType": "date"}},
    {"name": "amount", "type": "long"}, {"name": "note", "type": "string"}]}


class Case:
    """One load in a folder of its own. The run's name holds paths, so both folders are entered and paths are relative."""

    def __init__(self, folder, source, mode, epoch_rows):
        self.folder = folder
        os.makedirs(folder)
        os.link(source, os.path.join(folder, "input.csv"))
        json.dump(SCHEMA, open(os.path.join(folder, "schema.avsc"), "w"))
        self.command = [TOOL, "input.csv", "--database", "out.db", "--table", "t", "--schema", "schema.avsc", "--reject",
                        "bad.ndjson", "--state", "state.db", "--json", *MODES[mode]]
        if epoch_rows:
            self.command += ["--epoch-rows", str(epoch_rows)]
        if mode == "overwrite":
            with sqlite3.connect(os.path.join(folder, "out.db")) as db:
                db.execute("CREATE TABLE t(id INTEGER, day TEXT, amount INTEGER, note TEXT)")
                db.executemany("INSERT INTO t VALUES(?, ?, 1, 'old')", [(i, f"2024-0{1 + i % 2}-0{1 + i % 9}") for i in range(500)])

    def start(self):
        return subprocess.Popen(self.command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def to_end(self):
        start = time.monotonic()
        out, err = self.start().communicate(timeout=600)
        return out, err, time.monotonic() - start

    def outcome(self, out):
        """What must not depend on kills."""
        report = json.loads(out)
        with sqlite3.connect(os.path.join(self.folder, "out.db")) as db:
            rows = sorted(db.execute("SELECT id, day, amount, note FROM t"))
            tables = sorted(name for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"))
        rejects = [json.loads(line) for line in open(os.path.join(self.folder, "bad.ndjson"), encoding="utf-8")]
        fates = ("name", "rows_in", "rows_out", "passed", "absorbed", "rejected", "late", "filtered", "duplicate", "counters")
        return {"rows": rows, "tables": tables, "rejects": rejects,
                "report": [report[key] for key in ("rows_in", "rows_out", "rejected", "epochs", "n", "status")],
                "nodes": [{key: node[key] for key in fates} for node in report["nodes"]],
                "files": sorted(name for name in os.listdir(self.folder) if not name.startswith(("state.db", "out.db")))}


def killed(case, kills, seconds, rng):
    """Kill it `kills` times, each time somewhere in what a whole run takes; a run that ends by itself begins anew elsewhere."""
    done = 0
    while done < kills:
        child = case.start()
        try:
            out, err = child.communicate(timeout=rng.uniform(0, seconds))
            return done, (out, err, child.returncode)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.communicate()
            done += 1
    return done, None


def disturbed(base, source, mode, epoch_rows, kills, want, seconds, rng):
    """Rounds of at most eight kills, then to the end and a look at what is there."""
    done = rounds = recoveries = 0
    while done < kills and rounds < 20 * kills:
        case = Case(os.path.join(base, f"{mode}-{epoch_rows}-{rounds}"), source, mode, epoch_rows)
        rounds += 1
        some, early = killed(case, min(8, kills - done), seconds * 1.05, rng)
        done += some
        out, err, status = early or (*case.to_end()[:2], 0)
        what = f"{mode}, epochs of {epoch_rows or 'all'} rows, round {rounds}, {some} kills"
        if not check(f"{what}: it ends well", status == 0 and out, status, err.decode(errors="replace")):
            continue
        got = case.outcome(out)
        recoveries += json.loads(out)["recoveries"]
        for key in want:
            check(f"{what}: {key}", got[key] == want[key], differ(got[key], want[key]))
        subprocess.run(["rm", "-rf", case.folder], check=False)
    return done, rounds, recoveries


def differ(got, want):
    if isinstance(got, list) and len(got) == len(want):
        pairs = [(a, b) for a, b in zip(got, want) if a != b]
        return f"{len(pairs)} differ, first {str(pairs[:1])[:600]}"
    return f"{len(got)} and {len(want)}: {str(got)[:300]} / {str(want)[:300]}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200 if os.environ.get("PLN_TORTURE") else 12)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--rows", type=int, default=60000)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    print(f"seed {args.seed}")
    cases = [(mode, epoch) for mode in MODES for epoch in (0, 5000)]
    with tempfile.TemporaryDirectory() as base:
        source = os.path.join(base, "input.csv")
        write_input(source, args.rows, args.seed)
        for i, (mode, epoch_rows) in enumerate(cases):
            calm = Case(os.path.join(base, f"{mode}-{epoch_rows}"), source, mode, epoch_rows)
            out, err, seconds = calm.to_end()
            if not check(f"{mode}: the undisturbed run", out, err):
                continue
            want = calm.outcome(out)
            check(f"{mode}: it has rows and rejects", len(want["rows"]) > args.rows // 2 and len(want["rejects"]) > args.rows // 1000)
            share = args.kills // len(cases) + (i < args.kills % len(cases))
            kills, rounds, recoveries = disturbed(base, source, mode, epoch_rows, share, want, seconds, rng)
            check(f"{mode}: all kills were made", kills == share, kills, share)
            print(f"{mode}, epochs of {epoch_rows or 'all'} rows: {kills} kills in {rounds} loads, "
                  f"{recoveries} times gone on, {seconds:.2f} s undisturbed", flush=True)
    print("%d passed, %d failed, %d skipped" % tuple(counts))
    return 1 if counts[1] else 0


if not os.path.exists(TOOL):
    print("skip: no", TOOL)
    sys.exit(77)
sys.exit(main())
