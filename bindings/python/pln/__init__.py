"""libpipeline for Python: ctypes only, no dependency.

    rt = pln.Runtime()
    g = pln.Graph(rt, "orders")
    g.source("make", "id int64 not null, amount float64", batches())
    g.map("touch", function)
    g.add("store", "sqlite.upsert", database="o.db", table="orders", key=["id"])
    g.wire("make > touch > store")
    report = g.run()

A function or an iterator of the program is called once for each batch, never for a row. What it raises ends the run, and `run` raises the
very same exception. A column gives numpy a view of its memory without a copy; the view keeps the batch alive. Batches and tables are Arrow
PyCapsule producers, so pyarrow, polars, duckdb and others read them without a copy, and a batch can be made from theirs.

Keys of rows and sketches of columns need no graph, and take a whole batch or column in a call:

    keys = pln.Keys(rt, batch, ["id", "customer.email"])
    data = keys.batch(batch)                            # 16 bytes a row, end to end
    users = pln.Hll()
    users.add_column(batch["user"])
    print(users.estimate(), users.interval())

Hll, CountMin, TopK, Quantiles, Reservoir, Bloom, Dedup and Profile have add or add_column, merge, memory, to_bytes and from_bytes; one file each.

Whether rows are as they should be, as they were before, and as it was agreed:

    suite = pln.Suite(rt, {"checks": [{"check": "not_null", "column": "id"}]})
    result = suite.validate(table)                      # a batch, a stream of pyarrow or polars, batches
    print(result.success, result.text())
    verdict = pln.Monitor(season="weekday").observe(day, result.rows)
    contract = pln.Contract(rt, open("orders.contract.yaml").read())
    contract.suite("orders").validate(table)

A handle is used by one thread at a time; the interpreter's lock is not held while the library works.
"""
import ctypes as C
import itertools
import json
import weakref

from . import _c
from ._c import lib
from ._handle import Handle, PlnError, call, make
from .batch import Batch, Column, Schema, memory_of, numpy_type, pointer_in
from .bloom import Bloom
from .contract import Contract, ContractDiff, Problem
from .count_min import CountMin
from .dedup import Dedup
from .drift import Drift, drift_ks, drift_psi, drift_schema
from .freshness import Freshness, FreshnessVerdict
from .hll import Hll, Overlap
from .keys import Keys, key_uuid
from .monitor import Monitor, MonitorVerdict
from .profile import Profile
from .quantiles import Quantiles
from .reservoir import Reservoir
from .suite import Check, Suite
from .table import Table
from .top_k import Bounds, Entry, TopK
from .validation import CheckResult, Validation, Verdict

__all__ = [
    "Batch", "Bloom", "Bounds", "Builder", "Check", "CheckResult", "Column", "Contract", "ContractDiff", "CountMin", "Dedup", "Drift", "Entry",
    "Freshness", "FreshnessVerdict", "Graph", "Hll", "Keys", "Monitor", "MonitorVerdict", "Overlap", "PlnError", "Problem", "Profile", "Quantiles",
    "Report", "Reservoir", "Runtime", "Schema", "Suite", "Table", "TopK", "Validation", "Verdict", "drift_ks", "drift_psi", "drift_schema",
    "key_uuid", "version"]

EOS, ENOMEM, ECALLBACK = 2, -3, -22
ROWWISE, BOUNDED = 1, 1
MODES = {"batch": 0, "micro-batch": 1, "stream": 2}
GUARANTEES = {"at-least-once": 0, "exactly-once": 1}


def version():
    return lib.pln_version().decode()


class Runtime(Handle):
    _free = lib.pln_runtime_free

    def __init__(self):
        super().__init__(make(lib.pln_runtime_new, None))

    def load(self, path):
        """Load a plugin by its absolute path."""
        call(lib.pln_runtime_load, self._handle, path.encode())

    def stages(self):
        names, index = [], 0
        while (name := lib.pln_runtime_stage(self._handle, index)) is not None:
            names.append(name.decode())
            index += 1
        return names

    def batch(self, schema, columns):
        """A batch from a dict of columns: lists, or buffers (array.array, numpy) of the column's own width."""
        builder = Builder(self, schema)
        for name, values in columns.items():
            builder.extend(name, values)
        return builder.finish()

    def from_arrow(self, producer):
        """A batch from any Arrow PyCapsule producer of a struct array, such as a pyarrow RecordBatch; nothing is copied."""
        schema, array = producer.__arrow_c_array__()
        return Batch(make(lib.pln_batch_import, self._handle, C.cast(pointer_in(schema, b"arrow_schema"), _c.SchemaP),
                          C.cast(pointer_in(array, b"arrow_array"), _c.ArrayP)))


