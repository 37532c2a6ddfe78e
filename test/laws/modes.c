/*
 * Two laws over random graphs: every row has exactly one fate at every node, and batch = micro(1) = micro(7) = micro(1000) = stream.
 *
 * A graph is a random tree of stages that may join again; each end is a table. Stages whose output depends on the order of rows (limit, sample, dedup) stand only
 * where that order is fixed: not behind a place where two paths from one source have met. How far a source was read when a limit has had enough
 * depends on the size of batches, and so do rejects in front of it: those of graphs with a limit are not compared. A dedup that spills has a state file.
 */
#include "effort.h"
#include "format/format.h"
#include "scratch.h"
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NODES = 40, MAX_ENDS = 40, ROWS = 1200 };

typedef struct end {
    char node[24];
    char port[12];
    bool ordered; /* whether rows come in an order that borders of batches do not change */
    uint32_t sources;
} end;

typedef struct plan {
    uint64_t random;
    char config[MAX_NODES][400];
    char stage[MAX_NODES][16];
    char name[MAX_NODES][24];
    int nodes;
    char wiring[8192];
    end ends[MAX_ENDS];
    int n_ends;
    bool limited;
    bool spills;
} plan;

static pln_runtime *rt;
static pln_error err;
static int64_t spilled, fired, late;

static void must(pln_status status, const char *what) {
    if (status >= 0)
        return;
    printf("%s: %s (%s)\n", what, err.message, err.where);
    exit(1);
}
#define MUST(call) must((call), #call)

static uint32_t pick(plan *p, uint32_t below) {
    p->random = p->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(p->random >> 33) % below;
}

static void never_released(struct ArrowSchema *schema) {
    (void)schema;
}
static struct ArrowSchema id = {"l", "id", NULL, 0, 0, NULL, NULL, never_released, NULL};
static struct ArrowSchema k = {"l", "k", NULL, ARROW_FLAG_NULLABLE, 0, NULL, NULL, never_released,
                               NULL};
static struct ArrowSchema t = {"u", "t", NULL, ARROW_FLAG_NULLABLE, 0, NULL, NULL, never_released,
                               NULL};
static struct ArrowSchema *columns[] = {&id, &k, &t};
static struct ArrowSchema schema = {"+s", "", NULL, 0, 3, columns, NULL, never_released, NULL};

static pln_table *make_rows(plan *p, int source) {
    pln_table *table;
    pln_builder *b;
    MUST(pln_table_new(rt, &schema, &table, &err));
    MUST(pln_builder_new(rt, &schema, &b, &err));
    for (int i = 0; i < ROWS; i++) {
        static const char *const words[] = {"12",  "x", "", "-7", "3.5", "9223372036854775808",
                                            "true"};
        MUST(pln_column_int(pln_builder_column(b, 0), source * 100000 + i, &err));
        MUST(pick(p, 7) == 0
                 ? pln_column_null(pln_builder_column(b, 1), &err)
                 : pln_column_int(pln_builder_column(b, 1), (int64_t)pick(p, 21) - 10, &err));
        MUST(pick(p, 9) == 0
                 ? pln_column_null(pln_builder_column(b, 2), &err)
                 : pln_column_text(pln_builder_column(b, 2), words[pick(p, 7)], -1, &err));
        if (pick(p, 90) == 0 || i + 1 == ROWS) {
            pln_batch *batch;
            MUST(pln_builder_finish(b, &batch, &err));
            MUST(pln_table_append(table, batch, &err));
            pln_batch_unref(batch);
        }
    }
    pln_builder_free(b);
    return table;
}

static const char *new_node(plan *p, const char *stage, const char *config) {
    int i = p->nodes++;
    snprintf(p->name[i], sizeof p->name[i], "n%d", i);
    snprintf(p->stage[i], sizeof p->stage[i], "%s", stage);
    snprintf(p->config[i], sizeof p->config[i], "%s", config);
    return p->name[i];
}

static void new_end(plan *p, const char *node, const char *port, bool ordered, uint32_t sources) {
    end *e = &p->ends[p->n_ends++];
    snprintf(e->node, sizeof e->node, "%s", node);
    snprintf(e->port, sizeof e->port, "%s", port);
    e->ordered = ordered;
    e->sources = sources;
}

