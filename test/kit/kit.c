#include "kit_inner.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const check_names[KIT_CHECKS] = {
    "options", "rows", "limits", "modes", "fates", "hidden", "resume", "faults", "twice", "unknown",
    "failed open", "interrupt", "memory", "life"};

const char *kit_check_name(int32_t check) {
    return check >= 0 && check < KIT_CHECKS ? check_names[check] : "?";
}

static void say(kit_world *world, const char *line) {
    if (world->options.say != NULL)
        world->options.say(world->options.user, line);
    else
        puts(line);
}

enum { FINDINGS_SHOWN = 4 };

void kit_finding(kit_world *world, const char *format, ...) {
    char text[600], line[900];
    va_list args;
    world->out->failed_checks |= 1u << world->check;
    world->out->findings++;
    if (++world->findings > FINDINGS_SHOWN)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(line, sizeof line, "%s: %s: %s%s%s%s", world->stage->name, check_names[world->check],
             text, world->doing[0] ? " (" : "", world->doing, world->doing[0] ? ")" : "");
    say(world, line);
}

static void skip(kit_world *world) {
    world->out->skipped_checks |= 1u << world->check;
}

static const char *fresh_state(kit_world *world) {
    static const char *const tails[] = {"", "-wal", "-shm", "-journal"};
    static char path[300];
    char old[320];
    for (int i = 0; i < 4 && world->states > 0; i++) {
        snprintf(old, sizeof old, "%s/%lld.db%s", world->dir, (long long)world->states, tails[i]);
        unlink(old);
    }
    snprintf(path, sizeof path, "%s/%lld.db", world->dir, (long long)++world->states);
    return path;
}

/* `n` points out of 1..total, evenly spread: number i of them. */
static int64_t point(int64_t i, int64_t n, int64_t total) {
    return n >= total ? i + 1 : 1 + i * (total - 1) / (n > 1 ? n - 1 : 1);
}

static int64_t points(const kit_world *world, int64_t total, int64_t share) {
    int64_t most = world->options.points / share;
    most = most < 3 ? 3 : most;
    return world->options.points < 0 || total < most ? total : most;
}

static kit_run stateful(kit_world *world, const char *state) {
    kit_run run = kit_run_of(world);
    run.state = world->stage->no_resume ? NULL : state;
    run.batch_rows = 3;
    run.epoch_rows = world->stage->epoch_rows > 0 ? world->stage->epoch_rows : 5;
    return run;
}

/* ---- options ---- */

/* A value that no option of the type takes. */
static const char *misfit(int32_t type) {
    switch (type) {
    case PLN_OPT_INT: case PLN_OPT_FLOAT: return "[]";
    case PLN_OPT_BOOL: return "\"perhaps\"";
    case PLN_OPT_BYTES: case PLN_OPT_DURATION: return "\"much\"";
    case PLN_OPT_ENUM: return "\"kit-none-of-them\"";
    case PLN_OPT_JSON: return NULL;
    default: return "{\"kit\": [7]}";
    }
}

static void refused(kit_world *world, const char *config, const char *key, const char *what) {
    kit_run run = kit_run_of(world);
    run.bare = true;
    run.config = config;
    kit_reset(world);
    kit_do(world, &run);
    if (run.status != PLN_EOPTION)
        kit_finding(world, "option '%s': %s: expected PLN_EOPTION, got %s %s", key, what,
                    pln_status_name(run.status), run.error.message);
    else if (strstr(run.error.message, key) == NULL)
        kit_finding(world, "option '%s': %s: the message does not name it: %s", key, what,
                    run.error.message);
}

static void check_one_option(kit_world *world, const pln_option *o) {
    char config[200];
    const char *value = misfit(o->type);
    if (o->help == NULL || o->help[0] == '\0')
        kit_finding(world, "option '%s' has no help text", o->key);
    if (value == NULL)
        return;
    snprintf(config, sizeof config, "{\"%s\": %s}", o->key, value);
    refused(world, config, o->key, "a value of another type");
}

