"""Writes the cases of checks/*.jsonl: inputs stand here, answers come from oracle.py.

    python3 test/unit/quality/make_checks.py      from the top of the tree, after a change here
"""
import json
import os

import cases
from cases import column
import oracle

HERE = os.path.dirname(os.path.abspath(__file__))
NOW = oracle.micros("2026-03-01T12:00:00Z")
TEXT = {"a": "utf8", "n": "int64"}
PYTHON = {
    "n > 0": lambda r: None if r["n"] is None else r["n"] > 0,
    "n >= 100": lambda r: None if r["n"] is None else r["n"] >= 100,
    "n is not null": lambda r: r["n"] is not None,
    "a > 0 -- all good": lambda r: None if r["a"] is None else r["a"] > 0,
    "10 / a > 1": lambda r: False if r["a"] == 0 else
        None if r["a"] is None else int(10 / r["a"]) > 1,
    "10 / a > 1 or true": lambda r: False if r["a"] == 0 else True,
    "a <> 0 and 10 / a > 1": lambda r: None if r["a"] is None else
        r["a"] != 0 and int(10 / r["a"]) > 1,
    "a is null or a < 5": lambda r: r["a"] is None or r["a"] < 5,
    "length(a) = octet_length(a)": lambda r: None if r["a"] is None else
        len(r["a"]) == len(r["a"].encode()),
    "ok": lambda r: r["ok"],
    "id <> 2": lambda r: None if r["id"] is None else r["id"] != 2,
}


class Table(list):
    """Cases of one file, each with a name of its own."""

    def add(self, name, schema, rows, check, **case):
        case.update({"schema": schema, "rows": rows, "check": check, "python": PYTHON})
        line = {"name": name}
        line.update({k: v for k, v in case.items() if k not in ("python",)})
        line.update(oracle.answer(case))
        assert name not in [c["name"] for c in self], name
        self.append(line)

    def error(self, name, status, words, check, schema="a int64, t utf8, f float64", **case):
        line = {"name": name, "schema": schema, "rows": [], "check": check}
        line.update(case)
        line["error"] = {"status": status, "words": words}
        assert name not in [c["name"] for c in self], name
        self.append(line)

    def write(self, name):
        with open(os.path.join(HERE, "checks", name), "w", encoding="utf-8") as out:
            for case in self:
                out.write(json.dumps(case, ensure_ascii=False, separators=(",", ":")) + "\n")
        print(name, len(self))


# Kind, type of a, four right values, two wrong ones, parameters.
BY_ROW = [
    ("null", "int32", [None] * 4, [1, 2], {}),
    ("not_null", "utf8", ["", "x", "null", "0"], [None, None], {}),
    ("missing_values", "utf8", ["a", "b", "c", "d"], ["N/A", None], {"values": ["N/A", ""]}),
    ("missing_values numbers", "int16", [1, 2, 3, 4], [-999, None], {"values": [-999]}),
    ("not_empty", "utf8", ["a", " a ", "\t", "é"], ["", "  "], {}),
    ("not_empty as it is", "utf8", ["a", " ", "  ", "x"], ["", ""], {"trim": False}),
    ("between", "int32", [0, 1, 99, 100], [-1, 101], {"min": 0, "max": 100}),
    ("between strictly", "float64", [0.1, 1.5, 99.0, 99.9], [0, 100],
     {"min": 0, "max": 100, "strict_min": True, "strict_max": True}),
    ("between from", "int64", [5, 6, 7, 8], [4, -5], {"min": 5}),
    ("between to", "int64", [5, 4, 3, -8], [6, 60], {"max": 5}),
    ("between decimals", "decimal(10, 2)", ["1.50", "1.51", "2.00", "9.99"], ["1.49", "10.00"],
     {"min": "1.50", "max": "9.99"}),
    ("between dates", "date32", ["2026-01-01", "2026-01-31", "2026-01-02", "2026-01-09"],
     ["2025-12-31", "2026-02-01"], {"min": "2026-01-01", "max": "2026-01-31"}),
    ("between times", "timestamp(ms, UTC)",
     ["2026-01-01T00:00:00Z", "2026-01-01T23:59:59.999Z", "2026-01-01T10:00:00Z",
      "2026-01-01T12:00:00Z"], ["2026-01-02T00:00:00Z", "2025-12-31T23:59:59.999Z"],
     {"min": "2026-01-01T00:00:00Z", "max": "2026-01-02T00:00:00Z", "strict_max": True}),
    ("between texts", "utf8", ["b", "bb", "m", "z"], ["a", "é"], {"min": "b", "max": "z"}),
    ("between fractions of integers", "int32", [1, 2, 3, 1], [0, 4], {"min": 0.5, "max": 3.5}),
    ("equal_to", "int32", [7, 7, 7, 7], [6, -7], {"value": 7}),
    ("equal_to text", "utf8", ["x", "x", "x", "x"], ["X", "x "], {"value": "x"}),
    ("equal_to bool", "bool", [True, True, True, True], [False, False], {"value": True}),
    ("not_equal_to", "int32", [1, 2, 3, 4], [7, 7], {"value": 7}),
    ("greater_than", "int32", [8, 9, 100, 8], [7, -8], {"value": 7}),
    ("greater_than float", "float32", [0.75, 1.5, 2.0, 8.0], [0.5, -8.0], {"value": 0.5}),
    ("at_least", "int32", [7, 8, 9, 100], [6, -7], {"value": 7}),
    ("less_than", "int32", [6, 5, 0, -9], [7, 8], {"value": 7}),
    ("at_most", "int32", [7, 6, 0, -9], [8, 9], {"value": 7}),
    ("positive", "int32", [1, 2, 3, 2147483647], [0, -1], {}),
    ("positive float", "float64", [1e-300, 2.0, 3.5, 1e300], [0.0, -0.0], {}),
    ("non_negative", "int32", [0, 1, 2, 3], [-1, -2147483648], {}),
    ("non_negative float", "float64", [0.0, -0.0, 1.0, 2.0], [-1e-300, -1.0], {}),
    ("length", "utf8", ["äö", "abc", "日本語文", "a b c"], ["a", "abcdef"], {"min": 2, "max": 5}),
    ("length equals", "utf8", ["äöü", "abc", "日本語", "   "], ["ab", "abcd"], {"equals": 3}),
    ("length in bytes", "utf8", ["äö", "abcd", "日a", "    "], ["äöü", "abc"],
     {"equals": 4, "unit": "bytes"}),
    ("parseable int32", "utf8", ["1", "-5", " 7 ", "007"], ["x", "2147483648"],
     {"type": "int32"}),
    ("parseable date", "utf8", ["2026-02-28", "2024-02-29", "1970-01-01", "9999-12-31"],
     ["2026-02-29", "yesterday"], {"type": "date32"}),
    ("parseable float", "utf8", ["1", "-1.5", "1e10", ".5"], ["", "1,5"], {"type": "float64"}),
    ("in_set", "utf8", ["a", "b", "a", "c"], ["A", "d"], {"values": ["a", "b", "c"]}),
    ("in_set integers", "int32", [1, 2, 3, 1], [0, 4], {"values": [1, 2, 3]}),
    ("in_set texts of integers", "int32", [1, 2, 3, 1], [0, 4], {"values": ["1", "2", "3"]}),
    ("in_set integers of texts", "utf8", ["1", "2.5", "true", "1"], ["1.0", "01"],
     {"values": [1, 2.5, True]}),
    ("in_set with null", "utf8", ["a", "b", "a", "b"], ["c", ""], {"values": ["a", None, "b"]}),
    ("in_set enum", "dictionary<utf8>", ["a", "b", "a", "c"], ["A", "d"],
     {"values": ["a", "b", "c"]}),
    ("in_set decimals", "decimal(10, 2)", ["1.50", "2.00", "1.50", "2.00"], ["1.51", "0.00"],
     {"values": [1.5, 2]}),
    ("in_set dates", "date32", ["2026-01-01"] * 4, ["2026-01-02", "1970-01-01"],
     {"values": ["2026-01-01"]}),
    ("in_set bool", "bool", [True] * 4, [False] * 2, {"values": [True]}),
    ("not_in_set", "utf8", ["A", "d", "e", ""], ["a", "b"], {"values": ["a", "b", "c"]}),
    ("not_in_set with null", "int32", [5, 6, 7, 8], [1, 2], {"values": [1, None, 2]}),
    ("like", "utf8", ["abc", "aXc", "aéc", "a%c"], ["ac", "abcd"], {"pattern": "a_c"}),
    ("like any", "utf8", ["ab", "a", "a\nb", "a%"], ["b", "A"], {"pattern": "a%"}),
    ("like escaped", "utf8", ["100%", "5%", "%", "é%"], ["100", "%1"], {"pattern": "%\\%"}),
    ("not_like", "utf8", ["ac", "abcd", "", "b"], ["abc", "aéc"], {"pattern": "a_c"}),
    ("contains", "utf8", ["a'b", "'", "x'", "''"], ["ab", ""], {"text": "'"}),
    ("starts_with", "utf8", ["éa", "é", "éé", "é "], ["e", "aé"], {"text": "é"}),
    ("ends_with", "utf8", ["a.c", ".c", "x.c", "é.c"], ["a.cc", ".C"], {"text": ".c"}),
    ("not_in_future", "timestamp(us, UTC)",
     ["2026-03-01T12:00:00Z", "1900-01-01T00:00:00Z", "2026-03-01T11:59:59.999999Z",
      "2026-02-28T12:00:00Z"], ["2026-03-01T12:00:00.000001Z", "2026-03-02T00:00:00Z"], {}),
    ("not_in_future with skew", "timestamp(s)",
     ["2026-03-01T12:00:00", "2026-03-01T12:05:00", "2026-03-01T11:59:59", "2026-03-01T12:04:59"],
     ["2026-03-01T12:05:01", "2026-03-02T00:00:00"], {"max_skew": "5m"}),
    ("not_in_future days", "date32", ["2026-03-01", "2026-02-28", "1970-01-01", "1900-01-01"],
     ["2026-03-02", "2027-01-01"], {}),
    ("all_of", "int32", [1, 2, 3, 4], [0, 11],
     {"checks": [column("positive"), column("at_most", value=10)]}),
    ("any_of", "int32", [1, 2, 11, 12], [0, -5],
     {"checks": [column("between", min=1, max=2), column("greater_than", value=10)]}),
    ("not", "int32", [0, -1, 11, 12], [5, 6],
     {"checks": [column("positive"), column("at_most", value=10)]}),
    ("not of not", "utf8", ["a", "b", "a", "b"], ["c", "d"],
     {"checks": [{"check": "not", "checks": [column("in_set", values=["a", "b"])]}]}),
    ("expression", "int32", [1, 2, 3, 4], [0, -1], {"expression": "a > 0 -- all good"}),
]

