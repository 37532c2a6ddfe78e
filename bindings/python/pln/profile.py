"""Profiles: what is in the columns of a table, from one pass over its rows and a few kilobytes a column."""
import ctypes as C
import math

from . import _c
from ._c import lib
from ._handle import make
from .batch import Batch, Rows, Schema
from .hll import Hll
from .quantiles import Quantiles
from .sketch import Summary, buffer_of, whole
from .top_k import TopK


class Profile(Summary):
    """Counts, extremes, means, distinct values, quantiles, lengths and frequent values of each column of rows with a schema: the text of the columns, a
    Schema, a batch, or anything with __arrow_c_schema__.

    `precision` is that of the distinct values, `k` that of the quantiles, `top` how many frequent values a report has. The seed should be random and
    secret where values come from strangers.
    """

    _noun, _options = "profile", _c.ProfileOptions

    def __init__(self, runtime, schema, *, precision=12, k=200, top=5, seed=0):
        kept = Schema.of(runtime, schema)
        given = self._given(precision=precision, k=k, top=top, seed=seed)
        super().__init__(make(lib.pln_profile_new, None, C.byref(kept.raw), given), runtime)
        self._rows = Rows(runtime, kept, "profile is")

    def add(self, rows):
        """Add rows: a batch, or anything with __arrow_c_array__ such as a pyarrow RecordBatch, of the columns of the schema."""
        rows = self._rows.fitting(rows)
        self._call("add", lib.pln_batch_array(rows._handle))

    def __len__(self):
        """How many rows were added."""
        return self._ask("rows")

    @property
    def names(self):
        return self._rows.names

    def column(self, column):
        """What is known of a column, by name or number: a dict of what pln_profile_column has, None for what does not apply."""
        raw = self._column(column)
        found = {name: getattr(raw, name) for name, _ in raw._fields_[2:-3]}
        return {name: value.decode("utf-8", "replace") if isinstance(value, bytes) else
                None if value == -1 and isinstance(value, int) or isinstance(value, float) and math.isnan(value) else value
                for name, value in found.items()}

    def hll(self, column):
        """A copy of the sketch of a column's distinct values; None where there is none."""
        return self._sketch(column, "hll", Hll)

    def quantiles(self, column):
        """A copy of the sketch of a column's quantiles; None where there is none."""
        return self._sketch(column, "quantiles", Quantiles)

    def top(self, column):
        """A copy of the sketch of a column's frequent values; None where there is none."""
        return self._sketch(column, "top", TopK)

    def report(self):
        """A batch with a row for each column; pln_profile_schema(3) names what it has."""
        return Batch(make(lib.pln_profile_report, self._handle))

    def json(self):
        """The report as the text of JSON."""
        return self._lent("json").decode()

    def to_bytes(self):
        """The serialized form."""
        return self._lent("write")

    @classmethod
    def from_bytes(cls, runtime, data, **options):
        """A profile out of bytes, which may come from anybody; `options` are those that it was made with."""
        data = buffer_of("from_bytes", data)
        made = cls._adopt(make(lib.pln_profile_read, None, cls._given(**options), data, len(data)))
        made._need(runtime)
        size = int.from_bytes(data[32:36], "little")  # of the schema's text
        made._rows = Rows(runtime, Schema(runtime, data[36:36 + size].decode()), "profile is")
        return made

    def _column(self, column):
        if isinstance(column, str) and column not in self.names:
            raise KeyError(f"no column {column!r}")
        raw = _c.ProfileColumn(struct_size=C.sizeof(_c.ProfileColumn))
        self._call("column_get", self.names.index(column) if isinstance(column, str) else whole("column", column), C.byref(raw))
        return raw

    def _sketch(self, column, field, kind):
        lent = getattr(self._column(column), field)
        return kind._adopt(make(kind._c("copy"), lent)) if lent else None