static void wire(plan *p, const end *from, const char *to) {
    size_t used = strlen(p->wiring);
    snprintf(p->wiring + used, sizeof p->wiring - used, "%s.%s > %s; ", from->node, from->port, to);
}

static end take_end(plan *p) {
    int i = (int)pick(p, (uint32_t)p->n_ends);
    end e = p->ends[i];
    p->ends[i] = p->ends[--p->n_ends];
    return e;
}

static const char *const conditions[] = {
    "k > 0", "k is null", "id % 3 = 1", "t like '%2%' or k < -5", "k between -2 and 4", "10 / k > 2",
    "coalesce(k, 0) <> 0", "length(t) = 2", "cast(t as bigint) > 5", "not (k in (1, 2, null))"};
static const char *const values[] = {
    "k + 1", "id * k", "coalesce(t, 'none')", "case when k > 0 then k else -k end", "100 / k", "k * 1000000000000000000",
    "upper(t)", "cast(t as double)", "k % 2 = 0", "nullif(k, 3)"};

static const char *dedup_node(plan *p) {
    static const char *const keeps[] = {"\"first\"", "\"last\"",
                                        "\"highest\", \"version\": \"id\"",
                                        "\"highest\", \"version\": \"k\", \"emit\": \"updates\""};
    char config[400];
    bool spills = pick(p, 3) == 0;
    snprintf(config, sizeof config, "{\"key\": [%s], \"keep\": %s%s}",
             pick(p, 2) ? "\"id\"" : "\"k\", \"t\"", keeps[pick(p, 4)],
             spills ? ", \"budget\": \"128KiB\"" : "");
    p->spills |= spills;
    return new_node(p, "dedup", config);
}

/* One more stage behind some end. */
static void grow(plan *p) {
    char config[400];
    end from = take_end(p);
    const char *node;
    int kind = (int)pick(p, 9);
    if ((kind == 4 || kind == 5 || kind == 7) && !from.ordered)
        kind = 0;
    switch (kind) {
    case 0:
        snprintf(config, sizeof config, "{\"where\": \"%s\", \"else\": \"%s\"}",
                 conditions[pick(p, 10)], pick(p, 2) ? "reject" : "drop");
        node = new_node(p, "filter", config);
        break;
    case 1:
        snprintf(config, sizeof config, "{\"columns\": {\"d%u\": \"%s\"}, \"on_error\": \"%s\"}",
                 pick(p, 3), values[pick(p, 10)], pick(p, 3) ? "reject" : "null");
        node = new_node(p, "derive", config);
        break;
    case 2:
        node = new_node(p, "select",
                        "{\"columns\": [\"t\", \"id\", \"k\"], \"cast\": {\"k\": \"double\"}}");
        break;
    case 3:
        snprintf(config, sizeof config,
                 "{\"routes\": {\"a\": \"%s\", \"b\": \"%s\"}, \"else\": \"%s\"}",
                 conditions[pick(p, 10)], conditions[pick(p, 10)],
                 pick(p, 3) == 0 ? "drop"
                 : pick(p, 2)    ? "reject"
                                 : "port");
        node = new_node(p, "route", config);
        break;
    case 4:
        snprintf(config, sizeof config, "{\"rows\": %u, \"offset\": %u}", pick(p, 700),
                 pick(p, 90));
        node = new_node(p, "limit", config);
        p->limited = true;
        break;
    case 5:
        snprintf(config, sizeof config,
                 pick(p, 2) ? "{\"every\": %u}" : "{\"fraction\": 0.5, \"seed\": %u}",
                 1 + pick(p, 9));
        node = new_node(p, "sample", config);
        break;
    case 6:
        if (p->n_ends > 0) {
            end other = take_end(p);
            if (strcmp(other.node, from.node) == 0 && strcmp(other.port, from.port) == 0) {
                const char *between = new_node(p, "filter", "{\"where\": \"true\"}");
                wire(p, &other, between);
                snprintf(other.node, sizeof other.node, "%s", between);
                snprintf(other.port, sizeof other.port, "out");
            }
            node = new_node(p, "union", "{\"missing\": \"null\"}");
            wire(p, &other, node);
            from.ordered = from.ordered && other.ordered && (from.sources & other.sources) == 0;
            from.sources |= other.sources;
            break;
        }
        /* fall through */
    default: /* both ways */
        if (kind == 7) {
            node = dedup_node(p);
            new_end(p, node, "duplicate", true, from.sources);
            break;
        }
        node = new_node(p, "filter", "{\"where\": \"true\"}");
        new_end(p, node, "out", from.ordered, from.sources);
        break;
    }
    wire(p, &from, node);
    new_end(p, node, strcmp(p->stage[p->nodes - 1], "route") == 0 ? "a" : "out", from.ordered,
            from.sources);
    if (strcmp(p->stage[p->nodes - 1], "route") == 0) {
        new_end(p, node, "b", from.ordered, from.sources);
        if (strstr(p->config[p->nodes - 1], "\"port\"") != NULL)
            new_end(p, node, "else", from.ordered, from.sources);
    }
}

