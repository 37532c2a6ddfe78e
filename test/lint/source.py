"""What the lint scripts share: the files of the tree, code without comments and strings, and counting."""
import glob
import os
import re
import sys

sys.dont_write_bytecode = True
os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, "build-aux")
BUILD = os.environ.get("O", "build")


def lib_files(pattern="*.[ch]"):
    return sorted(glob.glob(f"lib/*/{pattern}") + glob.glob(f"lib/*/*/{pattern}"))


def public_headers():
    return sorted(glob.glob("include/pln/*.h"))


def read(path):
    return open(path, encoding="utf-8").read()


def blank(text, strings=True):
    """The text with comments (and the insides of strings) replaced by blanks; lines stay where they are."""
    def void(found):
        piece = found[0]
        if piece.startswith("/"):
            return re.sub(r"[^\n]", " ", piece)
        return piece if not strings else piece[0] + re.sub(r"[^\n]", " ", piece[1:-1]) + piece[-1]
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', void, text, flags=re.S)


class Report:
    """Counts files, not rules: a file passes when no rule is broken in it."""

    def __init__(self):
        self.checked, self.bad, self.skipped = set(), set(), 0

    def check(self, good, where, message):
        path = where.split(":")[0]
        self.checked.add(path)
        if not good:
            self.bad.add(path)
            print(f"{where}: {message}")

    def skip(self, why):
        self.skipped += 1
        print(f"skip: {why}")

    def end(self):
        print(f"{len(self.checked - self.bad)} passed, {len(self.bad)} failed, {self.skipped} skipped")
        sys.exit(1 if self.bad else 0)
