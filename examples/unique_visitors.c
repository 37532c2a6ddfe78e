/*
 * unique_visitors: how many different users there were in each hour of a stream of events, and in all of them. A sketch of a few kilobytes holds the users
 * of an hour, however many they are; the sketches of hours merge to that of the day, which a sum of counts could not give: users come back.
 *
 *     unique_visitors [FILE]     NDJSON, plain or gzip, with a time and a user in each line; without one rows are made
 */
#include <pln/pln.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DONE = 0, WRONG_USE = 2, FAILED = 3 };

typedef struct hour {
    int64_t start; /* seconds since 1970 */
    pln_hll *users;
} hour;

/* In the order of time; events may come in any other. */
typedef struct hours {
    pln_runtime *rt;
    hour *list;
    int64_t n, room;
} hours;

/* The hour's sketch; an empty one if it is the first event of the hour. */
static pln_status sketch_of(hours *all, int64_t start, pln_hll **out, pln_error *err) {
    int64_t at = all->n;
    while (at > 0 && all->list[at - 1].start > start)
        at--;
    if (at > 0 && all->list[at - 1].start == start) {
        *out = all->list[at - 1].users;
        return PLN_OK;
    }
    if (all->n == all->room) {
        int64_t room = all->room * 2 + 24;
        hour *list = realloc(all->list, (size_t)room * sizeof *list);
        if (list == NULL)
            return err->status = PLN_ENOMEM;
        all->list = list;
        all->room = room;
    }
    pln_status status = pln_hll_new(all->rt, NULL, out, err);
    if (status < 0)
        return status;
    memmove(all->list + at + 1, all->list + at, (size_t)(all->n++ - at) * sizeof *all->list);
    all->list[at] = (hour){start, *out};
    return PLN_OK;
}

/* ---- the sink: takes batches, stores nothing but sketches ---- */

static pln_status hours_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                             pln_error *err) {
    (void)ctx, (void)config, (void)err;
    *self = user;
    return PLN_OK;
}

static int64_t find(const struct ArrowSchema *schema, const char *name) {
    int64_t i = 0;
    while (strcmp(schema->children[i]->name, name) != 0)
        i++; /* the graph below sees to it that it is there */
    return i;
}

/* Events of one hour that follow each other are added in one call: the same column, from another place on. */
static pln_status hours_write(void *self, pln_context *ctx, pln_batch *batch, pln_error *err) {
    const struct ArrowSchema *schema = pln_batch_schema(batch);
    const struct ArrowArray *rows = pln_batch_array(batch);
    int64_t hour_at = find(schema, "hour"), user_at = find(schema, "user"), end;
    const struct ArrowArray *users = rows->children[user_at], *times = rows->children[hour_at];
    const int64_t *start = (const int64_t *)times->buffers[1] + times->offset;
    pln_status status = PLN_OK;
    (void)ctx;
    for (int64_t row = 0; row < rows->length && status >= 0; row = end) {
        struct ArrowArray some = *users;
        pln_hll *sketch = NULL;
        for (end = row + 1; end < rows->length && start[end] == start[row];)
            end++;
        some.offset += row;
        some.length = end - row;
        some.null_count = -1; /* of this part it is not known */
        status = sketch_of(self, start[row], &sketch, err);
        if (status >= 0)
            status = pln_hll_add_column(sketch, schema->children[user_at], &some, err);
    }
    return status;
}

static void hours_close(void *self, pln_context *ctx) {
    (void)self, (void)ctx;
}

static const pln_sink sketches = {
    .struct_size = sizeof(pln_sink), .abi = PLN_PLUGIN_ABI,
    .name = "visitors.hours", .summary = "A sketch of the users of each hour.",
    .open = hours_open, .write = hours_write, .close = hours_close,
};

/* A line without a time or with one that is none ends the run; a reject port would take it (see quickstart). */
static pln_status build(pln_graph *g, const char *path, hours *all, pln_error *err) {
    if (path != NULL) {
        pln_graph_add(g, "read", "ndjson.read", PLN_JSON({"schema": {
            "type": "record", "name": "event", "fields": [
                {"name": "time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
                {"name": "user", "type": ["null", "string"]}]}}), err);
        pln_graph_set_text(g, "read", "path", path, err);
    } else {
        pln_graph_add(g, "read", "generate", PLN_JSON({"rows": 20000, "seed": 7, "columns": {
            "time": {"time": "2024-01-01T00:00:00Z", "step": "2s"}, "user": {"text": [2, 3]}}}), err);
    }
    pln_graph_add(g, "hour", "derive", PLN_JSON({
        "columns": {"hour": "epoch(date_trunc('hour', time))"}}), err);
    pln_graph_add_sink(g, "count", &sketches, all, NULL, NULL, err);
    return pln_graph_wire(g, "read > hour > count", err);
}

static void show(pln_hll *users) {
    double low, high;
    pln_hll_interval(users, 3, &low, &high); /* three standard errors: 99.7 % of sketches */
    printf("%10.0f%10.0f to %6.0f", pln_hll_estimate(users), low, high);
}

static pln_status table(const hours *all, pln_error *err) {
    pln_hll *seen = NULL;
    pln_status status = pln_hll_new(all->rt, NULL, &seen, err);
    if (status >= 0)
        printf("%-16s%10s%20s%10s%20s\n", "hour (UTC)", "users", "between", "so far", "between");
    for (int64_t i = 0; i < all->n && status >= 0; i++) {
        char text[20];
        time_t start = (time_t)all->list[i].start;
        struct tm parts;
        strftime(text, sizeof text, "%Y-%m-%d %H:%M", gmtime_r(&start, &parts));
        status = pln_hll_merge(seen, all->list[i].users, err);
        printf("%s", text);
        show(all->list[i].users);
        show(seen);
        printf("\n");
    }
    pln_hll_free(seen);
    return status;
}

int main(int argc, char **argv) {
    pln_error err = {0};
    pln_graph *g = NULL;
    hours all = {0};
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fprintf(stderr, "usage: unique_visitors [FILE]\n");
        return WRONG_USE;
    }
    if (pln_runtime_new(NULL, &all.rt, &err) < 0 ||
        pln_graph_new(all.rt, "unique_visitors", &g, &err) < 0 ||
        build(g, argv[1], &all, &err) < 0 || pln_graph_run(g, NULL, NULL, &err) < 0 ||
        table(&all, &err) < 0)
        fprintf(stderr, "unique_visitors: %s: %s\n", err.where, err.message);
    pln_graph_free(g);
    for (int64_t i = 0; i < all.n; i++)
        pln_hll_free(all.list[i].users);
    free(all.list);
    pln_runtime_free(all.rt);
    return err.status < 0 ? FAILED : DONE;
}