static void check_options(kit_world *world) {
    const pln_source *head = &world->wrap.inner.source;
    const char *required = NULL;
    bool any = false;
    if (world->stage->table == NULL && world->stage->add != NULL) {
        skip(world);
        return;
    }
    refused(world, "{\"kit_no_such_option\": 1}", "kit_no_such_option", "unknown");
    for (int64_t i = 0; world->stage->table != NULL && head->options != NULL; i++) {
        pln_option o = {0};
        memcpy(&o, (const char *)head->options + (size_t)i * head->option_size,
               head->option_size < sizeof o ? head->option_size : sizeof o);
        if (o.key == NULL)
            break;
        check_one_option(world, &o);
        if (o.required && !any)
            required = o.key;
        any |= o.required != 0;
    }
    if (required != NULL)
        refused(world, NULL, required, "required and missing");
    if (world->stage->table != NULL && (head->summary == NULL || head->summary[0] == '\0'))
        kit_finding(world, "the table has no summary");
}

/* ---- rows in whole runs ---- */

static bool ended_well(kit_world *world, const kit_run *run, const char *what) {
    if (run->status >= 0 && run->done)
        return true;
    kit_finding(world, "%s: the run did not end well: %s %s (%s)", what,
                pln_status_name(run->status), run->error.message, run->error.where);
    return false;
}

static bool whole_run(kit_world *world, kit_run *run, const char *what) {
    kit_reset(world);
    kit_do(world, run);
    return ended_well(world, run, what) && kit_same(world, what);
}

static bool check_rows(kit_world *world) {
    kit_run run = kit_run_of(world);
    kit_reset(world);
    kit_do(world, &run);
    if (!ended_well(world, &run, "the first run"))
        return false;
    world->expected = kit_seen(world);
    world->requests = run.requests;
    if (world->options.show_result)
        say(world, world->expected);
    if (world->stage->expect != NULL) {
        char *seen = world->expected;
        world->expected = strdup(world->stage->expect);
        kit_same(world, "the first run");
        free(seen);
    }
    return true;
}

static void check_limits(kit_world *world) {
    static const int64_t limits[] = {1, 2, 3, 7, 64, 8192};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        char what[64];
        kit_run run = kit_run_of(world);
        run.batch_rows = limits[i];
        snprintf(what, sizeof what, "polls of at most %lld rows", (long long)limits[i]);
        whole_run(world, &run, what);
    }
}

static void check_modes(kit_world *world) {
    static const struct {
        const char *name;
        int32_t mode;
        int64_t epoch_rows, batch_rows;
    } modes[] = {{"micro-batches of one row", PLN_MICRO_BATCH, 1, 8192},
                 {"micro-batches of 7 rows", PLN_MICRO_BATCH, 7, 3},
                 {"stream", PLN_STREAM, 0, 4}};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        kit_run run = kit_run_of(world);
        run.mode = modes[i].mode;
        run.epoch_rows = modes[i].epoch_rows;
        run.batch_rows = modes[i].batch_rows;
        whole_run(world, &run, modes[i].name);
    }
}

/* ---- epochs ---- */

static void check_hidden(kit_world *world) {
    bool hides = world->stage->kind == PLN_SINK && world->stage->result != NULL &&
                 !world->stage->no_resume &&
                 (kit_wrap_has(&world->wrap, PLN_SINK, KIT_SLOT_PREPARE) ||
                  kit_wrap_has(&world->wrap, PLN_SINK, KIT_SLOT_STATE_COMMIT));
    if (!hides) {
        skip(world);
        return;
    }
    kit_run run = stateful(world, fresh_state(world));
    run.watch = true;
    whole_run(world, &run, "watched step by step");
    for (int64_t steps = 1; steps < 4; steps++) {
        char *before, *after;
        kit_run part = stateful(world, fresh_state(world));
        part.steps = steps;
        part.epoch_rows = 0;
        kit_reset(world);
        before = world->stage->result(world->stage->arg);
        kit_do(world, &part);
        after = world->stage->result(world->stage->arg);
        if (!part.done && strcmp(before, after) != 0)
            kit_finding(world,
                        "a run that was given up in its first epoch left something to be seen");
        free(before);
        free(after);
    }
}

/* Whether a resumed run must give what an uninterrupted one gives. */
static bool exact(const kit_world *world) {
    return world->guarantee == PLN_EXACTLY_ONCE && !world->stage->no_resume;
}

