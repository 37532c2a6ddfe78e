#!/usr/bin/env python3
"""The Arrow C Data Interface against pyarrow, both ways, for every type; DuckDB reads what comes out.

Skips where pyarrow is not installed. PLN_PYTHON names another interpreter that has it.
"""
import ctypes as c
import datetime as dt
import decimal
import gc
import os
import sys

other = os.environ.pop("PLN_PYTHON", None)
if other:
    os.execv(other, [other, *sys.argv])
try:
    import pyarrow as pa
except ImportError:
    print("skip: pyarrow is not installed")
    sys.exit(77)

BUILD = os.environ.get("BUILD", "build")
lib = c.CDLL(os.path.join(BUILD, "libpipeline.so"))
P, I64, I32 = c.c_void_p, c.c_int64, c.c_int32


class Skip(Exception):
    pass


class Error(c.Structure):
    _fields_ = [("status", I32), ("flags", c.c_uint32), ("native", I64), ("where", c.c_char * 112),
                ("message", c.c_char * 384)]


def function(name, result, *arguments):
    f = getattr(lib, name)
    f.restype, f.argtypes = result, arguments
    return f


runtime_new = function("pln_runtime_new", I32, P, P, P)
runtime_free = function("pln_runtime_free", None, P)
batch_import = function("pln_batch_import", I32, P, P, P, P, P)
batch_export = function("pln_batch_export", I32, P, P, P, P)
batch_validate = function("pln_batch_validate", I32, P, I32, P)
batch_unref = function("pln_batch_unref", None, P)
batch_slice = function("pln_batch_slice", I32, P, I64, I64, P, P)
batch_take = function("pln_batch_take", I32, P, P, I64, P, P)
batch_concat = function("pln_batch_concat", I32, P, I64, P, P)
batch_equal = function("pln_batch_equal", I32, P, P)
builder_new = function("pln_builder_new", I32, P, P, P, P)
builder_column = function("pln_builder_column", P, P, I64)
builder_finish = function("pln_builder_finish", I32, P, P, P)
builder_free = function("pln_builder_free", None, P)
column_child = function("pln_column_child", P, P, I64)
column_text = function("pln_column_text", I32, P, c.c_char_p, I64, P)
column_null = function("pln_column_null", I32, P, P)
column_end = function("pln_column_end", I32, P, P)

err = Error()
SCHEMA, ARRAY = 72, 80


def ok(status):
    assert status == 0, (status, err.message)


def made(call, *arguments):
    out = P()
    ok(call(*arguments, c.byref(out), c.byref(err)))
    return out


def structs():
    return c.create_string_buffer(SCHEMA), c.create_string_buffer(ARRAY)


def into(rows):
    """A pyarrow batch as one of ours."""
    schema, array = structs()
    rows._export_to_c(c.addressof(array), c.addressof(schema))
    batch = made(batch_import, runtime, schema, array)
    ok(batch_validate(batch, 3, c.byref(err)))
    return batch


def back(batch):
    """One of ours as a pyarrow batch."""
    schema, array = structs()
    ok(batch_export(batch, schema, array, c.byref(err)))
    rows = pa.RecordBatch._import_from_c(c.addressof(array), c.addressof(schema))
    rows.validate(full=True)
    return rows


