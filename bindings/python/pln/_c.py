"""The C interface as ctypes sees it: structs and prototypes, nothing else. Every function has its argument and result types."""
import ctypes as C
import os

ABI = 0  # PLN_ABI_VERSION of the headers that this file follows

i32, i64, u32, u64, f64, text, ptr = C.c_int32, C.c_int64, C.c_uint32, C.c_uint64, C.c_double, C.c_char_p, C.c_void_p


class Error(C.Structure):
    _fields_ = [("status", i32), ("flags", u32), ("native", i64), ("where", C.c_char * 112), ("message", C.c_char * 384)]


class ArrowSchema(C.Structure):
    pass


ArrowSchema._fields_ = [
    ("format", text), ("name", text), ("metadata", ptr), ("flags", i64), ("n_children", i64),
    ("children", C.POINTER(C.POINTER(ArrowSchema))), ("dictionary", C.POINTER(ArrowSchema)), ("release", ptr), ("private_data", ptr)]


class ArrowArray(C.Structure):
    pass


ArrowArray._fields_ = [
    ("length", i64), ("null_count", i64), ("offset", i64), ("n_buffers", i64), ("n_children", i64), ("buffers", C.POINTER(ptr)),
    ("children", C.POINTER(C.POINTER(ArrowArray))), ("dictionary", C.POINTER(ArrowArray)), ("release", ptr), ("private_data", ptr)]


class ArrowArrayStream(C.Structure):
    _fields_ = [(name, ptr) for name in ("get_schema", "get_next", "get_last_error", "release", "private_data")]


class Progress(C.Structure):
    _fields_ = [("struct_size", u32), ("done", i32)] + [
        (name, i64) for name in ("rows_in", "rows_out", "rejected", "epochs", "elapsed_us", "work_done", "work_total")]


class RunOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("mode", i32), ("guarantee", i32), ("when_done", i32), ("on_schema_change", i32),
                ("workers", i32), ("pipeline", text), ("run_key", text), ("state", text), ("interval_start_us", i64),
                ("interval_end_us", i64), ("max_batch_rows", i64), ("max_batch_bytes", i64), ("max_linger_us", i64),
                ("epoch_rows", i64), ("epoch_us", i64), ("attempts", i32), ("reserved", i32), ("retry_delay_us", i64),
                ("seed", u64), ("params", ptr), ("n_params", i64), ("progress", ptr), ("progress_user", ptr),
                ("progress_us", i64), ("metric", ptr), ("metric_user", ptr)]


class MapOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("flags", u32), ("schema", ptr)]


class Want(C.Structure):
    _fields_ = [("struct_size", u32), ("reserved", u32), ("max_rows", i64), ("max_bytes", i64), ("timeout_us", i64)]


# The services of a context, in the order of <pln/host.h>; slots are cast to a prototype where they are used.
HOST_SLOTS = (
    "register_stage config_has config_text config_int config_float config_count config_item config_json config_handle port_add "
    "identity run_param interval now_us monotonic_us random allocator files wants batch_new batch_derive builder_new builder "
    "batch_schema batch_array batch_ref batch_unref batch_origin emit reject reject_raw account watermark idle state_put "
    "handle_put keyed_get keyed_put timer_set wait_fd wait_until cancelled log count shared port_schema schema_parse "
    "batch_inherit lacks schema_registry port_edges keyed_expire batch_watermarks batch_watermarked port_watermark "
    "note history_get history_put").split()


class Host(C.Structure):
    _fields_ = [("struct_size", u32), ("abi", u32), ("version", text)] + [(name, ptr) for name in HOST_SLOTS]


class Context(C.Structure):
    _fields_ = [("host", C.POINTER(Host))]


class KeysOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("hash", i32), ("secret", text), ("secret_size", i64)]


class HllOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("precision", i32), ("hash", i32), ("reserved", i32), ("seed", u64), ("allocator", ptr)]


class HllInfo(C.Structure):
    _fields_ = [("struct_size", u32), ("precision", i32), ("hash", i32), ("sparse", i32), ("fingerprint", u64), ("registers", i64),
                ("memory_bytes", i64)]


