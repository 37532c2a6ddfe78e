"""Data contracts: read, checked, made into columns and a suite, compared; pln-contracts(7)."""
import collections
import ctypes as C
import json
import types

from . import _c
from ._c import lib
from ._handle import make, make_text, text_of
from .batch import Schema
from .sketch import Noun
from .suite import Suite, json_of

Problem = collections.namedtuple("Problem", "level pointer reason")

LEVELS = "error", "warning"
KEEP_INVALID, PHYSICAL_NAMES, SQL_CHECKS = 1, 2, 4


def name_of(object):
    return None if object is None else object.encode()


class ContractDiff(types.SimpleNamespace):
    """What changed and what it means, as pln_contract_diff_json(3) says it: accepted, breaks, step_needed, step_made, version_fits, unacknowledged,
    changes (a list of dicts), truncated."""


class Contract(Noun):
    """A contract of the Open Data Contract Standard 3.1, from the text of JSON or YAML, or a dict.

    `physical_names`: columns bear their physicalName where there is one. `sql_checks`: queries become checks of kind sql, for who runs them. With
    `keep_invalid` a document that breaks rules of the standard is there to be looked at, in `problems`. Objects are meant by name; without one, the only
    one there is.
    """

    _noun, _options = "contract", _c.ContractOptions
    _words = {"format": {"auto": 0, "json": 1, "yaml": 2}}

    def __init__(self, runtime, document, *, format="auto", physical_names=False, sql_checks=False, keep_invalid=False, problems_max=None,
                 size_max=None):
        text = json_of(document)
        flags = KEEP_INVALID * bool(keep_invalid) | PHYSICAL_NAMES * bool(physical_names) | SQL_CHECKS * bool(sql_checks)
        given = self._given(format=format, flags=flags, problems_max=problems_max, size_max=size_max)
        super().__init__(make(lib.pln_contract_parse, runtime._handle, text, len(text), given), runtime)
        self._runtime = runtime

    @staticmethod
    def has_yaml():
        """Whether the library reads YAML."""
        return bool(lib.pln_contract_has_yaml())

    @property
    def info(self):
        """What stands at the top: a dict of id, version, status, name ...; None for what the document has not."""
        raw = _c.ContractInfo(struct_size=C.sizeof(_c.ContractInfo))
        self._ask("info_get", C.byref(raw))
        return {name: value.decode() if isinstance(value, bytes) else bool(value) if name == "valid" else value
                for name, value in ((name, getattr(raw, name)) for name, _ in raw._fields_[1:])}

    @property
    def problems(self):
        """All that is wrong, errors and warnings, in the order of the document."""
        found = (self._ask("problem_at", i).contents for i in range(self._ask("problem_count")))
        return [Problem(LEVELS[raw.level - 1], raw.pointer.decode(), raw.reason.decode()) for raw in found]

    @property
    def objects(self):
        """The names of the tables."""
        raw, names = _c.ContractElementInfo(struct_size=C.sizeof(_c.ContractElementInfo)), []
        while (element := self._ask("object", len(names))):
            lib.pln_contract_element_info_get(element, C.byref(raw))
            names.append(raw.name and raw.name.decode())
        return names

    def value(self, pointer=""):
        """What stands at a JSON pointer, such as "/servers/0/location", as Python's own values; None where nothing does. "" is the whole document."""
        return json.loads(make_text(self._runtime, lib.pln_contract_value, self._handle, pointer.encode()) or "null")

    def schema(self, object=None):
        """The columns of an object, as a Schema."""
        return Schema._filled(self._runtime, lambda out: self._call("schema", name_of(object), out))

    def suite_text(self, object=None):
        """The checks that hold rows of an object to the contract, as the text of a suite."""
        return self._suite(object)[0]

    def suite(self, object=None, *, seed=0):
        """The same as a Suite."""
        return Suite(self._runtime, self.suite_text(object), seed=seed)

    def unsupported(self, object=None):
        """Every rule that no check of the suite evaluates: a list of dicts of pointer, rule and reason."""
        return json.loads(self._suite(object)[1])

    def _suite(self, object):
        text, size, left = C.c_void_p(), C.c_int64(), C.c_void_p()
        self._call("suite", name_of(object), C.byref(text), C.byref(size), C.byref(left))
        return [text_of(self._runtime, raw.value) for raw in (text, left)]

    def diff(self, new, acknowledged=()):
        """What changed from this contract to a new one, whom each change breaks, and whether the new one may take the place of this: a ContractDiff.
        `acknowledged` names changes that break and are meant, besides those that the new contract names."""
        names = [name.encode() for name in acknowledged]
        options = _c.ContractDiffOptions()
        lib.pln_contract_diff_options_init(C.byref(options), C.sizeof(options))
        options.acknowledged, options.n_acknowledged = (C.c_char_p * len(names))(*names), len(names)
        made = make(lib.pln_contract_diff_new, self._handle, self._kin(new), C.byref(options))
        try:
            return ContractDiff(**json.loads(make_text(self._runtime, lib.pln_contract_diff_json, made)))
        finally:
            lib.pln_contract_diff_free(made)
