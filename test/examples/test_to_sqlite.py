#!/usr/bin/env python3
"""The everyday tool on real data: every answer of the oracles, reruns that change nothing, damaged rows, exit codes."""
import base64
import csv
import gzip
import json
import math
import os
import sqlite3
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.path.abspath(os.environ.get("O", os.path.join(ROOT, "build")))
DATA = os.environ.get("PLN_TEST_DATA", os.path.join(ROOT, "..", "shared", "data"))
TOOL = os.path.join(BUILD, "examples", "to_sqlite")
counts = [0, 0, 0]


def check(what, good, *details):
    counts[0 if good else 1] += 1
    if not good:
        print("failed:", what, *details)
    return good


def load(*args, expect=0):
    done = subprocess.run([TOOL, *args], capture_output=True, text=True, errors="replace", timeout=600)
    check(f"exit status of {' '.join(args)}", done.returncode == expect, done.returncode, done.stdout, done.stderr)
    return done


def report(*args, expect=0):
    return json.loads(load(*args, "--json", expect=expect).stdout)


def counters(got):
    """Nodes by name, with their own counters beside the fates."""
    return {node["name"]: {**node, **node["counters"]} for node in got["nodes"]}


def same(got, want):
    if isinstance(got, float) or isinstance(want, float):
        return got is not None and want is not None and math.isclose(got, want, rel_tol=1e-12, abs_tol=1e-12)
    return got == want


def rows(db, sql):
    db.row_factory = sqlite3.Row
    return [dict(row) for row in db.execute(sql)]


def ask_oracle(db, name):
    for query in json.load(open(os.path.join(DATA, "oracles", name), encoding="utf-8"))["queries"]:
        got = rows(db, query["sql"])
        good = len(got) == len(query["rows"]) and all(
            list(a) == list(b) and all(same(a[key], b[key]) for key in b) for a, b in zip(got, query["rows"]))
        check(f"{name} {query['id']}", good, "\n  got", got[:5], "\n  want", query["rows"][:5])


def dump(path, table):
    with sqlite3.connect(path) as db:
        return sorted(map(repr, db.execute(f"SELECT * FROM {table}")))


def changed_nothing(what, got, path, table, before):
    node = counters(got)["store"]
    check(f"{what}: nothing inserted or updated", node.get("inserted", 0) == 0 and node.get("updated", 0) == 0, node)
    check(f"{what}: all unchanged", node["unchanged"] == node["passed"] == got["rows_in"], node)
    check(f"{what}: the same rows", dump(path, table) == before)


FLIGHT_KEY = "year,month,day,carrier,flight,origin,hour,minute,dest"
KEYS = {"airlines": "carrier", "airports": "faa", "planes": "tailnum", "weather": "origin,time_hour"}


def flights(folder):
    nyc, path = os.path.join(DATA, "nycflights13"), os.path.join(folder, "nyc.db")
    half = os.path.join(nyc, "flights_2013h1.csv.gz")
    got = report(half, "--database", path, "--table", "flights", "--null", "NA")
    check("flights: all rows", got["rows_in"] == got["rows_out"] == 166158 and got["rejected"] == 0, got["rows_in"])
    for table, key in KEYS.items():
        load(os.path.join(nyc, table + ".csv"), "--database", path, "--table", table, "--null", "NA", "--key", key)
    with sqlite3.connect(path) as db:
        ask_oracle(db, "nycflights13_2013h1.json")
    for table, key in KEYS.items():
        before = dump(path, table)
        got = report(os.path.join(nyc, table + ".csv"), "--database", path, "--table", table, "--null", "NA", "--key", key)
        changed_nothing(f"{table} again", got, path, table, before)
    overwrite(half, os.path.join(folder, "over.db"), dump(path, "flights"))


def overwrite(half, path, want):
    """Twice the same months: the same table; a month that the file does not have stays as it is."""
    args = (half, "--database", path, "--table", "flights", "--null", "NA", "--partition", "month")
    load(*args)
    check("overwrite: the rows of the files", dump(path, "flights") == want)
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO flights(year, month, day, carrier) VALUES(2012, 12, 31, 'XX')")
    before = dump(path, "flights")
    load(*args)
    check("overwrite again: the same rows", dump(path, "flights") == before)
    check("overwrite again: December stays", len(before) == len(want) + 1)