class HllOverlap(C.Structure):
    _fields_ = [("struct_size", u32), ("reserved", u32)] + [
        (name, f64) for name in ("union_size", "intersection", "intersection_error", "jaccard", "jaccard_error")]


class CountMinOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("rows", i32), ("columns", i64), ("epsilon", f64), ("delta", f64), ("counter_bits", i32),
                ("update", i32), ("panes", i32), ("reserved", i32), ("seed", u64), ("allocator", ptr)]


class CountMinInfo(C.Structure):
    _fields_ = [("struct_size", u32), ("rows", i32), ("columns", i64), ("epsilon", f64), ("delta", f64), ("counter_bits", i32),
                ("update", i32), ("panes", i32), ("reserved", i32), ("fingerprint", u64), ("added", i64), ("removed", i64),
                ("saturated", i64), ("counter_most", i64), ("memory_bytes", i64)]


class TopKOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("reserved", i32), ("capacity", i64), ("item_bytes_limit", i64), ("seed", u64), ("allocator", ptr)]


class TopKInfo(C.Structure):
    _fields_ = [("struct_size", u32), ("reserved", i32)] + [
        (name, i64) for name in ("capacity", "item_bytes_limit", "entries", "total", "error", "memory_bytes")]


class TopKEntry(C.Structure):
    _fields_ = [("struct_size", u32), ("reserved", i32), ("bytes", ptr), ("size", i64), ("lower", i64), ("estimate", i64), ("upper", i64)]


class QuantilesOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("k", i32), ("kind", i32), ("reserved", i32), ("seed", u64), ("allocator", ptr)]


class QuantilesInfo(C.Structure):
    _fields_ = [("struct_size", u32), ("k", i32), ("kind", i32), ("k_least", i32), ("exact", i32), ("levels", i32), ("n", i64),
                ("nans", i64), ("retained", i64), ("minimum", f64), ("maximum", f64), ("minimum_int64", i64), ("maximum_int64", i64),
                ("memory_bytes", i64)]


class ReservoirOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("k", i32), ("seed", u64), ("first_row", i64), ("allocator", ptr)]


class ReservoirInfo(C.Structure):
    _fields_ = [("struct_size", u32), ("k", i32)] + [
        (name, i64) for name in ("n", "held", "next_row", "item_bytes", "memory_bytes")]


class ReservoirPick(C.Structure):
    _fields_ = [("row", i64), ("slot", i64)]


class BloomOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("reserved", u32), ("expected", i64), ("error", f64), ("bytes", i64), ("seed", u64),
                ("allocator", ptr)]


class BloomInfo(C.Structure):
    _fields_ = [("struct_size", u32), ("reserved", u32), ("blocks", i64), ("fingerprint", u64), ("fill", f64), ("estimate", f64),
                ("error", f64), ("memory_bytes", i64)]


class DedupOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("payload", i32), ("expected", i64), ("memory_limit", i64), ("seed", u64), ("store", ptr),
                ("allocator", ptr)]


class DedupInfo(C.Structure):
    _fields_ = [("struct_size", u32), ("payload", i32)] + [
        (name, i64) for name in ("count", "stored", "memory_bytes", "asked", "asked_in_vain")]


class ProfileOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("precision", i32), ("k", i32), ("top", i32), ("seed", u64), ("allocator", ptr)]


class ProfileColumn(C.Structure):
    _fields_ = [("struct_size", u32), ("reserved", i32), ("name", text), ("type", text)] + [
        (name, i64) for name in ("rows", "nulls", "nans", "zeros", "negatives", "shortest", "longest")] + [
        (name, f64) for name in ("mean_length", "mean", "deviation", "distinct", "distinct_error")] + [
        ("minimum", text), ("maximum", text), ("hll", ptr), ("quantiles", ptr), ("top", ptr)]


class SuiteOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("reserved", u32), ("seed", u64), ("allocator", ptr)]


class Check(C.Structure):
    _fields_ = [("struct_size", u32), ("severity", i32), ("action", i32), ("by_row", i32), ("id", text), ("kind", text), ("columns", text),
                ("json", text)]


