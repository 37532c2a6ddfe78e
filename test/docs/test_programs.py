#!/usr/bin/env python3
"""
The complete programs of README.md and of the manual are compiled without a warning and run; they must succeed. A text with pln_plugin_init_v1 and no
main becomes plugin.so beside the programs of its page.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
os.chdir(ROOT)
BUILD = os.path.abspath(os.environ.get("O", "build"))
CC = os.environ.get("CC", "gcc").split()
counts = [0, 0, 0]
plugins = {}


def unescape(text):
    """What mdoc makes of the lines of a display."""
    text = re.sub(r"^\\&", "", text, flags=re.M)
    return text.replace("\\e", "\\").replace("\\(aq", "'").replace("\\(dq", '"').replace("\\-", "-").replace("\\(ga", "`")


def programs():
    for path in sorted(glob.glob("*.md")):
        for found in re.finditer(r"^```(\w*)\n(.*?)^```", open(path, encoding="utf-8").read(), re.S | re.M):
            if re.search(r"^(int )?main\(|int main\(", found[2], re.M):
                yield path, "cpp" if found[1] in ("cpp", "c++") else "c", found[2]
    for path in sorted(glob.glob("man/*.7")):
        for found in re.finditer(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", open(path, encoding="utf-8").read(), re.S | re.M):
            if "int main(" in found[1]:
                yield path, "c", unescape(found[1])
            elif "pln_plugin_init_v1(" in found[1]:
                plugins[path] = unescape(found[1])


def build_plugin(text, folder):
    """It must not need the library to link."""
    open(os.path.join(folder, "plugin.c"), "w", encoding="utf-8").write(text)
    built = subprocess.run([*CC, "-std=c11", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-shared", "-fPIC", "-Wl,-z,defs",
                            f"-I{ROOT}/include", "-o", "plugin.so", "plugin.c"], cwd=folder, capture_output=True, text=True)
    return built.stderr if built.returncode != 0 else None


def run(path, language, text):
    with tempfile.TemporaryDirectory() as folder:
        if "plugin.so" in text and (problem := build_plugin(plugins[path], folder)) is not None:
            return problem
        kit = [f"-I{ROOT}/test/kit", *sorted(glob.glob(f"{ROOT}/test/kit/kit*.c")), "-pthread"] if '"kit.h"' in text else []
        source = os.path.join(folder, f"program.{language}")
        open(source, "w", encoding="utf-8").write(text)
        std = ["-std=c11", "-D_POSIX_C_SOURCE=200809L"] if language == "c" else ["-std=c++17"]
        compiler = CC if language == "c" else os.environ.get("CXX", "g++").split()
        built = subprocess.run([*compiler, *std, "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include", "-o", "program", source, *kit,
                                f"-L{BUILD}", "-lpipeline", f"-Wl,-rpath,{BUILD}"], cwd=folder, capture_output=True, text=True)
        if built.returncode != 0:
            return built.stderr
        done = subprocess.run(["./program"], cwd=folder, capture_output=True, text=True, timeout=120)
        return None if done.returncode == 0 else f"exit status {done.returncode}\n{done.stdout}{done.stderr}"


for path, language, text in programs():
    problem = run(path, language, text)
    counts[0 if problem is None else 1] += 1
    if problem is not None:
        print(f"failed: {path}: the program that starts with\n{text[:200]}\n{problem}")
if not any(counts):
    print("skip: no programs in the documents")
    counts[2] = 1
print("%d passed, %d failed, %d skipped" % tuple(counts))
sys.exit(1 if counts[1] else 0)
