"""Freshness: has the data come that should be there by now? pln-monitors(7)."""
import collections
import ctypes as C

from . import _c
from .sketch import Written
from .validation import NEVER, micros

FreshnessVerdict = collections.namedtuple(
    "FreshnessVerdict", "status severity reason age_us landed_us due_us overdue_us incident since_us json")

STATUSES = "fresh", "late", "still", "resolved"
SEVERITIES = "fine", "warning", "error"
REASONS = None, "age", "due"


def name_of(partition):
    return None if partition is None else partition.encode()


class Freshness(Written):
    """When data landed, of a data set as a whole (None) and of its partitions by name.

    The options are those of pln_freshness_options by name: due_minutes, offset_minutes, weekdays, error_age_us ... They are not in the bytes: who reads
    them says them again. Times are datetimes with a time zone or microseconds since 1970.
    """

    _noun, _options = "freshness", _c.FreshnessOptions

    def expect(self, time, partition=None):
        """From this time on it must be fresh, though nothing of it has landed."""
        self._call("expect", name_of(partition), micros("time", time))

    def landed(self, time, partition=None):
        """Data has landed."""
        self._call("landed", name_of(partition), micros("time", time))

    def check(self, now, partition=None):
        """Is it there, now?"""
        raw = _c.FreshnessVerdict(struct_size=C.sizeof(_c.FreshnessVerdict))
        self._call("check", name_of(partition), micros("now", now), C.byref(raw))
        landed, due, since = (None if time == NEVER else time for time in (raw.landed_us, raw.due_us, raw.since_us))
        return FreshnessVerdict(STATUSES[raw.status], SEVERITIES[raw.severity], REASONS[raw.reason], raw.age_us, landed, due, raw.overdue_us,
                                raw.incident or None, since, raw.json.decode())

    def forget(self, partition):
        """Forget a partition, and its incident."""
        self._ask("forget", name_of(partition))

    @property
    def partitions(self):
        """The names of all that is known, None for the data set as a whole."""
        names = []
        while (name := self._ask("partition", len(names))) is not None:
            names.append(name.decode() or None)
        return names