/*
 * Windows of event time behind an end whose rows have an order, and windows of those: rows come out of order and some are late, for the first ones and, where they fire
 * again, for the second ones.
 */
static void add_windows(plan *p) {
    static const char *const kinds[] = {"\"tumbling\", \"size\": 700",
                                        "\"hopping\", \"size\": 900, \"slide\": 200",
                                        "\"hopping\", \"size\": 600, \"slide\": 300, \"mode\": \"discarding\"",
                                        "\"session\", \"gap\": 60"};
    int at = 0;
    char config[400];
    while (at < p->n_ends && !p->ends[at].ordered)
        at++;
    if (at == p->n_ends)
        return;
    end from = p->ends[at];
    p->ends[at] = p->ends[--p->n_ends];
    const char *node = new_node(
        p, "derive", "{\"columns\": {\"at\": \"cast(id * 10 + coalesce(k, 0) * 15 as bigint)\"}}");
    wire(p, &from, node);
    snprintf(config, sizeof config, "{\"time\": \"at\", \"unit\": \"us\", \"bound\": %u}",
             pick(p, 200));
    const char *marked = new_node(p, "watermark", config);
    snprintf(from.node, sizeof from.node, "%s", node);
    snprintf(from.port, sizeof from.port, "out");
    wire(p, &from, marked);
    snprintf(config, sizeof config,
             "{\"window\": %s, \"key\": [%s], \"lateness\": %u, \"every_rows\": %u, "
             "\"aggregates\": {\"n\": \"count()\", \"total\": \"sum(id)\", \"least\": \"min(t)\"}}",
             kinds[pick(p, 4)], pick(p, 3) ? "\"k\"" : "", pick(p, 2) * pick(p, 400),
             pick(p, 3) == 0 ? 1 + pick(p, 5) : 0);
    const char *windows = new_node(p, "window", config);
    snprintf(from.node, sizeof from.node, "%s", marked);
    wire(p, &from, windows);
    new_end(p, windows, "late", true, from.sources);
    snprintf(from.node, sizeof from.node, "%s", windows);
    snprintf(config, sizeof config,
             "{\"size\": %u, \"lateness\": %u, \"aggregates\": {\"rows\": \"sum(n)\", \"windows\": "
             "\"count()\", "
             "\"last\": \"last(total)\"}}",
             500 + pick(p, 1500), pick(p, 2) * pick(p, 900));
    windows = new_node(p, "window", config);
    wire(p, &from, windows);
    new_end(p, windows, "out", true, from.sources);
    new_end(p, windows, "late", true, from.sources);
    if (pick(p, 2))
        new_end(p, from.node, "out", true, from.sources);
}

/* Select keeps three names that a derive may not have changed in type; unions of unlike columns are refused, and that graph is passed over. */
static void make_plan(plan *p, uint64_t seed) {
    memset(p, 0, sizeof *p);
    p->random = seed * 0x9e3779b97f4a7c15u + 1;
    int sources = 1 + (int)pick(p, 3), stages = 1 + (int)pick(p, 9);
    for (int s = 0; s < sources; s++)
        new_end(p, new_node(p, "memory.read", ""), "out", true, 1u << s);
    for (int i = 0; i < stages && p->n_ends < 12; i++)
        grow(p);
    if (pick(p, 2))
        add_windows(p);
}