# Values that are neither null nor what one would think of first.
ODD = {
    "between strictly": ["NaN", "Infinity", "-Infinity"], "greater_than float": ["NaN", "Infinity"],
    "positive float": ["NaN", "-Infinity", "Infinity"], "non_negative float": ["NaN"],
    "length": ["👍🏽👍", "e\u0301e\u0301", "", "x" * 5000, "\u0000\u0000"],
    "length in bytes": ["👍", "e\u0301", "\u0000\u0000\u0000\u0000"],
    "length equals": ["e\u0301a", "👨‍👩", "\u0000\u0000\u0000"],
    "not_empty": ["\u00a0", "\u0000", "\n", "x" * 5000], "like": ["a👍c", "a\u0301bc", "a\nc"],
    "in_set": ["á", "a\u0000", "x" * 5000], "contains": ["x" * 5000 + "'"],
    "ends_with": ["x" * 5000 + ".c"], "positive": [-2147483648],
    "between from": [9223372036854775807, -9223372036854775808],
    "between to": [9223372036854775807, -9223372036854775808],
    "parseable int32": ["99999999999999999999", "-2147483648", "1.0e0x", "٣"],
}


def whole(kind, parameters):
    """The check's object; composites and expressions have no column of their own."""
    name = kind.split(" ")[0]
    if "checks" in parameters or "expression" in parameters:
        return dict({"check": name}, **parameters)
    return dict({"check": name, "column": "a"}, **parameters)


def by_row(table):
    for kind, type_name, good, bad, parameters in BY_ROW:
        schema = "a %s, n int64" % type_name
        check = whole(kind, parameters)
        rows = [[v, 1] for v in good]
        mixed = rows[:1] + [[bad[0], 2]] + rows[1:] + [[bad[1], 0]]
        four = rows[:3] + [[bad[0], 5]]

        def case(what, these, **more):
            table.add("%s: %s" % (kind, what), schema, these, dict(check, **more), now=NOW)
        case("passes", rows)
        case("fails", mixed)
        case("empty", [])
        case("null is missing", rows + [[None, 1]])
        case("null fails", rows + [[None, 1]], null_policy="fail")
        case("all null", [[None, 1], [None, 2]])
        case("mostly at its border", four, mostly=0.75)
        case("mostly beyond its border", four, mostly=0.7500000000000001)
        case("a third", [rows[0], [bad[0], 1], [bad[0], 2]], mostly=0.3333333333333333)
        case("max_failures", mixed, max_failures=2)
        case("max_failures beyond", mixed, max_failures=1)
        case("warn_if and error_if", mixed, warn_if=">1", error_if=">2")
        case("where", mixed, where="n > 0")
        case("where nothing", mixed, where="n >= 100")
        if kind in ODD:
            case("odd values", [[v, 1] for v in ODD[kind]])
        if "column" in check:
            case("ignored nulls", mixed + [[None, 1]], ignore_row_if="any_missing",
                 null_policy="fail")