def wikipedia(folder):
    path = os.path.join(folder, "wiki.db")
    got = report(os.path.join(DATA, "wikiticker", "wikiticker_am.ndjson.gz"), "--database", path, "--table", "edits")
    check("wikiticker: all rows", got["rows_in"] == got["rows_out"] == 16512, got["rows_in"])
    with sqlite3.connect(path) as db:
        db.execute("""CREATE VIEW w AS SELECT rowid AS seq, CAST(strftime('%s', time) AS INTEGER) * 1000 +
                      CAST(substr(time, 21, 3) AS INTEGER) AS ts_ms, * FROM edits""")
        ask_oracle(db, "wikiticker_am.json")


def damage(lines):
    """Line number -> bytes, of a wrong type, a missing quote, a short row and invalid UTF-8, spread over the file."""
    bad = {}
    for at, what in ((101, "type"), (4000, "quote"), (4001, "short"), (90000, "utf8"), (len(lines), "type")):
        fields = lines[at - 1].split(b",")
        if what == "type":
            fields[3] = b"noon"
        elif what == "quote":
            fields[7] = b'"' + fields[7]
        elif what == "short":
            fields = fields[:6]
        else:
            fields[8] = b"N\xff\xfe1"
        bad[at] = lines[at - 1] = b",".join(fields)
    return bad


def original(row):
    value = row["original"]
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value.encode("utf-8")


def damaged(folder):
    half = gzip.open(os.path.join(DATA, "nycflights13", "flights_2013h1.csv.gz")).read().splitlines()
    bad = damage(half)
    path, rejects = os.path.join(folder, "flights.csv"), os.path.join(folder, "rejects.ndjson")
    open(path, "wb").write(b"\n".join(half) + b"\n")
    starts, at = {}, 0
    for number, line in enumerate(half, 1):
        starts[number] = at
        at += len(line) + 1
    db = os.path.join(folder, "damaged.db")
    args = (path, "--database", db, "--null", "NA")
    got = report(*args, "--table", "f", "--reject", rejects)
    found = {}
    for line in open(rejects, encoding="utf-8"):
        row = json.loads(line)
        found[row["line"]] = row
    check("damaged: good + rejected = input", got["rows_out"] + got["rejected"] == got["rows_in"] == len(half) - 1, got)
    check("damaged: exactly those lines are rejected", set(found) == set(bad), sorted(found), sorted(bad))
    for number in set(found) & set(bad):
        row = found[number]
        check(f"damaged: line {number} has its bytes", original(row) == bad[number], row)
        check(f"damaged: line {number} has its place and reason",
              row["position"] == starts[number] and row["split"] == path and len(row["message"]) > 10, row)
    with sqlite3.connect(db) as made:
        check("damaged: the good rows are there",
              made.execute("SELECT count(*) FROM f").fetchone()[0] == len(half) - 1 - len(bad))
    done = load(*args, "--table", "g", expect=1)
    check("damaged: without a reject file the good rows are loaded and the bad ones told",
          "line 101" in done.stderr and "5 rows were rejected" in done.stderr, done.stderr)


def once(folder):
    """With a state file a load is done once, even an append."""
    source, db, state = (os.path.join(folder, name) for name in ("once.csv", "once.db", "once.state"))
    open(source, "w").write("id,word\n" + "".join(f"{i},w{i}\n" for i in range(1000)))
    args = (source, "--database", db, "--table", "t", "--state", state, "--epoch-rows", "100")
    first, second = report(*args), report(*args)
    check("state: ten epochs, exactly once", first["epochs"] in (10, 11) and first["guarantee"] == "exactly-once", first)
    check("state: the second call is skipped", second["skipped"] and second["rows_out"] == 1000, second)
    check("state: each row once", len(dump(db, "t")) == 1000)
    open(source, "a").write("1000,more\n")
    check("state: another file is another load", report(*args)["rows_in"] == 1001 and len(dump(db, "t")) == 2001)