class CheckResult(C.Structure):
    _fields_ = [("struct_size", u32), ("status", i32), ("rows", i64), ("missing", i64), ("evaluated", i64), ("unexpected", i64),
                ("observed", f64), ("observed_text", text), ("message", text), ("groups", i64), ("groups_failed", i64)]


class ValidationVerdict(C.Structure):
    _fields_ = [("struct_size", u32), ("reserved", i32), ("rows", i64), ("n_failed", i64), ("failed", ptr), ("first", ptr)]


class ValidationOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("reserved", u32), ("now_us", i64), ("allocator", ptr)]


class MonitorOptions(C.Structure):
    _fields_ = [("struct_size", u32)] + [
        (name, i32) for name in ("method", "season", "direction", "min_history", "lookback", "offset_minutes", "month_end_days", "plain",
                                 "keep_anomalies", "relearn_after", "reserved")] + [
        (name, f64) for name in ("error", "warning", "cliff", "ignore_change", "ignore_below", "spread_floor")] + [
        (name, i64) for name in ("training_us", "cooldown_us", "repeat_us")] + [("allocator", ptr)]


class MonitorVerdict(C.Structure):
    _fields_ = [("struct_size", u32), ("status", i32), ("severity", i32), ("method", i32), ("bucket", i32), ("learned", i32),
                ("n_history", i64), ("incident", i64), ("since_us", i64), ("score", f64), ("limit", f64), ("expected", f64),
                ("lower", f64), ("upper", f64), ("json", text)]


class MonitorPoint(C.Structure):
    _fields_ = [("time_us", i64), ("value", f64)]


class DriftOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("bins", i32), ("error", f64), ("warning", f64), ("alpha", f64), ("floor", f64), ("plain", i32),
                ("reserved", i32)]


class Drift(C.Structure):
    _fields_ = [("struct_size", u32), ("severity", i32), ("bins", i32), ("bin", i32), ("reference", i64), ("current", i64)] + [
        (name, f64) for name in ("statistic", "warning_limit", "error_limit", "probability", "noise", "sketch_error", "at")]


class FreshnessOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("due_minutes", i32), ("offset_minutes", i32), ("window_minutes", i32), ("weekdays", u32),
                ("days_of_month", u32), ("partitions", i32), ("reserved", i32), ("warning_age_us", i64), ("error_age_us", i64),
                ("allocator", ptr)]


class FreshnessVerdict(C.Structure):
    _fields_ = [("struct_size", u32), ("status", i32), ("severity", i32), ("reason", i32), ("age_us", i64), ("landed_us", i64),
                ("due_us", i64), ("overdue_us", i64), ("incident", i64), ("since_us", i64), ("json", text)]


class ContractOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("flags", u32), ("format", i32), ("problems_max", i32), ("size_max", i64)]


class ContractProblem(C.Structure):
    _fields_ = [("struct_size", u32), ("level", i32), ("pointer", text), ("reason", text)]


class ContractInfo(C.Structure):
    _fields_ = [("struct_size", u32), ("valid", i32)] + [
        (name, text) for name in ("id", "version", "api_version", "rules", "status", "name", "tenant", "domain", "data_product", "purpose")] + [
        (name, i64) for name in ("n_objects", "n_servers", "n_sla")]


class ContractElementInfo(C.Structure):
    _fields_ = [("struct_size", u32), ("required", i32), ("unique", i32), ("primary_key", i32), ("primary_key_position", i32),
                ("partitioned", i32), ("n_children", i64)] + [
        (name, text) for name in ("id", "name", "physical_name", "logical_type", "physical_type", "business_name", "description",
                                  "classification")]


class ContractDiffOptions(C.Structure):
    _fields_ = [("struct_size", u32), ("changes_max", i32), ("acknowledged", C.POINTER(text)), ("n_acknowledged", i64)]


