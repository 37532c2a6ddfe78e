#!/usr/bin/env python3
"""Makes csv_python.jsonl: what Python's csv module (strict) reads from small random texts.

    make_csv_python.py > csv_python.jsonl

Left out is what the two are meant to differ in: a quote inside of an unquoted field (an error here, text there), a lone
CR outside of quotes (text here, a line end there), blank lines, and rows of different lengths where all must have one.
"""
import csv
import io
import json
import random

PIECES = ["a", "b c", "1", ",", ";", "\n", "\r\n", '"', "'", '""', "\\", " ", "\t", "é", "", "x,y", "=", "#"]


def texts(rng, n):
    return ["".join(rng.choice(PIECES) for _ in range(rng.randrange(4))) for _ in range(n)]


def written(rng):
    """Rows that a csv.writer wrote: the reader must give them back."""
    width = rng.randrange(2, 5)
    rows = [texts(rng, width) for _ in range(rng.randrange(1, 5))]
    options = {"delimiter": rng.choice(",;\t"), "quotechar": rng.choice("\"'"), "lineterminator": rng.choice(["\n", "\r\n"]),
               "quoting": rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])}
    if rng.randrange(4) == 0:
        options.update(escapechar="\\", doublequote=False)
        # Python escapes line ends and delimiters of unquoted fields; here an escape counts within quotes only.
        options["quoting"] = csv.QUOTE_ALL
    out = io.StringIO()
    csv.writer(out, **options).writerows(rows)
    return out.getvalue(), options, rows


def raw(rng):
    """Anything at all, with commas, quotes and line ends."""
    text = "".join(rng.choice(["a", "1", ",", ",", '"', '"', '""', "\n", "\n", '","', '"\n"', " "]) for _ in range(rng.randrange(20)))
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        return text, {}, None
    return text, {}, rows


def main():
    rng = random.Random(20130101)
    seen, count = set(), {"rows": 0, "error": 0}
    while min(count.values()) < 150 or sum(count.values()) < 500:
        text, options, rows = written(rng) if rng.randrange(2) else raw(rng)
        if text in seen or text.replace("\r\n", "\n").find("\r") >= 0:
            continue
        kind = "error" if rows is None else "rows"
        if rows is not None:
            if not rows or len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
                continue
            if not options and any('"' in field for row in rows for field in row):
                continue
        if count[kind] >= 350:
            continue
        seen.add(text)
        count[kind] += 1
        case = {"text": text}
        if options:
            case["delimiter"], case["quote"] = options["delimiter"], options["quotechar"]
            if "escapechar" in options:
                case["escape"] = options["escapechar"]
        if rows is not None:
            case["rows"] = rows
        print(json.dumps(case))


main()