def mostly(table):
    ten = [[i] for i in range(10)]
    for share in (0, 1, 0.1, 0.3, 0.1 + 0.2, 0.7, 0.8, 0.9, 0.30000000000000004, 1e-7, 0.99999999,
                  0.499999999999999, 0.500000000000001):
        for wrong in (0, 2, 3, 7, 9, 10):
            if (share, wrong) in ((0.30000000000000004, 0),):
                continue
            name = "mostly %r with %d of 10 wrong" % (share, wrong)
            if name not in [c["name"] for c in table]:
                table.add(name, "a int64", ten, column("at_least", value=wrong, mostly=share))
    for n in (3, 6, 7, 9, 11, 13):
        for part in range(1, n):
            table.add("mostly %d/%d" % (part, n), "a int64", [[i] for i in range(n)],
                      column("less_than", value=part, mostly=part / n))


def thresholds(table):
    hundred = [[i] for i in range(100)]
    for text in (">5", "> 4", ">=5", ">= 5.5", "<5", "<=5", "!=5", "<>4", "==5", "= 5", "5", "4",
                 ">5%", ">=5%", ">4.9%", "5%", "4.99%", "between 1 and 5", "between 6 and 10",
                 "between 5% and 6%", "between 5.1 and 6%", "!= 0", "!=5%"):
        table.add("warn_if " + text, "a int64", hundred, column("at_least", value=5, warn_if=text,
                                                               mostly=0))
        table.add("error_if " + text, "a int64", hundred,
                  column("at_least", value=5, error_if=text))
        table.add("error_if of none " + text, "a int64", [], column("at_least", value=5,
                                                                    error_if=text))
    for text in ("5%", "4.9%", "0%", "100%", 5, 4, 4.5, 0, "5", "4"):
        table.add("max_failures %r" % text, "a int64", hundred,
                  column("at_least", value=5, max_failures=text))
    for severity in ("info", "warn", "error", "critical"):
        table.add("severity " + severity, "a int64", hundred,
                  column("at_least", value=5, severity=severity))
        table.add("severity of a column " + severity, "a int64", hundred,
                  column("column_min", min=5, severity=severity))
    table.add("error_if for columns", "a int64", hundred, column("column_min", min=5,
                                                               error_if="> 1"))
    table.add("warn_if for columns", "a int64", hundred, column("column_min", min=5,
                                                              warn_if=">= 1", error_if=">1"))


def policies(table):
    rows = [[None, None], [1, None], [None, 2], [1, 2], [3, 3], [4, 3]]
    schema = "a int64, b int64"
    for ignore in ("never", "any_missing", "all_missing"):
        for policy in ("pass", "fail"):
            end = " %s %s" % (ignore, policy)
            common = {"ignore_row_if": ignore, "null_policy": policy}
            for kind in ("pair_equal", "pair_greater"):
                table.add(kind + end, schema, rows, dict(check=kind, a="a", b="b", **common))
            for kind in ("unique", "primary_key", "any_complete", "all_complete",
                         "unique_within_row"):
                table.add(kind + end, schema, rows + [[1, 2], [None, 2]],
                          dict(check=kind, columns=["a", "b"], **common))
            table.add("relationships" + end, schema, rows,
                      dict(check="relationships", columns=["a", "b"], to="t", **common),
                      references={"t": {"schema": schema, "rows": [[1, 2], [None, 2]]}})


def whole_columns(table):
    numbers = [("int32", [3, 1, 2, None, 10]), ("float64", [3.0, 1.0, 2.0, None, 10.0]),
               ("decimal(10, 2)", ["3.00", "1.00", "2.00", None, "10.00"]), ("uint8", [3, 1, 2, None, 10])]
    asks = [("column_min", [1, 2, 0.5]), ("column_max", [10, 9, 9.5, 10.5]),
            ("column_sum", [16, 15.5, 17]), ("column_mean", [4, 3.9, 4.1]),
            ("column_stdev", [4, 5]), ("column_median", [2, 3])]
    for type_name, values in numbers:
        schema = "a %s, n int64" % type_name
        rows = [[v, i] for i, v in enumerate(values)]
        for kind, limits in asks:
            for limit in limits:
                for end in ("min", "max", "strict_min", "strict_max"):
                    side = end[-3:]
                    more = {side: limit}
                    if end.startswith("strict"):
                        more[end] = True
                    name = "%s of %s %s %s" % (kind, type_name, end, limit)
                    if type_name in ("int32", "float64") or limit == limits[0]:
                        table.add(name, schema, rows, column(kind, **more))
            for what, these in (("empty", []), ("all null", [[None, 1]] * 2),
                                ("one", [[values[0], 1]])):
                table.add("%s of %s: %s" % (kind, type_name, what), schema, these,
                          column(kind, min=5))
            table.add("%s of %s: where" % (kind, type_name), schema, rows,
                      column(kind, min=5, where="n > 0"))
    for kind, _ in asks:
        table.add(kind + ": NaN", "a float64", [[1.0], ["NaN"], [2.0]], column(kind, min=0, max=9))
        table.add(kind + ": all NaN", "a float64", [["NaN"]], column(kind, min=0))
    for kind in ("column_min", "column_max", "column_sum"):
        table.add(kind + " equals", "a int64", [[5]], column(kind, equals=5))
        table.add(kind + " equals not", "a int64", [[5], [6], [4]], column(kind, equals=5.5))
        table.add(kind + " huge", "a uint64", [["18446744073709551615"], ["18446744073709551614"]],
                  column(kind, equals="18446744073709551615"))
        table.add(kind + " lowest", "a int64", [[-9223372036854775808], [9223372036854775807]],
                  column(kind, equals=-1))
        table.add(kind + " of 38 digits", "a decimal(38, 0)", [["9" * 38], ["-" + "9" * 37]],
                  column(kind, max="9" * 38))
    for kind, limit in (("column_stdev", 0), ("column_mean", 1e200)):
        table.add(kind + " of what has no square", "a float64", [[1e200], [1e200]],
                  column(kind, min=limit, max=limit))
    table.add("column_sum: digits count", "a decimal(20, 10)", [["0.1"], ["0.2"]],
              column("column_sum", equals="0.3"))
    table.add("column_sum: small beside huge", "a float64", [[1e17], [1.0], [-1e17]],
              column("column_sum", equals=1))
    for end, limit in (("min", 0), ("max", 0), ("max", 1e308)):
        for kind in ("column_min", "column_max", "column_sum", "column_mean"):
            table.add("%s of infinity %s %r" % (kind, end, limit), "a float64",
                      [["Infinity"], [1.0]], column(kind, **{end: limit}))
    for q, low, high in ((0, 1, 1), (1, 10, 10), (0.25, 1, 3), (0.5, 2, 3), (0.9, 9, 10)):
        table.add("column_quantile %r" % q, "a float64", [[v] for v in (10.0, 2.0, 3.0, 1.0)],
                  column("column_quantile", quantile=q, min=low, max=high))