def other_rules(folder):
    """With a state file, a load under other rules is another load; under the same ones it is left alone."""
    source, db, state, schema = (os.path.join(folder, name) for name in ("rules.csv", "rules.db", "rules.state", "rules.avsc"))
    open(source, "w").write("id,word\n1,NA\n2,x\n")
    fields = [{"name": "id", "type": "long"}, {"name": "word", "type": ["null", "string"]}]

    def say_schema(doc):
        json.dump({"type": "record", "name": "r", "doc": doc, "fields": fields}, open(schema, "w"))

    def twice(what, table, *args):
        whole = (source, "--database", db, "--table", table, "--state", state, *args)
        first, second = report(*whole), report(*whole)
        check(f"rules: {what}: done", not first["skipped"] and first["rows_out"] == 2, first)
        check(f"rules: {what}: once", second["skipped"] and second["rows_out"] == 2, second)

    def skipped(what, table, *args):
        got = report(source, "--database", db, "--table", table, "--state", state, *args)
        check(f"rules: {what}: remembered", got["skipped"], got)

    twice("as it is", "t")
    twice("a null token", "t", "--null", "NA")
    check("rules: the token was obeyed", sorted(map(str, (word for (word,) in sqlite3.connect(db).execute(
        "SELECT word FROM t")))) == ["NA", "None", "x", "x"])
    twice("two null tokens", "t", "--null", "NA", "--null", "x")
    twice("one that looks like two", "t", "--null", "NA --null x")
    say_schema("short")
    twice("a schema", "t", "--schema", schema)
    say_schema("a longer one")
    twice("another schema in the same file", "t", "--schema", schema)
    skipped("the first load", "t")
    twice("a key", "k", "--key", "id")
    sqlite3.connect(db).execute("CREATE UNIQUE INDEX words ON k(word)")
    twice("another key", "k", "--key", "word")
    twice("a partition", "p", "--partition", "id")
    twice("another partition", "p", "--partition", "word")
    twice("both of them", "p", "--partition", "id,word")
    skipped("the first key", "k", "--key", "id")
    source = os.path.join(folder, "rules.data")
    open(source, "w").write("id\n1\n2\n")
    twice("a format", "f", "--format", "csv")
    twice("another format", "f", "--format", "tsv")


def avro_sums():
    """What the first 2,000 flights of the CSV add up to."""
    with gzip.open(os.path.join(DATA, "nycflights13", "flights_2013h1.csv.gz"), "rt") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(2000))]
    return len(rows), sum(int(row["distance"]) for row in rows), sum(row["dep_time"] != "NA" for row in rows)


def small(folder):
    """Schemas, formats, several files, misuse."""
    def put(name, text):
        path = os.path.join(folder, name)
        open(path, "w", encoding="utf-8").write(text)
        return path
    db = os.path.join(folder, "small.db")
    schema = put("s.avsc", json.dumps({"type": "record", "name": "r", "fields": [
        {"name": "id", "type": "long"}, {"name": "note", "type": ["null", "string"]}]}))
    tsv = put("a.tsv", "id\tnote\n1\tx,y\n2\t\n")
    got = report(tsv, put("b.tsv", "id\tnote\n3\tq\n"), "--database", db, "--table", "t", "--schema", schema)
    with sqlite3.connect(db) as made:
        check("tsv with a schema", list(made.execute("SELECT id, note FROM t ORDER BY id")) ==
              [(1, "x,y"), (2, None), (3, "q")] and got["rows_in"] == 3)
    lines = put("c.data", '{"id": 1, "note": "a"}\n{"id": 2}\n')
    load(lines, "--format", "ndjson", "--database", db, "--table", "u", "--key", "id")
    check("ndjson by --format", len(dump(db, "u")) == 2)
    flights = os.path.join(DATA, "avro", "flights_2000_snappy.avro")
    if os.path.exists(flights):
        got = report(flights, "--database", db, "--table", "f")
        with sqlite3.connect(db) as made:
            check("Avro by its name", got["rows_in"] == 2000 and list(made.execute(
                "SELECT count(*), sum(distance), count(dep_time) FROM f")) == [avro_sums()])
    for args in ((), (tsv,), (tsv, "--database", db), (lines, "--database", db, "--table", "t"), (tsv, "--tabel", "t"),
                 (tsv, lines, "--database", db, "--table", "t"), (tsv, "--database", db, "--table", "t", "--mode", "upsrt"),
                 (tsv, "--database", db, "--table", "t", "--mode", "upsert"), (lines, "--database", db, "--table"),
                 (tsv, "--database", db, "--table", "t", "--key", "id", "--partition", "id"),
                 (tsv, "--database", db, "--table", "t", "--epoch-rows", "many")):
        done = load(*args, expect=2)
        check("misuse is explained", "to_sqlite" in done.stderr, args, done.stderr)
    done = load(os.path.join(folder, "none.csv"), "--database", db, "--table", "t", expect=3)
    check("a missing file is named", "none.csv" in done.stderr, done.stderr)


def main():
    with tempfile.TemporaryDirectory() as folder:
        once(folder)
        other_rules(folder)
        small(folder)
        for need, test in (("nycflights13", flights), ("nycflights13", damaged), ("wikiticker", wikipedia)):
            if os.path.isdir(os.path.join(DATA, need)):
                test(folder)
            else:
                print(f"skip: no {need} in {DATA}")
                counts[2] += 1
    print("%d passed, %d failed, %d skipped" % tuple(counts))
    return 1 if counts[1] else 0


sys.exit(main())
