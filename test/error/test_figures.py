#!/usr/bin/env python3
"""The errors that are published are within what is stated, come from this code, and are what the plots, the README and pln-sketches(7) show."""
import os
import subprocess
import sys

import figures

BUILD = os.environ.get("O", os.path.join(figures.ROOT, "build"))
LONG = "PLN_TORTURE" in os.environ
# How many trials give the first lines of the data.
FEW = {"hll": ("1000" if LONG else "10", "0"), "count_min": ("2",), "quantiles": ("2",), "bloom": ("1",), "top_k": ("1",)}
counts = [0, 0, 0]


def check(what, good):
    counts[0 if good else 1] += 1
    if not good:
        print("failed:", what)


def each(name, rows, holds):
    bad = [row for row in rows if not holds(row)]
    check(f"{name}: {bad[:3]}", rows and not bad)


def million():
    """Every precision from 1 to a million values, after each number of trials."""
    rows = [row for row in figures.read("hll") if row["n"] <= 1e6]
    for precision in figures.PRECISIONS:
        at = [row["n"] for row in rows if row["precision"] == precision and row["trials"] == 10000]
        check(f"precision {precision} is measured at 30 n's from 1 to a million", len(at) >= 30 and at[0] == 1 and at[-1] == 1e6)
    many = [row for row in rows if row["trials"] >= 1000]
    all_trials = sum(row["trials"] for row in many)
    each("of 1,000 sketches at most 14 are off by three standard errors", many, lambda row: row["beyond"] <= 0.014 * row["trials"])
    check("all together at most 0.5 %", sum(row["beyond"] for row in many) <= 0.005 * all_trials)
    each("of 1,000 intervals of three own errors at most 14 miss", many, lambda row: row["missed"] <= 0.014 * row["trials"])
    check("all together at most 0.5 %", sum(row["missed"] for row in many) <= 0.005 * all_trials)
    each("the mean of 10,000 is off by less than 0.15 standard errors", [row for row in rows if row["trials"] == 10000],
         lambda row: abs(row["bias"]) < 0.15)
    # The root of the mean square of 10,000 errors has a standard error of 0.7 % itself.
    each("the spread is the standard error at most", [row for row in rows if row["trials"] == 10000], lambda row: row["rmse"] < 1.03)


def large():
    rows = [row for row in figures.read("hll") if row["n"] > 1e6 and row["trials"] >= 100]
    check("precision 14 is measured up to 10^8", rows and max(row["n"] for row in rows) == 1e8)
    each("large n: mean", rows, lambda row: abs(row["bias"]) < 4 / row["trials"] ** 0.5)
    each("large n: spread", rows, lambda row: row["rmse"] < 1 + 4 / (2 * row["trials"]) ** 0.5)
    each("large n: no more than 3 of 100 beyond three standard errors", rows, lambda row: row["beyond"] <= 0.03 * row["trials"])


def others():
    rows = figures.read("count_min")
    each("Count-Min is never too low", rows, lambda row: row["below"] == 0)
    each("Count-Min is seldom over epsilon", rows, lambda row: row["over"] <= row["delta"])
    rows = figures.longest(figures.read("quantiles"), "k", "order")
    each("quantiles: one rank", rows, lambda row: row["one_over"] <= 0.01 and row["one_99"] <= row["one"])
    each("quantiles: between two", rows, lambda row: row["between_over"] <= 0.01 and row["between_99"] <= row["between"])
    rows = figures.read("top_k")
    each("top-k: bounds hold, and nothing heavy is lost", rows, lambda row: row["outside"] == 0 and row["lost"] == 0)
    each("top-k: the error is below its bound", rows, lambda row: row["greatest"] < row["bound"])
    rows = figures.longest(figures.read("bloom"), "error", "values")
    each("Bloom: nothing that was added is denied", rows, lambda row: row["denied"] == 0)
    # The blocks of each filter are full by chance as well, which is the 2 %.
    each("Bloom: false answers as the formula says", rows, lambda row: abs(row["yes"] - row["formula"] * row["questions"]) <=
         5 * (row["formula"] * row["questions"]) ** 0.5 + 0.02 * row["formula"] * row["questions"])


def same_again():
    """A run of few trials prints the first lines of the data, byte for byte."""
    for name, trials in FEW.items():
        program = os.path.join(BUILD, "test", "error", "error_" + name)
        with open(os.path.join(figures.DATA, name + ".csv"), "rb") as file:
            data = file.read()
        done = subprocess.run([program, *trials], stdout=subprocess.PIPE, check=False)
        check(f"error_{name} {' '.join(trials)} prints the first lines of {name}.csv",
              done.returncode == 0 and done.stdout.count(b"\n") > 5 and data.startswith(done.stdout))


def shown():
    for name, plot in figures.PLOTS.items():
        with open(os.path.join(figures.DATA, name), encoding="utf-8") as file:
            check(f"{name} is not the plot of the data: test/error/figures.py makes it", file.read() == plot())
    for path in figures.PAGES:
        check(f"{path} has other tables than the data: test/error/figures.py makes them", figures.page(path) == figures.renewed(path))


if not os.path.exists(os.path.join(BUILD, "test", "error", "error_hll")):
    print("skip: the programs of test/error are not built")
    sys.exit(77)
for part in (million, large, others, same_again, shown):
    part()
print("%d passed, %d failed, %d skipped" % tuple(counts))
sys.exit(1 if counts[1] else 0)