static void check_resume(kit_world *world) {
    const char *state = fresh_state(world);
    kit_run whole = stateful(world, state);
    if (!whole_run(world, &whole, "with a state file"))
        return;
    world->guarantee = whole.guarantee;
    world->steps = whole.steps_done;
    memcpy(world->calls, world->wrap.calls, sizeof world->calls);
    if (!exact(world)) {
        skip(world);
        return;
    }
    int64_t n = points(world, whole.steps_done, 1);
    for (int64_t i = 0; i < n; i++) {
        char what[64];
        kit_run part = stateful(world, fresh_state(world)), rest = part;
        part.steps = point(i, n, whole.steps_done);
        kit_reset(world);
        kit_do(world, &part);
        snprintf(what, sizeof what, "given up after step %lld and resumed", (long long)part.steps);
        kit_do(world, &rest);
        if (ended_well(world, &rest, what))
            kit_same(world, what);
    }
    /* Given up again and again: one step more each time. */
    kit_run piece = stateful(world, fresh_state(world));
    kit_reset(world);
    for (int64_t k = 1; k < 4 * whole.steps_done + 8 && !piece.done; k++) {
        piece.steps = k;
        kit_do(world, &piece);
        if (piece.status < 0)
            break;
    }
    if (ended_well(world, &piece, "given up again and again"))
        kit_same(world, "given up again and again");
}

static void fault_and_resume(kit_world *world, const kit_fault *fault, bool while_resuming) {
    char what[120];
    kit_run broken = stateful(world, fresh_state(world)), rest = broken;
    broken.attempts = fault->retryable ? 3 : 1;
    snprintf(what, sizeof what, "%s failed %s its work, call %lld%s%s", kit_slot_name(fault->slot),
             fault->after ? "after" : "before", (long long)fault->at,
             fault->dead        ? ", then nothing but close came"
             : fault->retryable ? ", tried again"
                                : "",
             while_resuming ? ", in a resumed run" : "");
    snprintf(world->doing, sizeof world->doing, "%s", what);
    kit_reset(world);
    if (while_resuming) {
        kit_run part = broken;
        part.steps = world->steps / 2 + 1;
        kit_do(world, &part);
    }
    world->wrap.fault = *fault;
    kit_do(world, &broken);
    world->wrap.fault = (kit_fault){0};
    if (world->wrap.hit && broken.done && !fault->retryable && fault->slot != KIT_SLOT_ABORT)
        kit_finding(world, "%s: the run took it for success", what);
    if (world->wrap.hit && fault->retryable && !while_resuming)
        (void)ended_well(world, &broken, what);
    if (!broken.done)
        kit_do(world, &rest);
    world->doing[0] = '\0';
    if (broken.done || ended_well(world, &rest, what))
        kit_same(world, what);
}

static void faults_of(kit_world *world, int32_t slot, int64_t calls, bool while_resuming) {
    int64_t n = points(world, calls, 6);
    for (int64_t i = 0; i < n; i++)
        for (int kind = 0; kind < 3; kind++)
            for (int after = 0; after < 2; after++) {
                kit_fault fault = {.slot = slot, .after = after, .dead = kind == 1, .retryable = kind == 2,
                                   .at = point(i, n, calls)};
                if (world->findings <= FINDINGS_SHOWN)
                    fault_and_resume(world, &fault, while_resuming);
            }
}

static void check_faults(kit_world *world) {
    if (!exact(world) || world->stage->table == NULL) {
        skip(world);
        return;
    }
    for (int32_t slot = KIT_SLOT_POLL; slot <= KIT_SLOT_SAVE; slot++)
        faults_of(world, slot, world->calls[slot], false);
    for (int32_t slot = KIT_SLOT_LOAD; slot <= KIT_SLOT_STATE_OPEN; slot++)
        faults_of(world, slot, 1, true);
}

static void check_twice(kit_world *world) {
    if (!kit_wrap_has(&world->wrap, world->stage->kind, KIT_SLOT_COMMIT) &&
        !kit_wrap_has(&world->wrap, world->stage->kind, KIT_SLOT_ABORT)) {
        skip(world);
        return;
    }
    world->wrap.twice = true;
    kit_run run = stateful(world, fresh_state(world)), part, rest;
    whole_run(world, &run, "every commit twice");
    if (exact(world)) {
        part = rest = stateful(world, fresh_state(world));
        part.steps = world->steps / 2 + 1;
        kit_reset(world);
        kit_do(world, &part);
        kit_do(world, &rest);
        if (ended_well(world, &rest, "every commit and abort twice, resumed"))
            kit_same(world, "every commit and abort twice, resumed");
    }
    world->wrap.twice = false;
}