typedef struct lines {
    char **items;
    size_t count, capacity;
} lines;

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void collect(const pln_table *table, int sink, lines *out) {
    for (int64_t b = 0; b < pln_table_count(table); b++) {
        const pln_batch *batch = pln_table_batch(table, b);
        for (int64_t i = 0; i < pln_batch_rows(batch); i++) {
            pln__text text;
            pln__text_init(&text, pln__system_allocator());
            pln__text_printf(&text, "%d ", sink);
            must(pln__json_row(pln_batch_schema(batch), pln_batch_array(batch), i, &text), "json");
            /* Of a reject row n and attempt depend on the mode. */
            char *n = strstr(text.data, "\"n\":"),
                 *rest = n == NULL ? NULL : strstr(n, "\"original\"");
            if (n != NULL && rest != NULL)
                memmove(n, rest, strlen(rest) + 1);
            if (out->count == out->capacity) {
                out->capacity = out->capacity * 2 + 64;
                out->items = realloc(out->items, out->capacity * sizeof *out->items);
            }
            out->items[out->count++] = strdup(text.data);
            pln__text_free(&text);
        }
    }
}

static void free_lines(lines *l) {
    for (size_t i = 0; i < l->count; i++)
        free(l->items[i]);
    free(l->items);
    memset(l, 0, sizeof *l);
}

static bool conserved(const pln_report *report) {
    pln_node_summary n = {.struct_size = sizeof n};
    for (int32_t i = 0; pln_report_node(report, i, &n) == PLN_OK; i++) {
        int64_t fates = n.passed + n.absorbed + n.rejected + n.late + n.filtered + n.duplicate;
        late += n.late;
        fired += strcmp(n.stage, "window") == 0 ? n.rows_out : 0;
        /* A dedup gives rows that it had absorbed, and shows duplicates; windows give others. */
        bool owes = n.kind != PLN_SINK && strcmp(n.stage, "dedup") != 0 &&
                    strcmp(n.stage, "window") != 0 && n.rows_out != n.passed;
        if (fates == n.rows_in && !owes)
            continue;
        printf("node %s (%s): in %lld, fates %lld, passed %lld, out %lld\n", n.name, n.stage,
               (long long)n.rows_in, (long long)fates, (long long)n.passed, (long long)n.rows_out);
        return false;
    }
    return true;
}

/* Runs the plan; false if the graph is refused, which every mode must do alike. */
static bool run_plan(plan *p, const pln_run_options *options, pln_table *const *inputs,
                     lines *out) {
    pln_graph *g;
    pln_table *tables[MAX_NODES + MAX_ENDS];
    pln_report *report = NULL;
    char wiring[16384];
    int n_tables = 0;
    MUST(pln_graph_new(rt, "law", &g, &err));
    snprintf(wiring, sizeof wiring, "%s", p->wiring);
    for (int i = 0; i < p->nodes; i++) {
        MUST(
            pln_graph_add(g, p->name[i], p->stage[i], p->config[i][0] ? p->config[i] : NULL, &err));
        if (strcmp(p->stage[i], "memory.read") == 0)
            MUST(pln_graph_bind(g, p->name[i], "table", inputs[i], NULL, &err));
    }
    for (int i = 0; i < p->n_ends + p->nodes; i++) {
        char name[32];
        snprintf(name, sizeof name, "sink%d", i);
        MUST(pln_table_new(rt, NULL, &tables[n_tables], &err));
        MUST(pln_graph_add(g, name, "memory.write", NULL, &err));
        MUST(pln_graph_bind(g, name, "table", tables[n_tables++], NULL, &err));
        size_t used = strlen(wiring);
        if (i < p->n_ends)
            snprintf(wiring + used, sizeof wiring - used, "%s.%s > %s; ", p->ends[i].node,
                     p->ends[i].port, name);
        else
            snprintf(wiring + used, sizeof wiring - used, "%s.reject > %s; ",
                     p->name[i - p->n_ends], name);
    }
    MUST(pln_graph_wire(g, wiring, &err));
    pln_run_options mine = *options;
    scratch dir = scratch_new();
    if (p->spills)
        mine.state = scratch_path(&dir, "state.db");
    pln_status status = pln_graph_run(g, &mine, &report, &err);
    scratch_free(&dir);
    for (int i = 0; status >= 0 && i < p->nodes; i++)
        spilled += pln_report_counter(report, p->name[i], "dedup.spilled");
    if (status < 0 && getenv("DBG"))
        printf("%s (%s)\n", err.message, err.where);
    if (status < 0 && status != PLN_ETYPE && status != PLN_ENAME)
        must(status, wiring);
    if (status >= 0 && !conserved(report))
        exit(1);
    for (int i = 0; i < n_tables; i++) {
        if (status >= 0 && (i < p->n_ends || !p->limited))
            collect(tables[i], i, out);
        pln_table_free(tables[i]);
    }
    pln_report_free(report);
    pln_graph_free(g);
    if (out->count > 0)
        qsort(out->items, out->count, sizeof *out->items, by_text);
    return status >= 0;
}

