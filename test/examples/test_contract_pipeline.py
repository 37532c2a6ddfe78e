#!/usr/bin/env python3
"""contract_pipeline: a contract at both ends of a load. Rows that break it are set aside, or end it with nothing stored, or are told of."""
import json
import os
import sqlite3
import subprocess
import sys
import tempfile

PROGRAM = os.path.join(os.path.abspath(os.environ.get("O", "build")), "examples", "contract_pipeline")
CONTRACT = os.path.abspath("examples/orders.contract.yaml")
counts = [0, 0, 0]

GOOD = [f"{i},{'' if i % 20 == 0 else f'customer {i}'},{i}.5" for i in range(1, 101)]
BAD = ["101,x,0", "7,y,3"]  # an amount of 0, an order that is there already


def check(what, good, *details):
    counts[0 if good else 1] += 1
    if not good:
        print("failed:", what, *details)


def run(rows, *more, header="order_id,customer,amount", contract=CONTRACT):
    """In a folder of its own: exit status, what is said, what is stored, what is rejected."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "orders.csv"), "w", encoding="utf-8") as out:
            out.write("".join(line + "\n" for line in [header, *rows]))
        done = subprocess.run([PROGRAM, contract, "orders.csv", *more], cwd=folder, capture_output=True, text=True, timeout=120)
        stored = rejected = None
        if os.path.exists(os.path.join(folder, "orders.db")):
            with sqlite3.connect(os.path.join(folder, "orders.db")) as db:
                there = db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'orders'").fetchone()[0]
                stored = db.execute("SELECT count(*) FROM orders").fetchone()[0] if there else 0
        if os.path.exists(os.path.join(folder, "rejected.ndjson")):
            with open(os.path.join(folder, "rejected.ndjson"), encoding="utf-8") as lines:
                rejected = [json.loads(line) for line in lines]
        return done.returncode, done.stdout + done.stderr, stored, rejected


def main():
    status, said, stored, rejected = run(GOOD)
    check("kept", status == 0 and stored == 100 and not rejected, status, said, stored)
    check("both ends say so", said.count("contract quickstart-orders 1.0.0, orders: kept") == 2, said)
    status, said, stored, rejected = run(GOOD + BAD)
    check("wrong rows are set aside", status == 1 and stored == 100, status, said, stored)
    check("with their rules", [r["message"].rsplit(": ", 1)[1] for r in rejected] == ["amount.exclusiveMinimum", "$.primaryKey"], rejected)
    check("and their bytes", [r["original"] for r in rejected] == BAD, rejected)
    status, said, stored, rejected = run(GOOD + BAD, "fail")
    check("or nothing is stored", status == 3 and not stored and not rejected and "amount.exclusiveMinimum" in said, status, said, stored)
    status, said, stored, rejected = run(GOOD + BAD, "warn")
    check("or they are told of", status == 1 and stored == 101 and not rejected and "amount.exclusiveMinimum" in said, status, said, stored)
    status, said, stored, rejected = run(["1,a"], header="order_id,customer")
    check("a column that is not there", status == 3 and "column amount: expected float64, found no such column" in said, status, said)
    status, said, stored, rejected = run(GOOD, contract="none.yaml")
    check("no contract", status == 3 and "none.yaml" in said, status, said)
    status, said, stored, rejected = run(GOOD, "ignore")
    check("no such way", status == 3 and "fail|quarantine|warn" in said, status, said)
    done = subprocess.run([PROGRAM], capture_output=True, text=True, timeout=60)
    check("usage", done.returncode == 2 and "usage" in done.stderr)
    print("%d passed, %d failed, %d skipped" % tuple(counts))
    return 1 if counts[1] else 0


if not os.path.exists(PROGRAM):
    print("skip: no", PROGRAM)
    sys.exit(77)
sys.exit(main())
