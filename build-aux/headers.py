"""Reads the public headers: the functions that they declare, each with the comment in front of it."""
import re
from dataclasses import dataclass, field

TRAILERS = ("Errors", "Owner", "Threads", "Blocks")
FUNCTION = re.compile(r"(?:/\*((?:(?!\*/).)*)\*/\s*)?^PLN_API\s+([^;{]*?)\s*;", re.S | re.M)


@dataclass
class Function:
    header: str
    line: int
    name: str
    returns: str
    params: list
    text: str = ""  # the comment without its trailers
    trailers: dict = field(default_factory=dict)


def comment_text(raw):
    lines = [re.sub(r"^\s*\* ?", "", line).rstrip() for line in raw.strip("\n").split("\n")]
    return "\n".join(lines).strip("\n")


def split_params(text):
    params, depth, start = [], 0, 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            params.append(text[start:i])
            start = i + 1
    params.append(text[start:])
    return [" ".join(p.split()) for p in params]


def split_trailers(text):
    """The body of a comment and its trailer lines; a trailer ends where the next begins."""
    body, trailers, current = [], {}, None
    for line in text.split("\n"):
        found = re.match(r"(%s):\s*(.*)" % "|".join(TRAILERS), line)
        if found:
            current = found[1]
            trailers[current] = found[2]
        elif current:
            trailers[current] = (trailers[current] + " " + line.strip()).strip()
        else:
            body.append(line)
    return "\n".join(body).strip("\n"), trailers


def functions(path):
    source = open(path, encoding="utf-8").read()
    for found in FUNCTION.finditer(source):
        comment, declaration = found[1], " ".join(found[2].split())
        shape = re.match(r"(.*?[ *])(pln_\w+)\s*\((.*)\)((?: __attribute__.*)?)$", declaration)
        if not shape:
            continue
        body, trailers = split_trailers(comment_text(comment or ""))
        line = source.count("\n", 0, found.start(2)) + 1
        yield Function(path, line, shape[2], shape[1].strip(), split_params(shape[3]), body, trailers)


def file_comment(path):
    source = open(path, encoding="utf-8").read()
    found = re.match(r"\s*/\*(.*?)\*/", source, re.S)
    return comment_text(found[1]) if found else ""
