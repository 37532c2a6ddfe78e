#!/usr/bin/env python3
"""Public headers: every function says Errors, Owner, Threads and Blocks; nothing that a foreign language cannot call."""
import os
import re

from source import Report, blank, public_headers, read
import headers

report = Report()
for path in public_headers():
    text = read(path)
    lines = text.count("\n")
    report.check(lines <= 400, path, f"{lines} lines, a public header has at most 400")
    report.check(re.match(r"\s*/\*", text) is not None, path, "does not open with what the header is for")
    report.check('extern "C"' in text or not re.search(r"^(PLN_API|typedef)", text, re.M), path, 'no extern "C"')
    guard = "PLN_" + os.path.basename(path)[:-2].upper() + "_H"
    report.check(f"#ifndef {guard}\n#define {guard}\n" in text, path, f"is not guarded by {guard}")
    declared = len(re.findall(r"^PLN_API\b", text, re.M))
    found = list(headers.functions(path))
    report.check(len(found) == declared, path, f"{declared} functions are declared, {len(found)} are understood")
    for function in found:
        where = f"{path}:{function.line}"
        report.check(bool(function.text), where, f"{function.name} has no comment")
        missing = [t for t in headers.TRAILERS if not function.trailers.get(t)]
        report.check(not missing, where, f"{function.name} lacks {', '.join(missing)}")
        given = [t for t in function.trailers if t in headers.TRAILERS]
        if not missing:
            report.check(given == list(headers.TRAILERS), where, f"{function.name}: the trailers stand in another order")
        report.check("..." not in function.params, where, f"{function.name} has variable arguments")
        codes = set(re.findall(r"PLN_E[A-Z]+", function.trailers.get("Errors", "")))
        if function.returns == "pln_status" and (len(codes) > 1 or not re.match("none|PLN_", function.trailers.get("Errors", ""))):
            # With a single code there is nothing more to say.
            report.check(function.params[-1] == "pln_error *err", where, f"{function.name} does not take pln_error *err last")
    code = blank(text)
    for number, line in enumerate(code.split("\n"), 1):
        where = f"{path}:{number}"
        report.check(not re.search(r"\b(bool|long|size_t|_Bool|wchar_t|time_t|off_t|FILE|va_list)\b", line), where,
                     "a type whose size or meaning differs between languages and machines")
        report.check(not re.match(r"\s+\w[\w ]*\w+\s*:\s*\d+;", line), where, "a bit-field")
report.end()
