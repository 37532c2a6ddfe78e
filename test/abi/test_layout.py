#!/usr/bin/env python3
"""
The public structs lie in memory as test/abi/layout.txt says.

A struct that begins with struct_size may grow at its end and in no other way; all others are as they are for ever.
`test_layout.py --update` writes the list anew: before a release freely, after one only for what grew.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
os.chdir(ROOT)
FROZEN = "test/abi/layout.txt"
SELF = re.compile(r"(?:typedef )?struct (\w+) \{(.*?)^\}[^;]*;", re.S | re.M)


def members(body):
    body = re.sub(r"/\*.*?\*/|//[^\n]*", "", body, flags=re.S)
    body = body.replace("PLN_TABLE_HEAD", "uint32_t struct_size; uint32_t abi; char *name; char *summary; void *options; "
                        "uint32_t option_size; uint32_t caps; char *ports_in; char *ports_out;")
    names = []
    for declaration in body.split(";"):
        declaration = " ".join(declaration.split())
        if not declaration:
            continue
        pointer = re.match(r"[^(]*\(\*\s*(?:const )?(\w+)\)\s*\(", declaration)
        if pointer:
            names.append(pointer[1])
        else:
            for part in declaration.split(","):
                names.append(re.search(r"(\w+)\s*(?:\[[^\]]*\])*$", part.strip())[1])
    return names


def structs():
    for path in sorted(glob.glob("include/pln/*.h")):
        source = open(path, encoding="utf-8").read()
        for found in SELF.finditer(source):
            yield found[1], members(found[2])


def measure():
    program = ["#include <stddef.h>", "#include <stdio.h>", "#include <pln/pln.h>", "int main(void) {"]
    for name, fields in structs():
        program.append(f'printf("struct {name} %zu\\n", sizeof(struct {name}));')
        for field in fields:
            program.append(f'printf("    {field} %zu %zu\\n", offsetof(struct {name}, {field}), '
                           f"sizeof(((struct {name} *)0)->{field}));")
    program += ["return 0;", "}"]
    with tempfile.TemporaryDirectory() as folder:
        source, binary = os.path.join(folder, "layout.c"), os.path.join(folder, "layout")
        open(source, "w", encoding="utf-8").write("\n".join(program))
        cc = os.environ.get("CC", "gcc").split()
        subprocess.run([*cc, "-std=c11", "-Iinclude", "-o", binary, source], check=True)
        return subprocess.run([binary], check=True, capture_output=True, text=True).stdout


def parse(text):
    found, name = {}, None
    for line in text.splitlines():
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if words[0] == "struct":
            name = words[1]
            found[name] = (int(words[2]), [])
        else:
            found[name][1].append(tuple([words[0], int(words[1]), int(words[2])]))
    return found


def compare(old, new):
    problems = []
    for name, (size, fields) in old.items():
        if name not in new:
            problems.append(f"struct {name} is gone")
            continue
        new_size, new_fields = new[name]
        grows = bool(fields) and fields[0][0] == "struct_size"
        for i, field in enumerate(fields):
            if i >= len(new_fields) or new_fields[i] != field:
                now = new_fields[i] if i < len(new_fields) else "nothing"
                problems.append(f"struct {name}: {field} (member, offset, size) is now {now}")
                break
        if new_size != size and not (grows and new_size > size):
            problems.append(f"struct {name}: {size} bytes became {new_size}")
        if len(new_fields) > len(fields) and not grows:
            problems.append(f"struct {name} grew, but has no struct_size")
    return problems


def main():
    if os.uname().machine not in ("x86_64", "aarch64"):
        print("skip: the list is of a 64-bit machine")
        return 77
    text = measure()
    if "--update" in sys.argv:
        head = "# Written by test/abi/test_layout.py --update: struct, size; member, offset, size.\n"
        open(FROZEN, "w", encoding="utf-8").write(head + text)
        return 0
    old, new = parse(open(FROZEN, encoding="utf-8").read()), parse(text)
    problems = compare(old, new)
    for problem in problems:
        print("failed:", problem)
    for name in sorted(set(new) - set(old)):
        problems.append(name)
        print(f"failed: struct {name} is not in {FROZEN}: add it with test_layout.py --update")
    good = max(0, len(old) - len(problems))
    print(f"{good} passed, {len(problems)} failed, 0 skipped")
    return 1 if problems else 0


sys.exit(main())