day = dt.date(2013, 1, 1)
moment = dt.datetime(2013, 1, 1, 6, 0, 1)
D = decimal.Decimal
TYPES = {
    "null": (pa.null(), [None, None, None, None]),
    "bool": (pa.bool_(), [True, None, False, True]),
    **{str(t): (t, [1, None, 100, 0]) for t in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(),
                                               pa.uint16(), pa.uint32(), pa.uint64())},
    "float": (pa.float32(), [1.5, None, -2.0, 0.0]),
    "double": (pa.float64(), [1.5, None, float("inf"), -0.0]),
    "string": (pa.utf8(), ["", None, "héllo", "a longer text than any short cut copies whole"]),
    "binary": (pa.binary(), [b"", None, b"\xff\x00", b"abc"]),
    "fixed": (pa.binary(3), [b"abc", None, b"\x00\x01\x02", b"xyz"]),
    "decimal": (pa.decimal128(10, 2), [D("1.50"), None, D("-99999999.99"), D("0.00")]),
    "decimal38": (pa.decimal128(38, 0), [D(10) ** 37, None, -D(10) ** 37, D(0)]),
    "date32": (pa.date32(), [day, None, dt.date(1969, 12, 31), day]),
    "time32s": (pa.time32("s"), [dt.time(6), None, dt.time(0), dt.time(23, 59, 59)]),
    "time32ms": (pa.time32("ms"), [dt.time(6), None, dt.time(0), dt.time(23, 59, 59)]),
    "time64us": (pa.time64("us"), [dt.time(6), None, dt.time(0), dt.time(23, 59, 59)]),
    "time64ns": (pa.time64("ns"), [dt.time(6), None, dt.time(0), dt.time(23, 59, 59)]),
    **{f"timestamp_{u}{z}": (pa.timestamp(u, tz=z or None), [moment, None, moment, moment])
       for u in ("s", "ms", "us", "ns") for z in ("", "UTC", "Europe/Berlin")},
    "list": (pa.list_(pa.int32()), [[1, 2], None, [], [3, None]]),
    "list_list": (pa.list_(pa.list_(pa.utf8())), [[["a"], None, []], None, [], [["b", None]]]),
    "struct": (pa.struct([("a", pa.int8()), ("b", pa.utf8())]), [{"a": 1, "b": "x"}, None, {"a": None, "b": "y"},
                                                               {"a": 4, "b": None}]),
    "list_struct_list": (pa.list_(pa.struct([("tags", pa.list_(pa.utf8())), ("n", pa.int64())])),
                         [[{"tags": ["x", "y"], "n": 1}, None], None, [{"tags": None, "n": None}], []]),
    "map": (pa.map_(pa.utf8(), pa.int64()), [[("k", 1), ("l", None)], None, [], [("m", 3)]]),
    "dictionary": (pa.dictionary(pa.int8(), pa.utf8()), ["red", None, "blue", "red"]),
    "dictionary_int": (pa.dictionary(pa.uint16(), pa.int64()), [7, None, 8, 7]),
    "struct_dictionary": (pa.struct([("c", pa.dictionary(pa.int32(), pa.utf8()))]),
                          [{"c": "x"}, None, {"c": None}, {"c": "x"}]),
}


def values(name):
    kind, data = TYPES[name]
    if pa.types.is_struct(kind) and any(pa.types.is_dictionary(f.type) for f in kind):
        field = pa.array([d and d["c"] for d in data]).dictionary_encode()
        return pa.StructArray.from_arrays([field], fields=list(kind), mask=pa.array([d is None for d in data]))
    if pa.types.is_dictionary(kind):
        return pa.array(data, kind.value_type).dictionary_encode().cast(kind)
    return pa.array(data, kind)


def union():
    ids = pa.array([5, 42, 5, 42], pa.int8())
    offsets = pa.array([0, 0, 1, 1], pa.int32())
    children = [pa.array([1, None]), pa.array([["x"], None], pa.list_(pa.utf8()))]
    return pa.UnionArray.from_dense(ids, offsets, children, ["n", "t"], [5, 42])


COLUMNS = {**{name: values(name) for name in TYPES}, "union": union()}


def batch_of(*arrays):
    return pa.RecordBatch.from_arrays(list(arrays), names=[f"c{i}" for i in range(len(arrays))])


def same(expected, got):
    assert expected.schema.equals(got.schema), (expected.schema, got.schema)
    # pyarrow does not compare unions and dictionaries that differ in layout; values as Python objects do.
    assert repr(expected.to_pylist()) == repr(got.to_pylist()), (expected.to_pylist(), got.to_pylist())


def check_column(name):
    rows = batch_of(COLUMNS[name])
    ours = into(rows)
    same(rows, back(ours))
    for start in range(5):
        for length in range(5 - start):
            # Sliced there, read here; sliced here, read there.
            sliced = into(rows.slice(start, length))
            same(rows.slice(start, length), back(sliced))
            again = made(batch_slice, ours, start, length)
            same(rows.slice(start, length), back(again))
            assert batch_equal(sliced, again) == 1
            pair = (P * 2)(sliced.value, again.value)
            joined = made(batch_concat, pair, 2)
            assert repr(back(joined).to_pylist()) == repr(rows.slice(start, length).to_pylist() * 2)
            for b in (sliced, again, joined):
                batch_unref(b)
    picks = [3, 0, 0, 1, 2]
    taken = made(batch_take, ours, (I32 * 5)(*picks), 5)
    whole = rows.to_pylist()
    assert repr(back(taken).to_pylist()) == repr([whole[i] for i in picks])
    batch_unref(taken)
    batch_unref(ours)


def check_all_at_once():
    rows = batch_of(*COLUMNS.values())
    ours = into(rows)
    kept = back(ours)
    batch_unref(ours)
    gc.collect()
    same(rows, kept)


def check_metadata_and_required():
    schema = pa.schema([pa.field("a", pa.int64(), nullable=False, metadata={"k": "v", "": ""}),
                        pa.field("b", pa.list_(pa.field("item", pa.utf8(), nullable=False)))],
                       metadata={"top": "level"})
    rows = pa.RecordBatch.from_arrays([pa.array([1]), pa.array([["x"]], schema.field(1).type)], schema=schema)
    ours = into(rows)
    got = back(ours)
    assert rows.schema.equals(got.schema, check_metadata=True), got.schema
    batch_unref(ours)


