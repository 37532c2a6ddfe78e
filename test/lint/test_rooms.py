#!/usr/bin/env python3
"""Holds every #include of lib/ to the table lib/ROOMS, and every room to its door."""
import os
import re

from source import Report, lib_files, public_headers, read

FREE = {"stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "inttypes.h", "limits.h", "float.h", "math.h", "string.h",
        "stdlib.h", "stdio.h", "stdalign.h", "stdnoreturn.h"}
PLUGIN = {"plugin.h", "arrow.h", "status.h", "host.h", "file.h", "allocator.h"}
report = Report()


def table():
    rooms, doors, order = {}, {}, []
    for number, line in enumerate(read("lib/ROOMS").splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        if found := re.match(r"doors (\S+): (.*)", line):
            doors[found[1]] = set(found[2].split())
            continue
        name, sees, public, foreign = [cell.strip() for cell in line.split("|")]
        if sees.startswith("as "):
            sees = " ".join(rooms[sees[3:]]["sees"])
        seen = [] if sees == "-" else sees.split()
        for other in seen:
            report.check(other in order, f"lib/ROOMS:{number}", f"{name} sees {other}, which is not above it")
        order.append(name)
        rooms[name] = {"sees": seen, "public": public, "foreign": set(foreign.split()) - {"-"}}
    return rooms, doors


def room_of(path, rooms):
    parts = path.split("/")[1:-1]
    return next((r for r in ("/".join(parts), parts[0]) if r in rooms), None)


def include(path, line, name, quoted, rooms, doors):
    where = f"{path}:{line}"
    room = room_of(path, rooms)
    allowed = rooms[room]
    if quoted:
        parts = name.split("/")
        if len(parts) == 1:
            report.check(os.path.exists(os.path.join(os.path.dirname(path), name)), where,
                         f'"{name}" is not of this folder: say "room/{name}"')
            return
        other = room_of("lib/" + name, rooms)
        if other is None:
            report.check(False, where, f'"{name}" is of no room')
        elif other.split("/")[0] != room.split("/")[0]:
            report.check(other in allowed["sees"], where, f"room {room} may not see room {other}")
            door = doors.get(other, {other.split("/")[-1] + ".h"})
            report.check(parts[-1] in door, where, f'"{name}" is not a door of room {other}')
        else:
            report.check(True, where, "")
    elif name.startswith("pln/"):
        public = allowed["public"]
        fits = public == "any" or name[4:] in (set(public.split()) | (PLUGIN if "plugin" in public.split() else set()))
        report.check(fits, where, f"room {room} may not see <{name}>")
    else:
        report.check(name in FREE or name in allowed["foreign"], where, f"room {room} may not see <{name}>")


def door(room):
    path = f"lib/{room}/{room.split('/')[-1]}.h"
    report.check(os.path.exists(path), path, f"room {room} has no door")
    if not os.path.exists(path):
        return
    head = re.match(r"\s*/\*(.*?)\*/", read(path), re.S)
    text = head[1] if head else ""
    last = room.split("/")[-1]
    report.check(re.search(rf"\* (?:Room|Connector) (?:{room}|{last}):", "*" + text) is not None, path,
                 f'the door does not open with "Room {room}:"')
    for word in ("Job:", "Must not know:", "Invariants:"):
        report.check(word in text, path, f"the opening comment of the door does not say \"{word}\"")


rooms, doors = table()
present = set()
for path in lib_files():
    room = room_of(path, rooms)
    if room is None:
        report.check(False, path, "is in no room of lib/ROOMS")
        continue
    present.add(room)
    for line, text in enumerate(read(path).splitlines(), 1):
        if found := re.match(r'\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")', text):
            include(path, line, found[1] or found[2], bool(found[2]), rooms, doors)
for room in sorted(present):
    door(room)
for path in public_headers():
    for line, text in enumerate(read(path).splitlines(), 1):
        if found := re.match(r'\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")', text):
            name = found[1] or ""
            report.check(name.startswith("pln/") or name in ("stdint.h", "stddef.h"), f"{path}:{line}",
                         f"a public header may not include {found[1] or found[2]}")
report.end()