ErrorP = C.POINTER(Error)
ContextP = C.POINTER(Context)
MAP_FN = C.CFUNCTYPE(i32, ptr, ContextP, ptr, C.POINTER(ptr), ErrorP)
FREE_FN = C.CFUNCTYPE(None, ptr)
PROGRESS_FN = C.CFUNCTYPE(None, ptr, C.POINTER(Progress))
OPEN_FN = C.CFUNCTYPE(i32, ptr, ContextP, ptr, C.POINTER(ptr), ErrorP)
SCHEMA_FN = C.CFUNCTYPE(i32, ptr, ContextP, C.POINTER(ArrowSchema), ErrorP)
POLL_FN = C.CFUNCTYPE(i32, ptr, ContextP, C.POINTER(Want), C.POINTER(ptr), ErrorP)
CLOSE_FN = C.CFUNCTYPE(None, ptr, ContextP)
RELEASE_FN = C.CFUNCTYPE(None, ptr)
STREAM_FN = C.CFUNCTYPE(C.c_int, ptr, ptr)
STREAM_ERROR_FN = C.CFUNCTYPE(ptr, ptr)
COUNT_FN = C.CFUNCTYPE(None, ContextP, text, i64)
CANCELLED_FN = C.CFUNCTYPE(i32, ContextP)
HOST_PARSE_FN = C.CFUNCTYPE(i32, ContextP, text, C.POINTER(ArrowSchema), ErrorP)


class Source(C.Structure):
    _fields_ = [("struct_size", u32), ("abi", u32), ("name", text), ("summary", text), ("options", ptr), ("option_size", u32),
                ("caps", u32), ("ports_in", text), ("ports_out", text), ("open", OPEN_FN), ("schema", SCHEMA_FN),
                ("poll", POLL_FN), ("close", CLOSE_FN)]


SchemaP, ArrayP, StreamP, out = C.POINTER(ArrowSchema), C.POINTER(ArrowArray), C.POINTER(ArrowArrayStream), C.POINTER(ptr)

FUNCTIONS = {
    "pln_version": (text,), "pln_abi_version": (i32,), "pln_status_name": (text, i32), "pln_status_text": (text, i32),
    "pln_runtime_new": (i32, ptr, out, ErrorP), "pln_runtime_free": (None, ptr), "pln_runtime_load": (i32, ptr, text, ErrorP),
    "pln_runtime_stage": (text, ptr, i32), "pln_runtime_stage_json": (i32, ptr, text, out, ErrorP),
    "pln_text_free": (None, ptr, ptr), "pln_schema_parse": (i32, ptr, text, SchemaP, ErrorP),
    "pln_schema_text": (i32, ptr, SchemaP, out, ErrorP),
    "pln_graph_new": (i32, ptr, text, out, ErrorP), "pln_graph_free": (None, ptr),
    "pln_graph_add": (i32, ptr, text, text, text, ErrorP),
    "pln_graph_add_source": (i32, ptr, text, C.POINTER(Source), ptr, FREE_FN, text, ErrorP),
    "pln_graph_add_map": (i32, ptr, text, MAP_FN, ptr, FREE_FN, C.POINTER(MapOptions), ErrorP),
    "pln_graph_bind": (i32, ptr, text, text, ptr, ptr, ErrorP), "pln_graph_wire": (i32, ptr, text, ErrorP),
    "pln_graph_json": (i32, ptr, out, ErrorP), "pln_graph_run": (i32, ptr, C.POINTER(RunOptions), out, ErrorP),
    "pln_run_options_init": (None, C.POINTER(RunOptions), u32),
    "pln_report_json": (text, ptr), "pln_report_counter": (i64, ptr, text, text), "pln_report_schema": (text, ptr, text),
    "pln_report_free": (None, ptr),
    "pln_batch_import": (i32, ptr, SchemaP, ArrayP, out, ErrorP), "pln_batch_export": (i32, ptr, SchemaP, ArrayP, ErrorP),
    "pln_batch_schema": (SchemaP, ptr), "pln_batch_array": (ArrayP, ptr), "pln_batch_rows": (i64, ptr),
    "pln_batch_ref": (ptr, ptr), "pln_batch_unref": (None, ptr), "pln_batch_slice": (i32, ptr, i64, i64, out, ErrorP),
    "pln_batch_equal": (i32, ptr, ptr),
    "pln_builder_new": (i32, ptr, SchemaP, out, ErrorP), "pln_builder_free": (None, ptr), "pln_builder_column": (ptr, ptr, i64),
    "pln_builder_finish": (i32, ptr, out, ErrorP), "pln_column_child": (ptr, ptr, i64), "pln_column_null": (i32, ptr, ErrorP),
    "pln_column_int": (i32, ptr, i64, ErrorP), "pln_column_uint": (i32, ptr, u64, ErrorP),
    "pln_column_float": (i32, ptr, f64, ErrorP), "pln_column_text": (i32, ptr, text, i64, ErrorP),
    "pln_column_bytes": (i32, ptr, text, i64, ErrorP), "pln_column_values": (i32, ptr, ptr, ptr, i64, ErrorP),
    "pln_column_end": (i32, ptr, ErrorP),
    "pln_table_new": (i32, ptr, SchemaP, out, ErrorP), "pln_table_free": (None, ptr),
    "pln_table_append": (i32, ptr, ptr, ErrorP), "pln_table_count": (i64, ptr), "pln_table_rows": (i64, ptr),
    "pln_table_batch": (ptr, ptr, i64), "pln_table_stream": (i32, ptr, ptr, StreamP, ErrorP),
    "pln_keys_options_init": (None, C.POINTER(KeysOptions), u32),
    "pln_keys_new": (i32, ptr, SchemaP, C.POINTER(text), i64, C.POINTER(KeysOptions), out, ErrorP), "pln_keys_free": (None, ptr),
    "pln_keys_batch": (i32, ptr, ArrayP, text, ErrorP), "pln_keys_row": (i32, ptr, ArrayP, i64, text, ErrorP),
    "pln_keys_digests": (i32, ptr, ArrayP, text, ErrorP),
    "pln_keys_encode": (i32, ptr, ArrayP, i64, out, C.POINTER(i64), ErrorP), "pln_key_uuid": (None, text, text),
}
i64P, f64P = C.POINTER(i64), C.POINTER(f64)