def check_unsupported():
    for array, word in ((pa.array(["x"], pa.large_utf8()), b"'U'"), (pa.array([1], pa.duration("s")), b"'tDs'"),
                        (pa.array([[1]], pa.large_list(pa.int8())), b"'+L'")):
        schema, array_struct = structs()
        batch_of(array)._export_to_c(c.addressof(array_struct), c.addressof(schema))
        out = P()
        status = batch_import(runtime, schema, array_struct, c.byref(out), c.byref(err))
        assert status == -9 and word in err.message and b"'c0'" in err.message, (status, err.message)


def check_nothing_is_lost():
    before = pa.total_allocated_bytes()
    rows = batch_of(pa.array(range(100000)), pa.array([str(i) for i in range(100000)]))
    ours = into(rows)
    middle = made(batch_slice, ours, 50000, 10)
    batch_unref(ours)
    del rows
    gc.collect()
    assert pa.total_allocated_bytes() > before
    got = back(middle)
    batch_unref(middle)
    assert got.column(1).to_pylist()[0] == "50000"
    del got
    gc.collect()
    assert pa.total_allocated_bytes() == before, pa.total_allocated_bytes() - before


def check_builder():
    schema = pa.schema([("id", pa.int64()), ("tags", pa.list_(pa.utf8())), ("at", pa.timestamp("us", "UTC")),
                        ("price", pa.decimal128(10, 2)), ("color", pa.dictionary(pa.int8(), pa.utf8()))])
    struct = c.create_string_buffer(SCHEMA)
    schema._export_to_c(c.addressof(struct))
    builder = made(builder_new, runtime, struct)
    pa.Schema._import_from_c(c.addressof(struct))
    e = c.byref(err)
    columns = [builder_column(builder, i) for i in range(5)]
    for i in range(3):
        ok(column_text(columns[0], str(i).encode(), -1, e))
        for k in range(i):
            ok(column_text(column_child(columns[1], 0), b"t%d" % k, -1, e))
        ok(column_end(columns[1], e))
        ok(column_text(columns[2], b"2013-01-01T06:00:0%dZ" % i, -1, e))
        ok(column_text(columns[3], b"%d.5" % i, -1, e))
        ok(column_text(columns[4], b"red", -1, e) if i else column_null(columns[4], e))
    batch = made(builder_finish, builder)
    builder_free(builder)
    rows = back(batch)
    batch_unref(batch)
    assert rows.schema.equals(schema), rows.schema
    assert rows.column(0).to_pylist() == [0, 1, 2]
    assert rows.column(1).to_pylist() == [[], ["t0"], ["t0", "t1"]]
    assert [t.second for t in rows.column(2).to_pylist()] == [0, 1, 2]
    assert rows.column(3).to_pylist() == [D("0.50"), D("1.50"), D("2.50")]
    assert rows.column(4).to_pylist() == [None, "red", "red"]


def check_duckdb():
    try:
        import duckdb
    except ImportError:
        raise Skip("duckdb is not installed") from None
    names = [n for n in COLUMNS if n not in ("null", "union") and "ns" not in n and "UTC" not in n and "/" not in n]
    batch = into(batch_of(*(COLUMNS[n] for n in names), pa.array([1, 2, 3, 4])))
    half = made(batch_slice, batch, 1, 3)
    batch_unref(batch)
    rows = pa.Table.from_batches([back(half)])
    batch_unref(half)
    connection = duckdb.connect()
    connection.register("ours", rows)
    last = f"c{len(names)}"
    assert connection.execute(f"select sum({last}), count(*) from ours").fetchone() == (9, 3)
    found = connection.execute("select * from ours").fetchall()
    index = names.index("list_struct_list")
    assert found[1][index] == [{"tags": None, "n": None}], found[1][index]
    assert [row[names.index("string")] for row in found] == [None, "héllo", TYPES["string"][1][3]]


runtime = made(runtime_new, None)
checks = [(f"column {name}", lambda name=name: check_column(name)) for name in COLUMNS]
checks += [(f.__name__[6:], f) for f in (check_all_at_once, check_metadata_and_required, check_unsupported,
                                        check_nothing_is_lost, check_builder, check_duckdb)]
failed = skipped = 0
for name, check in checks:
    try:
        check()
    except Skip as why:
        skipped += 1
        print(f"skip: {why}")
    except Exception as problem:  # one failure does not hide the others
        failed += 1
        print(f"{name}: {type(problem).__name__}: {problem}"[:2000])
runtime_free(runtime)
print(f"{len(checks) - failed - skipped} passed, {failed} failed, {skipped} skipped")
sys.exit(failed > 0)