static void compare(const plan *p, uint64_t seed, const char *mode, const lines *a,
                    const lines *b) {
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0) {
            printf("seed %llu, %s: batch gives\n  %s\nand not\n  %s\n%s\n",
                   (unsigned long long)seed, mode, a->items[i], b->items[i], p->wiring);
            exit(1);
        }
    if (a->count != b->count) {
        printf("seed %llu, %s: %zu rows, batch gives %zu\n%s\n", (unsigned long long)seed, mode,
               b->count, a->count, p->wiring);
        exit(1);
    }
}

int main(void) {
    static const struct {
        const char *name;
        int32_t mode;
        int64_t epoch_rows, batch_rows;
    } modes[] = {{"micro(1)", PLN_MICRO_BATCH, 1, 8192},      {"micro(7)", PLN_MICRO_BATCH, 7, 8192},
                 {"micro(1000)", PLN_MICRO_BATCH, 1000, 333}, {"stream", PLN_STREAM, 50, 17},
                 {"batch of one-row polls", PLN_BATCH, 0, 1}};
    uint64_t graphs = (uint64_t)effort(60, 3000), ran = 0, compared = 0;
    MUST(pln_runtime_new(NULL, &rt, &err));
    for (uint64_t seed = 1; seed <= graphs; seed++) {
        static plan p;
        lines batch = {0};
        pln_run_options options;
        pln_table *inputs[3] = {NULL};
        make_plan(&p, seed);
        for (int s = 0; s < 3; s++)
            inputs[s] = make_rows(&p, s);
        pln_run_options_init(&options, sizeof options);
        options.seed = 7;
        bool fits = run_plan(&p, &options, inputs, &batch);
        ran += fits;
        for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++) {
            lines other = {0};
            /* A sync of the disk for each row takes too long. */
            if (p.spills && modes[m].epoch_rows == 1)
                continue;
            options.mode = modes[m].mode;
            options.epoch_rows = modes[m].epoch_rows;
            options.max_batch_rows = modes[m].batch_rows;
            if (run_plan(&p, &options, inputs, &other) != fits)
                must(PLN_ETYPE, "a graph that one mode takes and another refuses");
            compare(&p, seed, modes[m].name, &batch, &other);
            compared += other.count;
            free_lines(&other);
        }
        free_lines(&batch);
        for (int s = 0; s < 3; s++)
            pln_table_free(inputs[s]);
    }
    pln_memory memory = {.struct_size = sizeof memory};
    pln_runtime_memory(rt, &memory);
    pln_runtime_free(rt);
    printf("%llu of %llu random graphs ran in six modes, %llu rows compared, %lld keys spilled, "
           "%lld results of windows, %lld rows late\n",
           (unsigned long long)ran, (unsigned long long)graphs, (unsigned long long)compared,
           (long long)spilled, (long long)fired, (long long)late);
    printf("%d passed, %d failed, 0 skipped\n", ran * 2 > graphs, ran * 2 <= graphs);
    return ran * 2 <= graphs;
}