def declare(noun, **functions):
    FUNCTIONS.update((f"pln_{noun}_{verb}", prototype) for verb, prototype in functions.items())


def declare_sketch(noun, options, info, form=(), reads=True, **own):
    """What every sketch has, and its own; `reads`: its bytes are read with its options, for their seed."""
    given = C.POINTER(options)
    declare(noun, options_init=(None, given, u32), new=(i32, ptr, given, out, ErrorP), free=(None, ptr), copy=(i32, ptr, out, ErrorP),
            clear=(None, ptr), info_get=(None, ptr, C.POINTER(info)), memory=(i64, ptr), merge=(i32, ptr, ptr, ErrorP),
            size=(i64, ptr, *form), write=(i32, ptr, *form, text, i64, i64P, ErrorP),
            read=(i32, ptr, *form, given if reads else ptr, text, i64, out, ErrorP))
    declare(noun, **own)


COLUMN, WEIGHED = (i32, ptr, SchemaP, ArrayP, ErrorP), (i32, ptr, SchemaP, ArrayP, ptr, ErrorP)
declare_sketch("hll", HllOptions, HllInfo, (i32,), add=(i32, ptr, text, i64, ErrorP), add_hash=(i32, ptr, u64, ErrorP), add_column=COLUMN,
               estimate=(f64, ptr), standard_error=(f64, ptr), interval=(None, ptr, f64, f64P, f64P), fold=(i32, ptr, i32, ErrorP),
               intersect=(i32, ptr, ptr, C.POINTER(HllOverlap), ErrorP))
declare_sketch("count_min", CountMinOptions, CountMinInfo, rotate=(None, ptr), add=(i32, ptr, text, i64, i64, ErrorP), add_column=WEIGHED,
               query=(i32, ptr, text, i64, i64P, ErrorP), query_column=WEIGHED, total=(i64, ptr), error=(f64, ptr, f64P),
               inner_product=(i32, ptr, ptr, f64P, f64P, ErrorP))