def sets(table):
    schema, rows = "a utf8, b int64", [["x", 1], ["x", 1], ["y", 1], [None, 1], ["x", 2], ["", 3]]
    for kind in ("unique", "primary_key"):
        for what, these in (("fails", rows), ("empty", []), ("all null", [[None, 1]] * 3),
                            ("one", rows[:1]), ("passes", [["x", 1], ["X", 1], ["", 2], ["é", 1]]),
                            ("composed of marks", [["é", 1], ["e\u0301", 1]]),
                            ("huge", [["x" * 5000, 1], ["x" * 4999 + "y", 1], ["x" * 5000, 1]])):
            for policy in ("pass", "fail"):
                table.add("%s: %s, null %s" % (kind, what, policy), schema, these,
                          column(kind, null_policy=policy))
            table.add("%s of two: %s" % (kind, what), schema, these,
                      {"check": kind, "columns": ["a", "b"]})
        table.add(kind + ": NaN is NaN, -0 is 0", "a float64",
                  [["NaN"], [0.0], ["NaN"], [-0.0], [1.0]], column(kind))
        table.add(kind + ": mostly at its border", schema, rows[:4] + [["z", 1]],
                  column(kind, mostly=0.5))
        table.add(kind + ": max_failures", schema, rows, column(kind, max_failures=3))
        table.add(kind + ": where", schema, rows, column(kind, where="b > 1 or b is null"))
        table.add(kind + ": triples", "a int64", [[1], [1], [1], [2], [2], [3]], column(kind))
    for kind, limits in (("distinct_count", (2, 3, 4)), ("duplicate_count", (1, 2, 3))):
        for limit in limits:
            for end in ("min", "max", "equals"):
                table.add("%s %s %d" % (kind, end, limit), schema, rows,
                          column(kind, **{end: limit}))
        table.add(kind + " empty", schema, [], column(kind, min=1))
        table.add(kind + " all null", schema, [[None, 1]], column(kind, max=0))
        table.add(kind + " of two", schema, rows, {"check": kind, "columns": ["b", "a"], "min": 2})
    for kind, limits in (("distinct_proportion", (0.6, 0.5, 0.61)),
                         ("duplicate_proportion", (0.4, 0.3, 0.41))):
        for limit in limits:
            for end in ("min", "max"):
                table.add("%s %s %r" % (kind, end, limit), schema, rows,
                          column(kind, **{end: limit}))
        table.add(kind + " empty", schema, [], column(kind, min=1))
        table.add(kind + " all null", schema, [[None, 1]], column(kind, min=1))
    for what, these in (("fails", [["x", 1], ["x", 2], [None, 1]]), ("passes", rows),
                        ("one", rows[:1]), ("empty", []), ("all null", [[None, 1]] * 2)):
        table.add("not_constant " + what, schema, these, column("not_constant"))
    table.add("not_constant NaN", "a float64", [["NaN"], ["NaN"]], column("not_constant"))
    for limit in (0, 0.8, 0.83, 0.84, 1):
        for end in ("min", "max"):
            table.add("completeness %s %r" % (end, limit), schema, rows,
                      column("completeness", **{end: limit}))
    table.add("completeness empty", schema, [], column("completeness", min=1))
    table.add("completeness all null", schema, [[None, 1]], column("completeness", min=0.1))
    table.add("completeness a tenth", "a int64", [[1]] + [[None]] * 9,
              column("completeness", min=0.1, max=0.1))
    table.add("completeness where", schema, rows, column("completeness", min=1, where="b > 1"))


PYTHON["b > 1 or b is null"] = lambda r: r["b"] is None or r["b"] > 1
PYTHON["b > 1"] = lambda r: None if r["b"] is None else r["b"] > 1
PYTHON["alive"] = lambda r: r["alive"]


def shapes(table):
    rows = [[1, "x", 1.5], [2, "y", None]]
    schema = "a int64, t utf8, f float64"
    for check in ({"check": "column_exists", "column": "t"},
                  {"check": "column_exists", "column": "T"},
                  {"check": "column_exists", "column": "t", "index": 1},
                  {"check": "column_exists", "column": "t", "index": 0},
                  {"check": "column_count", "equals": 3}, {"check": "column_count", "min": 4},
                  {"check": "column_count", "max": 3}, {"check": "column_count", "max": 2.5},
                  {"check": "column_type", "column": "a", "type": "int64"},
                  {"check": "column_type", "column": "a", "type": "int32"},
                  {"check": "column_type", "column": "a", "types": ["text", "integer"]},
                  {"check": "column_type", "column": "t", "types": ["text", "integer"]},
                  {"check": "column_type", "column": "f", "types": ["text", "integer"]},
                  {"check": "column_type", "column": "f", "type": "number"},
                  {"check": "column_type", "column": "x", "type": "number"},
                  {"check": "columns_match", "columns": ["a", "t", "f"]},
                  {"check": "columns_match", "columns": ["f", "t", "a"]},
                  {"check": "columns_match", "columns": ["f", "t", "a"], "ordered": True},
                  {"check": "columns_match", "columns": ["a", "t"]},
                  {"check": "columns_match", "columns": ["a", "f"], "exact": False,
                   "ordered": True},
                  {"check": "columns_match", "columns": ["a", "t", "f", "g"]},
                  {"check": "row_count", "equals": 2}, {"check": "row_count", "min": 3},
                  {"check": "row_count", "max": 2}, {"check": "row_count", "min": 1.5},
                  {"check": "row_count", "max": 1.5},
                  {"check": "row_count", "min": 1, "where": "t = 'x'"},
                  {"check": "row_count", "min": 2, "where": "t = 'x'"}):
        for what, these in (("", rows), (" of no rows", [])):
            table.add(json.dumps(check, separators=(",", ":")) + what, schema, these, check)


PYTHON["t = 'x'"] = lambda r: r["t"] == "x"


