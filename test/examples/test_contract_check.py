"""contract_check on the contract of the quickstart: rows that keep it, rows that break it, contracts that may and may not take its place."""
import json
import os
import subprocess
import sys
import tempfile

O = os.environ.get("O", "build")
CONTRACT = "examples/orders.contract.yaml"
passed = failed = 0


def check(what, good, shown=""):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print(f"FAILED: {what}: {shown}")


def run(*arguments):
    done = subprocess.run([f"{O}/examples/contract_check", *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def write(folder, name, lines):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as out:
        out.write("".join(line + "\n" for line in lines))
    return path


GOOD = [f"{i},{'' if i % 20 == 0 else f'customer {i}'},{i}.5" for i in range(1, 101)]


def rows(folder):
    kept = write(folder, "kept.csv", ["order_id,customer,amount"] + GOOD)
    status, out, err = run(CONTRACT, kept, "--json")
    check("kept", status == 0, out + err)
    said = json.loads(out)
    check("kept is said", said["kept"] is True and said["unread_rows"] == 0, out)
    check("one order in twenty without a customer is worth no warning", said["validation"]["statistics"]["warnings"] == 0, out)
    check("what no check says is told", any(left["pointer"].startswith("/schema/0/quality/1") for left in said["not_evaluated"]), said["not_evaluated"])
    # An amount of 0, an order twice, no order at all, a word for a number.
    bad = write(folder, "bad.csv", ["order_id,customer,amount"] + GOOD + ["101,x,0", "7,y,3", "102,z,many", ",w,1"])
    reject, page = os.path.join(folder, "reject.ndjson"), os.path.join(folder, "report.html")
    status, out, err = run(CONTRACT, bad, "--json", "--reject", reject, "--html", page)
    check("broken", status == 1, out + err)
    said = json.loads(out)
    wrong = {r["expectation_config"]["kwargs"]["id"]: r["result"].get("unexpected_count") for r in said["validation"]["results"] if r["status"] == "failed"}
    check("rows that cannot be read are counted", said["unread_rows"] == 2, said["unread_rows"])
    check("the checks that failed", wrong == {"amount.exclusiveMinimum": 1, "$.primaryKey": 2}, wrong)
    with open(reject, encoding="utf-8") as lines:
        rejected = [json.loads(line) for line in lines]
    check("every wrong row is in the reject file", sorted(r["line"] for r in rejected) == [102, 103, 104, 105], rejected)
    check("with its bytes", {r["original"] for r in rejected} == {"101,x,0", "7,y,3", "102,z,many", ",w,1"}, rejected)
    with open(page, encoding="utf-8") as text:
        html = text.read()
    check("a page", html.startswith("<!doctype html>") and "://" not in html, html[:200])
    status, out, err = run(CONTRACT, bad)
    check("text", status == 1 and "rows do not fit the columns" in out, out + err)
    empty = write(folder, "empty.csv", ["order_id,customer,amount"])
    check("no rows break rowCount", run(CONTRACT, empty)[0] == 1)


def contracts(folder):
    with open(CONTRACT, encoding="utf-8") as text:
        old = text.read()
    check("no change", run("--diff", CONTRACT, CONTRACT)[0] == 0)
    new = write(folder, "new.yaml", [old.replace("        required: true\n    quality:", "    quality:").replace("version: 1.0.0", "version: 1.0.1", 1)])
    status, out, err = run("--diff", CONTRACT, new)
    check("a promise less is refused", status == 1 and "amount" in out and out.endswith("refused\n"), out + err)
    status, out, err = run("--diff", CONTRACT, new, "--json")
    check("as JSON", status == 1 and json.loads(out)["accepted"] is False, out + err)
    better = write(folder, "better.yaml", [old.replace("In euros.", "In euros, with cents.").replace("version: 1.0.0", "version: 1.0.1", 1)])
    status, out, err = run("--diff", CONTRACT, better)
    check("words alone are accepted", status == 0, out + err)


def misuse(folder):
    check("no arguments", run()[0] == 2)
    check("an unknown one", run("--jsn", CONTRACT, "x.csv")[0] == 2)
    status, _, err = run(CONTRACT, os.path.join(folder, "absent.csv"))
    check("no such data", status == 3 and "absent.csv" in err, err)
    broken = write(folder, "broken.yaml", ["apiVersion: v3.1.0", "kind: DataContract", "version: 1.0.0"])
    status, _, err = run(broken, CONTRACT)
    check("a contract that is none", status == 3 and "broken.yaml" in err and "id" in err, err)


def main():
    if not os.path.exists(f"{O}/examples/contract_check"):
        print("skip: the examples are not built")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        rows(folder)
        contracts(folder)
        misuse(folder)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


sys.exit(main())
