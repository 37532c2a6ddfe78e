#!/usr/bin/env python3
"""Container files of other implementations, row for row, in every codec: theirs are read, ours are read by them.

fastavro writes a file, we copy it, Java copies ours, we copy Java's; fastavro finds the first rows in each of them. Needs fastavro (and
cramjam, zstandard for its codecs); Avro's jars are looked for in $PLN_AVRO_JARS (a class path) and in Maven's repository.
"""
import datetime
import decimal
import glob
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
os.environ.setdefault("PLN_LIBRARY", os.path.join(os.path.abspath(os.environ.get("O", os.path.join(ROOT, "build"))), "libpipeline.so"))
sys.path.insert(0, os.path.join(ROOT, "bindings", "python"))
try:
    import fastavro
except ImportError:
    print("skip: fastavro is not there")
    sys.exit(77)
import pln  # noqa: E402

ROWS = 3000
SCHEMA = {"type": "record", "name": "Order", "namespace": "shop", "fields": [
    {"name": "id", "type": "long"}, {"name": "n", "type": "int"}, {"name": "ok", "type": "boolean"},
    {"name": "price", "type": "double"}, {"name": "weight", "type": "float"}, {"name": "name", "type": "string"},
    {"name": "raw", "type": "bytes"}, {"name": "mail", "type": ["null", "string"]}, {"name": "late", "type": ["string", "null"]},
    {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["NEW", "OLD", "ODD"]}},
    {"name": "mark", "type": {"type": "fixed", "name": "Mark", "size": 4}},
    {"name": "items", "type": {"type": "array", "items": {"type": "record", "name": "Item", "fields": [
        {"name": "sku", "type": "string"}, {"name": "count", "type": ["null", "int"]}]}}},
    {"name": "tags", "type": {"type": "map", "values": "long"}}, {"name": "any", "type": ["null", "long", "string"]},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "day", "type": {"type": "int", "logicalType": "date"}},
    {"name": "paid", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}}]}


def row(i):
    return {
        "id": (-1) ** i * i ** 5, "n": i * 7 - 9000, "ok": i % 3 == 0, "price": i / 8, "weight": i / 4 - 100, "name": f"order {i} ü" * (i % 5),
        "raw": bytes(range(i % 256)), "mail": None if i % 4 == 0 else f"{i}@example.org", "late": None if i % 7 else "late",
        "kind": ("NEW", "OLD", "ODD")[i % 3], "mark": i.to_bytes(4, "big"),
        "items": [{"sku": f"s{j}", "count": None if j == 1 else j} for j in range(i % 4)],
        "tags": {f"k{j}": i * j for j in range(i % 3)}, "any": (None, i, str(i))[i % 3],
        "at": datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=i, microseconds=i),
        "day": datetime.date(1969, 1, 1) + datetime.timedelta(days=i), "paid": decimal.Decimal(i * 37 - 5000).scaleb(-2)}


counts = [0, 0, 0]
expected = [row(i) for i in range(ROWS)]


def check(what, path):
    """fastavro's rows of the file are the first ones."""
    with open(path, "rb") as file:
        rows = list(fastavro.reader(file))
    good = rows == expected
    counts[0 if good else 1] += 1
    if not good:
        different = next((i for i, (a, b) in enumerate(zip(rows, expected)) if a != b), -1)
        print(f"failed: {what}: {len(rows)} rows, row {different} differs", *(rows[different:different + 1]), sep="\n")


def copy(source, target, codec):
    rt = pln.Runtime()
    graph = pln.Graph(rt, "copy")
    graph.add("read", "avro.read", path=source)
    graph.add("write", "avro.write", path=target, codec=codec, schema=SCHEMA, block_bytes=8000)
    graph.wire("read > write")
    graph.run()


def java_path():
    if os.environ.get("PLN_AVRO_JARS"):
        return os.environ["PLN_AVRO_JARS"]
    names = ("avro-1.1*", "jackson-core-2*", "jackson-databind-2*", "jackson-annotations-2*", "slf4j-api-2*", "commons-compress-*",
             "snappy-java-*", "zstd-jni-*", "commons-io-2*", "commons-lang3-*")
    found = [sorted(glob.glob(os.path.expanduser(f"~/.m2/repository/**/{name}.jar"), recursive=True)) for name in names]
    return ":".join(jars[-1] for jars in found if jars)


def java(folder, copies):
    """True if Java has made its copies."""
    path = java_path()
    if not shutil.which("javac") or "avro-1.1" not in path:
        return False
    environment = {k: v for k, v in os.environ.items() if k != "JAVA_TOOL_OPTIONS"}
    subprocess.run(["javac", "-cp", path, "-d", folder, os.path.join(ROOT, "test/ffi/AvroFiles.java")], check=True, env=environment)
    run = subprocess.run(["java", "-cp", f"{path}:{folder}", "AvroFiles", *copies], capture_output=True, text=True, env=environment)
    good = run.returncode == 0 and run.stdout.split() == [str(ROWS)] * (len(copies) // 3)
    counts[0 if good else 1] += 1
    if not good:
        print("failed: Java:", run.stdout, run.stderr[-2000:])
    return good


def main():
    codecs = []
    with tempfile.TemporaryDirectory() as folder:
        def name(who, codec):
            return os.path.join(folder, f"{who}-{codec}.avro")
        for codec in ("null", "deflate", "snappy", "zstandard"):
            try:
                with open(name("theirs", codec), "wb") as file:
                    fastavro.writer(file, SCHEMA, expected, codec=codec, sync_interval=5000)
                copy(name("theirs", codec), name("ours", codec), codec)
            except (ValueError, pln.PlnError) as error:
                print(f"skip: {codec}: {error}")
                counts[2] += 1
                continue
            codecs.append(codec)
            check(f"ours, {codec}", name("ours", codec))
        if java(folder, [part for codec in codecs for part in (codec, name("ours", codec), name("java", codec))]):
            for codec in codecs:
                copy(name("java", codec), name("again", codec), codec)
                check(f"Java's, {codec}", name("again", codec))
        else:
            print("skip: Avro for Java is not there")
            counts[2] += 1
    print(f"{counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
    return counts[1] != 0


sys.exit(main())
