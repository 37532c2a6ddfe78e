#!/usr/bin/env python3
"""check_orders in Python: are the orders of a file as they should be, and as many as usual? For the end of a job that makes them, or the start of one that
uses them.

Rows are held to a suite of checks while they are read; those that are wrong go to check_orders-rejected.ndjson with their reasons, all others to the
program. STATE keeps how many rows there were in each run, and the newest number is judged by those before it. It prints what examples/go/check_orders prints.

    check_orders.py [FILE [STATE]]      CSV, plain or gzip, with the columns below; without a file, or with "-", rows are made

It ends with 0 if the orders can be used, 1 if not, 2 for wrong use, 3 if it failed. PLN_LIBRARY may name the library's path.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bindings", "python"))
import pln  # noqa: E402

COLUMNS = "order_id int64, customer utf8, amount decimal(12, 2), country utf8"
SUITE = {"name": "orders", "checks": [
    {"check": "row_count", "min": 1},
    {"check": "not_null", "column": "order_id"},
    {"check": "unique", "column": "order_id"},
    {"check": "between", "column": "amount", "min": "0.00", "max": "10000.00", "mostly": 0.99},
    {"check": "in_set", "column": "country", "values": ["DE", "FR", "US"]},
    {"check": "completeness", "column": "customer", "min": 0.9, "severity": "warn"},
]}
# Ten runs like the last ones are needed before a number is judged; ten percent more or less are no surprise then.
ROWS_BEFORE = {"min_history": 10, "ignore_change": 0.1}


def made(rt):
    """Orders of the program's own, two in a hundred without a customer."""
    ids = range(5000)
    yield rt.batch(COLUMNS, {"order_id": list(ids), "customer": [f"customer {i}" if i % 50 else None for i in ids],
                             "amount": [f"{i % 1000}.{i % 100:02}" for i in ids], "country": [("DE", "FR", "US")[i % 3] for i in ids]})


def validate(rt, path):
    """The validation of all rows, and how many do not even fit the columns."""
    v, good = pln.Validation(pln.Suite(rt, SUITE), COLUMNS), 0

    def use(batch):
        """Orders that are right, a batch at a time: here they are only counted."""
        nonlocal good
        good += len(batch)

    g = pln.Graph(rt, "check_orders")
    if path:
        g.add("read", "csv.read", path=path, schema_handle=pln.Schema(rt, COLUMNS))
    else:
        g.source("read", COLUMNS, made(rt))
    g.add("check", "check", validation=v, enforce=False)
    g.map("use", use, rowwise=False)
    g.add("end", "memory.write", table=pln.Table(rt))  # nothing comes here: `use` gives no rows
    g.add("bad", "ndjson.write", path="check_orders-rejected.ndjson")
    g.wire("read > check > use > end; check.reject > bad" + ("; read.reject > bad" if path else ""))
    report = g.run()
    print(f"{good} orders are right")
    return v, report.node("read")["rejected"]


def as_usual(path, rows, good):
    """Whether there are as many rows as in the runs before, of which the file knows. Of a run whose rows are not good nothing is learned."""
    m = pln.Monitor(**ROWS_BEFORE)
    if os.path.exists(path):
        with open(path, "rb") as file:
            m = pln.Monitor.from_bytes(file.read(), **ROWS_BEFORE)
    verdict = m.observe(time.time_ns() // 1000, rows, partial=not good)
    with open(path + ".new", "wb") as file:
        file.write(m.to_bytes())
    os.replace(path + ".new", path)
    print(f"number of rows: {verdict.status}")
    return verdict.severity != "error"


def main():
    path, state = (sys.argv[1:] + ["-", ""][len(sys.argv) - 1:])[:2]
    if len(sys.argv) > 3 or path.startswith("-") and path != "-":
        print(f"usage: {sys.argv[0]} [FILE [STATE]]", file=sys.stderr)
        return 2
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        v, unread = validate(pln.Runtime(), None if path == "-" else path)
        print(f"{unread} rows do not fit the columns\n{v.text()}", end="")
        good = v.success and unread == 0
        usual = as_usual(state, v.rows, good) if state else True
    except (pln.PlnError, OSError) as e:
        print(f"check_orders: {e}", file=sys.stderr)
        return 3
    return 0 if good and usual else 1


if __name__ == "__main__":
    sys.exit(main())
