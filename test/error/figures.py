#!/usr/bin/env python3
"""What the programs of this folder measured, as plots beside the data and as the tables of the README and pln-sketches(7): writes them anew."""
import csv
import math
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
DATA = os.path.join(HERE, "data")
PRECISIONS = (10, 12, 14, 16)
ORDERS = {1: "at random", 2: "rising", 3: "both ends"}

# The picture brings its own ground, so that it can be read wherever it lies.
STYLE = """
.ground { fill: #ffffff } text { fill: #24292f; font: 12px sans-serif } .head { font-weight: bold; font-size: 13px }
.axis { stroke: #57606a; fill: none } .grid { stroke: #dde2e7 } .limit { stroke-dasharray: 6 4 } .line { fill: none; stroke-width: 1.8 } .black { stroke: #24292f }
.c0 { stroke: #0072b2 } .c1 { stroke: #d55e00 } .c2 { stroke: #00875f } .c3 { stroke: #a3558b } .dot { stroke: none }
.f0 { fill: #0072b2 } .f1 { fill: #d55e00 } .f2 { fill: #00875f } .f3 { fill: #a3558b }
@media (prefers-color-scheme: dark) {
.ground { fill: #0d1117 } text { fill: #e6edf3 } .axis { stroke: #8b949e } .grid { stroke: #2a313a } .black { stroke: #e6edf3 }
.c0 { stroke: #58a6ff } .c1 { stroke: #f0883e } .c2 { stroke: #3fb984 } .c3 { stroke: #d991c3 }
.f0 { fill: #58a6ff } .f1 { fill: #f0883e } .f2 { fill: #3fb984 } .f3 { fill: #d991c3 }
}
"""


def read(name):
    """Rows as numbers by column."""
    with open(os.path.join(DATA, name + ".csv"), encoding="ascii") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def longest(rows, *keys):
    """Of the rows that differ in their trials alone, those of the most."""
    most = {}
    for row in rows:
        key = tuple(row[k] for k in keys)
        if key not in most or row["trials"] >= most[key]["trials"]:
            most[key] = row
    return list(most.values())


# ---- plots ----

def power(value):
    k = round(math.log10(value))
    return f"{10 ** k:,}" if 0 <= k < 7 else f"10^{k}" if k > 0 else f"{value:.{-k}f}"


class Scale:
    def __init__(self, first, last, ticks, logarithmic=False, name=lambda tick: f"{tick:g}"):
        self.change = math.log10 if logarithmic else float
        self.first, self.last = first, last
        self.ticks = [(tick, name(tick)) for tick in ticks]

    def __call__(self, value):
        """From 0 to 1; what is outside lies on the edge."""
        low, high = self.change(self.first), self.change(self.last)
        return (self.change(min(max(value, self.first), self.last)) - low) / (high - low)


def powers(first, last, name=power):
    return Scale(10.0 ** first, 10.0 ** last, [10.0 ** k for k in range(first, last + 1)], True, name)


class Panel:
    """One field of a plot: at x, y; w wide and h high."""

    def __init__(self, place, scales, head, below):
        self.x, self.y, self.w, self.h = place
        self.across, self.up = scales
        self.out = [f'<text class="head" x="{self.x}" y="{self.y - 10}">{head}</text>']
        for tick, name in self.across.ticks:
            x = self.at(tick, self.up.first)[0]
            self.out.append(f'<path class="grid" d="M{x:.1f} {self.y}v{self.h}"/>')
            self.out.append(f'<text x="{x:.1f}" y="{self.y + self.h + 16}" text-anchor="middle">{name}</text>')
        for tick, name in self.up.ticks:
            y = self.at(self.across.first, tick)[1]
            self.out.append(f'<path class="grid" d="M{self.x} {y:.1f}h{self.w}"/>')
            self.out.append(f'<text x="{self.x - 6}" y="{y + 4:.1f}" text-anchor="end">{name}</text>')
        self.out.append(f'<path class="axis" d="M{self.x} {self.y}v{self.h}h{self.w}"/>')
        self.out.append(f'<text x="{self.x + self.w}" y="{self.y + self.h + 32}" text-anchor="end">{below}</text>')

    def at(self, x, y):
        return self.x + self.across(x) * self.w, self.y + (1 - self.up(y)) * self.h

    def line(self, points, kind):
        path = "L".join("%.1f %.1f" % self.at(*point) for point in points)
        self.out.append(f'<path class="line {kind}" d="M{path}"/>')

    def dots(self, points, kind):
        self.out += ['<circle class="dot %s" cx="%.1f" cy="%.1f" r="4"/>' % (kind, *self.at(*point)) for point in points]

    def limit(self, value, kind="black"):
        self.line([(self.across.first, value), (self.across.last, value)], "limit " + kind)


