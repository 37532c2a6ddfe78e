"""What checks say of rows, by brute force over Python values. It shares nothing with the library.

Rows are dicts; None is null, NaN a float. A condition answers True, False or None (unknown); a
measure answers whether the column is as it should be, and what was seen.
"""
import datetime
import json
import math
import re
import sqlite3
import statistics
from decimal import Decimal
from fractions import Fraction

FLOATS = ("float32", "float64")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
NULLS_FAIL = ("not_null", "missing_values", "primary_key")
NOT_BY_ROW = ("column_exists", "columns_match", "column_count", "column_type", "completeness",
              "distinct_count", "distinct_proportion", "duplicate_count", "duplicate_proportion",
              "not_constant", "row_count_match", "row_count", "freshness", "column_min",
              "column_max", "column_mean", "column_sum", "column_stdev", "column_median",
              "column_quantile", "distinct_in_set", "distinct_contains_set",
              "distinct_equals_set", "most_common_in_set", "aggregate_match",
              "schema_changed", "sql")
TABLES = ("column_exists", "columns_match", "column_count", "column_type", "schema_changed", "sql")


def fields(schema):
    """[("a", "int32"), ("d", "decimal(10, 2)")]"""
    parts = re.split(r",\s*(?![^()<]*[)>])", schema)
    return [(p.split(" ", 1)[0], p.split(" ", 1)[1].split(" not null")[0]) for p in parts]


def base(kind):
    return re.split(r"[(<]", kind)[0]


def is_nan(value):
    return isinstance(value, float) and math.isnan(value)


def micros(text):
    text = text.replace(" ", "T").replace("Z", "+00:00")
    at = datetime.datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=datetime.timezone.utc)
    since = at - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (since.days * 86400 + since.seconds) * 10 ** 6 + since.microseconds


def value_of(given, kind):
    """A cell of a row as a Python value of its column."""
    if given is None:
        return None
    name = base(kind)
    if name in FLOATS:
        return float(given)
    if name == "decimal":
        return Fraction(Decimal(str(given)))
    if name == "date32":
        return datetime.date.fromisoformat(given)
    if name == "timestamp":
        return micros(given)
    return int(given) if name == "uint64" else given


def shortest(number):
    if isinstance(number, int):
        return str(number)
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def operand(given, kind):
    """A value of a check beside a column of this type."""
    name = base(kind)
    if name in FLOATS:
        return float(given)
    if name in INTEGERS or name == "decimal":
        return Fraction(Decimal(str(given)))
    if name in ("utf8", "dictionary"):
        if isinstance(given, bool):
            return "true" if given else "false"
        return given if isinstance(given, str) else shortest(given)
    if name == "bool":
        return given if isinstance(given, bool) else given == "true"
    return value_of(given, kind)


def order(value):
    """NaN is equal to itself and greater than all other numbers; texts by their bytes."""
    if isinstance(value, float):
        return (1, 0) if math.isnan(value) else (0, value)
    return value.encode() if isinstance(value, str) else value


def all_of(truths):
    truths = list(truths)
    return False if False in truths else None if None in truths else True


def any_of(truths):
    truths = list(truths)
    return True if True in truths else None if None in truths else False


def negated(truth):
    return None if truth is None else not truth