/* The run that is resumed has committed handles; then they mean nothing any more. */
static void check_unknown(kit_world *world) {
    if (!kit_wrap_has(&world->wrap, world->stage->kind, KIT_SLOT_RECOVER) ||
        world->stage->no_resume) {
        skip(world);
        return;
    }
    for (int gone = 0; gone < 2; gone++) {
        kit_run part = stateful(world, fresh_state(world)), rest = part;
        part.steps = world->steps > 1 ? world->steps - 1 : 1;
        kit_reset(world);
        kit_do(world, &part);
        if (gone)
            kit_reset(world);
        world->wrap.garbage = !gone;
        kit_do(world, &rest);
        world->wrap.garbage = false;
        const char *what = gone ? "a handle whose output is gone" : "a handle of 64 strange bytes";
        bool named = rest.status == PLN_EDATALOSS || (!gone && rest.status == PLN_ECORRUPT);
        if (!named)
            kit_finding(world, "%s: expected PLN_EDATALOSS, got %s %s", what,
                        pln_status_name(rest.status), rest.error.message);
    }
}

static void check_failed_open(kit_world *world) {
    if (world->stage->table == NULL) {
        skip(world);
        return;
    }
    kit_run run = kit_run_of(world);
    world->wrap.fault = (kit_fault){.slot = KIT_SLOT_OPEN, .at = 1};
    kit_reset(world);
    kit_do(world, &run);
    world->wrap.fault = (kit_fault){0};
    if (run.status != PLN_EIO)
        kit_finding(world, "the run did not stop with the error of open, but with %s",
                    pln_status_name(run.status));
}

static void check_interrupt(kit_world *world) {
    if (world->stage->table == NULL || !kit_wrap_interruptible(&world->wrap, world->stage->kind)) {
        skip(world);
        return;
    }
    for (int i = 0; i < 8; i++) {
        kit_run run = kit_run_of(world);
        run.interrupt = true;
        run.batch_rows = 2;
        kit_reset(world);
        kit_do(world, &run);
        if (run.status >= 0)
            kit_same(world, "interrupted");
    }
}

static void fail_allocation(kit_world *world, int64_t at, bool once) {
    char what[80];
    kit_run run = kit_run_of(world);
    run.fail_at = at;
    run.once = once;
    run.batch_rows = 7;
    kit_reset(world);
    kit_do(world, &run);
    snprintf(what, sizeof what, "allocation %lld failed%s", (long long)at,
             once ? "" : ", and all after it");
    if (run.status >= 0)
        kit_same(world, what);
    else if (run.status != PLN_ENOMEM)
        kit_finding(world, "%s: expected PLN_ENOMEM, got %s %s", what, pln_status_name(run.status),
                    run.error.message);
}

static void fail_some(kit_world *world, int64_t from, int64_t to, int64_t share) {
    int64_t n = points(world, to - from, share);
    for (int64_t i = 0; i < n && world->findings <= FINDINGS_SHOWN; i++) {
        fail_allocation(world, from + point(i, n, to - from), true);
        fail_allocation(world, from + point(i, n, to - from), false);
    }
}

static void check_memory(kit_world *world) {
    kit_run run = kit_run_of(world);
    run.batch_rows = 7;
    whole_run(world, &run, "before any allocation fails");
    /* What the stage asks for in its open is a small part of all; it has points of its own. */
    int64_t open_from = world->wrap.open_from, open_to = world->wrap.open_to;
    fail_some(world, 0, run.runtime_requests, 6);
    fail_some(world, open_from, open_to, 1);
    fail_some(world, run.runtime_requests, run.requests, 1);
}

/* ---- all of them ---- */

static void split_names(const char *names, char out[KIT_PORTS][KIT_NODE_NAME], int32_t *n) {
    *n = 0;
    while (names != NULL && *names != '\0' && *n < KIT_PORTS) {
        size_t size = strcspn(names, " ");
        snprintf(out[(*n)++], KIT_NODE_NAME, "%.*s", (int)size, names);
        names += size + strspn(names + size, " ");
    }
}

