"""Monitors: is this number as it was before? pln-monitors(7)."""
import collections
import ctypes as C

from . import _c
from ._handle import word_of
from .sketch import Written
from .validation import NEVER, micros

MonitorVerdict = collections.namedtuple(
    "MonitorVerdict", "status severity method bucket learned n_history incident since_us score limit expected lower upper json")

STATUSES = "training", "normal", "anomaly", "still", "resolved"
SEVERITIES = "fine", "warning", "error"
METHODS = {"zscore": 1, "mad": 2, "iqr": 3, "relative": 4, "absolute": 5}
PARTIAL, NEW_LEVEL = 1, 2


class Monitor(Written):
    """A history of one number, once for each run, and a verdict on the newest.

    The options are those of pln_monitor_options by name: error, warning, cliff, min_history, lookback, ignore_change, cooldown_us ...; `method` is
    "zscore", "mad", "iqr", "relative" or "absolute", `season` "hour_of_day", "weekday", "hour_of_week" or "day_of_month", `direction` "both", "drop" or
    "spike". They are not in the bytes: who reads them says them again.
    """

    _noun, _options = "monitor", _c.MonitorOptions
    _words = {"method": METHODS, "season": {"none": 0, "hour_of_day": 1, "weekday": 2, "hour_of_week": 3, "day_of_month": 4},
              "direction": {"both": 0, "drop": 1, "spike": 2}}

    def observe(self, time, value, *, partial=False, new_level=False):
        """Judge a value by those before it, and add it to them if it is to enter.

        The time, a datetime with a time zone or microseconds since 1970, is that of what is measured. `partial` is for a run that failed or did not see
        all: its value never enters. `new_level`: the value is right whatever it looks like, and the history before it is forgotten.
        """
        raw = _c.MonitorVerdict(struct_size=C.sizeof(_c.MonitorVerdict))
        self._call("observe", micros("time", time), value, PARTIAL * bool(partial) | NEW_LEVEL * bool(new_level), C.byref(raw))
        return MonitorVerdict(STATUSES[raw.status], SEVERITIES[raw.severity], word_of(raw.method, {**METHODS, "cliff": 6}),
                              None if raw.bucket < 0 else raw.bucket, bool(raw.learned), raw.n_history, raw.incident or None,
                              None if raw.since_us == NEVER else raw.since_us, raw.score, raw.limit, raw.expected, raw.lower, raw.upper,
                              raw.json.decode())

    def history(self):
        """What it is judged by, oldest first: pairs of microseconds since 1970 and a value."""
        n = self._ask("history", 0, 0, None)
        points = (_c.MonitorPoint * n)()
        self._ask("history", 0, n, points)
        return [(point.time_us, point.value) for point in points]

    def memory(self):
        """The bytes that it holds."""
        return self._ask("memory")