def other_tables(table):
    to = {"schema": "id int64, alive bool, name utf8",
          "rows": [[1, True, "é"], [2, False, "b"], [None, True, ""], [2, True, "b"]]}
    schema, rows = "a int64, b utf8", [[1, "é"], [2, "b"], [3, "b"], [None, ""], [1, "e"]]
    for what, these in (("", rows), (" empty", []), (" all null", [[None, None]] * 2),
                        (" passes", rows[:2])):
        for more in ({"column": "a", "field": "id"},
                     {"column": "a", "field": "id", "to_condition": "alive"},
                     {"column": "b", "field": "name"},
                     {"columns": ["a", "b"], "fields": ["id", "name"]},
                     {"column": "a", "field": "id", "mostly": 0.75},
                     {"column": "a", "field": "id", "null_policy": "fail"},
                     {"column": "a", "field": "id", "where": "b2"}):
            check = dict({"check": "relationships", "to": "t"}, **more)
            if "where" in check:
                check["where"] = "b = 'b'"
            table.add("relationships %s%s" % (json.dumps(more), what), schema, these, check,
                      references={"t": to})
    table.add("relationships by the same name", "id int64", [[1], [2], [9]],
              {"check": "relationships", "to": "t", "column": "id"}, references={"t": to})
    table.add("relationships of other widths", "a int8", [[1], [2], [3]],
              {"check": "relationships", "to": "t", "column": "a", "field": "id"},
              references={"t": to})
    table.add("relationships to no rows", "a int64", [[1], [None]],
              {"check": "relationships", "to": "t", "column": "a", "field": "id"},
              references={"t": {"schema": "id int64", "rows": []}})
    for more in ({}, {"factor": 0.5}, {"factor": 1.25}, {"min": 1, "max": 1.5}, {"max": 1},
                 {"min": 1.25}, {"min": 1.26}, {"factor": 2, "min": 0.5}):
        for what, these in (("", rows), (" empty", []), (" as many", rows[:4])):
            table.add("row_count_match %s%s" % (json.dumps(more), what), schema, these,
                      dict({"check": "row_count_match", "to": "t"}, **more), references={"t": to})


PYTHON["b = 'b'"] = lambda r: None if r["b"] is None else r["b"] == "b"


def across(table):
    schema = "a float64, b float64, n int64"
    rows = [[1.0, 1.0, 1], [2.0, 1.0, 2], [1.0, 2.0, 3], [None, 1.0, 4], [1.0, None, 5],
            ["NaN", 1.0, 6], [1.0, "NaN", 7], ["NaN", "NaN", 8], ["Infinity", 1.0, 9],
            [0.0, -0.0, 10]]
    for check in ({"check": "pair_equal"}, {"check": "pair_greater"},
                  {"check": "pair_greater", "or_equal": True},
                  {"check": "pair_in_set", "pairs": [[1, 1], [2, 1], [None, 1]]},
                  {"check": "pair_in_set", "pairs": [[None, None]]}):
        for what, these in (("", rows), (" empty", []), (" all null", [[None, None, 1]]),
                            (" one", rows[1:2])):
            table.add(json.dumps(check) + what, schema, these, dict(check, a="a", b="b"))
    for total in (3, 2.5, "c", "3"):
        for type_name in ("int32", "float64", "decimal(10, 2)"):
            text = type_name.startswith("decimal")
            cells = [[1, 2, 3], [1, 1.5 if type_name != "int32" else 1, 2.5 if
                                 type_name != "int32" else 2], [None, 2, 3], [1, 2, None],
                     [2, 2, 3]]
            cells = [[None if v is None else "%.2f" % v if text else v for v in r] for r in cells]
            table.add("sum_equals %r of %s" % (total, type_name),
                      "a %s, b %s, c %s" % ((type_name,) * 3), cells,
                      {"check": "sum_equals", "columns": ["a", "b"], "total": total})
    table.add("sum_equals beyond its type", "a int64, b int64",
              [[9223372036854775807, 1], [1, 2]],
              {"check": "sum_equals", "columns": ["a", "b"], "total": 3})
    for expression in ("10 / a > 1", "10 / a > 1 or true", "a <> 0 and 10 / a > 1",
                       "a is null or a < 5"):
        for policy in ("pass", "fail"):
            table.add("%s, null %s" % (expression, policy), "a int64",
                      [[0], [1], [20], [None], [-20], [9]],
                      {"check": "expression", "expression": expression, "null_policy": policy})
    table.add("expression of texts", "a utf8", [["abc"], ["äbc"], [None], [""]],
              {"check": "expression", "expression": "length(a) = octet_length(a)"})
    table.add("expression of a bool", "ok bool", [[True], [False], [None]],
              {"check": "expression", "expression": "ok"})
    table.add("unique_within_row", "a utf8, b utf8, c utf8",
              [["x", "y", "z"], ["x", "y", "x"], ["x", None, "z"], ["x", None, "x"],
               [None, None, None], ["é", "e\u0301", ""]],
              {"check": "unique_within_row", "columns": ["a", "b", "c"]})
    for kind in ("any_complete", "all_complete"):
        table.add(kind + " of nested", "a list<int32>, b struct<x int8>",
                  [[[1], {"x": 1}], [None, {"x": None}], [None, None], [[], None]],
                  {"check": kind, "columns": ["a", "b"]})
    table.add("not_null of nested", "a list<int32>", [[[1]], [None], [[]]], column("not_null"))
    for kind in ("in_set", "not_in_set", "equal_to", "not_equal_to"):
        more = {"values": [1, 2]} if kind.endswith("set") else {"value": 1}
        table.add(kind + ": NaN", "a float64", [["NaN"], [1.0], [2.0], [None], [-0.0]],
                  column(kind, **more))
    for kind, more in (("in_set", {"values": []}), ("not_in_set", {"values": [None]})):
        table.add(kind + " of nothing", "a int64", [[1], [None]], column(kind, **more))
    table.add("in_set of thousand", "a int64", [[0], [999], [1000], [-1]],
              column("in_set", values=list(range(1000))))
    table.add("a name with quotes", 'a int64', [[1]], column("positive"))
    table.add("between 64 bits", "a uint64", [["18446744073709551615"], ["0"]],
              column("between", min="9223372036854775808"))
    table.add("between of digits", "a decimal(38, 9)",
              [["12345678901234567890123456789.123456789"], ["0.000000001"]],
              column("between", min="0.000000001", max="12345678901234567890123456789.123456788"))


