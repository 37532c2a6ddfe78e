"""Deduplication index: has this key been seen? Exact, whole batches at a time."""
import ctypes as C

from . import _c
from ._c import lib
from ._handle import make, new_bytes
from .bloom import keys_in
from .sketch import Described, bools_out, buffer_of, numbers_in, numbers_out, whole

ALL = 2**63 - 1
PIECE_MIN, PIECE_HEAD = 64, 32


class Dedup(Described):
    """An index of keys of 16 bytes, those of pln.Keys, in some 21 bytes each.

    With `payload` there is a number beside each key, such as a time by which it is forgotten: add_with, expire. `expected` keys have room at
    once; beyond `memory_limit` bytes (0: none) keys are refused. The seed should be random and secret where keys come from strangers.
    """

    _noun, _options, _info = "dedup", _c.DedupOptions, _c.DedupInfo
    _flags = ("payload",)

    def __init__(self, payload=False, *, expected=0, memory_limit=0, seed=0):
        super().__init__(make(lib.pln_dedup_new, None, self._given(payload=payload, expected=expected, memory_limit=memory_limit, seed=seed)))
        self._payload = bool(payload)

    def __len__(self):
        """How many keys are in memory."""
        return self._ask("count")

    def add(self, keys):
        """For each key whether it is new, as truth values: the first of its kind, in this call and before."""
        data, n = keys_in(keys)
        fresh = new_bytes((n + 7) // 8)
        self._call("batch", data, None, n, fresh, None)
        return bools_out(fresh, n)

    def add_with(self, keys, payloads):
        """(whether each key is new, the number that is beside it from now on: its own, or that of the first)."""
        data, n = keys_in(keys)
        address, found, kept = numbers_in("payloads", payloads, "q")
        if found != n:
            raise ValueError(f"payloads: there are {found} for {n} keys")
        fresh = new_bytes((n + 7) // 8)
        held, room = numbers_out(n, "q")
        self._call("batch", data, address, n, fresh, room)
        del kept
        return bools_out(fresh, n), held

    def expire(self, before):
        """Forget all keys whose payload is less; it never goes back."""
        self._call("expire", whole("before", before))

    def sweep(self, keys=ALL):
        """Give back the memory of forgotten keys, looking at so many or some more. How many went."""
        removed = C.c_int64()
        self._call("sweep", whole("keys", keys), C.byref(removed))
        return removed.value

    def merge(self, other):
        """Add the keys of another index; a key that is there keeps its payload."""
        self._kin(other)
        if other is not self:  # which must not change while it is written
            for piece in other.pieces():
                self.read(piece)

    def pieces(self, most=1 << 20):
        """What is in memory, as pieces of so many bytes at most: read takes them, in any order. The index must not change between."""
        cursor, size, room = C.c_int64(), C.c_int64(), C.create_string_buffer(max(whole("most", most), 1))
        while True:
            self._call("write", C.byref(cursor), room, most, C.byref(size))
            if size.value == 0:
                return
            yield C.string_at(room, size.value)

    def read(self, piece):
        """Add the keys of a piece, which may come from anybody. A key that is there keeps its payload."""
        data = buffer_of("read", piece)
        self._call("read", data, len(data))

    def to_bytes(self):
        """All in one piece; no bytes if there are no keys."""
        return next(self.pieces(max(PIECE_MIN, PIECE_HEAD + len(self) * (24 if self._payload else 16))), b"")

    @classmethod
    def from_bytes(cls, data, **options):
        """A new index of a piece; `options` as for a new one, but that the bytes say whether there are payloads."""
        data = buffer_of("from_bytes", data)
        made = cls(**{"payload": data[5:6] == b"\1", **options})
        if data:
            made.read(data)
        return made
