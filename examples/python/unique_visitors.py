#!/usr/bin/env python3
"""unique_visitors in Python: how many different users there were in each hour of a stream of events, and in all of them.

A sketch of a few kilobytes holds the users of an hour, however many they are; the sketches of hours merge to that of the day, which a
sum of counts could not give: users come back. It prints what examples/unique_visitors.c prints.

    unique_visitors.py [FILE]      NDJSON, plain or gzip, with a time and a user in each line; without one rows are made

PLN_LIBRARY may name the library's path.
"""
import collections
import itertools
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bindings", "python"))
import pln  # noqa: E402

EVENT = {"type": "record", "name": "event", "fields": [
    {"name": "time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "user", "type": ["null", "string"]}]}
MADE = {"time": {"time": "2024-01-01T00:00:00Z", "step": "2s"}, "user": {"text": [2, 3]}}


def read(rt, path):
    """The hours' sketches by the second that each hour starts with."""
    hours = collections.defaultdict(pln.Hll)

    def count(batch):
        """Events of one hour that follow each other are added in one call: the same column, from another place on."""
        row = 0
        for start, same in itertools.groupby(batch["hour"].view()):
            n = sum(1 for _ in same)
            hours[start].add_column(batch.slice(row, n)["user"])
            row += n

    g = pln.Graph(rt, "unique_visitors")
    if path:
        g.add("read", "ndjson.read", path=path, schema=EVENT)
    else:
        g.add("read", "generate", rows=20000, seed=7, columns=MADE)
    g.add("hour", "derive", columns={"hour": "epoch(date_trunc('hour', time))"})
    g.map("count", count, rowwise=False)
    g.add("end", "memory.write", table=pln.Table(rt))  # nothing comes here: `count` gives no rows
    g.wire("read > hour > count > end")
    g.run()
    return hours


def told(users):
    low, high = users.interval(3)  # three standard errors: 99.7 % of sketches
    return f"{users.estimate():10.0f}{low:10.0f} to {high:6.0f}"


def main():
    if len(sys.argv) > 2 or sys.argv[1:] and sys.argv[1].startswith("-"):
        sys.exit(f"usage: {sys.argv[0]} [FILE]")
    hours = read(pln.Runtime(), sys.argv[1] if len(sys.argv) > 1 else None)
    print(f"{'hour (UTC)':16}{'users':>10}{'between':>20}{'so far':>10}{'between':>20}")
    seen = pln.Hll()
    for start, users in sorted(hours.items()):
        seen.merge(users)
        print(time.strftime("%Y-%m-%d %H:%M", time.gmtime(start)) + told(users) + told(seen))


if __name__ == "__main__":
    main()
