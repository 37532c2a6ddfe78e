#!/usr/bin/env python3
"""quickstart in Python: rows from a generator, a function of every batch, an upsert into SQLite, and views of columns without a copy.

Needs nothing but the shared library; numpy is used if it is there. PLN_LIBRARY may name the library's path.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bindings", "python"))
import pln  # noqa: E402

try:
    import numpy as np
except ImportError:
    np = None

SCHEMA = "id int64 not null, customer utf8, amount float64"
ORDERS = 20000


def orders(rt):
    """Batches of 5,000 rows. Each costs one call across the border, however many rows it has."""
    for start in range(0, ORDERS, 5000):
        ids = range(start, start + 5000)
        yield rt.batch(SCHEMA, {
            "id": list(ids),
            "customer": [None if i % 100 == 0 else ("Ada", "Grace", "Edsger")[i % 3] for i in ids],
            "amount": [i % 1000 / 4 for i in ids],
        })


def load():
    rt = pln.Runtime()
    kept = pln.Table(rt)
    total = 0.0

    def add_up(ctx, batch):
        nonlocal total
        amount = batch["amount"]
        # A view of the column's memory: nothing is copied, and the view keeps the batch alive.
        total += float(np.asarray(amount).sum()) if np is not None else sum(amount.view())
        ctx.count("batches")
        return batch

    def with_tax(batch):
        """New columns from old ones; the rows keep their origin, because the function is rowwise."""
        return rt.batch(SCHEMA + ", tax float64", {**batch.to_dict(), "tax": [value * 0.19 for value in batch["amount"].to_list()]})

    g = pln.Graph(rt, "quickstart-py")
    g.source("orders", SCHEMA, lambda: orders(rt))
    g.map("sum", add_up, context=True)
    g.add("named", "filter", where="customer is not null", else_="reject", message="no customer")
    g.map("tax", with_tax, schema=SCHEMA + ", tax float64")
    g.add("store", "sqlite.upsert", database="quickstart-py.db", table="orders", key=["id"])
    g.add("bad", "ndjson.write", path="quickstart-py-rejected.ndjson")
    g.add("keep", "memory.write", table=kept)
    g.wire("orders > sum > named > tax > store; tax > keep; named.reject > bad")
    report = g.run()

    print(f"{report.rows_in} orders of {total:.2f} in all, {report.rejected} rejected, "
          f"{report.counter('store', 'inserted')} inserted, {report.counter('store', 'unchanged')} unchanged")
    assert report.rows_in == ORDERS and report.rejected == ORDERS // 100 and total == sum(i % 1000 / 4 for i in range(ORDERS))
    assert len(kept) == ORDERS - ORDERS // 100
    first = next(kept.batches())
    print("the first of them:", {name: first[name][0] for name in first.names})


def exceptions_come_through():
    """What a function raises ends the run and comes out of it as it was."""
    rt = pln.Runtime()

    def broken(batch):
        raise LookupError("not today")

    g = pln.Graph(rt, "broken")
    g.source("orders", SCHEMA, lambda: orders(rt))
    g.map("fail", broken)
    g.add("keep", "memory.write", table=pln.Table(rt))
    g.wire("orders > fail > keep")
    try:
        g.run()
    except LookupError as e:
        print("raised again:", e)
    else:
        raise AssertionError("the exception was lost")


def errors_have_names():
    try:
        pln.Graph(pln.Runtime(), "wrong").add("read", "csv.raed", path="orders.csv")
    except pln.PlnError as e:
        print(f"{e.name}: {e}")
        assert e.name == "PLN_ENAME" and "csv.read" in e.message


if __name__ == "__main__":
    load()
    exceptions_come_through()
    errors_have_names()
