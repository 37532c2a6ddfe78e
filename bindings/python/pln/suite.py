"""Suites of checks: what the rows of a table must be like; pln-checks(7)."""
import collections
import ctypes as C
import json

from . import _c, stream
from ._c import lib
from ._handle import lent, make
from .batch import move, pointer_in
from .sketch import Noun
from .table import Table
from .validation import Validation

Check = collections.namedtuple("Check", "id kind columns severity action by_row json")

SEVERITIES = "info", "warn", "error", "critical"
ACTIONS = "pass", "warn", "tag", "drop", "quarantine_row", "quarantine_batch", "fail_epoch", "fail_pipeline"


def json_of(document):
    """What C reads: text as it is, all else as JSON."""
    if not isinstance(document, (str, bytes, bytearray)):
        document = json.dumps(document)
    data = document.encode() if isinstance(document, str) else bytes(document)
    if b"\0" in data:
        raise ValueError("there is a NUL in the text, behind which C would read nothing")
    return data


class Suite(Noun):
    """Checks: a dict {"name": ..., "checks": [...]}, a list of checks, or the text of such JSON.

    The seed, of the keys of uniqueness and references, should be random and secret where values come from strangers. A check of references needs the
    table that it refers to, by `reference`, before rows are validated.
    """

    _noun, _options = "suite", _c.SuiteOptions

    def __init__(self, runtime, suite, *, seed=0):
        suite = {"checks": suite} if isinstance(suite, list) else suite
        super().__init__(make(lib.pln_suite_new, runtime._handle, json_of(suite), self._given(seed=seed)), runtime)
        self._runtime = runtime

    @staticmethod
    def suggest(profile, name=""):
        """The text of a suite that the rows of a profile pass: a beginning for a person to edit."""
        return lent(lib.pln_suite_suggest, profile._handle, name.encode()).decode()

    @property
    def name(self):
        return self._ask("name").decode()

    def __len__(self):
        """How many checks there are."""
        return self._ask("count")

    @property
    def checks(self):
        """The checks as they stand, with the ids that results have."""
        found, raw = [], _c.Check(struct_size=C.sizeof(_c.Check))
        for i in range(len(self)):
            self._ask("check", i, C.byref(raw))
            found.append(Check(raw.id.decode(), raw.kind.decode(), raw.columns.decode(), SEVERITIES[raw.severity], ACTIONS[raw.action],
                               bool(raw.by_row), json.loads(raw.json)))
        return found

    def add(self, check):
        """One more check, a dict or the text of one, while there is no validation."""
        self._unused()
        self._call("add", json_of(check))

    def reference(self, name, rows):
        """The table that checks refer to by this name; `rows` as for validate. It is read at once, while there is no validation."""
        self._unused()
        if hasattr(rows, "__arrow_c_stream__") and not isinstance(rows, Table):
            source = stream.taken(self._runtime, rows)
        else:
            schema, batches = stream.read(self._runtime, rows)
            source = Table(self._runtime, schema)
            for batch in batches:
                source.append(batch)
        made, raw = source.__arrow_c_stream__(), _c.ArrowArrayStream()
        move("stream", C.cast(pointer_in(made, b"arrow_array_stream"), _c.StreamP).contents, raw)
        self._call("reference", name.encode(), C.byref(raw))

    def _unused(self):
        if self._holds > 1:  # what C leaves to its callers
            raise ValueError("this suite has a validation, or is in a graph: it cannot change now")

    def validate(self, rows, now=None):
        """A Validation of all rows: a batch, a table, anything with __arrow_c_stream__ or __arrow_c_array__, or an iterable of batches.

        `now`, for checks that ask for the time, is a datetime with a time zone or microseconds since 1970; else the clock says.
        """
        schema, batches = stream.read(self._runtime, rows)
        made = Validation(self, schema, now)
        for batch in batches:
            made.add(batch)
        return made
