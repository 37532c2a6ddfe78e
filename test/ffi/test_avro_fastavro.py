#!/usr/bin/env python3
"""
Through ctypes, against fastavro: its bytes as our JSON encoding, our bytes from its JSON encoding, and every promotion in every container. Skips where
fastavro is not installed.
"""
import ctypes
import io
import json
import os
import random
import sys

try:
    import fastavro
    from fastavro.utils import generate_many
except ImportError:
    print("skip: no fastavro module")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
lib = ctypes.CDLL(os.path.join(os.path.abspath(os.environ.get("O", os.path.join(ROOT, "build"))), "libpipeline.so"))
i64, ptr = ctypes.c_int64, ctypes.c_void_p
counts = [0, 0]
lib.pln_avro_encoder_bytes.restype = ptr
lib.pln_text_free.argtypes = [ptr, ptr]
for name in ("pln_avro_schema_free", "pln_avro_resolution_free", "pln_avro_encoder_free", "pln_avro_encoder_clear"):
    getattr(lib, name).argtypes = [ptr]
    getattr(lib, name).restype = None


class Error(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_char * 512)]


err = Error()
runtime = ptr()
assert lib.pln_runtime_new(None, ctypes.byref(runtime), ctypes.byref(err)) == 0


def words():
    return ctypes.string_at(ctypes.addressof(err), 512).replace(b"\0", b" ").decode("utf-8", "replace").strip()


def check(what, good, *details):
    counts[0 if good else 1] += 1
    if not good:
        print("failed:", what, *details)


def parse(schema):
    out = ptr()
    status = lib.pln_avro_schema_parse(runtime, json.dumps(schema).encode(), i64(-1), None, ctypes.byref(out), ctypes.byref(err))
    assert status == 0, words()
    return out


def to_json(writer, reader, data):
    """The datum as JSON, or None."""
    a, b, resolution, text, used = parse(writer), parse(reader), ptr(), ptr(), i64()
    out = None
    if lib.pln_avro_resolution_new(runtime, a, b, None, ctypes.byref(resolution), ctypes.byref(err)) == 0:
        if lib.pln_avro_resolution_json(resolution, data, i64(len(data)), ctypes.byref(used), ctypes.byref(text),
                                        ctypes.byref(err)) == 0 and used.value == len(data):
            out = json.loads(ctypes.string_at(text))
        if text.value:
            lib.pln_text_free(runtime, text)
        lib.pln_avro_resolution_free(resolution)
    lib.pln_avro_schema_free(a)
    lib.pln_avro_schema_free(b)
    return out


def from_json(schema, text):
    parsed, encoder, size = parse(schema), ptr(), i64()
    status = lib.pln_avro_encoder_new(runtime, parsed, None, ctypes.byref(encoder), ctypes.byref(err))
    assert status == 0, words()
    out = None
    if lib.pln_avro_encode_json(encoder, text.encode(), i64(-1), ctypes.byref(err)) == 0:
        at = lib.pln_avro_encoder_bytes(encoder, ctypes.byref(size))
        out = ctypes.string_at(at, size.value) if size.value else b""
    lib.pln_avro_encoder_free(encoder)
    lib.pln_avro_schema_free(parsed)
    return out


def written(schema, value):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, value)
    return out.getvalue()


def json_of(schema, value):
    out = io.StringIO()
    fastavro.json_writer(out, schema, [value])
    return out.getvalue()


def same(a, b):
    if isinstance(a, float) or isinstance(b, float):
        return isinstance(a, (int, float)) and isinstance(b, (int, float)) and abs(a - b) <= 1e-6 * max(1.0, abs(a), abs(b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def random_type(rng, depth, names):
    kind = rng.choice(["null", "boolean", "int", "long", "float", "double", "bytes", "string", "fixed", "enum"] +
                      (["record", "record", "array", "map", "union"] if depth else []))
    if kind == "union":
        branches, seen = [], set()
        for _ in range(rng.randint(1, 4)):
            branch = random_type(rng, depth - 1, names)
            if isinstance(branch, list):
                continue
            label = branch if isinstance(branch, str) else branch["type"]
            # Which branch a program's value means must be plain: one number, one text, one named type.
            label = {"long": "n", "int": "n", "float": "n", "double": "n", "enum": "s", "string": "s", "fixed": "b", "bytes": "b",
                     "map": "m", "record": "m"}.get(label, label)
            if label not in seen:
                seen.add(label)
                branches.append(branch)
        return branches or ["null", "long"]
    if kind == "array":
        return {"type": "array", "items": random_type(rng, depth - 1, names)}
    if kind == "map":
        return {"type": "map", "values": random_type(rng, depth - 1, names)}
    if kind in ("fixed", "enum", "record"):
        names.append(len(names))
        out = {"type": kind, "name": f"N{len(names)}"}
        if kind == "fixed":
            out["size"] = rng.randint(1, 9)
        elif kind == "enum":
            out["symbols"] = [f"S{i}" for i in range(rng.randint(1, 5))]
        else:
            out["fields"] = [{"name": f"f{i}", "type": random_type(rng, depth - 1, names)} for i in range(rng.randint(0, 4))]
        return out
    return kind


def random_schemas():
    rng = random.Random(5)
    random.seed(6)
    for _ in range(300):
        schema = {"type": "record", "name": "Top", "fields": [{"name": "a", "type": random_type(rng, 3, [])}]}
        parsed = fastavro.parse_schema(json.loads(json.dumps(schema)))
        for value in generate_many(parsed, 3):
            data = written(parsed, value)
            try:
                text = json_of(parsed, value)
            except Exception:  # pylint: disable=broad-except
                continue  # its JSON writer loses its way in records without fields
            got = to_json(schema, schema, data)
            check("bytes as JSON", got is not None and same(got, json.loads(text)), json.dumps(schema), data.hex(), got, text, words())
            back = from_json(schema, text)
            if '"double"' not in json.dumps(schema) and '"float"' not in json.dumps(schema):
                check("JSON as bytes", back == data, json.dumps(schema), text, back, data.hex(), words())


def promotions():
    plain = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
    values = {"null": None, "boolean": True, "int": -77, "long": 1 << 40, "float": 1.5, "double": -2.25, "bytes": b"ab", "string": "xy"}
    wraps = [(lambda t: {"type": "array", "items": t}, lambda v: [v, v]), (lambda t: {"type": "map", "values": t}, lambda v: {"k": v}),
             (lambda t: {"type": "record", "name": "R", "fields": [{"name": "f", "type": t}]}, lambda v: {"f": v}),
             (lambda t: [t], lambda v: v),
             (lambda t: {"type": "array", "items": {"type": "map", "values": t}}, lambda v: [{"k": v}])]
    for wrap, put in wraps:
        for writer in plain:
            for reader in plain:
                a, b = wrap(writer), wrap(reader)
                data = written(fastavro.parse_schema(a), put(values[writer]))
                try:
                    read = fastavro.schemaless_reader(io.BytesIO(data), fastavro.parse_schema(a), fastavro.parse_schema(b))
                    want = json.loads(json_of(fastavro.parse_schema(b), read))
                except Exception:  # pylint: disable=broad-except
                    want = None
                got = to_json(a, b, data)
                check("promotion", (got is None) == (want is None) and (got is None or same(got, want)), a, b, got, want, words())


random_schemas()
promotions()
lib.pln_runtime_free(runtime)
print(f"{counts[0]} passed, {counts[1]} failed, 0 skipped")
sys.exit(1 if counts[1] else 0)
