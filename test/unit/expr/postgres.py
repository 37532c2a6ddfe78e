#!/usr/bin/env python3
"""Ask a PostgreSQL server (PGHOST, PGPORT, PGUSER) what expressions.txt gives on rows.ndjson; writes postgres.tsv.

A line is an expression and its value in each row: \\N is null, ! an error.
"""
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TYPES = """id int8, a int8, b int8, i int4, h int2, f float8, r float4, d numeric(10,2), e numeric(12,4),
    s text, u text, t date, ts timestamp, tm time, ok boolean, no boolean"""
SETUP = """
\\set ON_ERROR_STOP on
set datestyle = 'ISO';
create temp table t (%s);
create function pg_temp.ask(what text, n bigint) returns text language plpgsql as $$
declare answer text;
begin
    execute format('select (%%s)::text from t where id = %%s', what, n) into answer;
    return coalesce(answer, '\\N');
exception when others then
    if sqlstate like '42%%' then raise notice '%%: %%', what, sqlerrm; return '?'; end if;
    return '!';
end $$;
""" % TYPES


def quote(text):
    return "'" + text.replace("'", "''") + "'"


def main():
    rows = open(f"{HERE}/rows.ndjson", encoding="utf-8").read().splitlines()
    lines = [line for line in open(f"{HERE}/expressions.txt", encoding="utf-8").read().splitlines() if line]
    sql = SETUP
    for row in rows:
        sql += f"insert into t select * from json_populate_record(null::t, {quote(row)});\n"
    for line in lines:
        sql += f"select string_agg(pg_temp.ask({quote(line)}, id), E'\\t' order by id) from t;\n"
    out = subprocess.run(["psql", "-qAtX", "-d", "postgres"], input=sql, text=True, capture_output=True, check=True)
    if out.stderr:
        print(out.stderr)
    answers = out.stdout.splitlines()
    assert len(answers) == len(lines), (len(answers), len(lines))
    with open(f"{HERE}/postgres.tsv", "w", encoding="utf-8") as file:
        for line, answer in zip(lines, answers):
            file.write(f"{line}\t{answer}\n")


main()
