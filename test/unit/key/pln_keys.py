#!/usr/bin/env python3
"""The encoding of pln-keys(7), written from that page and from the Arrow columnar format; it uses nothing of the library.

    pln_keys.py vectors             vectors.txt on standard output
    pln_keys.py check               reads rows as Arrow buffers and the bytes that were made of them, one JSON object a line:
                                    {"schema": ..., "array": ..., "rows": ["01...", ...], "xxh3": [...], "sha256": [...]}

A value is (class, payload). encode() gives its bytes and decode() reads them back, so that no two values can have the same.
"""
import ctypes
import ctypes.util
import hashlib
import hmac
import json
import math
import re
import struct
import sys
import uuid

NULL = ("null",)

# ---- values to bytes and back ----


def u32(n):
    return n.to_bytes(4, "little")


def encode(value):
    kind = value[0]
    if kind == "null":
        return b"\x00"
    if kind == "bool":
        return b"\x02" if value[1] else b"\x01"
    if kind == "integer":
        n = value[1]
        return b"\x03" + n.to_bytes(8, "little") if n >= 0 else b"\x04" + n.to_bytes(8, "little", signed=True)
    if kind == "decimal":
        unscaled, scale = value[1:]
        return b"\x05" + scale.to_bytes(1, "little", signed=True) + unscaled.to_bytes(16, "little", signed=True)
    if kind == "float":
        return b"\x06" + value[1]
    if kind in ("text", "bytes"):
        return (b"\x07" if kind == "text" else b"\x08") + u32(len(value[1])) + value[1]
    if kind == "date":
        return b"\x09" + value[1].to_bytes(4, "little", signed=True)
    if kind in ("time", "instant", "local"):
        tag = {"time": b"\x0a", "instant": b"\x0b", "local": b"\x0c"}[kind]
        return tag + value[1].to_bytes(8, "little", signed=True) + u32(value[2])
    if kind == "list":
        return b"\x0f" + u32(len(value[1])) + b"".join(map(encode, value[1]))
    if kind == "struct":
        fields = sorted((name, v) for name, v in value[1].items() if v != NULL)
        return b"\x10" + u32(len(fields)) + b"".join(u32(len(name)) + name + encode(v) for name, v in fields)
    assert kind == "map"
    return b"\x11" + u32(len(value[1])) + b"".join(sorted(encode(k) + encode(v) for k, v in value[1]))


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        assert self.at + n <= len(self.data), "the bytes end too soon"
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, n, signed=False):
        return int.from_bytes(self.take(n), "little", signed=signed)

    def value(self):
        tag = self.number(1)
        if tag == 0:
            return NULL
        if tag in (1, 2):
            return ("bool", tag == 2)
        if tag == 3:
            return ("integer", self.number(8))
        if tag == 4:
            return ("integer", self.number(8, True))
        if tag == 5:
            scale = self.number(1, True)
            return ("decimal", self.number(16, True), scale)
        if tag == 6:
            return ("float", self.take(8))
        if tag in (7, 8):
            return ("text" if tag == 7 else "bytes", self.take(self.number(4)))
        if tag == 9:
            return ("date", self.number(4, True))
        if tag in (10, 11, 12):
            return (("time", "instant", "local")[tag - 10], self.number(8, True), self.number(4))
        if tag == 15:
            return ("list", [self.value() for _ in range(self.number(4))])
        if tag == 16:
            fields = [(self.take(self.number(4)), self.value()) for _ in range(self.number(4))]
            assert [n for n, _ in fields] == sorted({n for n, _ in fields}), "names out of order"
            return ("struct", dict(fields))
        assert tag == 17, f"no class {tag}"
        return ("map", [(self.value(), self.value()) for _ in range(self.number(4))])


def decode(data):
    reader, values = Reader(data), []
    assert reader.number(1) == 1, "not version 1"
    while reader.at < len(data):
        values.append(reader.value())
    return values