def legend(x, y, entries):
    out = []
    for kind, name in entries:
        shape = f'<circle class="dot {kind}" cx="{x + 12}" cy="{y - 4}" r="4"/>' if kind.startswith("f") \
            else f'<path class="line {kind}" d="M{x} {y - 4}h24"/>'
        out.append(f'{shape}<text x="{x + 30}" y="{y}">{name}</text>')
        x += 54 + 7 * len(name)
    return out


def svg(width, height, name, parts):
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">',
                      f"<title>{name}</title>", f"<style>{STYLE}</style>", f'<rect class="ground" width="{width}" height="{height}"/>',
                      *parts, "</svg>", ""])


def stated_error(precision):
    return 1.039 / math.sqrt(2 ** precision)


def plot_hll():
    rows = [row for row in longest(read("hll"), "precision", "n") if row["n"] <= 1e6]
    trials = int(rows[0]["trials"])
    million = powers(0, 6)
    percent = powers(-3, 1, lambda tick: f"{tick:g} %")
    mean = Scale(-0.2, 0.2, (-0.15, 0, 0.15))
    thousand = Scale(0, 15, (0, 5, 10, 14))
    name = "different values"
    error = Panel((64, 84, 640, 222), (million, percent), "Root of the mean squared error, relative to n; dashed: the standard error that is stated", name)
    bias = Panel((64, 380, 640, 130), (million, mean), "Mean error, in standard errors; dashed: the limits", name)
    beyond = Panel((64, 584, 640, 130), (million, thousand), "Estimates of 1,000 that are off by more than three standard errors; dashed: the limit", name)
    for i, precision in enumerate(PRECISIONS):
        mine = [row for row in rows if row["precision"] == precision]
        unit = 100 * stated_error(precision)
        error.limit(unit, f"c{i}")
        error.line([(row["n"], row["rmse"] * unit) for row in mine], f"c{i}")
        bias.line([(row["n"], row["bias"]) for row in mine], f"c{i}")
        beyond.line([(row["n"], row["beyond"] * 1000 / trials) for row in mine], f"c{i}")
    bias.limit(-0.15)
    bias.limit(0.15)
    beyond.limit(14)
    parts = [f'<text class="head" x="64" y="22">HyperLogLog: {trials:,} sketches of each precision</text>',
             *legend(64, 44, [(f"c{i}", f"p = {p}") for i, p in enumerate(PRECISIONS)]), *error.out, *bias.out, *beyond.out]
    return svg(750, 764, "The errors of HyperLogLog", parts)


def plot_quantiles():
    rows = longest(read("quantiles"), "k", "order")
    sizes = Scale(30, 20000, (50, 200, 1000, 10000), True, lambda tick: f"{tick:,}")
    parts = ['<text class="head" x="64" y="22">Quantiles: what 99 of 100 ranks are off by, as a part of n</text>',
             *legend(64, 44, [("limit black", "stated"), *((f"f{i}", f"measured, {ORDERS[i + 1]}") for i in range(3))])]
    for at, (column, head) in enumerate((("one", "One rank"), ("between", "The part between two numbers"))):
        panel = Panel((64 + 352 * at, 80, 280, 230), (sizes, powers(-3, 1, lambda tick: f"{tick:g} %")), head, "k")
        panel.line(sorted({(row["k"], 100 * row[column]) for row in rows}), "limit black")
        for i in range(3):
            panel.dots([(row["k"], 100 * row[column + "_99"]) for row in rows if row["order"] == i + 1], f"f{i}")
        parts += panel.out
    return svg(740, 360, "The errors of quantiles", parts)


PLOTS = {"hll.svg": plot_hll, "quantiles.svg": plot_quantiles}


# ---- tables ----

def short(value):
    """Two significant digits, three for what begins with 1, never with an exponent."""
    if value == 0:
        return "0"
    digits = (2 if f"{value:e}"[0] == "1" else 1) - math.floor(math.log10(value))
    return f"{value:,.{max(0, digits)}f}"


def share(value):
    return short(100 * value) + " %"


