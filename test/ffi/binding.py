"""What the tests of the Python binding share: the binding over this build's library, and counts of what held."""
import ctypes
import os
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
os.environ.setdefault("PLN_LIBRARY", os.path.join(os.path.abspath(os.environ.get("O", os.path.join(ROOT, "build"))), "libpipeline.so"))
sys.path.insert(0, os.path.join(ROOT, "bindings", "python"))
import pln  # noqa: E402
from pln import _c  # noqa: E402

counts = [0, 0, 0]


def check(what, good, *details):
    counts[0 if good else 1] += 1
    if not good:
        print("failed:", what, *details)


def refused(what, error, words, function):
    """The call raises that exception (or a PlnError of that name) with these words."""
    try:
        function()
        check(f"{what} is refused", False)
    except Exception as e:
        same = e.name == error if isinstance(e, pln.PlnError) else type(e).__name__ == error
        check(f"{what} is refused with words", same and words in str(e), repr(e))


def skip(why):
    counts[2] += 1
    print("skip:", why)


def end():
    print("%d passed, %d failed, %d skipped" % tuple(counts))
    sys.exit(1 if counts[1] else 0)


def rows_of(rt, folder, columns, lines):
    """Lines of JSON as a batch of these columns."""
    path, kept = os.path.join(folder, "rows.ndjson"), pln.Table(rt)
    with open(path, "w", encoding="utf-8") as file:
        file.write(lines)
    g = pln.Graph(rt, "rows")
    g.add("read", "ndjson.read", path=path, schema_handle=pln.Schema(rt, columns))
    g.add("keep", "memory.write", table=kept)
    g.wire("read > keep")
    g.run()
    return next(kept.batches())


def live_blocks(rt):
    """How many pieces of memory a runtime has given and not got back."""
    class Memory(ctypes.Structure):
        _fields_ = [("struct_size", _c.u32), ("reserved", _c.u32)] + [
            (n, _c.i64) for n in ("live", "peak", "pooled", "limit", "live_blocks", "allocations")]
    memory = Memory(ctypes.sizeof(Memory))
    function = _c.lib.pln_runtime_memory
    function.argtypes, function.restype = [_c.ptr, ctypes.POINTER(Memory)], None
    function(rt._handle, ctypes.byref(memory))
    return memory.live_blocks
