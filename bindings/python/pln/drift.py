"""Drift: is what lies in a column today distributed as it was in the reference? pln-monitors(7)."""
import collections
import ctypes as C
import json
import math

from . import _c
from ._c import lib
from ._handle import call, text_of
from .batch import Schema
from .quantiles import Quantiles
from .sketch import numbers_in, options_of
from .top_k import TopK

Drift = collections.namedtuple(
    "Drift", "severity statistic warning_limit error_limit probability noise sketch_error bins bin at reference current")

SEVERITIES = "none", "warning", "error"


def drift_psi(reference, current, **options):
    """The population stability index of two pln.Quantiles, two pln.TopK, or two lists of counts of the same bins. Options are those of pln_drift_options:
    bins, error, warning, floor, plain."""
    return measured("psi", reference, current, options)


def drift_ks(reference, current, **options):
    """The distance of Kolmogorov and Smirnov of two pln.Quantiles, or two lists of counts of bins in their order. Options: error, warning, alpha."""
    return measured("ks", reference, current, options)


def measured(what, reference, current, options):
    raw, given = _c.Drift(struct_size=C.sizeof(_c.Drift)), options_of("drift", _c.DriftOptions, options)
    if isinstance(reference, (Quantiles, TopK)):
        function = getattr(lib, f"pln_drift_{what}_{reference._noun}", None)
        if function is None:
            raise TypeError(f"the categories of a {type(reference).__name__} have no order, and so no distance of Kolmogorov and Smirnov")
        call(function, reference._handle, reference._kin(current), given, C.byref(raw))
    else:
        before, n, kept = numbers_in("reference", reference, "q")
        after, m, held = numbers_in("current", current, "q")
        if n != m:
            raise ValueError(f"there are {n} counts in the reference and {m} in the current")
        call(getattr(lib, f"pln_drift_{what}"), before, after, n, given, C.byref(raw))
        del kept, held
    fields = {name: getattr(raw, name) for name in Drift._fields}
    fields = {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in fields.items()}
    return Drift(**{**fields, "severity": SEVERITIES[raw.severity], "bin": None if raw.bin < 0 else raw.bin})


def drift_schema(runtime, before, after):
    """What changed between two schemas, each the text of the columns, a Schema, a batch, or anything with __arrow_c_schema__: a list of dicts of column,
    change, before and after; empty if they are alike."""
    old, new = Schema.of(runtime, before), Schema.of(runtime, after)
    text, changes = C.c_void_p(), C.c_int64()
    call(lib.pln_drift_schema, runtime._handle, C.byref(old.raw), C.byref(new.raw), C.byref(text), C.byref(changes))
    return json.loads(text_of(runtime, text.value))
