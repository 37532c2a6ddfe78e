"""Cases of checks with group_by, of sets, orders, aggregates, schemas, documents and queries, for make_checks.py."""
import json

from oracle import micros

NOW = micros("2026-03-01T12:00:00Z")


def column(kind, **parameters):
    return dict({"check": kind, "column": "a"}, **parameters)


LISTED = [
    ("utf8", ["a", "b", "é"], ["c", "e\u0301", "x" * 5000, "A"]),
    ("int32", [1, 2.0, "3"], [4, -1, 2147483647, 0]),
    ("uint64", ["18446744073709551615", 7], ["18446744073709551614", "0"]),
    ("decimal(10, 2)", [1.5, "2.00", "2.001"], ["1.51", "-2.00", "0.00"]),
    ("float64", [0.1, 2, "-0"], [0.25, "NaN", "Infinity"]),
    ("date32", ["2026-01-01", "2024-02-29"], ["2026-01-02", "1969-12-31"]),
    ("timestamp(ms, UTC)", ["2026-01-01T00:00:00Z"], ["2026-01-01T00:00:00.001Z"]),
    ("bool", [True], [False]), ("dictionary<utf8>", ["p", "q"], ["r", ""]),
]


def cell_of(value, kind):
    """A value of a list as a cell, if the column can hold it."""
    if kind.startswith("decimal"):
        return None if value == "2.001" else "%.2f" % float(value)
    if kind in ("int32",):
        return int(float(value))
    return float(value) if kind == "float64" and value != "-0" else \
        -0.0 if value == "-0" else value


