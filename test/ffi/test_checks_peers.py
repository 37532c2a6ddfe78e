#!/usr/bin/env python3
"""The same checks in Great Expectations and in dbt, over real tables: success, how many rows were looked at, how many are wrong, and what was observed.

    pip install great_expectations pyarrow            and, as it pleases, in another place
    pip install "dbt-core<1.10" "dbt-duckdb<1.10"     DBT names the program if it is not in PATH

Each side reads the files by itself: csv.read here, pandas for Great Expectations, DuckDB for dbt. --table prints the comparison check by check.
"""
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile

from binding import check, counts, end, pln, skip

DATA = os.environ.get("PLN_TEST_DATA", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared", "data"))
DBT = os.environ.get("DBT") or shutil.which("dbt")

TABLES = {
    "flights": ("nycflights13/flights_2013h1.csv.gz",
                "year int32, month int8, day int8, dep_time int32, dep_delay int32, arr_time int32, arr_delay int32, carrier utf8, tailnum utf8, "
                "flight int32, origin utf8, dest utf8, air_time int32, distance int32, hour int8, minute int8"),
    "planes": ("nycflights13/planes.csv",
               "tailnum utf8, year int32, type utf8, manufacturer utf8, model utf8, engines int8, seats int32, speed int32, engine utf8"),
    "airports": ("nycflights13/airports.csv", "faa utf8, name utf8, lat float64, lon float64, alt int32, tz int8, dst utf8, tzone utf8"),
    "weather": ("nycflights13/weather.csv",
                "origin utf8, year int32, month int8, day int8, hour int8, temp float64, dewp float64, humid float64, wind_dir int32, "
                "wind_speed float64, wind_gust float64, precip float64, pressure float64, visib float64, time_hour utf8"),
    "customers": ("jaffle_shop/raw_customers.csv", "id int32, first_name utf8, last_name utf8"),
    "orders": ("jaffle_shop/raw_orders.csv", "id int32, user_id int32, order_date utf8, status utf8"),
    "payments": ("jaffle_shop/raw_payments.csv", "id int32, order_id int32, payment_method utf8, amount int32")}

STATUSES, METHODS = ["placed", "shipped", "completed", "returned"], ["credit_card", "coupon", "bank_transfer"]
# Table, our check, the expectation with its arguments if they are not the check's own, the test of dbt.
NOT_NULL, UNIQUE = "not_null", "unique"


def of(kind, **parameters):
    return {"check": kind, **parameters}


def accepted(values, **more):
    return {"accepted_values": {"values": values, **more}}


def references(to, field):
    return {"relationships": {"to": f"ref('{to}')", "field": field}}


CASES = [
    ("flights", of("not_null", column="dep_time"), "ColumnValuesToNotBeNull", None, NOT_NULL),
    ("flights", of("not_null", column="dep_time", mostly=0.95), "ColumnValuesToNotBeNull", None, None),
    ("flights", of("not_null", column="carrier"), "ColumnValuesToNotBeNull", None, NOT_NULL),
    ("flights", of("null", column="tailnum"), "ColumnValuesToBeNull", None, None),
    ("flights", of("unique", column="tailnum"), "ColumnValuesToBeUnique", None, UNIQUE),
    ("flights", of("unique", columns=["year", "month", "day", "carrier", "flight", "origin"]), "CompoundColumnsToBeUnique",
     {"column_list": ["year", "month", "day", "carrier", "flight", "origin"]}, None),
    ("flights", of("between", column="dep_delay", min=-30, max=600), "ColumnValuesToBeBetween", {"min_value": -30, "max_value": 600}, None),
    ("flights", of("between", column="air_time", min=20, max=600, strict_min=True, mostly=0.999), "ColumnValuesToBeBetween",
     {"min_value": 20, "max_value": 600, "strict_min": True}, None),
    ("flights", of("in_set", column="origin", values=["EWR", "JFK"]), "ColumnValuesToBeInSet", {"value_set": ["EWR", "JFK"]}, accepted(["EWR", "JFK"])),
    ("flights", of("in_set", column="month", values=[1, 2, 3, 4, 5, 6]), "ColumnValuesToBeInSet", {"value_set": [1, 2, 3, 4, 5, 6]},
     accepted([1, 2, 3, 4, 5, 6], quote=False)),
    ("flights", of("not_in_set", column="dest", values=["SJU", "BQN"]), "ColumnValuesToNotBeInSet", {"value_set": ["SJU", "BQN"]}, None),
    ("flights", of("matches", column="tailnum", pattern="^N[0-9]{3}"), "ColumnValuesToMatchRegex", {"regex": "^N[0-9]{3}"}, None),
    ("flights", of("not_matches", column="tailnum", pattern="MQ$"), "ColumnValuesToNotMatchRegex", {"regex": "MQ$"}, None),
    ("flights", of("matches_any", column="tailnum", patterns=["JB$", "^N1", "AA"]), "ColumnValuesToMatchRegexList",
     {"regex_list": ["JB$", "^N1", "AA"], "match_on": "any"}, None),
    ("flights", of("length", column="tailnum", equals=6), "ColumnValueLengthsToEqual", {"value": 6}, None),
    ("flights", of("length", column="tailnum", min=6, max=6, mostly=0.9), "ColumnValueLengthsToBeBetween", {"min_value": 6, "max_value": 6}, None),
    ("flights", of("pair_greater", a="arr_time", b="dep_time", or_equal=True), "ColumnPairValuesAToBeGreaterThanB",
     {"column_A": "arr_time", "column_B": "dep_time", "or_equal": True, "ignore_row_if": "either_value_is_missing"}, None),
    ("flights", of("pair_equal", a="dep_delay", b="arr_delay"), "ColumnPairValuesToBeEqual",
     {"column_A": "dep_delay", "column_B": "arr_delay", "ignore_row_if": "either_value_is_missing"}, None),
    ("flights", of("unique_within_row", columns=["origin", "dest"]), "SelectColumnValuesToBeUniqueWithinRecord", {"column_list": ["origin", "dest"]}, None),
    ("flights", of("not_null", column="arr_time", where="month = 2"), "ColumnValuesToNotBeNull",
     {"column": "arr_time", "row_condition": "month == 2", "condition_parser": "pandas"}, {"not_null": {"config": {"where": "month = 2"}}}),
    ("flights", of("relationships", column="dest", to="airports", field="faa"), None, None, references("airports", "faa")),
    ("flights", of("relationships", column="tailnum", to="planes", field="tailnum"), None, None, references("planes", "tailnum")),
    ("flights", of("row_count", min=1, max=200000), "TableRowCountToBeBetween", {"min_value": 1, "max_value": 200000}, None),
    ("flights", of("row_count", equals=166157), "TableRowCountToEqual", {"value": 166157}, None),
    ("flights", of("column_count", equals=16), "TableColumnCountToEqual", {"value": 16}, None),
    ("flights", of("column_min", column="dep_delay", min=-60), "ColumnMinToBeBetween", {"min_value": -60}, None),
    ("flights", of("column_max", column="distance", max=4983), "ColumnMaxToBeBetween", {"max_value": 4983}, None),
    ("flights", of("column_mean", column="arr_delay", min=0, max=10), "ColumnMeanToBeBetween", {"min_value": 0, "max_value": 10}, None),
    ("flights", of("column_sum", column="air_time", min=0), "ColumnSumToBeBetween", {"min_value": 0}, None),
    ("flights", of("column_stdev", column="dep_delay", min=0, max=30), "ColumnStdevToBeBetween", {"min_value": 0, "max_value": 30}, None),
    ("flights", of("column_median", column="distance", min=0, max=1000), "ColumnMedianToBeBetween", {"min_value": 0, "max_value": 1000}, None),
    ("flights", of("distinct_count", column="carrier", min=1, max=16), "ColumnUniqueValueCountToBeBetween", {"min_value": 1, "max_value": 16}, None),
    ("flights", of("distinct_proportion", column="tailnum", min=0.1), "ColumnProportionOfUniqueValuesToBeBetween", {"min_value": 0.1}, None),
    ("flights", of("completeness", column="dep_time", min=0.99), "ColumnProportionOfNonNullValuesToBeBetween", {"min_value": 0.99}, None),
    ("flights", of("column_exists", column="tailnumber"), "ColumnToExist", None, None),
    ("airports", of("unique", column="faa"), "ColumnValuesToBeUnique", None, UNIQUE),
    ("airports", of("unique", column="name"), "ColumnValuesToBeUnique", None, UNIQUE),
    ("airports", of("between", column="lon", min=-180, max=0), "ColumnValuesToBeBetween", {"min_value": -180, "max_value": 0}, None),
    ("airports", of("not_null", column="tzone"), "ColumnValuesToNotBeNull", None, NOT_NULL),
    ("airports", of("in_set", column="dst", values=["A", "N"]), "ColumnValuesToBeInSet", {"value_set": ["A", "N"]}, accepted(["A", "N"])),
    ("airports", of("length", column="name", max=30), "ColumnValueLengthsToBeBetween", {"max_value": 30}, None),
    ("airports", of("matches_none", column="name", patterns=["Airport$", "Intl"]), "ColumnValuesToNotMatchRegexList",
     {"regex_list": ["Airport$", "Intl"]}, None),
    ("airports", of("columns_match", columns=["faa", "name", "lat", "lon", "alt", "tz", "dst", "tzone"], ordered=True), "TableColumnsToMatchOrderedList",
     {"column_list": ["faa", "name", "lat", "lon", "alt", "tz", "dst", "tzone"]}, None),
    ("planes", of("unique", column="tailnum"), "ColumnValuesToBeUnique", None, UNIQUE),
    ("planes", of("between", column="year", min=1980, max=2013), "ColumnValuesToBeBetween", {"min_value": 1980, "max_value": 2013}, None),
    ("planes", of("not_null", column="speed"), "ColumnValuesToNotBeNull", None, NOT_NULL),
    ("planes", of("in_set", column="engine", values=["Turbo-fan", "Turbo-jet", "Reciprocating"]), "ColumnValuesToBeInSet",
     {"value_set": ["Turbo-fan", "Turbo-jet", "Reciprocating"]}, accepted(["Turbo-fan", "Turbo-jet", "Reciprocating"])),
    ("planes", of("pair_in_set", a="engines", b="engine", pairs=[[2, "Turbo-fan"], [2, "Turbo-jet"]]), "ColumnPairValuesToBeInSet",
     {"column_A": "engines", "column_B": "engine", "value_pairs_set": [[2, "Turbo-fan"], [2, "Turbo-jet"]]}, None),
    ("weather", of("unique", columns=["origin", "year", "month", "day", "hour"]), "CompoundColumnsToBeUnique",
     {"column_list": ["origin", "year", "month", "day", "hour"]}, None),
    ("weather", of("unique", column="time_hour"), "ColumnValuesToBeUnique", None, UNIQUE),
    ("weather", of("column_max", column="wind_speed", max=200), "ColumnMaxToBeBetween", {"max_value": 200}, None),
    ("weather", of("column_stdev", column="temp", min=0), "ColumnStdevToBeBetween", {"min_value": 0}, None),
    ("weather", of("column_sum", column="precip", min=0), "ColumnSumToBeBetween", {"min_value": 0}, None),
    ("weather", of("not_null", column="wind_gust", mostly=0.2), "ColumnValuesToNotBeNull", None, None),
    ("customers", of("unique", column="id"), "ColumnValuesToBeUnique", None, UNIQUE),
    ("customers", of("unique", column="first_name"), "ColumnValuesToBeUnique", None, UNIQUE),
    ("orders", of("in_set", column="status", values=STATUSES), "ColumnValuesToBeInSet", {"value_set": STATUSES}, accepted(STATUSES)),
    ("orders", of("relationships", column="user_id", to="customers", field="id"), None, None, references("customers", "id")),
    ("orders", of("unique", column="user_id", severity="warn"), "ColumnValuesToBeUnique", {"column": "user_id"}, {"unique": {"config": {"severity": "warn"}}}),
    ("orders", of("unique", column="user_id", where="id < 10"), None, None, {"unique": {"config": {"where": "id < 10"}}}),
    ("payments", of("in_set", column="payment_method", values=METHODS), "ColumnValuesToBeInSet", {"value_set": METHODS}, accepted(METHODS)),
    ("payments", of("not_null", column="amount"), "ColumnValuesToNotBeNull", None, NOT_NULL),
    ("payments", of("between", column="amount", min=0, max=2500), "ColumnValuesToBeBetween", {"min_value": 0, "max_value": 2500}, None),
]


def name_of(i):
    return f"check_{i}"


def path_of(table):
    return os.path.abspath(os.path.join(DATA, TABLES[table][0]))


# ---- here ----

def read(rt, table):
    kept, g = pln.Table(rt), pln.Graph(rt, table)
    g.add("read", "csv.read", path=path_of(table), schema_handle=pln.Schema(rt, TABLES[table][1]), nulls=["NA", ""])
    g.add("keep", "memory.write", table=kept)
    g.wire("read > keep")
    g.run()
    return kept


def ours(rt):
    """The results by the number of the case, and the values of the wrong rows."""
    tables, found = {name: read(rt, name) for name in TABLES}, {}
    for table in TABLES:
        cases = [(i, one) for i, (of_table, one, *_) in enumerate(CASES) if of_table == table]
        v = validated(rt, [{**one, "id": name_of(i), "sample_limit": 1000} for i, one in cases], cases, tables, table)
        found.update((number_of(result.id), result) for result in v.checks)
        for one in json.loads(v.json())["results"]:
            found[number_of(one["expectation_config"]["kwargs"]["id"]), "wrong"] = one["result"].get("partial_unexpected_list")
        # What dbt gets as its file is a suite here as well.
        for result in validated(rt, {"columns": columns_of(table)}, cases, tables, table).checks:
            check(f"dbt's file: {result.id}", result[3:9] == found[number_of(result.id)][3:9], result)
    return found


def validated(rt, suite, cases, tables, table):
    suite = pln.Suite(rt, suite)
    for to in {one["to"] for _, one in cases if "to" in one}:
        suite.reference(to, tables[to])
    return suite.validate(tables[table])


def number_of(name):
    return int(name.split("_")[1])


# ---- Great Expectations ----

def great_expectations():
    """Results by the number of the case, {} where it is not installed."""
    try:
        os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
        import great_expectations as gx
        import pandas
    except ImportError:
        skip("no great_expectations: no check is held to it")
        return {}
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source, found = context.data_sources.add_pandas("files"), {}
    for table in TABLES:
        frame = pandas.read_csv(path_of(table), keep_default_na=False, na_values=["NA", ""])
        batch = source.add_dataframe_asset(table).add_batch_definition_whole_dataframe("all").get_batch(batch_parameters={"dataframe": frame})
        chosen = [(i, one, name, more) for i, (of_table, one, name, more, _) in enumerate(CASES) if of_table == table and name]
        suite = gx.ExpectationSuite(name=table, expectations=[
            getattr(gx.expectations, "Expect" + name)(**arguments(one, more), meta={"case": i}) for i, one, name, more in chosen])
        for result in batch.validate(suite, result_format="COMPLETE").results:
            found[result.expectation_config.meta["case"]] = result
    return found


def arguments(one, more):
    """The column, if there is one, how much must be right, and what goes by another name there."""
    return {**{name: one[name] for name in ("column", "mostly") if name in one}, **(more or {})}


# ---- dbt ----

def dbt():
    """Results by the number of the case, {} where there is no dbt."""
    if not DBT:
        skip("no dbt: no check is held to it")
        return {}
    with tempfile.TemporaryDirectory() as folder:
        write = writer(folder)
        write("dbt_project.yml", {"name": "peers", "version": "1.0.0", "profile": "peers", "model-paths": ["models"]})
        write("profiles.yml", {"peers": {"target": "dev", "outputs": {"dev": {"type": "duckdb", "path": os.path.join(folder, "peers.duckdb"), "threads": 1}}}})
        for table in TABLES:
            write(f"models/{table}.sql", f"SELECT * FROM read_csv('{path_of(table)}', nullstr = ['NA', ''], header = true)")
        write("models/schema.yml", {"version": 2, "models": [{"name": table, "columns": columns_of(table)} for table in TABLES]})
        done = subprocess.run([DBT, "build", "--project-dir", folder, "--profiles-dir", folder, "--target-path", os.path.join(folder, "target"),
                               "--log-path", folder], capture_output=True, text=True, env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"})
        try:
            with open(os.path.join(folder, "target", "run_results.json"), encoding="utf-8") as file:
                results = json.load(file)["results"]
        except OSError:
            check("dbt runs", False, done.stdout[-2000:], done.stderr[-2000:])
            return {}
    return {number_of(r["unique_id"].split(".")[2]): r for r in results if r["unique_id"].startswith("test.")}


def writer(folder):
    os.mkdir(os.path.join(folder, "models"))

    def write(name, content):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))  # YAML takes it
    return write