class Builder(Handle):
    """Columns in, a batch out."""

    _free = lib.pln_builder_free

    def __init__(self, runtime, schema):
        kept = Schema.of(runtime, schema)
        super().__init__(make(lib.pln_builder_new, runtime._handle, C.byref(kept.raw)), runtime)
        raw = kept.raw
        self._formats = {raw.children[i].contents.name.decode(): (i, raw.children[i].contents.format.decode())
                         for i in range(raw.n_children)}

    def extend(self, name, values):
        index, format = self._formats[name]
        column = lib.pln_builder_column(self._handle, index)
        raw = None if isinstance(values, (list, tuple)) else memory_of(values)
        if raw is None:
            for value in values:
                append(column, value)
            return
        address, kind, width, n, kept = raw
        expected = (numpy_type(format) or "none").replace("|", "<")
        if kind != expected[1:] and not (kind == "i8" and expected[1] == "M"):
            raise TypeError(f"column {name}: a buffer of {kind} does not fit {format!r}; give a list, or {expected[1:]}")
        call(lib.pln_column_values, column, address, None, n)
        del kept

    def finish(self):
        return Batch(make(lib.pln_builder_finish, self._handle))


def append(column, value):
    """One value of whatever kind; dates, times and decimals go as their text."""
    if value is None:
        call(lib.pln_column_null, column)
    elif isinstance(value, (bool, int)):
        function = lib.pln_column_int if -2**63 <= value < 2**63 else lib.pln_column_uint
        if not -2**63 <= value < 2**64:
            raise OverflowError(f"{value} has more than 64 bits")
        call(function, column, value)
    elif isinstance(value, float):
        call(lib.pln_column_float, column, value)
    elif isinstance(value, (bytes, bytearray)):
        call(lib.pln_column_bytes, column, bytes(value), len(value))
    elif isinstance(value, (list, tuple)):
        for item in value:
            append(lib.pln_column_child(column, 0), item)
        call(lib.pln_column_end, column)
    else:
        data = (value if isinstance(value, str) else value.isoformat() if hasattr(value, "isoformat") else str(value)).encode()
        call(lib.pln_column_text, column, data, len(data))


# ---- functions of the program inside a graph ----

_called = weakref.WeakValueDictionary()  # number -> Callback; C holds the number, the graph the callback


_numbers = itertools.count(1)


class Callback:
    def __init__(self, graph):
        self.pending, self.number = graph._pending, next(_numbers)
        _called[self.number] = self
        graph._callbacks.append(self)


def guarded(me, err, body):
    """The border: no exception passes through C; it is kept and raised again by run."""
    try:
        return body()
    except PlnError as e:
        me.pending.append(e)
        status, message = e.status, str(e)
    except MemoryError as e:
        me.pending.append(e)
        status, message = ENOMEM, "out of memory in a function of the program"
    except BaseException as e:  # KeyboardInterrupt and SystemExit, too
        me.pending.append(e)
        status, message = ECALLBACK, f"{type(e).__name__}: {e}"
    if err:
        err.contents.status = status
        err.contents.message = message.encode("utf-8", "replace")[:380]
    return status


@_c.FREE_FN
def _drop(user):
    _called.pop(user, None)


class Context:
    """What a function of the program may ask while it is called."""

    def __init__(self, raw):
        self._raw = raw

    def count(self, metric, n=1):
        """Add to a counter of the node; it is in the report."""
        _c.COUNT_FN(self._raw.contents.host.contents.count)(self._raw, metric.encode(), n)

    def cancelled(self):
        return bool(_c.CANCELLED_FN(self._raw.contents.host.contents.cancelled)(self._raw))


@_c.MAP_FN
def _map(user, ctx, lent, out, err):
    me = _called[user]

    def body():
        result = me.function(Context(ctx), Batch.share(lent)) if me.wants_context else me.function(Batch.share(lent))
        if result is not None:
            out[0] = lib.pln_batch_ref(result._handle)  # given away
        return 0
    return guarded(me, err, body)


class MapCallback(Callback):
    def __init__(self, graph, function, wants_context):
        super().__init__(graph)
        self.function, self.wants_context = function, wants_context


class SourceCallback(Callback):
    def __init__(self, graph, schema, batches):
        super().__init__(graph)
        self.schema, self.batches, self.rest = schema.encode(), batches, None

    def open(self):
        self.rest = None
        self.at = iter(self.batches() if callable(self.batches) else self.batches)

    def next(self, max_rows):
        """At most max_rows rows; a larger batch is cut, without a copy."""
        rows = self.rest
        while rows is None or len(rows) == 0:
            rows = next(self.at, None)
            if rows is None:
                return None
        self.rest = rows.slice(max_rows, len(rows) - max_rows) if len(rows) > max_rows else None
        return rows if self.rest is None else rows.slice(0, max_rows)