def listed(table):
    """The different values of a column, and the most common one, against a list."""
    for kind, values, others in LISTED:
        inside = [c for c in (cell_of(v, kind) for v in values) if c is not None]
        shapes = [("all", inside), ("some", inside[:1] * 2), ("more", inside + others[:1]),
                  ("outside", others), ("tie", inside[:1] + others[:1]), ("empty", []),
                  ("all null", [None, None]), ("null", inside + [None]),
                  ("most outside", inside + others[:1] * 2 + inside[:1]),
                  ("most inside", inside[:1] * 3 + others + [None] * 5)]
        for check in ("distinct_in_set", "distinct_contains_set", "distinct_equals_set",
                      "most_common_in_set"):
            for what, cells in shapes:
                schema, rows = "a %s, n int64" % kind, [[c, i] for i, c in enumerate(cells)]
                table.add("%s %s %s" % (check, kind, what), schema, rows,
                          column(check, values=[v for v in values if v != "2.001"]))
                if what in ("tie", "most outside"):
                    table.add("%s %s %s where" % (check, kind, what), schema, rows,
                              column(check, values=inside, where="n > 0"))
                if check.startswith("most"):
                    table.add("%s %s %s ties" % (check, kind, what), schema, rows,
                              column(check, values=values, ties_okay=True))
    for check in ("distinct_in_set", "distinct_contains_set", "distinct_equals_set",
                  "most_common_in_set"):
        for more in ([], [None], ["a", None, "a"]):
            table.add("%s of %s" % (check, json.dumps(more)), "a utf8", [["a"], [None], ["a"]],
                      column(check, values=more))
        table.add(check + " by groups", "g utf8, a int64",
                  [["x", 1], ["x", 2], ["y", 1], ["y", 3], ["z", None], [None, 2], ["x", 1]],
                  column(check, values=[1, 2], group_by=["g"]))
    for kind, values, others in LISTED:
        inside = [c for c in (cell_of(v, kind) for v in values) if c is not None]
        if kind == "bool":
            continue
        filler = {"utf8": ["%d x" % i for i in range(1200)],
                  "dictionary<utf8>": ["%d x" % i for i in range(1200)],
                  "date32": ["%04d-03-0%d" % (1000 + i // 9, 1 + i % 9) for i in range(1200)],
                  "timestamp(ms, UTC)": ["%04d-03-0%dT00:00:00Z" % (1000 + i // 9, 1 + i % 9)
                                         for i in range(1200)]}.get(
                      kind, [1000 + i for i in range(1200)])
        for check in ("in_set", "not_in_set"):
            for policy in ("pass", "fail"):
                table.add("long %s of %s, null %s" % (check, kind, policy), "a %s" % kind,
                          [[c] for c in inside + others + [None, filler[17]]],
                          column(check, values=filler + values + [None], null_policy=policy))
    table.add("long in_set of long texts", "a utf8", [["x" * 900 + "7"], ["x" * 900], [""]],
              column("in_set", values=["x" * 900 + str(i) for i in range(40)]))
    table.add("long in_set of numbers beyond the type", "a int8", [[1], [2], [-1]],
              column("in_set", values=list(range(2, 1300)) + [1.5, "1e30", 255]))


ORDERED = [
    ("int32", [1, 2, 2, 5], 1), ("int64", [-9223372036854775808, 0, 9223372036854775807], 0),
    ("uint64", ["0", "9223372036854775808", "18446744073709551615"], 0),
    ("float64", ["-Infinity", -0.0, 0.0, 1.5, "NaN", 2.5, "Infinity"], 1),
    ("float32", [0.5, 1.0, 1.5], 0.5), ("decimal(10, 2)", ["-1.00", "0.50", "2.00", "2.00"], "1.5"),
    ("date32", ["1969-12-31", "1970-01-01", "2024-02-29"], "1d"),
    ("timestamp(us)", ["2026-01-01T00:00:00", "2026-01-01T00:00:01", "2026-01-01T00:00:02"], "1s"),
]


def ordered(table):
    """Each value against the one before."""
    for kind, rising, step in ORDERED:
        shapes = [("rises", rising), ("falls", rising[::-1]), ("empty", []), ("one", rising[:1]),
                  ("all null", [None, None]), ("with null", rising[:1] + [None] + rising[1:]),
                  ("turns", rising + rising[:2]), ("repeats", rising[1:2] * 3)]
        for what, cells in shapes:
            schema, rows = "a %s, n int64" % kind, [[c, i] for i, c in enumerate(cells)]
            for more in ({}, {"direction": "decreasing"}, {"strictly": True},
                         {"direction": "decreasing", "strictly": True}, {"step": step},
                         {"direction": "increasing", "where": "n > 0"}):
                if more.get("step") == 0:
                    continue
                table.add("monotonic %s %s %s" % (kind, what, json.dumps(more)), schema, rows,
                          column("monotonic", **more))
            table.add("monotonic %s %s null fails" % (kind, what), schema, rows,
                      column("monotonic", null_policy="fail"))
    for mostly in (0.5, 0.75, 0.7500001):
        table.add("monotonic mostly %r" % mostly, "a int64", [[1], [3], [2], [4]],
                  column("monotonic", mostly=mostly))
    rows = [["x", 1], ["y", 5], ["x", 2], ["y", 4], [None, 9], ["x", 2], [None, 8], ["y", None],
            ["y", 5], ["x", 3]]
    for more in ({}, {"strictly": True}, {"direction": "decreasing"}, {"step": 1},
                 {"mostly": 0.7}):
        table.add("monotonic by groups %s" % json.dumps(more), "g utf8, a int64", rows,
                  column("monotonic", group_by=["g"], **more))
    for what, step, cells in (("tenths", "0.1", [0.1, 0.2, 0.30000000000000004]),
                              ("down", -2, [6.0, 4.0, 2.0, 0.0])):
        table.add("monotonic in steps of " + what, "a float64", [[c] for c in cells],
                  column("monotonic", step=step))
    table.add("monotonic in hours", "a timestamp(ns)",
              [["2026-01-01T00:00:00"], ["2026-01-01T01:00:00"], ["2026-01-01T02:00:00.000001"]],
              column("monotonic", step="1h"))


def aggregates(table):
    """The same aggregate here and there."""
    schema = "a int64, d decimal(10, 2), f float64, t utf8"
    rows = [[3, "1.10", 0.5, "x"], [5, "2.20", 1.5, "y"], [None, None, None, None],
            [5, "0.70", -2.0, "x"]]
    to = {"schema": "id int64, x decimal(12, 3), f float64, alive bool",
          "rows": [[3, "4.001", 0.0, True], [10, "0.000", None, True], [0, "-0.001", 0.0, False],
                   [None, None, None, True]]}
    shapes = [("", rows), (" empty", []), (" all null", rows[2:3] * 2), (" one", rows[:1]),
              (" more", rows + [[9223372036854775807, "99999999.99", 1e300, ""]])]
    limits = ({}, {"tolerance": 0}, {"tolerance": 0.001}, {"tolerance": "4.5"}, {"tolerance": 1e18},
              {"tolerance_percent": 10}, {"tolerance_percent": 50}, {"tolerance_percent": 0.0251})
    asks = [{"aggregate": "count"}, {"expression": "count(*)"}, {"expression": "count(a)",
                                                                "to_expression": "count(id)"},
            {"aggregate": "sum", "column": "a", "field": "id"},
            {"aggregate": "sum", "column": "d", "field": "x"},
            {"aggregate": "sum", "column": "f"}, {"expression": " max ( \"f\" ) "},
            {"aggregate": "min", "column": "a", "field": "id", "to_condition": "alive"},
            {"aggregate": "mean", "column": "d", "field": "id"},
            {"aggregate": "count_distinct", "column": "t", "field": "id"},
            {"expression": "count(distinct a)", "to_expression": "count(distinct id)"},
            {"aggregate": "stdev", "column": "f"},
            {"aggregate": "median", "column": "a", "field": "id"},
            {"aggregate": "sum", "column": "a", "field": "id", "where": "a > 1"}]
    for ask in asks:
        shown = shapes[:4] if ask.get("aggregate") == "stdev" else shapes
        for limit in limits if "column" in ask and ask["aggregate"] == "sum" else limits[:3]:
            for what, these in shown:
                table.add("aggregate_match %s %s%s" % (json.dumps(ask), json.dumps(limit), what),
                          schema, these, dict(ask, check="aggregate_match", to="t", **limit),
                          references={"t": to})
    nothing = {"schema": "id int64", "rows": [[None]]}
    for what, these in shapes:
        table.add("aggregate_match with nothing" + what, schema, these,
                  {"check": "aggregate_match", "to": "t", "aggregate": "max", "column": "a",
                   "field": "id"}, references={"t": nothing})
    table.add("aggregate_match of digits", "a decimal(38, 2)", [["9" * 36 + ".99"]],
              {"check": "aggregate_match", "to": "t", "aggregate": "sum", "column": "a",
               "tolerance": "0.01"},
              references={"t": {"schema": "a decimal(38, 2)", "rows": [["9" * 36 + ".97"]]}})


def changes(table):
    """The schema against a baseline."""
    for before, after in (("a int64, b utf8", "a int64, b utf8"), ("a int64", "a int64, b utf8"),
                          ("a int64, b utf8", "a int64"), ("a int64, b utf8", "b utf8, a int64"),
                          ("a int64, b utf8", "a int32, b utf8 not null"),
                          ("a int64, b utf8, c bool", "d decimal(10, 2), b int8, a int64"),
                          ("é date32", "e\u0301 date32"), ("a int64 not null", "a int64 not null")):
        for allow in ([], ["added"], ["removed", "added"], ["type"], ["nullability", "type"],
                      ["order"], ["added", "removed", "type", "nullability", "order"]):
            more = {"allow": allow} if allow else {}
            table.add("schema_changed %s to %s, allow %s" % (before, after, allow), after, [],
                      dict(more, check="schema_changed", baseline=before))
            table.add("schema_changed %s to %s of a table, allow %s" % (before, after, allow),
                      after, [], dict(more, check="schema_changed", to="t"),
                      references={"t": {"schema": before, "rows": []}})


SCHEMAS = [
    True, False, {}, {"type": "object"}, {"type": ["string", "null"]}, {"type": "integer"},
    {"type": "number", "minimum": 1, "maximum": 5}, {"exclusiveMinimum": 1, "exclusiveMaximum": 5},
    {"minimum": 1.5}, {"maximum": 9007199254740993}, {"type": "string", "minLength": 2, "maxLength": 3},
    {"pattern": "^[a-z]+$"}, {"pattern": "é"}, {"enum": [1, "a", None, [1, {"x": 2}]]}, {"const": {"a": [1.0]}},
    {"const": False}, {"items": {"type": "integer"}}, {"type": "array", "items": False},
    {"required": ["a"]}, {"properties": {"a": {"type": "integer"}}, "additionalProperties": False},
    {"type": "object", "required": ["id", "tags"], "title": "order", "properties": {
        "id": {"type": "integer", "minimum": 0}, "tags": {"type": "array",
                                                         "items": {"type": "string"}}},
     "additionalProperties": {"type": "boolean"}},
]
TEXTS = [
    "", " ", "null", "true", "false", "1", "1.0", "1.5", "5", "0", "-1", "1e400", "1e2",
    "9007199254740993", "9007199254740992", "99999999999999999999", "[99999999999999999999]",
    '"a"', '"ab"', '"äöü"', '"👍👍"', '"abcd"', '"\\u0000a"', "[]", "[1, 2]", '[1, "x"]', "[1.0, 2]",
    '[1, {"x": 2}]', "{}", '{"a": 1}', '{"a": 1.5}', '{"a": [1]}', '{"a": 1, "b": 2}', '{"a": null}',
    '{"id": 1, "tags": ["x"]}', '{"id": 1, "tags": ["x"], "new": true}',
    '{"id": 1, "tags": ["x"], "new": 1}', '{"id": -1, "tags": []}', '{"id": 1}', "{", "[1,]", "nul",
    "NaN", '{"a": 1} x', "[" * 60 + "]" * 60, None,
]


def documents(table):
    """Texts of JSON against schemas."""
    for i, schema in enumerate(SCHEMAS):
        name = "json_schema %s" % json.dumps(schema)
        table.add(name, "a utf8", [[t] for t in TEXTS], column("json_schema", schema=schema))
        table.add(name + " null fails", "a utf8", [[None], ["1"]],
                  column("json_schema", schema=schema, null_policy="fail"))
        table.add(name + " mostly", "a dictionary<utf8>", [["{}"], ["1"], ['"ab"'], [None]],
                  column("json_schema", schema=schema, mostly=2 / 3))
        table.add(name + " by groups", "a utf8, g int64", [["{}", 1], ["1", 2], ['"ab"', 1]],
                  column("json_schema", schema=schema, group_by=["g"]))
        for text in TEXTS:
            if text is not None:
                table.add("%s of %s" % (name, text), "a utf8", [[text]],
                          column("json_schema", schema=schema))
    table.add("json_schema empty", "a utf8", [], column("json_schema", schema={}))
    table.add("json_schema huge", "a utf8", [["[" + "1," * 50000 + "1]"], ['"' + "x" * 5000 + '"']],
              column("json_schema", schema={"items": {"type": "integer"}, "maxLength": 4999}))


def queries(table):
    """SQL over the rows, against Python's SQLite."""
    schema = "id int64, a float64, t utf8, ok bool, day date32, d decimal(10, 2)"
    rows = [[1, 0.5, "x", True, "2026-01-01", "1.10"], [2, None, "é", False, "2025-12-31", "2.20"],
            [2, 1.5, None, None, None, None], [3, -2.0, "x", True, "2026-01-02", "0.70"]]
    to = {"schema": "id int64, name utf8", "rows": [[1, "one"], [2, "two"]]}
    shapes = (("", rows), (" empty", []), (" one", rows[:1]), (" all null", [[None] * 6] * 2))
    for query in ("select * from rows where a < 0", "select id from rows group by id having count(*) > 1",
                  "select 1 from rows where t is null;", "select * from rows where day > '2026-01-01'",
                  "select * from rows where not ok", "select * from rows where d >= 2.2",
                  "with x as (select max(id) m from rows) select * from x where m > 2",
                  "select length(t) from rows where length(t) <> 1"):
        for what, these in shapes:
            table.add("sql %s%s" % (query, what), schema, these, {"check": "sql", "query": query})
    for what, these in shapes:
        table.add("sql of two tables" + what, schema, these,
                  {"check": "sql", "tables": ["t"],
                   "query": "select r.* from rows r left join t using (id) where t.id is null"},
                  references={"t": to})
        for metric in ("select count(*) from rows", "select avg(a) from rows", "select sum(d) from rows",
                       "select id from rows where id > 100",
                       "select count(*) from rows where id in (select id from t)"):
            table.add("sql metric %s%s" % (metric, what), schema, these,
                      {"check": "sql", "metric": metric, "tables": ["t"], "min": 0.5, "max": 3},
                      references={"t": to})
    table.add("sql where", schema, rows, {"check": "sql", "query": "select * from rows where id = 2",
                                         "where": "id <> 2"})


GROUPED = [
    {"check": "row_count", "min": 2}, {"check": "row_count", "equals": 3},
    column("completeness", min=0.5), column("distinct_count", max=2),
    column("distinct_proportion", min=0.9), column("duplicate_count", max=0),
    column("duplicate_proportion", max=0.4), column("not_constant"),
    column("column_min", min=2), column("column_max", max=5), column("column_sum", min=5),
    column("column_mean", min=2, max=4), column("column_stdev", max=1),
    column("column_median", min=2), column("column_quantile", quantile=1, max=5),
    column("unique"), column("unique", null_policy="fail"), column("unique", mostly=0.5),
    {"check": "primary_key", "columns": ["a", "t"]}, {"check": "unique", "columns": ["a", "g"]},
    column("not_null"), column("not_null", mostly=0.6), column("between", min=2, max=5),
    column("between", min=2, max=5, null_policy="fail"), column("between", min=2, mostly=0.5),
    column("between", min=2, max_failures=1), column("between", min=2, error_if=">50%"),
    column("between", min=2, warn_if=">0", error_if=">1"),
    column("between", min=2, severity="warn"), column("between", min=2, where="n > 0"),
    column("between", min=2, ignore_row_if="any_missing", null_policy="fail"),
    {"check": "any_complete", "columns": ["a", "t"]}, column("in_set", values=[1, 2, 3]),
    {"check": "length", "column": "t", "min": 1}, {"check": "expression", "expression": "n > 0"},
    column("relationships", to="r", field="id"),
    column("relationships", to="r", field="id", mostly=0.7, null_policy="fail"),
    {"check": "all_of", "checks": [column("positive"), column("at_most", value=4)]},
]


def groups(table):
    """Every check for each group by itself."""
    schema = "g utf8, h int8, a int64, t utf8, n int64"
    rows = [["x", 1, 1, "é", 1], ["x", 1, 1, "", 2], ["y", 1, 5, "b", 0], ["x", 2, 2, None, 3],
            [None, 1, 3, "c", 1], ["y", None, None, "c", 1], [None, 1, 3, "c", 0],
            ["x", 1, None, "d", 5], ["", 1, 6, "b", 1], ["y", 1, 5, "b", 1], ["é", 2, 4, "", 9]]
    refer = {"r": {"schema": "id int64", "rows": [[1], [2], [3]]}}
    for check in GROUPED:
        for by in (["g"], ["g", "h"], ["h"], ["t", "g"]):
            for what, these in (("", rows), (" empty", []), (" one", rows[2:3]),
                                (" null", [[None, None, None, None, None]] * 2)):
                table.add("%s by %s%s" % (json.dumps(check), by, what), schema, these,
                          dict(check, group_by=by),
                          **({"references": refer} if "to" in check else {}))
    table.add("groups of NaN and -0", "g float64, a int64",
              [["NaN", 1], [0.0, 1], ["NaN", 2], [-0.0, 3], [1.0, 1]],
              {"check": "row_count", "min": 2, "group_by": ["g"]})
    table.add("groups of a dictionary", "g dictionary<utf8>, a int64",
              [["p", 1], ["q", 1], ["p", 1], [None, 1]], column("unique", group_by=["g"]))
    table.add("groups of huge texts", "g utf8, a int64",
              [["x" * 5000, 1], ["x" * 4999 + "y", 1], ["x" * 5000, 1]],
              column("unique", group_by=["g"]))
    table.add("groups of a timestamp", "g date32, at timestamp(us)",
              [["2026-01-01", "2026-03-01T11:00:00"], ["2026-01-02", "2026-03-01T05:00:00"],
               ["2026-01-01", "2026-02-01T11:00:00"]],
              {"check": "freshness", "column": "at", "error_after": "2h", "group_by": ["g"]},
              now=NOW)
    table.add("groups of decimals", "g bool, a decimal(10, 2)",
              [[True, "1.10"], [False, "2.20"], [True, "1.10"], [False, "0.01"]],
              column("column_sum", equals="2.20", group_by=["g"]))
    table.add("groups of many", "g int64, a int64", [[i % 500, i // 500] for i in range(1500)],
              column("column_max", max=1, group_by=["g"]))


def refused(E):
    """Configurations that are refused, with the words."""
    option, kind = "PLN_EOPTION", "PLN_ETYPE"
    E("monotonic where", option, ["direction", "increasing, decreasing", "up"],
      column("monotonic", direction="up"))
    E("monotonic in steps down", option, ["step", "direction"],
      column("monotonic", step=1, direction="decreasing"))
    E("monotonic in fractions", option, ["step", "1.5"], column("monotonic", step=1.5))
    E("monotonic texts", kind, ["monotonic(t)", "utf8"], {"check": "monotonic", "column": "t"})
    E("monotonic times in numbers", option, ["step", "duration"], column("monotonic", step=1),
      schema="a timestamp(s)")
    E("monotonic days in hours", option, ["step", "25h", "whole"],
      column("monotonic", step="25h"), schema="a date32")
    many = [str(i) for i in range(2000)]
    E("long in_set of texts beside numbers", kind, ["in_set(a)", "column a", "a number", "many"],
      column("in_set", values=many + ["many"]))
    E("long in_set of no date", kind, ["in_set(a)", "2026-02-30"],
      column("in_set", values=["2026-01-01"] * 1200 + ["2026-02-30"]), schema="a date32")
    E("long in_set of lists", kind, ["in_set(a)", "compared with no list"],
      column("in_set", values=many), schema="a list<int64>")
    E("distinct_in_set of no number", kind, ["distinct_in_set(a)", "a number", "x"],
      column("distinct_in_set", values=["x"]))
    table_t = {"t": {"schema": "id int64, u utf8", "rows": []}}
    match = {"check": "aggregate_match", "to": "t", "aggregate": "sum", "column": "a",
             "field": "id"}
    E("aggregate_match without the table", "PLN_ESTATE", ["'t'", "not given"], match)
    E("aggregate_match of no aggregate", option, ["either aggregate or expression"],
      {"check": "aggregate_match", "to": "t"}, references=table_t)
    E("aggregate_match of both", option, ["either aggregate or expression"],
      dict(match, expression="sum(a)"), references=table_t)
    E("aggregate_match of an unknown one", option, ["summ", "sum"], dict(match, aggregate="summ"),
      references=table_t)
    E("aggregate_match of no column", option, ["sum", "column"],
      {"check": "aggregate_match", "to": "t", "aggregate": "sum"}, references=table_t)
    for text in ("sum", "sum(", "sum()", "sum(a) + 1", "sum(a b)", "sum(distinct a)", "(a)",
                 "sum(\"a)", "count(*) x"):
        E("aggregate_match of %s" % text, option, ["sum(amount)"],
          {"check": "aggregate_match", "to": "t", "expression": text}, references=table_t)
    E("aggregate_match of texts there", kind, ["reference t", "utf8"], dict(match, field="u"),
      references=table_t)
    E("aggregate_match of texts here", kind, ["utf8"], dict(match, column="t"), references=table_t)
    for given in (-1, "x", True):
        E("tolerance %r" % given, option, ["tolerance", "not negative"],
          dict(match, tolerance=given), references=table_t)
    E("two tolerances", option, ["either tolerance or tolerance_percent"],
      dict(match, tolerance=1, tolerance_percent=1), references=table_t)
    E("schema_changed of nothing", option, ["baseline or to"], {"check": "schema_changed"})
    E("schema_changed of both", option, ["baseline or to"],
      {"check": "schema_changed", "baseline": "a int64", "to": "t"}, references=table_t)
    E("schema_changed without the table", "PLN_ESTATE", ["'t'"],
      {"check": "schema_changed", "to": "t"})
    E("schema_changed of no schema", option, ["baseline", "int65"],
      {"check": "schema_changed", "baseline": "a int65"})
    E("schema_changed allows what", option, ["allow", "renamed", "nullability"],
      {"check": "schema_changed", "baseline": "a int64", "allow": ["renamed"]})
    text = {"check": "json_schema", "column": "t"}
    E("json_schema of numbers", kind, ["json_schema(a)", "texts", "int64"],
      column("json_schema", schema={}))
    for schema, words in (({"typ": "object"}, ["'typ'", "type"]), ({"$ref": "#"}, ["$ref"]),
                          ({"type": "objekt"}, ["type", "boolean"]), ({"type": []}, ["type"]),
                          ({"type": 5}, ["type"]), ({"minimum": "1"}, ["minimum", "a number"]),
                          ({"minLength": -1}, ["minLength"]), ({"maxLength": 1.5}, ["maxLength"]),
                          ({"pattern": "("}, ["pattern"]), ({"pattern": 1}, ["pattern"]),
                          ({"enum": 1}, ["enum", "list"]), ({"required": [1]}, ["required"]),
                          ({"required": "a"}, ["required"]), ({"properties": []}, ["properties"]),
                          ({"properties": {"a": {"items": {"x": 1}}}}, ["properties.a.items.'x'"]),
                          ({"items": []}, ["items", "a schema"]), ({"format": "email"}, ["format"]),
                          ({"anyOf": [True]}, ["anyOf"])):
        E("json_schema %s" % json.dumps(schema), "PLN_EOPTION PLN_ESYNTAX",
          ["json_schema(t)", "schema"] + words, dict(text, schema=schema))
    E("json_schema of a text", option, ["schema", "JSON Schema"], dict(text, schema="{}"))
    deep = {}
    for _ in range(64):
        deep = {"items": deep}
    E("json_schema of 65", "PLN_ELIMIT", ["64 deep"], dict(text, schema=deep))
    for sql, status, words in (
            ("selekt 1", "PLN_ESYNTAX", ["selekt"]), ("select * from nothing", "PLN_ESYNTAX", ["nothing"]),
            ("select 1; select 2", option, ["one query"]), ("", option, ["one query"]),
            ("delete from rows", option, ["read"]), ("insert into rows values(1,2,3)", option, ["read"]),
            ("attach ':memory:' as x", "PLN_EOPTION PLN_ESYNTAX", ["sql"]), ("pragma page_size", option, ["read"]),
            ("create table x(a)", option, ["read"]), ("drop table rows", option, ["read"]),
            ("select load_extension('x')", "PLN_EOPTION PLN_ESYNTAX", ["load_extension"]),
            ("begin", option, ["read"]), ("vacuum", option, ["sql"]), ("select ?", option, ["parameters"]),
            ("update rows set a = 1", option, ["read"]), ("reindex", option, ["sql"])):
        E("sql %s" % sql, status, ["check sql"] + words, {"check": "sql", "query": sql})
    E("sql of nothing", option, ["query or metric"], {"check": "sql"})
    E("sql of both", option, ["query or metric"],
      {"check": "sql", "query": "select 1", "metric": "select 1"})
    E("sql metric without an end", option, ["sql", "min"], {"check": "sql", "metric": "select 1"})
    E("sql metric of two", option, ["metric", "one column"],
      {"check": "sql", "metric": "select 1, 2", "min": 1})
    E("sql without its table", "PLN_ESTATE", ["'t'"],
      {"check": "sql", "query": "select 1", "tables": ["t"]})
    E("sql max_steps", option, ["max_steps"], {"check": "sql", "query": "select 1", "max_steps": 1})
    E("sql max_bytes", option, ["max_bytes"], {"check": "sql", "query": "select 1", "max_bytes": 1})