declare_sketch("top_k", TopKOptions, TopKInfo, (i32,), add=(i32, ptr, text, i64, i64, ErrorP), add_column=WEIGHED,
               estimate=(i64, ptr, text, i64, i64P, i64P), error=(i64, ptr), total=(i64, ptr),
               list=(i32, ptr, i32, i64, i64, C.POINTER(TopKEntry), i64P, ErrorP))
declare_sketch("quantiles", QuantilesOptions, QuantilesInfo, reads=False, add=(i32, ptr, f64, ErrorP),
               add_int64=(i32, ptr, ptr, i64, ptr, i64, ErrorP), add_column=COLUMN, quantiles=(i32, ptr, ptr, i64, ptr, ErrorP),
               quantiles_int64=(i32, ptr, ptr, i64, ptr, ErrorP), bounds=(i32, ptr, f64, f64P, f64P, ErrorP),
               ranks=(i32, ptr, ptr, i64, ptr, ErrorP), histogram=(i32, ptr, ptr, i64, ptr, ErrorP), error=(None, ptr, f64P, f64P))
declare_sketch("reservoir", ReservoirOptions, ReservoirInfo, reads=False, add=(i32, ptr, text, i64, ErrorP),
               offer=(i32, ptr, i64, C.POINTER(ReservoirPick), i64, i64P, i64P, ErrorP), item=(i32, ptr, i64, i64P, out, i64P, ErrorP),
               error=(f64, ptr, f64), merge=(i32, ptr, ptr, C.POINTER(ReservoirPick), i64P, ErrorP))
declare_sketch("bloom", BloomOptions, BloomInfo, bytes_for=(i64, i64, f64), error_for=(f64, i64, i64), add=(i32, ptr, text, i64, ErrorP),
               add_keys=(i32, ptr, text, i64, ErrorP), add_column=COLUMN, contains=(i32, ptr, text, i64, C.POINTER(i32), ErrorP),
               contains_keys=(i32, ptr, text, i64, text, ErrorP), contains_column=(i32, ptr, SchemaP, ArrayP, text, ErrorP),
               put_keys=(i32, ptr, text, i64, text, ErrorP), error=(f64, ptr))
declare("dedup", options_init=(None, C.POINTER(DedupOptions), u32), new=(i32, ptr, C.POINTER(DedupOptions), out, ErrorP), free=(None, ptr),
        batch=(i32, ptr, text, ptr, i64, text, ptr, ErrorP), expire=(i32, ptr, i64, ErrorP), sweep=(i32, ptr, i64, i64P, ErrorP),
        clear=(None, ptr), count=(i64, ptr), memory=(i64, ptr), info_get=(None, ptr, C.POINTER(DedupInfo)),
        write=(i32, ptr, i64P, ptr, i64, i64P, ErrorP), read=(i32, ptr, text, i64, ErrorP))
declare("profile", options_init=(None, C.POINTER(ProfileOptions), u32),
        new=(i32, ptr, SchemaP, C.POINTER(ProfileOptions), out, ErrorP), free=(None, ptr), add=(i32, ptr, ArrayP, ErrorP),
        merge=(i32, ptr, ptr, ErrorP), rows=(i64, ptr), memory=(i64, ptr), column_get=(i32, ptr, i64, C.POINTER(ProfileColumn), ErrorP),
        report=(i32, ptr, out, ErrorP), json=(i32, ptr, out, i64P, ErrorP), write=(i32, ptr, out, i64P, ErrorP),
        read=(i32, ptr, C.POINTER(ProfileOptions), text, i64, out, ErrorP))

declare("suite", options_init=(None, C.POINTER(SuiteOptions), u32), new=(i32, ptr, text, C.POINTER(SuiteOptions), out, ErrorP),
        free=(None, ptr), add=(i32, ptr, text, ErrorP), reference=(i32, ptr, text, StreamP, ErrorP), name=(text, ptr), count=(i32, ptr),
        check=(i32, ptr, i32, C.POINTER(Check)), suggest=(i32, ptr, text, out, i64P, ErrorP))
