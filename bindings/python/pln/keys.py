"""Keys of rows: the same row gives the same key in any file, format, language or year; pln-keys(7)."""
import ctypes as C
import uuid

from . import _c
from ._c import lib
from ._handle import Handle, call, make, new_bytes, number_of
from .batch import Rows, Schema

HASHES = {"xxh3": 0, "sha256": 1, "dbt": 2}
KEY_SIZE, DIGEST_SIZE = 16, 32


class Keys(Handle):
    """Keys out of some fields of rows with a schema: names of columns, or paths "customer.address.city" into structs; none: all columns.

    `schema` is the text of the columns, a Schema, a batch, or anything with __arrow_c_schema__. `hash` is "xxh3", "sha256" for rows
    that somebody hostile may choose, or "dbt" for the surrogate keys of dbt_utils; `secret`, at least 16 bytes, makes keys that nobody
    else can compute.
    Rows are a batch or anything with __arrow_c_array__, such as a pyarrow RecordBatch; they must have the columns of the schema.
    """

    _free = lib.pln_keys_free

    def __init__(self, runtime, schema, fields=(), hash="xxh3", secret=None):
        if isinstance(fields, str):
            raise TypeError(f"fields is a list of names, not the text {fields!r}")
        kept = Schema.of(runtime, schema)
        fields = list(fields)
        names = [name.encode() for name in fields]
        options = _c.KeysOptions()
        lib.pln_keys_options_init(C.byref(options), C.sizeof(options))
        options.hash = number_of("hash", hash, HASHES)
        if secret is not None:
            options.secret, options.secret_size = bytes(secret), len(secret)
        super().__init__(make(lib.pln_keys_new, runtime._handle, C.byref(kept.raw), (C.c_char_p * len(names))(*names), len(names),
                              C.byref(options)), runtime)
        self._rows = Rows(runtime, kept, "keys are", fields)

    def batch(self, rows):
        """The keys of all rows, 16 bytes each, end to end. numpy.frombuffer(keys, "u1").reshape(-1, 16) looks at them without a copy."""
        return self._fill(lib.pln_keys_batch, rows, KEY_SIZE)

    def digests(self, rows):
        """The whole SHA-256 (or HMAC) of all rows, 32 bytes each."""
        return self._fill(lib.pln_keys_digests, rows, DIGEST_SIZE)

    def row(self, rows, row):
        """The key of one row. A batch at a time is many times faster."""
        rows, key = self._rows.fitting(rows), new_bytes(KEY_SIZE)
        call(lib.pln_keys_row, self._handle, lib.pln_batch_array(rows._handle), row, key)
        return key

    def encode(self, rows, row):
        """The canonical bytes of one row: what is hashed."""
        rows, data, size = self._rows.fitting(rows), C.c_void_p(), C.c_int64()
        call(lib.pln_keys_encode, self._handle, lib.pln_batch_array(rows._handle), row, C.byref(data), C.byref(size))
        return C.string_at(data, size.value)

    def _fill(self, function, rows, size):
        rows = self._rows.fitting(rows)
        filled = new_bytes(len(rows) * size)
        call(function, self._handle, lib.pln_batch_array(rows._handle), filled)
        return filled


def key_uuid(key):
    """A key as a UUID of version 8; six of its 128 bits give way to version and variant."""
    if len(key) != KEY_SIZE:
        raise ValueError(f"a key has {KEY_SIZE} bytes, not {len(key)}")
    text = C.create_string_buffer(37)
    lib.pln_key_uuid(bytes(key), text)
    return uuid.UUID(text.value.decode())