def columns_of(table):
    columns = {}
    for i, (of_table, one, _, _, test) in enumerate(CASES):
        if of_table == table and test:
            kind, rest = (test, {}) if isinstance(test, str) else next(iter(test.items()))
            columns.setdefault(one["column"], []).append({kind: {"name": name_of(i), **rest}})
    return [{"name": column, "tests": tests} for column, tests in columns.items()]


# ---- one against the other ----

def near(a, b):
    return a == b or isinstance(a, (int, float)) and isinstance(b, (int, float)) and math.isclose(a, b, rel_tol=1e-9)


def against_gx(mine, theirs):
    """(what they say, whether it is the same)"""
    said = theirs.result
    if mine.unexpected is not None:
        theirs_are = (theirs.success, said.get("element_count"), said.get("unexpected_count"))
        return theirs_are, theirs_are == (mine.status == "passed", mine.rows, mine.unexpected)
    observed = said.get("observed_value")
    return (theirs.success, observed), theirs.success == mine.success and (mine.observed is None or near(mine.observed, observed))


def against_dbt(one, mine, wrong, theirs):
    """dbt counts rows, but for unique and accepted_values values."""
    status = {"pass": "passed", "warn": "warned", "fail": "failed"}.get(theirs["status"], theirs["status"])
    failures = mine.unexpected
    if one["check"] == "unique":
        failures = int(mine.text.split(", ")[1].split()[0])
    elif one["check"] == "in_set" and mine.unexpected <= 1000:
        failures = len(set(wrong))
    elif one["check"] == "in_set":
        failures = theirs["failures"]  # more rows than are shown
    return (status, theirs["failures"]), (status, theirs["failures"]) == (mine.status, failures)