def lay_out(rows, numbers_from=0):
    """Columns as wide as they must be."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.rjust(w) if i >= numbers_from else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths))).rstrip()
                     for row in rows)


def worst_hll(rows, precision):
    mine = [row for row in rows if row["precision"] == precision and row["n"] <= 1e6]
    return (max(row["rmse"] for row in mine) * stated_error(precision), max(abs(row["bias"]) for row in mine),
            max(row["beyond"] / row["trials"] for row in mine))


def hll_table():
    rows = longest(read("hll"), "precision", "n")
    out = [["p", *(f"n = {10 ** k:,}" for k in range(2, 7)), "mean", "over 3"]]
    for precision in PRECISIONS:
        at = {row["n"]: row["rmse"] * stated_error(precision) for row in rows if row["precision"] == precision}
        _, bias, beyond = worst_hll(rows, precision)
        out.append([str(precision), *(share(at[10 ** k]) for k in range(2, 7)), f"{bias:.3f}", f"{1000 * beyond:.1f}"])
    return lay_out(out)


def count_min_table():
    out = [["w", "d", "update", "law", "e^-d", "over", "mean", "greatest"]]
    for row in longest(read("count_min"), "columns", "update", "exponent"):
        out.append([f"{int(row['columns']):,}", f"{row['rows']:.0f}", "plain" if row["update"] == 1 else "conservative", f"{row['exponent']:g}",
                    share(row["delta"]), share(row["over"]), short(row["mean"]), short(row["greatest"])])
    return lay_out(out)


def quantiles_table():
    out = [["k", "order", "one rank", "measured", "between two", "measured"]]
    for row in sorted(longest(read("quantiles"), "k", "order"), key=lambda row: (row["k"], row["order"])):
        out.append([f"{int(row['k']):,}", ORDERS[int(row["order"])], share(row["one"]), share(row["one_99"]), share(row["between"]),
                    share(row["between_99"])])
    return lay_out(out)


def bloom_table():
    out = [["made for", "values", "formula", "measured", "told"]]
    for row in longest(read("bloom"), "error", "values"):
        out.append([f"{100 * row['error']:g} %", f"{int(row['values']):,}", share(row["formula"]), share(row["rate"]), share(row["told"])])
    return lay_out(out)


def top_k_table():
    out = [["capacity", "law", "error at most", "measured", "10 heaviest found"]]
    for row in longest(read("top_k"), "capacity", "exponent"):
        out.append([f"{int(row['capacity']):,}", f"{row['exponent']:g}", share(row["bound"]), share(row["greatest"]),
                    f"{100 * row['found']:.0f} %" if row["exponent"] > 0 else "-"])
    return lay_out(out)


def one(name, keys, **want):
    return next(row for row in longest(read(name), *keys) if all(row[k] == v for k, v in want.items()))


def readme_table():
    rows = longest(read("hll"), "precision", "n")
    rmse, bias, beyond = worst_hll(rows, 14)
    cm = one("count_min", ("columns", "update", "exponent"), columns=4096, update=1, exponent=1.1)
    q = one("quantiles", ("k", "order"), k=200, order=1)
    top = one("top_k", ("capacity", "exponent"), capacity=1024, exponent=1.1)
    bloom = one("bloom", ("error", "values"), error=0.01, values=1e6)
    return "\n".join([
        "| sketch | stated | measured |", "|---|---|---|",
        f"| HyperLogLog, 16 KiB | standard error {share(stated_error(14))} | root mean square at most {share(rmse)} at any n up to a million; mean at most {bias:.3f} "
        f"standard errors; at most {1000 * beyond:.1f} estimates of 1,000 off by more than three |",
        f"| Count-Min, 160 KiB | never too low; too high by over {share(math.e / cm['columns'])} of the total with a probability of {share(cm['delta'])} | "
        f"{share(cm['over'])} of the answers; at most {share(cm['greatest'] * math.e / cm['columns'])} |",
        f"| quantiles, 8.6 KiB | 99 of 100 ranks within {share(q['one'])} | within {share(q['one_99'])} |",
        f"| top-k, 33 KiB | bounds that always hold, no further apart than {share(top['bound'])} | held; {share(top['greatest'])} |",
        f"| Bloom filter, 10.5 bits a value | {100 * bloom['error']:g} % of false answers | {share(bloom['rate'])} |"])


PAGES = {"man/pln-sketches.7": (hll_table, count_min_table, quantiles_table, bloom_table, top_k_table), "README.md": (readme_table,)}


def page(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def renewed(path):
    """The page with the tables of the data in the place of those that begin with the same words."""
    text = page(path)
    for table in PAGES[path]:
        new = table().replace("-", "\\-") if path.endswith(".7") else table()
        head = r"[ ]*" + r"[ ]+".join(map(re.escape, new.split("\n", 1)[0].split()))
        text, found = re.subn(rf"^{head}\n(?:[^.\n].*\n)*", lambda _: new + "\n", text, flags=re.M)
        if found != 1:
            sys.exit(f"{path}: {table.__name__} is there {found} times")
    return text


def main():
    for name, plot in PLOTS.items():
        with open(os.path.join(DATA, name), "w", encoding="utf-8") as file:
            file.write(plot())
    for path in PAGES:
        text = renewed(path)
        with open(os.path.join(ROOT, path), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()