def fresh(table):
    schema = "a timestamp(ms, UTC), n int64"
    rows = [["2026-03-01T10:00:00Z", 1], [None, 1], ["2026-03-01T11:00:00.5Z", 0]]
    for more in ({"error_after": "1h"}, {"error_after": "59m"}, {"warn_after": "30m"},
                 {"warn_after": "59m", "error_after": "2h"},
                 {"warn_after": "10m", "error_after": "20m"}, {"error_after": 3599500000},
                 {"error_after": 3599499999}):
        for what, these in (("", rows), (" empty", []), (" all null", [[None, 1]]),
                            (" of the future", [["2027-01-01T00:00:00Z", 1]])):
            table.add("freshness %s%s" % (json.dumps(more), what), schema, these,
                      column("freshness", **more), now=NOW)
    table.add("freshness where", schema, rows, column("freshness", error_after="90m",
                                                     where="n > 0"), now=NOW)
    table.add("freshness of days", "a date32", [["2026-02-28"], ["2026-02-01"]],
              column("freshness", error_after="36h", warn_after="35h"), now=NOW)
    for unit in ("s", "us", "ns"):
        table.add("freshness in " + unit, "a timestamp(%s)" % unit, [["2026-03-01T11:59:58"]],
                  column("freshness", error_after="1s"), now=NOW)


def dbt(table):
    """Tests as they stand in schema files of dbt; the same answers as the checks that they are."""
    schema = "a int64, b utf8"
    rows = [[1, "x"], [1, "y"], [None, "z"], [7, "x"]]
    to = {"schema": "id int64", "rows": [[1], [2]]}
    for test, check in (
            ("unique", column("unique")), ("not_null", column("not_null")),
            ({"not_null": {"severity": "WARN"}}, column("not_null", severity="warn")),
            ({"not_null": {"config": {"severity": "warn"}}}, column("not_null", severity="warn")),
            ({"unique": {"config": {"where": "a > 1"}}}, column("unique", where="a > 1")),
            ({"not_null": {"config": {"warn_if": ">0", "error_if": ">1"}}},
             column("not_null", warn_if=">0", error_if=">1")),
            ({"accepted_values": {"values": [1, 2]}}, column("in_set", values=[1, 2])),
            ({"accepted_values": {"arguments": {"values": ["1", "7"]}}},
             column("in_set", values=["1", "7"])),
            ({"accepted_values": {"values": [1], "quote": False, "name": "mine"}},
             column("in_set", values=[1], id="mine")),
            ({"relationships": {"to": "ref('t')", "field": "id"}},
             column("relationships", to="t", field="id")),
            ({"relationships": {"to": "source('raw', 't')", "field": "id"}},
             column("relationships", to="t", field="id")),
            ({"relationships": {"arguments": {"to": "ref(\"t\")", "field": "id"},
                                "config": {"limit": 1}}},
             column("relationships", to="t", field="id", sample_limit=1)),
            ({"dbt_utils.accepted_range": {"min_value": 2, "inclusive": False,
                                           "config": {"where": "a > 1"}}},
             column("between", min=2, strict_min=True, strict_max=True, where="a > 1")),
            ({"dbt_expectations.expect_column_values_to_be_in_set":
              {"arguments": {"value_set": [1, 7]}, "config": {"severity": "warn"}}},
             column("in_set", values=[1, 7], severity="warn")),
            ({"dbt_utils.relationships_where": {"to": "ref('t')", "field": "id",
                                                "from_condition": "a > 1"}},
             column("relationships", to="t", field="id", where="a > 1"))):
        for word in ("tests", "data_tests"):
            before = len(table)
            table.add("dbt %s %s" % (word, json.dumps(test)), schema, rows, check,
                      references={"t": to})
            case = table[before]
            case["suite"] = {"columns": [{"name": "a", word: [test]}]}


PYTHON["a > 1"] = lambda r: None if r["a"] is None else r["a"] > 1


def regexps(table):
    rows = [["abc"], ["ABC"], ["xabcx"], [""], [None], ["äbc"], ["a\nbc"]]
    for kind in ("matches", "not_matches"):
        for pattern, flags in (("abc", None), ("^abc$", None), ("^.bc$", None), ("abc", "i"),
                               ("b", None), ("^$", None), ("it's", None)):
            more = {"pattern": pattern}
            if flags:
                more["flags"] = flags
            for what, these in (("", rows), (" empty", []), (" all null", [[None]])):
                table.add("%s %s%s" % (kind, json.dumps(more), what), "a utf8", these,
                          column(kind, **more))
    for kind in ("matches_any", "matches_all", "matches_none"):
        for listed in (["abc"], ["^a", "c$"], ["^x", "^$"], ["ä", "b"]):
            for policy in ("pass", "fail"):
                table.add("%s %s null %s" % (kind, json.dumps(listed), policy), "a utf8", rows,
                          column(kind, patterns=listed, null_policy=policy))
    table.add("missing_values pattern", "a utf8", [["N/A"], ["n/a"], ["none"], ["x"], [None]],
              column("missing_values", pattern="^(n/a|none)$", flags="i"))


