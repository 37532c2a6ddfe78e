"""Validations: a suite over the rows of one table, batch by batch, and what came of it; pln-checks(7)."""
import array
import collections
import ctypes as C
import datetime
import math

from . import _c
from ._c import lib
from ._handle import make
from .batch import Rows, Schema
from .sketch import Noun, bools_out, buffer_of, whole

CheckResult = collections.namedtuple("CheckResult", "id kind columns success status rows missing evaluated unexpected observed text message groups "
                                     "groups_failed")

STATUSES = "passed", "warned", "failed"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
NEVER = -2**63


def micros(noun, time):
    """A time as C takes it: microseconds since 1970, or a datetime, which must say its time zone."""
    if not isinstance(time, datetime.datetime):
        return whole(noun, time)
    if time.tzinfo is None:
        raise ValueError(f"{noun}: {time} has no time zone")
    return (time - EPOCH) // datetime.timedelta(microseconds=1)


class Verdict:
    """Which rows of a batch some check by row says are wrong, of severity "error" and above: how many, as a bitmap (bit i of it is row i), and of each
    row that is wrong the number of the first such check; None where the suite has no such check."""

    def __init__(self, raw):
        self.rows, self.n_failed = raw.rows, raw.n_failed
        self.bitmap = C.string_at(raw.failed, (raw.rows + 7) // 8) if raw.failed else None
        self.first = array.array("i", C.string_at(raw.first, 4 * raw.rows)) if raw.first else None

    @property
    def failed(self):
        """The bitmap as truth values, one for each row; numpy.asarray looks at them without a copy."""
        return bools_out(self.bitmap if self.bitmap is not None else bytes((self.rows + 7) // 8), self.rows)


class Validation(Noun):
    """A suite over rows of this schema: the text of the columns, a Schema, a batch, or anything with __arrow_c_schema__.

    `now`, for checks that ask for the time, is a datetime with a time zone or microseconds since 1970; else the clock says.
    """

    _noun, _options = "validation", _c.ValidationOptions

    def __init__(self, suite, schema, now=None):
        kept = Schema.of(suite._runtime, schema)
        given = self._given(now_us=None if now is None else micros("now", now))
        super().__init__(make(lib.pln_validation_new, suite._handle, C.byref(kept.raw), given), suite)
        self._rows, self._checks = Rows(suite._runtime, kept, "suite is over rows"), suite.checks

    def add(self, rows):
        """Add rows: a batch, or anything with __arrow_c_array__, of the columns of the schema."""
        self._call("add", lib.pln_batch_array(self._rows.fitting(rows)._handle))

    @property
    def rows(self):
        """How many rows were added."""
        return self._ask("count")

    @property
    def status(self):
        """The worst of all checks: "passed", "warned" or "failed"."""
        status = C.c_int32()
        self._call("status", C.byref(status))
        return STATUSES[status.value]

    @property
    def success(self):
        """No check has failed, of severity "error" and above."""
        return self.status != "failed"

    @property
    def checks(self):
        """A CheckResult for each check, of all rows so far; None for what does not apply."""
        return [self._result(i, check) for i, check in enumerate(self._checks)]

    def _result(self, i, check):
        raw = _c.CheckResult(struct_size=C.sizeof(_c.CheckResult))
        self._call("check", i, C.byref(raw))
        text = None if raw.observed_text is None else raw.observed_text.decode()
        return CheckResult(check.id, check.kind, check.columns, raw.status == 0, STATUSES[raw.status], raw.rows, raw.missing, raw.evaluated,
                           None if raw.unexpected < 0 else raw.unexpected, None if math.isnan(raw.observed) else raw.observed, text,
                           raw.message.decode(), raw.groups, raw.groups_failed)

    def __getitem__(self, id):
        """The CheckResult of a check by its id."""
        i = self._number(id)
        return self._result(i, self._checks[i])

    def _number(self, id):
        for i, check in enumerate(self._checks):
            if check.id == id:
                return i
        raise KeyError(f"no check {id!r}")

    # ---- rows of the last batch ----

    def verdict(self):
        """Which rows of the batch that was added last are wrong, as a Verdict."""
        raw = _c.ValidationVerdict(struct_size=C.sizeof(_c.ValidationVerdict))
        self._ask("rows", C.byref(raw))
        return Verdict(raw)

    def bitmap(self, id):
        """Which rows of the batch that was added last this check says are wrong, whatever its severity; None for a check that says nothing of rows."""
        rows, at = self.verdict().rows, self._ask("bits", self._number(id))
        return C.string_at(at, (rows + 7) // 8) if at else None

    # ---- all results ----

    def json(self):
        """As JSON, with the names of Great Expectations."""
        return self._lent("json").decode()

    def text(self):
        """For people, a line for each check and the values behind those that fail."""
        return self._lent("text").decode()

    def html(self):
        """A page that needs nothing else."""
        return self._lent("html").decode()

    def facet(self, producer):
        """The dataQualityAssertions facet of OpenLineage, as JSON; `producer` is the URI that names the program."""
        return self._lent("facet", producer.encode()).decode()

    # ---- parts ----

    def merge(self, other):
        """Add all rows of another validation, of a suite of the same text and of the same columns; they count as what came after."""
        self._call("merge", self._kin(other))

    def to_bytes(self):
        """All that the validation knows, for `read` of another one."""
        return self._lent("write")

    def read(self, data):
        """Add what another validation wrote, as merge does. The bytes may come from anybody."""
        data = buffer_of("read", data)
        self._call("read", data, len(data))

    @classmethod
    def from_bytes(cls, suite, schema, data, now=None):
        """A validation of this suite and schema that has what another one wrote."""
        made = cls(suite, schema, now)
        made.read(data)
        return made