def main():
    if not os.path.isdir(os.path.join(DATA, "nycflights13")):
        skip(f"no nycflights13 in {DATA}")
        end()
    rt = pln.Runtime()
    here, gx, theirs = ours(rt), great_expectations(), dbt()
    for i, (table, one, name, _, test) in enumerate(CASES):
        mine, line, same = here[i], [], []
        if gx and name:
            check(f"{table} {one}: Great Expectations ran", not (gx[i].exception_info or {}).get("raised_exception"), gx[i].exception_info)
            said, equal = against_gx(mine, gx[i])
            line.append(f"GX {said}")
            same.append(equal)
        if theirs and test:
            said, equal = against_dbt(one, mine, here[i, "wrong"], theirs[i])
            line.append(f"dbt {said}")
            same.append(equal)
        for equal in same:
            check(f"{table} {one}", equal, mine, *line)
        if "--table" in sys.argv:
            rest = ",".join(f"{key}={value}" for key, value in one.items() if key not in ("check", "column"))
            print(f"{table} {one['check']}({one.get('column', '')}) {rest[:50]} | {mine.status} {mine.rows} "
                  f"{mine.unexpected if mine.unexpected is not None else mine.observed} | {' | '.join(line)} | {'equal' if all(same) else 'NOT EQUAL'}")
    if counts[0] == counts[1] == 0:
        skip("nothing to compare with")
    end()


main()