def compared(left, right, sign):
    if left is None or right is None:
        return None
    a, b = order(left), order(right)
    return {"=": a == b, "<>": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[sign]


def seconds(text):
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    if isinstance(text, int):
        return Fraction(text, 10 ** 6)
    return int(text[:-1]) * units[text[-1]]


# ---- conditions of one row ----

def between(check, row, kinds):
    value, kind = row[check["column"]], kinds[check["column"]]
    if value is None:
        return None
    if is_nan(value):
        return False
    ends = []
    if "min" in check:
        sign = ">" if check.get("strict_min") else ">="
        ends.append(compared(value, operand(check["min"], kind), sign))
    if "max" in check:
        sign = "<" if check.get("strict_max") else "<="
        ends.append(compared(value, operand(check["max"], kind), sign))
    return all_of(ends)


SIGNS = {"equal_to": "=", "not_equal_to": "<>", "greater_than": ">", "at_least": ">=",
         "less_than": "<", "at_most": "<=", "positive": ">", "non_negative": ">="}


def scalar(check, row, kinds):
    kind = kinds[check["column"]]
    value = row[check["column"]]
    if is_nan(value) and check["check"] not in ("equal_to", "not_equal_to"):
        return False
    return compared(value, operand(check.get("value", 0), kind), SIGNS[check["check"]])


def length(check, row, kinds):
    value = row[check["column"]]
    if value is None:
        return None
    n = len(value.encode()) if check.get("unit") == "bytes" else len(value)
    return (("equals" not in check or n == float(check["equals"]))
            and ("min" not in check or n >= float(check["min"]))
            and ("max" not in check or n <= float(check["max"])))


def among(check, row, kinds):
    value, kind = row[check["column"]], kinds[check["column"]]
    wanted = [operand(v, kind) for v in check["values"] if v is not None]
    if value is None or (not wanted and check["check"] != "missing_values"):
        return None
    found = order(value) in [order(v) for v in wanted]
    return found if check["check"] == "in_set" else not found


def missing_values(check, row, kinds):
    value = row[check["column"]]
    if value is None:
        return False
    flags = re.I if "i" in check.get("flags", "") else 0
    if "pattern" in check and re.search(check["pattern"], value, flags) is not None:
        return False
    return "values" not in check or among(check, row, kinds)


def like(pattern):
    out, i = "", 0
    while i < len(pattern):
        c = pattern[i]
        if c == "\\":
            i += 1
            out += re.escape(pattern[i])
        else:
            out += {"%": ".*", "_": "."}.get(c, re.escape(c))
        i += 1
    return re.compile(out, re.S)


def of_text(check, row, kinds):
    value, name = row[check["column"]], check["check"]
    if value is None:
        return None
    if name in ("like", "not_like"):
        return (like(check["pattern"]).fullmatch(value) is not None) == (name == "like")
    if name == "not_empty":
        return value.strip(" ") != "" if check.get("trim", True) else value != ""
    return {"contains": check.get("text", "") in value,
            "starts_with": value.startswith(check.get("text", "")),
            "ends_with": value.endswith(check.get("text", ""))}[name]


def patterns(check, row, kinds):
    value, name = row[check["column"]], check["check"]
    if value is None:
        return None
    flags = re.I if "i" in check.get("flags", "") else 0
    found = [re.search(p, value, flags) is not None
             for p in check.get("patterns", [check.get("pattern")])]
    return {"matches": any(found), "not_matches": not any(found), "matches_any": any(found),
            "matches_all": all(found), "matches_none": not any(found)}[name]


def parseable(check, row, kinds):
    value = row[check["column"]]
    if value is None:
        return None
    try:
        if check["type"] in ("int32", "int64"):
            bits = int(check["type"][3:])
            return value.isascii() and -2 ** (bits - 1) <= int(value.strip(" ")) < 2 ** (bits - 1)
        if check["type"] == "date32":
            return re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None and \
                bool(datetime.date.fromisoformat(value))
        if check["type"] == "float64":
            return float(value) is not None
    except ValueError:
        return False
    raise NotImplementedError(check["type"])


def not_in_future(check, row, kinds, now):
    value = row[check["column"]]
    if value is None:
        return None
    until = now + int(seconds(check.get("max_skew", 0)) * 10 ** 6)
    if isinstance(value, datetime.date):
        return (value - datetime.date(1970, 1, 1)).days <= until // (86400 * 10 ** 6)
    return value <= until


def pairs(check, row, kinds):
    a, b, name = row[check["a"]], row[check["b"]], check["check"]
    if name == "pair_equal":
        return compared(a, b, "=")
    if name == "pair_greater":
        if a is not None and b is not None and (is_nan(a) or is_nan(b)):
            return False
        return compared(a, b, ">=" if check.get("or_equal") else ">")

    def equal(value, wanted, column):
        if wanted is None:
            return value is None
        return compared(value, operand(wanted, kinds[column]), "=")
    return any_of(all_of([equal(a, x, check["a"]), equal(b, y, check["b"])])
                  for x, y in check["pairs"])


def sums(check, row, kinds):
    total = check["total"]
    values = [row[c] for c in check["columns"]]
    total = row[total] if isinstance(total, str) and total in row else total
    if total is None or None in values:
        return None
    if any(isinstance(v, float) for v in values):
        return order(sum(values[1:], values[0])) == order(float(total))
    return sum(values) == Fraction(str(total))


def complete(check, row, kinds):
    there = [row[c] is not None for c in check["columns"]]
    return any(there) if check["check"] == "any_complete" else all(there)


def different(check, row, kinds):
    columns = check["columns"]
    return all_of(compared(row[a], row[b], "<>")
                  for i, a in enumerate(columns) for b in columns[i + 1:])


CONDITIONS = {"between": between, "length": length, "in_set": among, "not_in_set": among,
              "missing_values": missing_values, "not_empty": of_text, "like": of_text,
              "not_like": of_text, "contains": of_text, "starts_with": of_text,
              "ends_with": of_text, "matches": patterns, "not_matches": patterns,
              "matches_any": patterns, "matches_all": patterns, "matches_none": patterns,
              "parseable": parseable, "pair_equal": pairs, "pair_greater": pairs,
              "pair_in_set": pairs, "sum_equals": sums, "any_complete": complete,
              "all_complete": complete, "unique_within_row": different}
CONDITIONS.update({name: scalar for name in SIGNS})


def truth(check, row, kinds, case):
    name = check["check"]
    if name == "not_null":
        return row[check["column"]] is not None
    if name == "null":
        return row[check["column"]] is None
    if name == "not_in_future":
        return not_in_future(check, row, kinds, case["now"])
    if name == "json_schema":
        return of_json(check, row, kinds)
    if name == "expression":
        return case["python"][check["expression"]](row)
    if name in ("all_of", "any_of", "not"):
        parts = [truth(part, row, kinds, case) for part in check["checks"]]
        if name == "not":
            return negated(all_of(parts))
        return any_of(parts) if name == "any_of" else all_of(parts)
    return CONDITIONS[name](check, row, kinds)


# ---- whole columns ----

def columns_of(check):
    single = [check[name] for name in ("column", "a", "b") if name in check]
    return single + list(check.get("columns", []))


def canonical(value):
    """Equal keys, equal values: NaN is NaN, -0 is 0, and a float is no integer."""
    if isinstance(value, float):
        return ("float", "nan" if math.isnan(value) else value + 0.0)
    return (type(value).__name__, value)


def key(row, columns):
    return tuple(canonical(row[c]) for c in columns)


def within(check, seen):
    """Exactly, for a whole number or fraction; as floats for a float."""
    def limit(name):
        return Fraction(Decimal(str(check[name]))) if isinstance(seen, (int, Fraction)) \
            else float(check[name])
    if "equals" in check and seen != limit("equals"):
        return False
    if "min" in check and not (seen > limit("min") if check.get("strict_min")
                               else seen >= limit("min")):
        return False
    return "max" not in check or (seen < limit("max") if check.get("strict_max")
                                  else seen <= limit("max"))


def of_schema(check, kinds):
    names, name = list(kinds), check["check"]
    if name == "column_count":
        return within(check, len(names)), len(names)
    if name == "column_exists":
        there = check["column"] in names
        at = names.index(check["column"]) if there else None
        return there and check.get("index", at) == at, at
    if name == "column_type":
        families = {"integer": INTEGERS, "number": INTEGERS + FLOATS + ("decimal",),
                    "float": FLOATS, "text": ("utf8",), "string": ("utf8",), "boolean": ("bool",),
                    "date": ("date32",), "timestamp": ("timestamp",), "decimal": ("decimal",)}
        mine = kinds.get(check["column"])
        wanted = check.get("types", []) + ([check["type"]] if "type" in check else [])
        return mine is not None and any(
            base(mine) in families[w] if w in families else mine == w for w in wanted), None
    listed = check["columns"]
    good = all(c in names for c in listed)
    if check.get("exact", True):
        good = good and set(names) == set(listed)
    if check.get("ordered") and good:
        places = [names.index(c) for c in listed]
        good = places == sorted(places) and len(set(places)) == len(places)
    return good, None


def of_sets(check, values, kinds):
    """The different values, or the most common ones, against a list."""
    name, column = check["check"], check["column"]
    wanted = {canonical(order(operand(v, kinds[column]))) for v in check["values"]
              if v is not None}
    values = [canonical(order(row[column])) for row in values]
    if kinds[column] not in ("utf8", "bool") and base(kinds[column]) not in FLOATS:
        wanted = {v[1] for v in wanted}
        values = [v[1] for v in values]
    there = set(values)
    if name == "most_common_in_set":
        if not values:
            return True, None
        most = max(values.count(v) for v in there)
        modes = {v for v in there if values.count(v) == most}
        return bool(modes & wanted) and (check.get("ties_okay", False) or len(modes) == 1), most
    good = (name == "distinct_contains_set" or there <= wanted) and \
        (name == "distinct_in_set" or not values or wanted <= there)
    return good, len(there)


def follows(check, kind, before, now):
    if "step" in check:
        step = check["step"]
        if base(kind) == "timestamp":
            return before + int(seconds(step) * 10 ** 6) == now
        if base(kind) == "date32":
            return before + datetime.timedelta(seconds=int(seconds(step))) == now
        return before + operand(step, kind) == now
    if check.get("direction") == "decreasing":
        before, now = now, before
    return before < now or (before == now and not check.get("strictly"))


def out_of_order(check, rows, values, kinds):
    """Indices of values that do not follow the one before; NaN follows nothing and is skipped."""
    bad, before = [], None
    for i in values:
        now = rows[i][check["column"]]
        if is_nan(now):
            bad.append(i)
            continue
        if before is not None and not follows(check, kinds[check["column"]], before, now):
            bad.append(i)
        before = now
    return bad


def of_numbers(check, values):
    name = check["check"]
    if any(is_nan(v) for v in values):
        return False, None
    if not values:
        return True, None
    if name == "column_min":
        seen = min(values)
    elif name == "column_max":
        seen = max(values)
    elif name == "column_sum":
        seen = math.fsum(values) if isinstance(values[0], float) else sum(values)
    elif name == "column_mean":
        seen = sum(values) / len(values) if math.inf in values else \
            float(sum(Fraction(v) for v in values) / len(values))
    elif name == "column_stdev":
        if len(values) < 2:
            return True, None
        seen = statistics.stdev([float(v) for v in values])
    else:
        fraction = check.get("quantile", 0.5)
        seen = float(sorted(values)[max(0, math.ceil(fraction * len(values)) - 1)])
    return within(check, seen), float(seen)


def of_column(check, rows, values, kinds, case):
    """(as it should be, a warning, what was seen)"""
    name = check["check"]
    if name in ("column_exists", "columns_match", "column_count", "column_type"):
        return of_schema(check, kinds) + (False,)
    if name == "row_count":
        return within(check, len(rows)), len(rows), False
    if name == "row_count_match":
        other = len(case["references"][check["to"]]["rows"])
        factor = Fraction(str(check.get("factor", 1)))
        if "min" not in check and "max" not in check:
            return len(rows) == factor * other, len(rows), False
        if other == 0:
            return len(rows) == 0, len(rows), False
        return within(check, float(len(rows) / (factor * other))), len(rows), False
    if name == "completeness":
        if not rows:
            return True, None, False
        return within(check, len(values) / len(rows)), len(values) / len(rows), False
    if name == "aggregate_match":
        return of_aggregates(check, rows, kinds, case) + (False,)
    if name == "schema_changed":
        return of_changes(check, kinds, case) + (False,)
    if name == "sql":
        return of_query(check, rows, kinds, case) + (False,)
    if name == "freshness":
        if not values:
            return True, None, False
        newest = max(v if isinstance(v, int) else (v - datetime.date(1970, 1, 1)).days * 86400
                     * 10 ** 6 for v in (row[check["column"]] for row in values))
        age = Fraction(case["now"] - newest, 10 ** 6)
        return ("error_after" not in check or age <= seconds(check["error_after"]), float(age),
                "warn_after" in check and age > seconds(check["warn_after"]))
    if name in ("distinct_in_set", "distinct_contains_set", "distinct_equals_set",
                "most_common_in_set"):
        return of_sets(check, values, kinds) + (False,)
    columns = columns_of(check)
    if name in ("distinct_count", "distinct_proportion", "duplicate_count",
                "duplicate_proportion", "not_constant"):
        n, distinct = len(values), len({key(row, columns) for row in values})
        if name == "not_constant":
            return n == 0 or distinct > 1, distinct, False
        seen = distinct if name.startswith("distinct") else n - distinct
        if name.endswith("proportion"):
            if n == 0:
                return True, None, False
            seen = seen / n
        return within(check, seen), seen, False
    return of_numbers(check, [row[columns[0]] for row in values]) + (False,)


def aggregate(name, column, rows):
    values = [row[column] for row in rows if row[column] is not None] if column else rows
    if name == "count":
        return len(values)
    if name == "count_distinct":
        return len({canonical(v) for v in values})
    if not values:
        return None
    if any(is_nan(v) for v in values):
        return math.nan
    if name in ("mean", "avg"):
        return float(sum(Fraction(v) for v in values) / len(values))
    if name == "stdev":
        return statistics.stdev([float(v) for v in values]) if len(values) > 1 else math.nan
    if name == "median":
        return float(sorted(values)[max(0, math.ceil(0.5 * len(values)) - 1)])
    return {"sum": sum, "min": min, "max": max}[name](values)


def of_aggregates(check, rows, kinds, case):
    to = case["references"][check["to"]]
    other = dict(fields(to["schema"]))
    theirs = [dict(zip(other, (value_of(c, k) for c, k in zip(r, other.values()))))
              for r in to["rows"]]
    if "to_condition" in check:
        theirs = [r for r in theirs if case["python"][check["to_condition"]](r) is True]
    if "expression" in check:
        def parts(text):
            name, column = re.fullmatch(r'\s*(\w+)\s*\(\s*(.*?)\s*\)\s*', text).groups()
            if column.startswith("distinct"):
                name, column = "count_distinct", column[8:].strip()
            return name, None if column == "*" else column.strip('"')
        mine, them = parts(check["expression"]), parts(check.get("to_expression",
                                                                 check["expression"]))
    else:
        mine = check["aggregate"], check.get("column")
        them = check["aggregate"], check.get("field", check.get("column"))
    a, b = aggregate(*mine, rows), aggregate(*them, theirs)
    if a is None or b is None:
        return (a is None) == (b is None), a
    if is_nan(a) or is_nan(b):
        return False, None
    a, b = (Fraction(a), Fraction(b)) if not math.inf in (abs(a), abs(b)) else (a, b)
    if a == b:
        return True, float(a)
    if "tolerance_percent" in check:
        return abs(a - b) * 100 <= Fraction(str(check["tolerance_percent"])) * abs(b), float(a)
    return abs(a - b) <= Fraction(str(check.get("tolerance", 0))), float(a)


def typed(schema):
    parts = re.split(r",\s*(?![^()<]*[)>])", schema)
    return [(p.split(" ", 1)[0], p.split(" ", 1)[1].split(" not null")[0], "not null" in p)
            for p in parts]


def of_changes(check, kinds, case):
    before = typed(check["baseline"] if "baseline" in check
                   else case["references"][check["to"]]["schema"])
    after = typed(case["schema"])
    old, new = {b[0]: b for b in before}, {a[0]: a for a in after}
    found = ["added"] * len(set(new) - set(old)) + ["removed"] * len(set(old) - set(new))
    both = [n for n in old if n in new]
    found += ["type" for n in both if old[n][1] != new[n][1]]
    found += ["nullability" for n in both if old[n][2] != new[n][2]]
    if both != [n for n in new if n in old]:
        found.append("order")
    left = [f for f in found if f not in check.get("allow", [])]
    return not left, len(left)


def of_query(check, rows, kinds, case):
    """Python's SQLite, with tables of its own making."""
    db = sqlite3.connect(":memory:")
    tables = {"rows": (kinds, rows)}
    for name in check.get("tables", []):
        other = dict(fields(case["references"][name]["schema"]))
        tables[name] = (other, [dict(zip(other, (value_of(c, k) for c, k in zip(r, other.values()))))
                                for r in case["references"][name]["rows"]])
    for name, (columns, body) in tables.items():
        db.execute("create table %s(%s)" % (name, ", ".join(columns)))
        for row in body:
            db.execute("insert into %s values(%s)" % (name, ",".join("?" * len(columns))),
                       [str(v) if isinstance(v, datetime.date) else
                        float(v) if isinstance(v, Fraction) else v for v in row.values()])
    if "metric" in check:
        seen = db.execute(check["metric"]).fetchone()
        if seen is None or seen[0] is None:
            return True, None
        return within(check, seen[0]), seen[0]
    n = len(db.execute(check["query"]).fetchall())
    return n == 0, n


def json_equal(a, b):
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(json_equal(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return set(a) == set(b) and all(json_equal(a[k], b[k]) for k in a)
    return type(a) is type(b) and a == b


def json_fits(schema, value):
    """The keywords of the subset, from the words of the draft."""
    if isinstance(schema, bool):
        return schema
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    is_a = {"object": isinstance(value, dict), "array": isinstance(value, list),
            "string": isinstance(value, str), "boolean": isinstance(value, bool),
            "null": value is None, "number": number,
            "integer": number and value == int(value)}
    wanted = schema.get("type", list(is_a))
    if not any(is_a[w] for w in ([wanted] if isinstance(wanted, str) else wanted)):
        return False
    if "enum" in schema and not any(json_equal(value, v) for v in schema["enum"]):
        return False
    if "const" in schema and not json_equal(value, schema["const"]):
        return False
    if number and not (schema.get("minimum", value) <= value <= schema.get("maximum", value) and
                       ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"]) and
                       ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])):
        return False
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            return False
        if "pattern" in schema and re.search(schema["pattern"], value) is None:
            return False
    if isinstance(value, list):
        return all(json_fits(schema.get("items", True), v) for v in value)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return all(name in value for name in schema.get("required", [])) and all(
            json_fits(known.get(k, schema.get("additionalProperties", True)), v)
            for k, v in value.items())
    return True


def of_json(check, row, kinds):
    value = row[check["column"]]
    if value is None:
        return None

    def refuse(constant):
        raise ValueError(constant)

    def finite(digits):
        return float(digits) if math.isfinite(float(digits)) else refuse(digits)
    try:
        return json_fits(check["schema"],
                         json.loads(value, parse_constant=refuse, parse_float=finite))
    except ValueError:
        return False


# ---- thresholds, the whole ----

def holds(text, failures, evaluated):
    text = text.strip()
    match = re.fullmatch(r"(>=|<=|!=|<>|==|=|>|<|between)?\s*([0-9.]+)\s*(%?)"
                         r"(?:\s*and\s*([0-9.]+)\s*(%?))?", text)
    sign, first, percent, last, other = match.groups()
    n, first = Fraction(failures), Fraction(first)
    if percent or other:
        n = Fraction(100 * failures, evaluated) if evaluated else Fraction(0)
    if sign == "between":
        return first <= n <= Fraction(last)
    return {">=": n >= first, "<=": n <= first, "!=": n != first, "<>": n != first,
            "==": n == first, "=": n == first, ">": n > first, "<": n < first,
            None: n > first}[sign]


def status_of(check, good, warn, failures, evaluated, by_row):
    if "error_if" in check:
        good = not holds(check["error_if"], failures, evaluated)
    elif by_row and "max_failures" in check:
        good = not holds("> " + str(check["max_failures"]), failures, evaluated)
    elif by_row:
        mostly = Fraction(Decimal(repr(check.get("mostly", 1))))
        good = evaluated - failures >= mostly * evaluated
    warn = warn or ("warn_if" in check and holds(check["warn_if"], failures, evaluated))
    if good:
        return "warned" if warn else "passed"
    return "failed" if check.get("severity", "error") in ("error", "critical") else "warned"


def scope_of(case, rows):
    check, columns = case["check"], columns_of(case["check"])
    scope = list(range(len(rows)))
    if "where" in check:
        scope = [i for i in scope if case["python"][check["where"]](rows[i]) is True]
    if check.get("ignore_row_if") == "any_missing":
        scope = [i for i in scope if not any(rows[i][c] is None for c in columns)]
    if check.get("ignore_row_if") == "all_missing":
        scope = [i for i in scope if not columns or not all(rows[i][c] is None for c in columns)]
    return scope


def of_scope(case, rows, kinds, scope):
    """What the check says of these rows: of all, or of one group."""
    check = case["check"]
    name, columns = check["check"], columns_of(check)
    by_row = name not in NOT_BY_ROW
    nulls_fail = check.get("null_policy", "fail" if name in NULLS_FAIL else "pass") == "fail"
    bad, missing, observed = [], 0, None
    good = warn = False
    measured = name in NOT_BY_ROW or name in ("unique", "primary_key", "relationships",
                                              "monotonic")
    if measured:
        empty = [] if name in TABLES else [i for i in scope if any(rows[i][c] is None for c in columns)]
        values = [i for i in scope if i not in empty]
        if by_row and nulls_fail:
            bad += empty
        else:
            missing = len(empty)
    if not measured:
        for i in scope:
            said = truth(check, rows[i], kinds, case)
            if said is False or (said is None and nulls_fail):
                bad.append(i)
            elif said is None:
                missing += 1
        unexpected = len(bad)
    elif name in ("unique", "primary_key"):
        keys = [key(rows[i], columns) for i in values]
        repeated = [i for k, i in enumerate(values) if keys[k] in keys[:k]]
        unexpected = len(bad) + sum(keys.count(k) > 1 for k in keys)
        bad += repeated
    elif name == "monotonic":
        bad += out_of_order(check, rows, values, kinds)
        unexpected = len(bad)
    elif name == "relationships":
        to = case["references"][check["to"]]
        other = dict(fields(to["schema"]))
        theirs = [dict(zip(other, (value_of(c, k) for c, k in zip(r, other.values()))))
                  for r in to["rows"]]
        if "to_condition" in check:
            theirs = [r for r in theirs if case["python"][check["to_condition"]](r) is True]
        named = check.get("fields", [check["field"]] if "field" in check else columns)
        known = {key(r, named) for r in theirs}
        bad += [i for i in values if key(rows[i], columns) not in known]
        unexpected = len(bad)
    else:
        good, observed, warn = of_column(check, [rows[i] for i in scope],
                                         [rows[i] for i in values], kinds, case)
    evaluated = len(scope) - missing
    failures = unexpected if by_row else int(not good)
    out = {"status": status_of(check, good, warn, failures, evaluated, by_row),
           "seen": len(scope), "missing": missing, "evaluated": evaluated}
    if by_row:
        out.update({"unexpected": unexpected, "bad": sorted(bad)})
    elif observed is not None:
        out["observed"] = observed if math.isfinite(observed) else str(observed)
    return out


def answer(case):
    """What a case's check says: the members that its line holds the library to."""
    check = case["check"]
    kinds = dict(fields(case["schema"]))
    rows = [{name: value_of(cell, kind) for (name, kind), cell in zip(kinds.items(), row)}
            for row in case["rows"]]
    scope = scope_of(case, rows)
    if "group_by" not in check:
        return of_scope(case, rows, kinds, scope)
    groups = {}
    for i in scope:
        groups.setdefault(key(rows[i], check["group_by"]), []).append(i)
    said = [of_scope(case, rows, kinds, group) for group in groups.values()]
    statuses = ["passed", "warned", "failed"]
    out = {"status": statuses[max([statuses.index(s["status"]) for s in said], default=0)],
           "groups": len(said), "groups_failed": sum(s["status"] != "passed" for s in said)}
    for name in ("seen", "missing", "evaluated", "unexpected"):
        if name != "unexpected" or check["check"] not in NOT_BY_ROW:
            out[name] = sum(s[name] for s in said)
    if check["check"] not in NOT_BY_ROW:
        out["bad"] = sorted(i for s in said for i in s["bad"])
    return out