def errors(table):
    def suite(title, status, words, **whole):
        table.error(title, status, words, None, suite=whole)
    E = table.error
    option, name, kind = "PLN_EOPTION", "PLN_ENAME", "PLN_ETYPE"
    E("unknown kind", option, ["checks[0]", "no such check", "betwen", "between"],
      column("betwen"))
    E("unknown kind, nothing near", option, ["no such check", "xyzzy"], column("xyzzy"))
    E("kind is missing", option, ["checks[0]", "check"], {"column": "a"})
    E("kind is no text", option, ["check"], {"check": 5})
    E("check is no object", option, ["checks[0]", "object"], "not_null")
    E("check is a list", option, ["checks[0]", "object"], [])
    E("unknown parameter", option, ["checks[0]", "between", "mni", "min"],
      column("between", mni=1))
    E("parameter of another kind", option, ["not_null", "values"], column("not_null", values=[1]))
    E("column is missing", option, ["not_null", "column"], {"check": "not_null"})
    E("column is a number", option, ["column", "text", "5"], {"check": "not_null", "column": 5})
    E("columns is a text", option, ["columns", "list of texts"],
      {"check": "unique", "columns": "a"})
    E("columns is empty", option, ["columns", "list of texts", "[]"],
      {"check": "unique", "columns": []})
    E("columns of numbers", option, ["columns"], {"check": "all_complete", "columns": ["a", 1]})
    E("unique of nothing", option, ["unique", "column"], {"check": "unique"})
    E("distinct_count of nothing", option, ["column"], {"check": "distinct_count", "min": 1})
    E("relationships of nothing", option, ["column"], {"check": "relationships", "to": "t"},
      references={"t": {"schema": "id int64", "rows": []}})
    E("values is a text", option, ["values", "list of values"], column("in_set", values="a"))
    E("values nest", option, ["values", "list of values"], column("in_set", values=[[1]]))
    E("values is missing", option, ["in_set", "values", "missing"], column("in_set"))
    E("value is null", option, ["value", "null"], column("equal_to", value=None))
    E("min is a list", option, ["min", "a value"], column("between", min=[1]))
    E("strict_min is a number", option, ["strict_min", "true or false", "1"],
      column("between", min=1, strict_min=1))
    E("between nothing", option, ["between", "min or max"], column("between"))
    E("length of nothing", option, ["length", "min or max"], dict(column("length"), column="t"))
    E("length in what", option, ["unit", "chars", "bytes", "words"],
      {"check": "length", "column": "t", "min": 1, "unit": "words"})
    for given in (1.5, -0.1, 2, -1):
        E("mostly %r" % given, option, ["mostly", "0 to 1"], column("not_null", mostly=given))
    E("mostly is a text", option, ["mostly", "a number"], column("not_null", mostly="0.5"))
    E("severity", option, ["severity", "info, warn, error, critical", "fatal"],
      column("not_null", severity="fatal"))
    E("action", option, ["action", "quarantine_row", "explode"],
      column("not_null", action="explode"))
    for what, more in (("row_count", {"min": 1}), ("column_min", {"column": "a", "min": 1}),
                       ("distinct_count", {"column": "a", "min": 1})):
        E("mostly of %s" % what, option, ["mostly", what, "one row"],
          dict(more, check=what, mostly=0.9))
    for what, more in (("column_exists", {"column": "a"}), ("columns_match", {"columns": ["a"]}),
                       ("column_count", {"min": 1}), ("column_type", {"column": "a",
                                                                      "type": "int64"}),
                       ("row_count_match", {"to": "t"}), ("sql", {"query": "select 1"}),
                       ("aggregate_match", {"to": "t", "aggregate": "count"}),
                       ("schema_changed", {"baseline": "a int64"})):
        E("group_by of %s" % what, option, ["group_by", what, "whole table"],
          dict(more, check=what, group_by=["a"]))
    E("group_by is a text", option, ["group_by", "list of texts"],
      column("not_null", group_by="t"))
    E("group_by of no column", name, ["not_null(a) by tt", "group_by", "tt"],
      column("not_null", group_by=["tt"]))
    E("group_by twice", "PLN_EINVAL", ["group_by", "t"], column("not_null", group_by=["t", "t"]))
    E("group_by of 65", "PLN_ELIMIT", ["group_by", "65", "64"],
      column("not_null", group_by=["t"] * 65))
    for given in (0, -1, 1000001, 1e300):
        E("max_groups %r" % given, option, ["max_groups", "1 to 1000000"],
          column("not_null", group_by=["t"], max_groups=given))
    for action in ("tag", "drop", "quarantine_row"):
        E("action %s of a column" % action, option, ["action", action, "row_count"],
          {"check": "row_count", "min": 1, "action": action})
    E("ignore_row_if", option, ["ignore_row_if", "any_missing", "sometimes"],
      column("not_null", ignore_row_if="sometimes"))
    E("null_policy", option, ["null_policy", "pass, fail"], column("not_null", null_policy="no"))
    for given in (-1, 1001, 1e300):
        E("sample_limit %r" % given, option, ["sample_limit", "0 to 1000"],
          column("not_null", sample_limit=given))
    for text in ("", ">", "ten", "> -5", ">5%%", "between 1", "between 1 and", "> 1 and 2",
                 "between 5% and x", "=>1", "> 1.2.3"):
        E("warn_if %r" % text, option, ["comparison"], column("not_null", warn_if=text))
        E("error_if %r" % text, option, ["comparison"], column("not_null", error_if=text))
    for given in ("x", "", -1, True, "between 1 and 5", ">=5", "-5%"):
        E("max_failures %r" % given, option, ["max_failures"],
          column("not_null", max_failures=given))
    E("id is a number", option, ["id", "a text"], column("not_null", id=1))
    E("tags is a text", option, ["tags", "list of texts"], column("not_null", tags="x"))
    E("redact is a text", option, ["redact", "true or false"], column("not_null", redact="yes"))
    E("max_skew", option, ["max_skew", "duration", "soon"],
      column("not_in_future", max_skew="soon"), schema="a timestamp(us)", now=NOW)
    E("freshness of nothing", option, ["freshness", "warn_after or error_after"],
      column("freshness"), schema="a timestamp(us)", now=NOW)
    E("freshness of numbers", kind, ["freshness(a)", "timestamp or date", "int64"],
      column("freshness", error_after="1h"), now=NOW)
    E("freshness without a clock", "PLN_ESTATE", ["now_us"],
      column("freshness", error_after="1h"), schema="a timestamp(us)")
    E("not_in_future without a clock", "PLN_ESTATE", ["now_us"], column("not_in_future"),
      schema="a timestamp(us)")
    E("now() without a clock", "PLN_ESTATE", ["now_us"],
      {"check": "expression", "expression": "now() is not null"})
    E("column_type of nothing", option, ["column_type", "type or types"], column("column_type"))
    E("column_type of no type", option, ["column_type(a)", "type", "int65"],
      column("column_type", type="int65"))
    E("parseable as no type", option, ["parseable(t)", "int65"],
      {"check": "parseable", "column": "t", "type": "int65"})
    for check in ("column_min", "column_sum", "column_count", "row_count", "distinct_count",
                  "completeness"):
        base = {"check": check}
        if check not in ("column_count", "row_count"):
            base["column"] = "a"
        E(check + " without an end", option, [check, "min"], base)
        E(check + " of a text", option, ["min", "a number"], dict(base, min="many"))
        E(check + " of a bool", option, ["min", "a number"], dict(base, min=True))
    E("column_mean of texts", kind, ["column_mean(t)", "numbers", "utf8"],
      {"check": "column_mean", "column": "t", "min": 1})
    E("quantile", option, ["quantile", "0 to 1", "1.5"],
      column("column_quantile", quantile=1.5, min=0))
    E("no such column", name, ["check not_null(aa)", "aa"],
      {"check": "not_null", "column": "aa"})
    E("no such column of a pair", name, ["bb"], {"check": "pair_equal", "a": "a", "b": "bb"})
    E("no such key column", name, ["key_columns", "zz"], column("not_null", key_columns=["zz"]))
    E("no such column of an expression", name, ["zz"],
      {"check": "expression", "expression": "zz > 1"})
    E("expression of no condition", kind, ["condition", "int64"],
      {"check": "expression", "expression": "a + 1"})
    E("expression that does not parse", "PLN_ESYNTAX", ["check expression"],
      {"check": "expression", "expression": "a >"})
    E("expression that closes what is not its own", "PLN_ESYNTAX", ["check expression"],
      {"check": "expression", "expression": "a > 1) or (a < 0"})
    E("where that does not parse", "PLN_ESYNTAX", ["not_null(a)", "where"],
      column("not_null", where="a >"))
    E("where of no condition", kind, ["where", "condition"], column("not_null", where="a"))
    E("where of no column", name, ["where", "zz"], column("not_null", where="zz = 1"))
    E("a number beside a text", kind, ["between(a)", "a number", "many"],
      column("between", min="many"))
    E("NaN as an end", kind, ["a number", "NaN"],
      {"check": "between", "column": "f", "min": "NaN"})
    E("true beside a number", kind, ["in_set(a)"], column("in_set", values=[True]))
    E("a text beside a bool", kind, ["true or false", "maybe"],
      column("equal_to", value="maybe"), schema="a bool")
    E("no date", "PLN_ETYPE PLN_ESYNTAX PLN_EDATA", ["between(a)", "2026-02-30"],
      column("between", min="2026-02-30"), schema="a date32")
    E("positive texts", kind, ["positive(t)"], {"check": "positive", "column": "t"})
    E("length of numbers", kind, ["length(a)"], column("length", min=1))
    E("pair of unlike", kind, ["pair_equal(a, t)"], {"check": "pair_equal", "a": "a", "b": "t"})
    E("pairs of one", option, ["pairs[1]", "two values"],
      {"check": "pair_in_set", "a": "a", "b": "f", "pairs": [[1, 1], [1]]})
    E("pairs of texts", option, ["pairs[0]", "two values"],
      {"check": "pair_in_set", "a": "a", "b": "f", "pairs": ["ab"]})
    E("pairs is empty", option, ["pairs", "not empty"],
      {"check": "pair_in_set", "a": "a", "b": "f", "pairs": []})
    cases.refused(E)
    E("unique_within_row of one", option, ["columns", "two or more"],
      {"check": "unique_within_row", "columns": ["a"]})
    E("composite of a measure", option, ["checks[0]", "unique", "no condition of a row"],
      {"check": "all_of", "checks": [column("unique")]})
    E("composite of nothing", option, ["all_of", "checks"], {"check": "all_of", "checks": []})
    E("composite of an unknown kind", option, ["checks[0]", "checks[1]", "no such check"],
      {"check": "any_of", "checks": [column("positive"), column("negative")]})
    E("composite of a text", option, ["checks[0]", "object"],
      {"check": "any_of", "checks": ["positive"]})
    for common in ({"where": "a > 1"}, {"group_by": ["t"]}, {"mostly": 0.5}, {"severity": "warn"},
                   {"null_policy": "fail"}, {"action": "drop"}, {"max_failures": 1}):
        E("part with %s" % list(common)[0], option, ["checks[0]", list(common)[0]],
          {"check": "not", "checks": [column("positive", **common)]})
    deep = column("positive")
    for _ in range(9):
        deep = {"check": "not", "checks": [deep]}
    E("nested nine deep", "PLN_ELIMIT", ["nest more than 8 deep"], deep)
    E("65 columns", "PLN_ELIMIT", ["columns", "65", "64"],
      {"check": "all_complete", "columns": ["a"] * 65})
    E("relationships without the table", "PLN_ESTATE", ["relationships(a)", "'t'", "not given"],
      column("relationships", to="t", field="id"))
    E("relationships of other widths", option, ["2 columns refer to 1"],
      {"check": "relationships", "columns": ["a", "t"], "field": "id", "to": "t"},
      references={"t": {"schema": "id int64", "rows": []}})
    E("relationships of other classes", kind, ["int64", "utf8", "id"],
      column("relationships", to="t", field="id"),
      references={"t": {"schema": "id utf8", "rows": []}})
    E("relationships to no column", name, ["reference t", "nothing"],
      column("relationships", to="t", field="nothing"),
      references={"t": {"schema": "id int64", "rows": []}})
    E("relationships with no condition", kind, ["reference t", "condition"],
      column("relationships", to="t", field="id", to_condition="id"),
      references={"t": {"schema": "id int64", "rows": []}})
    E("to_condition of the time", "PLN_EUNSUPPORTED", ["to_condition", "now()"],
      column("relationships", to="t", field="id", to_condition="now() is not null"),
      references={"t": {"schema": "id int64", "rows": []}})
    E("a table that nobody asked for", name, ["reference u", "'u'"],
      column("not_null"), references={"u": {"schema": "id int64", "rows": []}})
    E("row_count_match without the table", "PLN_ESTATE", ["'t'"],
      {"check": "row_count_match", "to": "t"})
    suite("unknown member", option, ["suite", "chekcs", "checks"], chekcs=[])
    suite("checks is an object", option, ["checks", "a list"], checks={})
    suite("columns is an object", option, ["columns", "a list"], columns={})
    suite("defaults is a list", option, ["defaults", "an object"], defaults=[])
    suite("name is a number", option, ["name", "a text"], name=5)
    suite("default of a wrong type", option, ["checks[0]", "mostly"],
          defaults={"mostly": "x"}, checks=[column("not_null")])
    suite("one id twice", "PLN_EEXIST", ["checks[1]", "id", "'x'"],
          checks=[column("null", id="x"), column("not_null", id="x")])
    suite("dbt: column without a name", option, ["columns[0]", "name"], columns=[{"tests": []}])
    suite("dbt: column is a text", option, ["columns[0]", "name"], columns=["a"])
    suite("dbt: unknown test", option, ["columns[0].tests[0]", "unqiue"],
          columns=[{"name": "a", "tests": ["unqiue"]}])
    suite("dbt: test is a number", option, ["columns[0].tests[1]"],
          columns=[{"name": "a", "tests": ["unique", 5]}])
    suite("dbt: tests is a text", option, ["columns[0]", "tests", "a list"],
          columns=[{"name": "a", "tests": "unique"}])
    suite("dbt: no values", option, ["columns[0].tests[0]", "values"],
          columns=[{"name": "a", "tests": [{"accepted_values": {}}]}])
    suite("dbt: no table", option, ["columns[0].tests[0]", "to"],
          columns=[{"name": "a", "tests": [{"relationships": {"field": "id"}}]}])


def main():
    files = {"rows": [by_row], "limits": [mostly, thresholds, policies],
             "columns": [whole_columns, sets, shapes, fresh],
             "tables": [other_tables, across, dbt], "groups": [cases.groups], "sets": [cases.listed, cases.ordered], "other": [cases.aggregates, cases.changes, cases.documents, cases.queries],
             "patterns": [regexps], "errors": [errors]}
    for name, parts in files.items():
        table = Table()
        for part in parts:
            part(table)
        table.write(name + ".jsonl")


if __name__ == "__main__":
    main()
