#!/usr/bin/env python3
"""check_orders in Python and Go: orders that are right, that are wrong, and that are fewer than before; the same words from both."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.path.abspath(os.environ.get("O", os.path.join(ROOT, "build")))
HEAD = "order_id,customer,amount,country\n"
counts = [0, 0, 0]


def check(what, good, *details):
    counts[0 if good else 1] += 1
    if not good:
        print("failed:", what, *details)


def languages(folder):
    os.environ.update(PLN_LIBRARY=os.path.join(BUILD, "libpipeline.so"), LD_LIBRARY_PATH=BUILD, GOTOOLCHAIN="local", GOFLAGS="-mod=readonly",
                      CGO_CFLAGS=f"-I{ROOT}/include", CGO_LDFLAGS=f"-L{BUILD} -lpipeline", PYTHONDONTWRITEBYTECODE="1")
    yield "Python", [sys.executable, os.path.join(ROOT, "examples", "python", "check_orders.py")]
    if not shutil.which("go"):
        counts[2] += 1
        print("skip: no go")
        return
    program = os.path.join(folder, "check_orders")
    built = subprocess.run(["go", "build", "-tags", "pln_tree", "-o", program, "./check_orders"], cwd=os.path.join(ROOT, "examples", "go"),
                           capture_output=True, text=True)
    check("Go builds", built.returncode == 0, built.stderr)
    if built.returncode == 0:
        yield "Go", [program]


def run(language, program, folder, expect, *arguments):
    done = subprocess.run([*program, *arguments], capture_output=True, text=True, timeout=600, cwd=folder)
    check(f"{language}: exit status of {arguments}", done.returncode == expect, done.returncode, done.stdout, done.stderr)
    if expect > 1:
        check(f"{language}: an error is told", done.stdout == "" and done.stderr.count("\n") == 1, done.stdout, done.stderr)
    return done.stdout


def write(folder, name, lines):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(HEAD + "".join(line + "\n" for line in lines))


def of(language, program, folder):
    """All that one language says."""
    good = [f"{i},customer {i},{i}.50,FR" for i in range(100)]
    write(folder, "good.csv", good)
    write(folder, "few.csv", good[:5])
    write(folder, "bad.csv", ["1,Ada,1.50,DE", "2,,20000.00,FR", "2,Grace,3.00,GB", "x,Edsger,2.00,US"])
    said = [run(language, program, folder, 0), run(language, program, folder, 1, "bad.csv")]
    with open(os.path.join(folder, "check_orders-rejected.ndjson"), encoding="utf-8") as lines:
        rejected = [json.loads(line) for line in lines]
    check(f"{language}: wrong rows are there, with their bytes and reasons", [(r["line"], r["message"]) for r in sorted(rejected, key=lambda r: r["line"])] == [
        (3, "check between(amount)"), (4, "check unique(order_id)"), (5, "expected int64, got 'x'")], rejected)
    check(f"{language}: counts", "1 orders are right\n1 rows do not fit the columns\n" in said[1] and "orders: 3 rows, 6 checks: 2 ok, 1 warnings, 3 failed" in said[1])
    # Ten runs, one that is bad and teaches nothing, one with few rows, and one as before.
    said += [run(language, program, folder, 0, "good.csv", "state") for _ in range(10)]
    said.append(run(language, program, folder, 1, "bad.csv", "state"))
    said.append(run(language, program, folder, 1, "few.csv", "state"))
    said.append(run(language, program, folder, 0, "good.csv", "state"))
    verdicts = [text.splitlines()[-1].rsplit(" ", 1)[1] for text in said[2:]]
    check(f"{language}: verdicts", verdicts == ["training"] * 10 + ["anomaly", "still", "resolved"], verdicts)
    for wrong in (("--what",), ("a", "b", "c")):
        run(language, program, folder, 2, *wrong)
    run(language, program, folder, 3, "none.csv")
    with open(os.path.join(folder, "torn"), "wb") as file:
        file.write(b"PLNM")
    done = subprocess.run([*program, "good.csv", "torn"], capture_output=True, text=True, cwd=folder)
    check(f"{language}: a state that is none", done.returncode == 3 and "PLNM" not in done.stdout and done.stderr.count("\n") == 1, done)
    return said


def main():
    if os.environ.get("SANITIZE"):
        print("skip: foreign programs cannot load a library with a sanitizer")
        sys.exit(77)
    first = None
    with tempfile.TemporaryDirectory() as programs:
        for language, program in languages(programs):
            with tempfile.TemporaryDirectory() as folder:
                said = of(language, program, folder)
            first = first or said
            check(f"{language}: the words of Python", said == first, said)
    print("%d passed, %d failed, %d skipped" % tuple(counts))
    sys.exit(counts[1] != 0)


main()