static bool begin(kit_world *world) {
    const kit_stage *stage = world->stage;
    pln_error err = {0};
    const char *root = world->options.dir != NULL ? world->options.dir : getenv("TMPDIR");
    const char *out = stage->ports_out != NULL  ? stage->ports_out
                      : stage->kind == PLN_SINK ? ""
                      : world->wrap.inner.source.ports_out != NULL
                          ? world->wrap.inner.source.ports_out
                          : "out";
    int32_t named = 0;
    world->clock_us = 1700000000000000;
    world->collects[KIT_PORTS].rejects = true;
    split_names(out, world->ports_out, &world->n_out);
    split_names(stage->ports_in, world->ports_in, &named);
    snprintf(world->dir, sizeof world->dir, "%s/pln-kit-XXXXXX", root == NULL ? "/tmp" : root);
    if (mkdtemp(world->dir) == NULL || pln_runtime_new(NULL, &world->home, &err) < 0) {
        kit_finding(world, "cannot begin in %s", world->dir);
        return false;
    }
    world->n_inputs = stage->kind == PLN_SOURCE ? 0 : stage->inputs > 0 ? stage->inputs : 1;
    for (int32_t i = 0; i < world->n_inputs; i++) {
        if (stage->input(stage->arg, world->home, i, &world->inputs[i], &err) < 0) {
            kit_finding(world, "the input was not made: %s", err.message);
            return false;
        }
        world->feeds[i].table = world->inputs[i];
    }
    return true;
}

static void end(kit_world *world) {
    char path[300];
    (void)fresh_state(world);
    (void)kit_empty_state(world, path);
    for (int32_t i = 0; i < KIT_PORTS; i++)
        pln_table_free(world->inputs[i]);
    pln_runtime_free(world->home);
    kit_reset(world);
    rmdir(world->dir);
    free(world->expected);
}

static void check(kit_world *world, int32_t id, void (*fn)(kit_world *)) {
    world->check = id;
    world->findings = 0;
    if (world->options.only != 0 && !(world->options.only & 1u << id))
        skip(world);
    else if (fn != NULL)
        fn(world);
}

int32_t kit_check(const kit_stage *stage, const kit_options *options, kit_outcome *out) {
    kit_outcome own = {0};
    kit_world *world = calloc(1, sizeof *world);
    if (world == NULL)
        abort();
    world->stage = stage;
    world->out = &own;
    if (options != NULL)
        memcpy(&world->options, options,
               options->struct_size < sizeof world->options ? options->struct_size
                                                            : sizeof world->options);
    if (world->options.points == 0)
        world->options.points = 24;
    kit_wrap_make(&world->wrap, stage);
    world->check = KIT_ROWS;
    if (begin(world) && check_rows(world)) {
        check(world, KIT_OPTIONS, check_options);
        check(world, KIT_LIMITS, check_limits);
        check(world, KIT_MODES, check_modes);
        check(world, KIT_RESUME, check_resume);
        check(world, KIT_HIDDEN, check_hidden);
        check(world, KIT_FAULTS, check_faults);
        check(world, KIT_TWICE, check_twice);
        check(world, KIT_UNKNOWN, check_unknown);
        check(world, KIT_FAILED_OPEN, check_failed_open);
        check(world, KIT_INTERRUPT, check_interrupt);
        check(world, KIT_MEMORY, check_memory);
    }
    end(world);
    pthread_mutex_destroy(&world->wrap.lock);
    free(world);
    int32_t failed = 0;
    own.skipped_checks &= ~own.failed_checks;
    for (int32_t i = 0; i < KIT_CHECKS; i++)
        failed += own.failed_checks >> i & 1 ? 1 : 0;
    int32_t skipped = 0;
    for (int32_t i = 0; i < KIT_CHECKS; i++)
        skipped += own.skipped_checks >> i & 1 ? 1 : 0;
    if (out != NULL) {
        out->failed += failed;
        out->skipped += skipped;
        out->passed += KIT_CHECKS - failed - skipped;
        out->failed_checks |= own.failed_checks;
        out->skipped_checks |= own.skipped_checks;
        out->findings += own.findings;
        out->runs += own.runs;
    }
    return failed;
}