@_c.OPEN_FN
def _source_open(user, ctx, config, out, err):
    me = _called[user]

    def body():
        me.open()
        out[0] = user
        return 0
    return guarded(me, err, body)


@_c.SCHEMA_FN
def _source_schema(user, ctx, out, err):
    parse = _c.HOST_PARSE_FN(ctx.contents.host.contents.schema_parse)
    return parse(ctx, _called[user].schema, out, err)


@_c.POLL_FN
def _source_poll(user, ctx, want, out, err):
    me = _called[user]

    def body():
        rows = me.next(want.contents.max_rows)
        if rows is None:
            return EOS
        out[0] = lib.pln_batch_ref(rows._handle)
        return 0
    return guarded(me, err, body)


@_c.CLOSE_FN
def _source_close(user, ctx):
    me = _called.get(user)
    if me is not None:
        me.at = me.rest = None


_source = _c.Source(C.sizeof(_c.Source), 1, b"python.source", b"Batches of a Python iterable.", None, 0, BOUNDED, None, None,
                    _source_open, _source_schema, _source_poll, _source_close)


# C may hold these beyond the life of this module.
for _function in (_drop, _map, _source_open, _source_schema, _source_poll, _source_close):
    C.pythonapi.Py_IncRef(C.py_object(_function))


class Report:
    """What a run did: the JSON report as a dict in `data`, and some of it by name."""

    def __init__(self, handle):
        self.data = json.loads(lib.pln_report_json(handle))
        lib.pln_report_free(handle)

    def __getattr__(self, name):
        try:
            return self.__dict__["data"][name]
        except KeyError:
            raise AttributeError(name) from None

    def node(self, name):
        return next(node for node in self.data["nodes"] if node["name"] == name)

    def counter(self, node, metric):
        return self.node(node)["counters"].get(metric, 0)


class Graph(Handle):
    _free = lib.pln_graph_free

    def __init__(self, runtime, name):
        super().__init__(make(lib.pln_graph_new, runtime._handle, name.encode()), runtime)
        self._pending, self._callbacks, self._runtime = [], [], runtime

    def add(self, node, stage, **options):
        """A node of a registered stage. A Table or a Schema (of schema_handle) among the options is bound."""
        bound = {key: value for key, value in options.items() if isinstance(value, Handle)}
        plain = {key.rstrip("_"): value for key, value in options.items() if key not in bound}  # else_ for "else"
        call(lib.pln_graph_add, self._handle, node.encode(), stage.encode(), json.dumps(plain).encode())
        for key, value in bound.items():
            self._need(value)
            call(lib.pln_graph_bind, self._handle, node.encode(), key.encode(), value._handle, None)

    def map(self, node, function, schema=None, rowwise=True, context=False):
        """A function from batch to batch (or to None, for no rows). `schema` tells the columns that come out if they are others."""
        me = MapCallback(self, function, context)
        kept = None if schema is None else Schema.of(self._runtime, schema)
        options = _c.MapOptions(C.sizeof(_c.MapOptions), ROWWISE if rowwise else 0, None if kept is None else kept._handle)
        call(lib.pln_graph_add_map, self._handle, node.encode(), _map, me.number, _drop, C.byref(options))

    def source(self, node, schema, batches):
        """Batches of an iterable, or of a function that returns a new one for each run."""
        me = SourceCallback(self, schema, batches)
        call(lib.pln_graph_add_source, self._handle, node.encode(), C.byref(_source), me.number, _drop, None)

    def wire(self, edges):
        call(lib.pln_graph_wire, self._handle, edges.encode())

    def run(self, mode="batch", guarantee="at-least-once", progress=None, **options):
        """To the end of input. Options are those of pln_run_options: state, run_key, epoch_rows, ..."""
        raw = _c.RunOptions()
        lib.pln_run_options_init(C.byref(raw), C.sizeof(raw))
        raw.mode, raw.guarantee = MODES[mode], GUARANTEES[guarantee]
        for key, value in options.items():
            if key not in dict(_c.RunOptions._fields_):
                raise TypeError(f"run has no option {key!r}")
            setattr(raw, key, value.encode() if isinstance(value, str) else value)
        if progress is not None:
            def tell(user, p):
                try:
                    progress({name: getattr(p.contents, name) for name, _ in _c.Progress._fields_[1:]})
                except BaseException as e:
                    self._pending.append(e)
            told = _c.PROGRESS_FN(tell)
            raw.progress = C.cast(told, C.c_void_p)
        self._pending.clear()
        report, err = C.c_void_p(), _c.Error()
        status = lib.pln_graph_run(self._handle, C.byref(raw), C.byref(report), C.byref(err))
        made = Report(report.value) if report.value else None
        if self._pending:
            first = self._pending[0]
            self._pending.clear()
            raise first
        if status < 0:
            raise PlnError(status, err)
        return made