def plain(value):
    """Two values are one if this is: maps in one order, structs without nulls."""
    if value[0] == "list":
        return ("list", [plain(v) for v in value[1]])
    if value[0] == "struct":
        return ("struct", {n: plain(v) for n, v in value[1].items() if v != NULL})
    if value[0] == "map":
        return ("map", sorted((repr(plain(k)), repr(plain(v))) for k, v in value[1]))
    return value


# ---- values of each class ----


def decimal(unscaled, scale):
    while unscaled and unscaled % 10 == 0:
        unscaled, scale = unscaled // 10, scale - 1
    return ("decimal", unscaled, scale if unscaled else 0)


def floating(x):
    if math.isnan(x):
        return ("float", bytes.fromhex("000000000000f87f"))
    return ("float", struct.pack("<d", 0.0 if x == 0 else x))


def moment(kind, n, per_second):
    return (kind, n // per_second, n % per_second * (10**9 // per_second))


# ---- values out of Arrow buffers ----

FORMATS = {"c": "<b", "C": "<B", "s": "<h", "S": "<H", "i": "<i", "I": "<I", "l": "<q", "L": "<Q", "f": "<f", "g": "<d"}
UNITS = {"s": 1, "m": 1000, "u": 10**6, "n": 10**9}


def bit(data, i):
    return data[i // 8] >> (i % 8) & 1


def unpack(form, data, i):
    return struct.unpack_from(form, data, i * struct.calcsize(form))[0]


def time_value(form, data, i):
    if form == "tdD":
        return ("date", unpack("<i", data, i))
    per = UNITS[form[2]]
    if form[1] == "t":
        return moment("time", unpack("<i" if per <= 1000 else "<q", data, i), per)
    return moment("instant" if form[4:] else "local", unpack("<q", data, i), per)


def flat_value(form, buffers, i):
    if form == "b":
        return ("bool", bool(bit(buffers[1], i)))
    if form in "fg":
        return floating(unpack(FORMATS[form], buffers[1], i))
    if form in FORMATS:
        return ("integer", unpack(FORMATS[form], buffers[1], i))
    if form in "uz":
        start, end = unpack("<i", buffers[1], i), unpack("<i", buffers[1], i + 1)
        return ("text" if form == "u" else "bytes", buffers[2][start:end])
    if form[0] == "w":
        width = int(form[2:])
        return ("bytes", buffers[1][i * width:(i + 1) * width])
    if form[0] == "d":
        scale = int(form[2:].split(",")[1])
        return decimal(int.from_bytes(buffers[1][i * 16:i * 16 + 16], "little", signed=True), scale)
    return time_value(form, buffers[1], i)


def value_at(schema, array, row):
    form, buffers, i = schema["format"], array["buffers"], array["offset"] + row
    kids, items = schema.get("children", []), array.get("children", [])
    if form == "n":
        return NULL
    if form.startswith("+ud:"):
        branch = form[4:].split(",").index(str(buffers[0][i]))
        return value_at(kids[branch], items[branch], unpack("<i", buffers[1], i))
    if buffers[0] and not bit(buffers[0], i):
        return NULL
    if "dictionary" in schema:
        return value_at(schema["dictionary"], array["dictionary"], unpack(FORMATS[form], buffers[1], i))
    if form == "+s":
        return ("struct", {k["name"].encode(): value_at(k, a, i) for k, a in zip(kids, items)})
    if form == "+l":
        return ("list", [value_at(kids[0], items[0], j) for j in range(unpack("<i", buffers[1], i), unpack("<i", buffers[1], i + 1))])
    if form == "+m":
        entries, start, end = items[0], unpack("<i", buffers[1], i), unpack("<i", buffers[1], i + 1)
        return ("map", [tuple(value_at(k, a, entries["offset"] + j) for k, a in zip(kids[0]["children"], entries["children"]))
                        for j in range(start, end)])
    return flat_value(form, buffers, i)


def read_array(array):
    array["buffers"] = [bytes.fromhex(b) for b in array["buffers"]]
    for child in array.get("children", []) + ([array["dictionary"]] if "dictionary" in array else []):
        read_array(child)
    return array


# ---- hashes ----

SECRET = b"a secret of the host, not a good one"


class Digest(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def load_xxhash():
    """The system's library, whose functions are not those that are inlined in ours; None where it is not installed."""
    name = ctypes.util.find_library("xxhash")
    if name is None:
        return None
    lib = ctypes.CDLL(name)
    lib.XXH3_128bits.restype = lib.XXH3_128bits_withSecret.restype = Digest
    lib.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
    lib.XXH3_128bits_withSecret.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    lib.XXH3_generateSecret.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    return lib


XXHASH = load_xxhash()


def xxh3(data, secret=None):
    if secret is None:
        digest = XXHASH.XXH3_128bits(data, len(data))
    else:
        derived = ctypes.create_string_buffer(192)
        assert XXHASH.XXH3_generateSecret(derived, 192, secret, len(secret)) == 0
        digest = XXHASH.XXH3_128bits_withSecret(data, len(data), derived, 192)
    return (digest.high << 64 | digest.low).to_bytes(16, "big")


def sha256(data, secret=None):
    return hashlib.sha256(data).digest() if secret is None else hmac.new(secret, data, hashlib.sha256).digest()


def uuid8(key):
    n = int.from_bytes(key, "big")
    return str(uuid.UUID(int=n & ~(0xf << 76) & ~(3 << 62) | 8 << 76 | 2 << 62))


# ---- vectors: a row as JSON text for a reader of NDJSON, and what each of its values is ----


def integer(n):
    return ("integer", n)


def text(s):
    return ("text", s.encode())


LONG = "x" * 300
VECTORS = [
    ("a int8", '{"a":5}', [integer(5)]),
    ("a int64", '{"a":5}', [integer(5)]),
    ("a uint64", '{"a":18446744073709551615}', [integer(2**64 - 1)]),
    ("a int8", '{"a":-1}', [integer(-1)]),
    ("a int64", '{"a":-9223372036854775808}', [integer(-2**63)]),
    ("a float64", '{"a":5}', [floating(5.0)]),
    ("a float32", '{"a":5}', [floating(5.0)]),
    ("a float64", '{"a":-0.0}', [floating(0.0)]),
    ("a float64", '{"a":0.1}', [floating(0.1)]),
    ("a float32", '{"a":0.1}', [floating(struct.unpack("<f", struct.pack("<f", 0.1))[0])]),
    ("a decimal(10, 2)", '{"a":1.50}', [decimal(150, 2)]),
    ("a decimal(38, 10)", '{"a":1.5}', [decimal(15, 1)]),
    ("a decimal(38, 0)", '{"a":1500}', [decimal(15, -2)]),
    ("a decimal(38, 0)", '{"a":-99999999999999999999999999999999999999}', [decimal(-(10**38 - 1), 0)]),
    ("a decimal(38, 2)", '{"a":0.00}', [decimal(0, 2)]),
    ("a bool, b bool", '{"a":true,"b":false}', [("bool", True), ("bool", False)]),
    ("a utf8, b utf8", '{"a":"a-b","b":"c"}', [text("a-b"), text("c")]),
    ("a utf8, b utf8", '{"a":"a","b":"b-c"}', [text("a"), text("b-c")]),
    ("a utf8, b utf8", '{"a":"","b":null}', [text(""), NULL]),
    ("a utf8, b utf8", '{"a":null,"b":""}', [NULL, text("")]),
    ("a dictionary<utf8>", '{"a":"a-b"}', [text("a-b")]),
    ("a utf8", '{"a":"Gr\u00f6\u00dfe \u65e5\u672c"}', [text("Gr\u00f6\u00dfe \u65e5\u672c")]),
    ("a utf8", '{"a":"%s"}' % LONG, [text(LONG)]),
    ("a int32, b utf8, c utf8", '{"a":5,"b":"a-b","c":null}', [integer(5), text("a-b"), NULL]),
    ("a date32", '{"a":"1969-12-31"}', [("date", -1)]),
    ("a time32(ms)", '{"a":"00:00:01.5"}', [("time", 1, 500000000)]),
    ("a time64(ns)", '{"a":"00:00:01.5"}', [("time", 1, 500000000)]),
    ("a timestamp(s, UTC)", '{"a":"1970-01-01T00:00:01Z"}', [("instant", 1, 0)]),
    ("a timestamp(ms, UTC)", '{"a":"1970-01-01T00:00:01Z"}', [("instant", 1, 0)]),
    ("a timestamp(us, Europe/Berlin)", '{"a":"1970-01-01T01:00:01+01:00"}', [("instant", 1, 0)]),
    ("a timestamp(ns)", '{"a":"1970-01-01T00:00:01"}', [("local", 1, 0)]),
    ("a timestamp(us)", '{"a":"1969-12-31T23:59:59.999999"}', [("local", -1, 999999000)]),
    ("a list<int32>", '{"a":[1,null,-2]}', [("list", [integer(1), NULL, integer(-2)])]),
    ("a list<int32>, b list<int32>", '{"a":[],"b":null}', [("list", []), NULL]),
    ("a struct<b decimal(4, 2), a int32>", '{"a":{"b":1.50,"a":null}}', [("struct", {b"b": decimal(15, 1)})]),
    ("a struct<b int32, a int32>", '{"a":{"b":2,"a":1}}', [("struct", {b"a": integer(1), b"b": integer(2)})]),
    ("a struct<b int32>, c struct<b int32>", '{"a":{"b":null},"c":null}', [("struct", {}), NULL]),
    ("a map<utf8, int32>", '{"a":{"y":2,"x":1}}', [("map", [(text("x"), integer(1)), (text("y"), integer(2))])]),
    ("a map<utf8, list<utf8>>", '{"a":{"y":["1","2"],"":null,"x":[]}}',
     [("map", [(text(""), NULL), (text("x"), ("list", [])), (text("y"), ("list", [text("1"), text("2")]))])]),
]


def vectors():
    print("# schema, row as JSON, canonical bytes, XXH3-128, the same keyed, SHA-256, HMAC-SHA-256, UUID of XXH3-128; between them tabs.")
    print(f"# The secret is '{SECRET.decode()}'. Made by pln_keys.py.")
    for schema, row, values in VECTORS:
        data = b"\x01" + b"".join(map(encode, values))
        assert [plain(v) for v in decode(data)] == [plain(v) for v in values]
        print("\t".join([schema, row, data.hex(), xxh3(data).hex(), xxh3(data, SECRET).hex(), sha256(data).hex(),
                         sha256(data, SECRET).hex(), uuid8(xxh3(data))]))


# ---- rows of the library ----


def check_batch(batch, seen):
    array = read_array(batch["array"])
    kids = batch["schema"]["children"]
    for row, line in enumerate(batch["rows"]):
        got = bytes.fromhex(line)
        values = [value_at(k, a, array["offset"] + row) for k, a in zip(kids, array["children"])]
        expected = b"\x01" + b"".join(map(encode, values))
        assert got == expected, f"row {row}: {values}: expected {expected.hex()}, got {line} of {json.dumps(batch['schema'])}"
        assert [plain(v) for v in decode(got)] == [plain(v) for v in values], f"row {row} reads back as another"
        assert sha256(got).hex() == batch["sha256"][row], f"SHA-256 of row {row}"
        assert XXHASH is None or xxh3(got).hex() == batch["xxh3"][row], f"XXH3 of row {row}"
        seen.update(re.findall(r"\('([a-z]+)'", repr(values)))


def check():
    rows, seen = 0, set()
    for line in sys.stdin:
        batch = json.loads(line)
        check_batch(batch, seen)
        rows += len(batch["rows"])
    missing = {"null", "bool", "integer", "decimal", "float", "text", "bytes", "date", "time", "instant", "local", "list",
               "struct", "map"} - seen
    assert not missing, f"no value of {missing} was seen"
    print(f"{rows} rows")


if __name__ == "__main__":
    {"vectors": vectors, "check": check}[sys.argv[1]]()