declare("validation", options_init=(None, C.POINTER(ValidationOptions), u32),
        new=(i32, ptr, SchemaP, C.POINTER(ValidationOptions), out, ErrorP), free=(None, ptr), add=(i32, ptr, ArrayP, ErrorP),
        rows=(None, ptr, C.POINTER(ValidationVerdict)), bits=(ptr, ptr, i32), merge=(i32, ptr, ptr, ErrorP),
        write=(i32, ptr, out, i64P, ErrorP), read=(i32, ptr, text, i64, ErrorP), count=(i64, ptr),
        check=(i32, ptr, i32, C.POINTER(CheckResult), ErrorP), status=(i32, ptr, C.POINTER(i32), ErrorP),
        json=(i32, ptr, out, i64P, ErrorP), text=(i32, ptr, out, i64P, ErrorP), html=(i32, ptr, out, i64P, ErrorP),
        facet=(i32, ptr, text, out, i64P, ErrorP))
declare("monitor", options_init=(None, C.POINTER(MonitorOptions), u32), new=(i32, ptr, C.POINTER(MonitorOptions), out, ErrorP),
        free=(None, ptr), observe=(i32, ptr, i64, f64, u32, C.POINTER(MonitorVerdict), ErrorP),
        history=(i64, ptr, i64, i64, C.POINTER(MonitorPoint)), memory=(i64, ptr), size=(i64, ptr), write=(i32, ptr, text, i64, i64P, ErrorP),
        read=(i32, ptr, C.POINTER(MonitorOptions), text, i64, out, ErrorP))
COUNTS, SKETCHES = ((i32, *arguments, C.POINTER(DriftOptions), C.POINTER(Drift), ErrorP) for arguments in ((ptr, ptr, i64), (ptr, ptr)))
declare("drift", options_init=(None, C.POINTER(DriftOptions), u32), psi=COUNTS, ks=COUNTS, psi_quantiles=SKETCHES, ks_quantiles=SKETCHES,
        psi_top_k=SKETCHES, schema=(i32, ptr, SchemaP, SchemaP, out, i64P, ErrorP))
declare("freshness", options_init=(None, C.POINTER(FreshnessOptions), u32), new=(i32, ptr, C.POINTER(FreshnessOptions), out, ErrorP),
        free=(None, ptr), expect=(i32, ptr, text, i64, ErrorP), landed=(i32, ptr, text, i64, ErrorP),
        check=(i32, ptr, text, i64, C.POINTER(FreshnessVerdict), ErrorP), forget=(None, ptr, text), partition=(text, ptr, i64),
        size=(i64, ptr), write=(i32, ptr, text, i64, i64P, ErrorP), read=(i32, ptr, C.POINTER(FreshnessOptions), text, i64, out, ErrorP))
declare("contract", options_init=(None, C.POINTER(ContractOptions), u32),
        parse=(i32, ptr, text, i64, C.POINTER(ContractOptions), out, ErrorP), free=(None, ptr), has_yaml=(i32,), problem_count=(i64, ptr),
        problem_at=(C.POINTER(ContractProblem), ptr, i64), info_get=(None, ptr, C.POINTER(ContractInfo)), object=(ptr, ptr, i64),
        element_info_get=(None, ptr, C.POINTER(ContractElementInfo)), value=(i32, ptr, text, out, ErrorP),
        schema=(i32, ptr, text, SchemaP, ErrorP), suite=(i32, ptr, text, out, i64P, out, ErrorP))
declare("contract_diff", options_init=(None, C.POINTER(ContractDiffOptions), u32),
        new=(i32, ptr, ptr, C.POINTER(ContractDiffOptions), out, ErrorP), json=(i32, ptr, out, ErrorP), free=(None, ptr))


def load():
    """The shared library: beside this package (a wheel), else as PLN_LIBRARY says, else by its SONAME."""
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"libpipeline-pln.so.{ABI}")
    path = beside if os.path.exists(beside) else os.environ.get("PLN_LIBRARY", f"libpipeline-pln.so.{ABI}")
    lib = C.CDLL(path)  # releases the interpreter's lock while the library works
    for name, (result, *arguments) in FUNCTIONS.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    if lib.pln_abi_version() != ABI:
        raise ImportError(f"{path} has ABI {lib.pln_abi_version()}, this binding needs {ABI}")
    return lib


lib = load()
