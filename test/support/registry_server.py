#!/usr/bin/env python3
"""
A small schema registry behind HTTP, for tests: the REST calls that clients use, written from their description alone.

Listens on 127.0.0.1, says its port on standard output and ends with its standard input. Paths under /broken/<kind>/ misbehave in that way;
under /secret/ a user or token is asked for.
"""
import base64
import hashlib
import json
import re
import sys
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

TYPE = "application/vnd.schemaregistry.v1+json"
LEVELS = ["NONE"] + [way + more for way in ("BACKWARD", "FORWARD", "FULL") for more in ("", "_TRANSITIVE")]
PRIMITIVES = {"null", "boolean", "int", "long", "float", "double", "bytes", "string"}


class Refusal(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


# ---- just enough Avro ----

def walk(schema, names, space=""):
    """Checks a schema and resolves its names; answers a form in which named types are looked up in `names`."""
    if isinstance(schema, list):
        return [walk(branch, names, space) for branch in schema]
    if isinstance(schema, str):
        if schema in PRIMITIVES:
            return schema
        full = schema if "." in schema else (space + "." if space else "") + schema
        if full not in names:
            raise Refusal(42201, f"Undefined name: {schema}")
        return {"ref": full}
    if not isinstance(schema, dict) or "type" not in schema:
        raise Refusal(42201, f"No type: {json.dumps(schema)}")
    kind = schema["type"]
    if kind in PRIMITIVES:
        return kind
    if kind == "array":
        return {"type": "array", "of": walk(schema["items"], names, space)}
    if kind == "map":
        return {"type": "map", "of": walk(schema["values"], names, space)}
    if kind not in ("record", "enum", "fixed"):
        return walk(kind, names, space)
    if not re.fullmatch(r"[A-Za-z_][\w.]*", str(schema.get("name", ""))):
        raise Refusal(42201, "No name in schema")
    space = schema.get("namespace", space)
    full = schema["name"] if "." in schema["name"] else (space + "." if space else "") + schema["name"]
    made = names[full] = {"type": kind, "name": full}
    if kind == "enum":
        made["symbols"] = schema["symbols"]
        if len(set(made["symbols"])) < len(made["symbols"]):
            raise Refusal(42201, "Duplicate enum symbol")
    elif kind == "fixed":
        made["size"] = schema["size"]
    else:
        if not isinstance(schema.get("fields"), list):
            raise Refusal(42201, "Record has no fields")
        made["fields"] = [{"name": f["name"], "type": walk(f["type"], names, full.rpartition(".")[0]),
                           "default": "default" in f} for f in schema["fields"]]
    return made


PROMOTIONS = {"long": {"int"}, "float": {"int", "long"}, "double": {"int", "long", "float"}, "string": {"bytes"},
              "bytes": {"string"}}


def misfits(reader, writer, names, path=""):
    """What a reader cannot read, as (kind, path, words)."""
    reader, writer = (names[t["ref"]] if isinstance(t, dict) and "ref" in t else t for t in (reader, writer))
    if isinstance(writer, list):
        for i, branch in enumerate(writer):
            yield from misfits(reader, branch, names, f"{path}/{i}")
    elif isinstance(reader, list):
        if all(list(misfits(branch, writer, names)) for branch in reader):
            yield "MISSING_UNION_BRANCH", path, "reader union lacking writer type"
    elif isinstance(reader, str) or isinstance(writer, str):
        if reader != writer and writer not in PROMOTIONS.get(reader if isinstance(reader, str) else "", ()):
            yield "TYPE_MISMATCH", path, "reader type not compatible with writer type"
    elif reader["type"] != writer["type"]:
        yield "TYPE_MISMATCH", path, "reader type not compatible with writer type"
    elif reader["type"] == "record":
        theirs = {f["name"]: f for f in writer["fields"]}
        for i, field in enumerate(reader["fields"]):
            if field["name"] in theirs:
                yield from misfits(field["type"], theirs[field["name"]]["type"], names, f"{path}/fields/{i}/type")
            elif not field["default"]:
                yield "READER_FIELD_MISSING_DEFAULT_VALUE", f"{path}/fields/{i}", field["name"]
    elif reader["type"] in ("array", "map"):
        yield from misfits(reader["of"], writer["of"], names, path + "/items")


# ---- the registry ----

class Registry:
    def __init__(self):
        self.schemas, self.last = {}, 0     # id -> {"schema", "references"}
        self.subjects = {}                  # name -> [{"version", "id", "deleted"}]
        self.levels = {}                    # name, or None for the global one
        self.lock = threading.Lock()

    def active(self, subject):
        return [v for v in self.subjects.get(subject, []) if not v["deleted"]]

    def parse(self, text, references, names=None):
        names = {} if names is None else names
        for reference in references:
            version = self.find(reference["subject"], str(reference["version"]), True)
            stored = self.schemas[version["id"]]
            self.parse(stored["schema"], stored["references"], names)
        try:
            schema = json.loads(text)
        except ValueError as error:
            raise Refusal(42201, f"Invalid schema: {error}") from error
        return walk(schema, names), names

    def find(self, subject, version, deleted=False):
        found = self.subjects.get(subject, []) if deleted else self.active(subject)
        if not found:
            raise Refusal(40401, f"Subject '{subject}' not found.")
        if version == "latest":
            return found[-1]
        if not version.isdigit() or int(version) < 1:
            raise Refusal(42202, f"The specified version '{version}' is not a valid version id.")
        for candidate in found:
            if candidate["version"] == int(version):
                return candidate
        raise Refusal(40402, f"Version {version} not found.")

    def draft(self, body, normalize):
        text, references = body.get("schema", ""), body.get("references") or []
        self.parse(text, references)
        if normalize:
            text = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
        return {"schema": text, "references": references}

    def id_of(self, draft):
        return next((i for i, stored in self.schemas.items() if stored == draft), None)

    def complaints(self, subject, draft, against):
        level = self.levels.get(subject, self.levels.get(None, "BACKWARD"))
        new, names = self.parse(draft["schema"], draft["references"])
        for version in reversed(against if level.endswith("_TRANSITIVE") else against[-1:]):
            stored = self.schemas[version["id"]]
            old, more = self.parse(stored["schema"], stored["references"])
            both, found = {**more, **names}, []
            if level.startswith(("FORWARD", "FULL")):
                found += misfits(old, new, {**names, **more})
            if level.startswith(("BACKWARD", "FULL")):
                found += misfits(new, old, both)
            if found:
                return [f"{{errorType:'{kind}', description:'The schema at path '{path}' does not fit', additionalInfo:'{words}'}}"
                        for kind, path, words in found] + [
                            f"{{oldSchemaVersion: {version['version']}}}", f"{{oldSchema: '{stored['schema']}'}}",
                            f"{{compatibility: '{level}'}}"]
        return []

    def check_subject(self, subject):
        if not subject or any(ord(c) < 32 or 127 <= ord(c) < 160 for c in subject):
            raise Refusal(42208, f"The specified subject '{subject}' is not a valid.")

    def register(self, subject, body, normalize):
        self.check_subject(subject)
        draft = self.draft(body, normalize)
        known = self.id_of(draft)
        for version in self.active(subject):
            if version["id"] == known:
                return {"id": known}
        complaints = self.complaints(subject, draft, self.active(subject))
        if complaints:
            raise Refusal(40901, "Schema being registered is incompatible with an earlier schema for subject "
                                 f'"{subject}", details: [{", ".join(complaints)}]')
        if known is None:
            self.last += 1
            known = self.last
            self.schemas[known] = draft
        versions = self.subjects.setdefault(subject, [])
        versions.append({"version": versions[-1]["version"] + 1 if versions else 1, "id": known, "deleted": False})
        return {"id": known}

    def lookup(self, subject, body, normalize, deleted):
        self.check_subject(subject)
        versions = self.subjects.get(subject, []) if deleted else self.active(subject)
        draft = self.draft(body, normalize)
        if not versions:
            raise Refusal(40401, f"Subject '{subject}' not found.")
        known = self.id_of(draft)
        for version in reversed(versions):
            if version["id"] == known:
                return self.entry(subject, version)
        raise Refusal(40403, "Schema not found")

    def shown(self, stored):
        out = {"schema": stored["schema"]}
        if stored["references"]:
            out["references"] = stored["references"]
        out["guid"] = self.guid(stored)
        return out

    def guid(self, stored):
        return str(uuid.UUID(bytes=hashlib.md5(stored["schema"].encode()).digest()))

    def entry(self, subject, version):
        return {"subject": subject, "version": version["version"], "id": version["id"],
                **self.shown(self.schemas[version["id"]])}

    def no_users(self, subject, version):
        for name in self.subjects:
            for user in self.active(name):
                for reference in self.schemas[user["id"]]["references"]:
                    if reference["subject"] == subject and version in (None, reference["version"]):
                        raise Refusal(42206, f"One or more references exist to the schema {subject} {version}.")

    def forget_unused(self):
        used = {v["id"] for versions in self.subjects.values() for v in versions}
        self.schemas = {i: stored for i, stored in self.schemas.items() if i in used}

    def delete_version(self, subject, which, permanent):
        found = self.find(subject, which, which != "latest")
        if permanent:
            if not found["deleted"]:
                raise Refusal(40407, f"Subject '{subject}' Version {which} was not deleted first before being permanently deleted")
            self.subjects[subject].remove(found)
            if not self.subjects[subject]:
                del self.subjects[subject]
            self.forget_unused()
        else:
            if found["deleted"]:
                raise Refusal(40406, f"Subject '{subject}' Version {which} was soft deleted.Set permanent=true to delete permanently")
            self.no_users(subject, found["version"])
            found["deleted"] = True
        return found["version"]

    def delete_subject(self, subject, permanent):
        versions = self.subjects.get(subject)
        if not versions:
            raise Refusal(40401, f"Subject '{subject}' not found.")
        if permanent:
            if self.active(subject):
                raise Refusal(40405, f"Subject '{subject}' was not deleted first before being permanently deleted")
            del self.subjects[subject]
            self.forget_unused()
            return [v["version"] for v in versions]
        gone = self.active(subject)
        if not gone:
            raise Refusal(40404, f"Subject '{subject}' was soft deleted.Set permanent=true to delete permanently")
        self.no_users(subject, None)
        for version in gone:
            version["deleted"] = True
        self.levels.pop(subject, None)
        return [v["version"] for v in gone]

    # -- routes --

    def answer(self, method, parts, query, body):
        flag = {key: value[-1] == "true" for key, value in query.items()}.get
        normalize, deleted, permanent = flag("normalize", False), flag("deleted", False), flag("permanent", False)
        shape = [method] + [part if i % 2 == 0 else "*" for i, part in enumerate(parts)]
        if parts[0] == "schemas":
            return self.answer_schemas(parts)
        if parts[0] == "config":
            return self.answer_config(method, parts[1] if len(parts) > 1 else None, flag("defaultToGlobal", False), body)
        if parts[0] == "compatibility":
            return self.answer_compatibility(parts, body, normalize)
        if shape == ["GET", "subjects"]:
            return sorted(s for s in self.subjects if deleted or self.active(s))
        subject = parts[1]
        if shape == ["POST", "subjects", "*", "versions"]:
            return self.register(subject, body, normalize)
        if shape == ["POST", "subjects", "*"]:
            return self.lookup(subject, body, normalize, deleted)
        if shape == ["DELETE", "subjects", "*"]:
            return self.delete_subject(subject, permanent)
        if shape == ["DELETE", "subjects", "*", "versions", "*"]:
            return self.delete_version(subject, parts[3], permanent)
        if shape == ["GET", "subjects", "*", "versions"]:
            versions = self.subjects.get(subject, []) if deleted else self.active(subject)
            if not versions:
                raise Refusal(40401, f"Subject '{subject}' not found.")
            return [v["version"] for v in versions]
        if shape == ["GET", "subjects", "*", "versions", "*"]:
            return self.entry(subject, self.find(subject, parts[3], deleted))
        raise Refusal(404, "HTTP 404 Not Found")

    def answer_schemas(self, parts):
        if parts[1] == "guids":
            for stored in self.schemas.values():
                if self.guid(stored) == parts[2]:
                    return self.shown(stored)
            raise Refusal(40403, f"Schema {parts[2]} not found")
        stored = self.schemas.get(int(parts[2]))
        if stored is None:
            raise Refusal(40403, f"Schema {parts[2]} not found")
        return self.shown(stored)

    def answer_config(self, method, subject, to_global, body):
        if method == "PUT":
            if body.get("compatibility") not in LEVELS:
                raise Refusal(42203, "Invalid compatibility level.")
            self.levels[subject] = body["compatibility"]
            return body
        own = self.levels.get(subject)
        if method == "DELETE":
            self.levels.pop(subject, None)
        elif own is None and subject is not None and not to_global:
            raise Refusal(40408, f"Subject '{subject}' does not have subject-level compatibility configured")
        return {"compatibilityLevel": own or self.levels.get(None, "BACKWARD")}

    def answer_compatibility(self, parts, body, normalize):
        subject, draft = parts[2], self.draft(body, normalize)
        against = self.active(subject)
        if len(parts) > 4 and (against or parts[4] != "latest"):
            against = [self.find(subject, parts[4])]
        complaints = self.complaints(subject, draft, against)
        return {"is_compatible": not complaints, "messages": complaints}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry = Registry()

    def log_message(self, *args):
        pass

    def reply(self, status, value, raw=None):
        data = json.dumps(value).encode() if raw is None else raw
        self.send_response(status)
        self.send_header("Content-Type", TYPE)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def broken(self, kind):
        """What must not harm a client."""
        if kind == "redirect":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif kind == "large":
            self.reply(200, None, b"[" + b" " * (16 << 20) + b"]")
        elif kind == "silent":
            self.rfile.read(1)
        elif kind == "short":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"{")
            self.close_connection = True
        elif kind == "hang-up":
            self.close_connection = True
        elif kind == "text":
            self.reply(200, None, b"<html>")
        elif kind == "empty":
            self.reply(200, {})
        elif kind == "many":
            self.reply(200, {"schema": '"int"', "references": [{"name": "a", "subject": "b", "version": 1}] * 300})
        else:
            self.reply(int(kind), {"error_code": int(kind) * 100 + 1, "message": "as asked"})

    def allowed(self):
        given = self.headers.get("Authorization", "")
        return given in ("Bearer let-me-in", "Basic " + base64.b64encode(b"ann:secret").decode())

    def handle_one(self):
        parts = [unquote(part, errors="strict") for part in urlsplit(self.path).path[1:].split("/")]
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else {}
        if parts[0] == "broken":
            self.broken(parts[1])
            return
        if parts[0] == "secret":
            if not self.allowed():
                self.reply(401, {"error_code": 401, "message": "Unauthorized"})
                return
            del parts[0]
        try:
            if TYPE not in self.headers.get("Accept", ""):
                raise Refusal(406, "HTTP 406 Not Acceptable")
            with self.registry.lock:
                value = self.registry.answer(self.command, parts, parse_qs(urlsplit(self.path).query), body)
            self.reply(200, value)
        except Refusal as refusal:
            self.reply(int(str(refusal.code)[:3]), {"error_code": refusal.code, "message": refusal.message})

    do_GET = do_POST = do_PUT = do_DELETE = handle_one


class Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # clients hang up on what is broken


server = Server(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
