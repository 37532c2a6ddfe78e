#!/usr/bin/env python3
"""Makes zones.tsv.gz, which test_zone.c reads: files of time zones, and what Python's zoneinfo answers of them.

    oracle.py > zones.tsv.gz

Z name, the file in hex
C seconds since the change before (the first one: since 1970), offset before it, offset from it on, start and end of the day that has it: every change from 1900 to 2100
W second, offset, and start and end of the day, week, month, quarter and year that has it: random instants

Times in seconds; starts and ends are written as distances from the instant. A day starts at the first instant whose local time is midnight or later.
"""
import datetime
import gzip
import io
import random
import sys
import zoneinfo

ZONES = """Africa/Cairo Africa/Casablanca America/Havana America/New_York America/Nuuk America/Santiago America/Sao_Paulo
America/St_Johns America/Toronto Antarctica/Troll Asia/Beirut Asia/Gaza Asia/Kathmandu Asia/Manila Asia/Tehran Australia/Lord_Howe
Europe/Dublin Europe/Lisbon Europe/Paris Pacific/Apia Pacific/Kwajalein""".split()
UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
FROM, TO = -2208988800, 4102444800
REACH = 27 * 3600


class Zone:
    def __init__(self, data):
        self.info = zoneinfo.ZoneInfo.from_file(io.BytesIO(data))
        self.changes = []
        step, at = 6 * 3600, FROM - 400 * 86400
        before = self.offset(at)
        while at < TO + 800 * 86400:
            if self.offset(at + step) != before:
                low, high = at, at + step
                while high - low > 1:
                    middle = (low + high) // 2
                    low, high = (middle, high) if self.offset(middle) == before else (low, middle)
                self.changes.append(high)
                before = self.offset(high)
                at = high
            else:
                at += step

    def offset(self, second):
        at = (EPOCH + datetime.timedelta(seconds=second)).astimezone(self.info)
        return int(at.utcoffset().total_seconds())

    def first(self, day):
        """Of all instants at which a clock can begin to show midnight or later, the earliest that does."""
        midnight = (day - datetime.date(1970, 1, 1)).days * 86400
        near = [c for c in self.changes if abs(c - midnight) < REACH]
        offsets = {self.offset(midnight - REACH)} | {self.offset(c) for c in near}
        tries = near + [midnight - o for o in offsets]
        return min(t for t in tries if t + self.offset(t) >= midnight)

    def day(self, second):
        day = (EPOCH + datetime.timedelta(seconds=second + self.offset(second))).date()
        while self.first(day + datetime.timedelta(days=1)) <= second:
            day += datetime.timedelta(days=1)
        return day


def periods(day):
    """First days of the periods that have a day, and of the next ones."""
    one = datetime.timedelta(days=1)
    monday = day - datetime.timedelta(days=day.weekday())

    def months(first, n):
        month = first.month - 1 + n
        return datetime.date(first.year + month // 12, month % 12 + 1, 1)

    month = day.replace(day=1)
    quarter = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    year = day.replace(month=1, day=1)
    return [(day, day + one), (monday, monday + 7 * one), (month, months(month, 1)), (quarter, months(quarter, 3)), (year, months(year, 12))]


def main():
    draw = random.Random(1)
    lines = []
    for name in ZONES:
        path = next(p for p in (f"{folder}/{name}" for folder in zoneinfo.TZPATH) if open(p, "rb"))
        data = open(path, "rb").read()
        zone = Zone(data)
        lines.append(f"Z\t{name}\t{data.hex()}")
        last = 0
        for at in zone.changes:
            if FROM <= at < TO:
                day = zone.day(at)
                start, end = zone.first(day), zone.first(day + datetime.timedelta(days=1))
                lines.append(f"C\t{at - last}\t{zone.offset(at - 1)}\t{zone.offset(at)}\t{start - at}\t{end - at}")
                last = at
        for _ in range(100):
            at = draw.randrange(FROM, TO)
            answers = [str(at), str(zone.offset(at))]
            for first, behind in periods(zone.day(at)):
                answers += [str(zone.first(first) - at), str(zone.first(behind) - at)]
            lines.append("W\t" + "\t".join(answers))
    text = "\n".join(lines) + "\n"
    sys.stdout.buffer.write(gzip.compress(text.encode(), 9, mtime=0))


main()
