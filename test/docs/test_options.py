#!/usr/bin/env python3
"""Every built-in stage has one section in the manual, with each of its options, their types and defaults, and no others; pln(7) lists all."""
import ctypes
import glob
import json
import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
os.chdir(ROOT)
BUILD = os.path.abspath(os.environ.get("O", "build"))
problems = []
passed = 0


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int32), ("flags", ctypes.c_uint32), ("native", ctypes.c_int64),
                ("where", ctypes.c_char * 112), ("message", ctypes.c_char * 384)]


def stages():
    """What the library says of its stages."""
    lib = ctypes.CDLL(os.path.join(BUILD, "libpipeline.so"))
    lib.pln_runtime_stage.restype = ctypes.c_char_p
    lib.pln_runtime_stage.argtypes = [ctypes.c_void_p, ctypes.c_int32]
    lib.pln_runtime_free.argtypes = [ctypes.c_void_p]
    lib.pln_text_free.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    runtime, err = ctypes.c_void_p(), Error()
    if lib.pln_runtime_new(None, ctypes.byref(runtime), ctypes.byref(err)) < 0:
        sys.exit(err.message.decode())
    index = 0
    while (name := lib.pln_runtime_stage(runtime, index)) is not None:
        text = ctypes.c_void_p()
        if lib.pln_runtime_stage_json(runtime, name, ctypes.byref(text), ctypes.byref(err)) < 0:
            sys.exit(err.message.decode())
        yield json.loads(ctypes.string_at(text))
        lib.pln_text_free(runtime, text)
        index += 1
    lib.pln_runtime_free(runtime)


def facts(option):
    """What stands behind an option's name: "one of fail, drop, default "fail""."""
    text = "one of " + option["values"].replace("|", ", ") if option["values"] else option["type"]
    if option["required"]:
        text += ", required"
    if option["default"] is not None:
        text += ", default " + json.dumps(option["default"], ensure_ascii=False)
    return text


def sections():
    """From the manual: stage name -> list of (page, {option: facts})."""
    found = {}
    for path in sorted(glob.glob("man/*.7")):
        for part in re.split(r"^\.S[hs] ", open(path, encoding="utf-8").read(), flags=re.M)[1:]:
            name = part.split("\n", 1)[0].strip()
            options = {}
            for key, words in re.findall(r'^\.It Cm (\S+) Pq "(.*)"$', part, flags=re.M):
                if key in options:
                    problems.append(f"{path}: {name}: option '{key}' is described twice")
                options[key] = words.replace('\\(dq', '"').replace("\\e", "\\")
            if options:
                found.setdefault(name, []).append((path, options))
    return found


if not os.path.exists("man/pln.7"):
    print("skip: there is no manual")
    sys.exit(77)
described = sections()
listed = re.findall(r"^\.It Ic (\S+) Ta (\S+) Ta", open("man/pln.7", encoding="utf-8").read(), flags=re.M)
known = list(stages())
for stage in known:
    name, before = stage["name"], len(problems)
    if (name, stage["kind"]) not in listed:
        problems.append(f"man/pln.7: the table of stages lacks '{name}' ({stage['kind']})")
    pages = described.pop(name, [])
    if len(pages) != 1:
        problems.append(f"'{name}' has {len(pages)} sections with options, there must be one")
    for path, options in pages[:1]:
        wanted = {option["key"]: facts(option) for option in stage["options"]}
        for key in wanted.keys() | options.keys():
            if key not in options:
                problems.append(f"{path}: {name}: option '{key}' is not described")
            elif key not in wanted:
                problems.append(f"{path}: {name}: there is no option '{key}'")
            elif options[key] != wanted[key]:
                problems.append(f"{path}: {name}: option '{key}': the page says ({options[key]}), the stage ({wanted[key]})")
    passed += len(problems) == before
for name, pages in described.items():
    problems.append(f"{pages[0][0]}: section '{name}' has options, and there is no such stage")
for name, kind in listed:
    if name not in (stage["name"] for stage in known):
        problems.append(f"man/pln.7: there is no stage '{name}'")
for problem in problems:
    print("failed:", problem)
print(f"{passed} passed, {len(problems)} failed, 0 skipped")
sys.exit(1 if problems else 0)
