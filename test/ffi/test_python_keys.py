#!/usr/bin/env python3
"""Keys from Python: the published vectors by whole columns, no copy on the way out, and rows of another schema are never read as the keys' own."""
import gc
import hashlib
import hmac
import itertools
import os
import tempfile

from binding import ROOT, check, end, pln, refused, rows_of, skip


class Lent:
    """Rows of another library: all that is known of them is the protocol."""

    def __init__(self, batch):
        self.batch = batch

    def __arrow_c_array__(self, requested_schema=None):
        return self.batch.__arrow_c_array__()

    def __arrow_c_schema__(self):
        return self.batch.__arrow_c_schema__()


def lines():
    with open(os.path.join(ROOT, "test", "unit", "key", "vectors.txt"), encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file]


def vectors(rt, folder):
    """The rows of one schema are a batch; each cell of the file is then a piece of what comes out."""
    secret = next(line for line in lines() if "The secret is" in line).split("'")[1].encode()
    rows = [line.split("\t") for line in lines() if not line.startswith("#")]
    check("there are vectors", len(rows) >= 35)
    for columns, group in itertools.groupby(sorted(rows), key=lambda cells: cells[0]):
        group = list(group)
        batch = rows_of(rt, folder, columns, "\n".join(cells[1] for cells in group))
        for cell, options in ((3, {}), (4, {"secret": secret}), (5, {"hash": "sha256"}), (6, {"hash": "sha256", "secret": secret})):
            keys = pln.Keys(rt, columns, **options)
            wanted = [bytes.fromhex(cells[cell]) for cells in group]
            check(f"{columns} {options}", keys.batch(batch) == b"".join(key[:16] for key in wanted))
            check(f"{columns} {options}: from another library", keys.batch(Lent(batch)) == keys.batch(batch))
            check(f"{columns} {options}: row by row", [keys.row(batch, i) for i in range(len(batch))] == [key[:16] for key in wanted])
            if cell >= 5:
                check(f"{columns} {options}: digests", keys.digests(batch) == b"".join(wanted))
        keys = pln.Keys(rt, batch)
        check(f"{columns}: canonical bytes", [keys.encode(batch, i).hex() for i in range(len(batch))] == [cells[2] for cells in group])
        check(f"{columns}: UUIDs", [str(pln.key_uuid(bytes.fromhex(cells[3]))) for cells in group] == [cells[7] for cells in group])


def fields(rt):
    """What is hashed of chosen fields, by hashlib."""
    columns = "id int64, person struct<name utf8, age int32>, note utf8"
    with tempfile.TemporaryDirectory() as folder:
        batch = rows_of(rt, folder, columns, '{"id":1,"person":{"name":"Ada","age":36}}\n{"id":2,"person":null,"note":"x"}')
    keys = pln.Keys(rt, batch, ["person.name", "id"], hash="sha256")
    wanted = [b"\x01\x07\x03\0\0\0Ada\x03\x01" + bytes(7), b"\x01\0\x03\x02" + bytes(7)]
    check("fields by path", keys.digests(batch) == b"".join(hashlib.sha256(row).digest() for row in wanted))
    check("a slice", keys.batch(batch.slice(1, 1)) == hashlib.sha256(wanted[1]).digest()[:16])
    secret = bytes(range(20))
    check("HMAC", pln.Keys(rt, columns, ["person.name", "id"], hash="sha256", secret=secret).row(batch, 0) ==
          hmac.digest(secret, wanted[0], "sha256")[:16])
    check("no rows, no keys", keys.batch(batch.slice(0, 0)) == b"")
    dbt = pln.Keys(rt, "a utf8, b utf8", hash="dbt")
    made = rt.batch("a utf8, b utf8", {"a": ["a-b", None], "b": ["c", "x"]})
    check("surrogate keys", dbt.batch(made) == b"".join(
        hashlib.md5(text).digest() for text in (b"a-b-c", b"_dbt_utils_surrogate_key_null_-x")))
    check("a schema by itself", pln.Keys(rt, pln.Schema(rt, columns), ["id"]).batch(batch) == pln.Keys(rt, columns, ["id"]).batch(batch))


def refusals(rt):
    batch = rt.batch("id int64, name utf8", {"id": [1], "name": ["x"]})
    keys = pln.Keys(rt, batch, ["id"])
    for what, columns, values in (("another type", "id int32, name utf8", {"id": [1], "name": ["x"]}),
                                  ("another name", "key int64, name utf8", {"key": [1], "name": ["x"]}),
                                  ("a column less", "id int64", {"id": [1]}),
                                  ("a column more", "id int64, name utf8, x int8", {"id": [1], "name": ["x"], "x": [1]})):
        refused(what, "TypeError", "the keys are of 2 columns, among them id (l)", lambda: keys.batch(rt.batch(columns, values)))
    nested = pln.Keys(rt, "a struct<b int32>")
    refused("a struct of others", "TypeError", "the keys are of", lambda: nested.encode(Lent(structs(rt, "a struct<c int32>")), 0))
    refused("an unknown column", "PLN_ENAME", "did you mean 'name'", lambda: pln.Keys(rt, batch, ["nmae"]))
    refused("an unknown hash", "ValueError", "hash 'sha1' is none of xxh3, sha256, dbt", lambda: pln.Keys(rt, batch, hash="sha1"))
    refused("a short secret", "PLN_EINVAL", "secret: at least 16 bytes", lambda: pln.Keys(rt, batch, secret=b"short"))
    refused("digests of XXH3", "PLN_ESTATE", "", lambda: keys.digests(batch))
    refused("a row that is not there", "PLN_EINVAL", "row 1", lambda: keys.row(batch, 1))
    refused("one name for a list", "TypeError", "not the text 'id'", lambda: pln.Keys(rt, batch, "id"))
    refused("a schema that is none", "PLN_ESYNTAX", "", lambda: pln.Keys(rt, "id itn64"))
    refused("a key of another size", "ValueError", "16 bytes", lambda: pln.key_uuid(b"x"))
    keys.close()
    refused("closed keys", "ValueError", "this Keys is closed", lambda: keys.batch(batch))


def structs(rt, columns):
    with tempfile.TemporaryDirectory() as folder:
        return rows_of(rt, folder, columns, '{"a":{"c":1}}')


def lifetimes(rt):
    """Keys outlive the name of their runtime and what they were made from."""
    keys = pln.Keys(pln.Runtime(), rt.batch("id int64", {"id": [1]}), secret=bytes(16))
    gc.collect()
    check("keys keep their runtime", len(keys.batch(rt.batch("id int64", {"id": [1, 2]}))) == 32)


def no_copy(rt):
    try:
        import numpy as np
    except ImportError:
        return skip("no numpy: a view of keys is not tried")
    keys = pln.Keys(rt, "id int64")
    made = keys.batch(rt.batch("id int64", {"id": np.arange(1000, dtype="i8")}))
    view = np.frombuffer(made, "u1").reshape(-1, 16)
    check("numpy looks at keys", view.shape == (1000, 16) and not view.flags.owndata and bytes(view[999]) == made[-16:])
    return None


def main():
    rt = pln.Runtime()
    with tempfile.TemporaryDirectory() as folder:
        vectors(rt, folder)
    fields(rt)
    refusals(rt)
    lifetimes(rt)
    no_copy(rt)
    end()


main()
