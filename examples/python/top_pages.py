#!/usr/bin/env python3
"""top_pages in Python: the pages with most edits of a stream of events, from a fixed number of entries, however many pages there are.

Each count has bounds that hold, and no page that is not listed can have more than the last line says. It prints what examples/top_pages.c prints.

    top_pages.py [FILE [N [ENTRIES]]]      NDJSON, plain or gzip, with a page in each line; without a file, or with "-", rows are made

PLN_LIBRARY may name the library's path.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bindings", "python"))
import pln  # noqa: E402

LONGEST = 1000
EVENT = {"type": "record", "name": "event", "fields": [{"name": "page", "type": "string"}]}


def read(rt, path, top):
    """A line without a page ends the run; a reject port would take it (see quickstart)."""
    def count(batch):
        top.add_column(batch["page"])

    g = pln.Graph(rt, "top_pages")
    if path:
        g.add("read", "ndjson.read", path=path, schema=EVENT)
    else:
        g.add("read", "generate", rows=50000, seed=7, columns={"page": {"text": [1, 2]}})
    g.map("count", count, rowwise=False)
    g.add("end", "memory.write", table=pln.Table(rt))  # nothing comes here: `count` gives no rows
    g.wire("read > count > end")
    g.run()


def table(top, wanted):
    print(f"{'at least':>10}{'at most':>10}  page")
    for page in top.list(wanted, items="text"):
        print(f"{page.lower:10}{page.upper:10}  {page.item}")
    # What has no entry has at most the error; what has one and is not listed no more than the last that is.
    print(f"of {top.total()} edits; a page that came no more often than {top.error()} times may be missing")


def number(text, most):
    """0 for what is no number from 1."""
    return int(text) if text.isdecimal() and int(text) <= most else 0


def main():
    path, n, entries = (sys.argv[1:] + ["-", "10", "8192"][len(sys.argv) - 1:])[:3]
    wanted, capacity = number(n, LONGEST), number(entries, 1 << 20)
    if len(sys.argv) > 4 or not wanted or not capacity or path.startswith("-") and path != "-":
        print(f"usage: {sys.argv[0]} [FILE [N [ENTRIES]]]", file=sys.stderr)
        return 2
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        with pln.TopK(capacity) as top:
            read(pln.Runtime(), None if path == "-" else path, top)
            table(top, wanted)
    except pln.PlnError as e:
        print(f"top_pages: {e}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
