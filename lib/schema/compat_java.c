/*
 * What org.apache.avro.SchemaCompatibility answers. It settles pairs depth first, takes a pair that is still open for one that fits, and keeps every result
 * with the paths of the place where the pair was met first; a branch of a union starts a path anew. All of that shows in its answers, so all of it is
 * done here. Its lists of issues double with every type that is used twice: here a list names the lists in it, and is laid out once, at the end.
 */
#include "schema/compat.h"

enum { OPEN = 1, SETTLED = 2, NOTHING = -1, UNTOLD = INT32_MIN };

typedef struct node {
    int32_t value, next; /* value: an issue, or ~pair for all of that pair's, or UNTOLD */
} node;

typedef struct memo {
    int32_t state, first, last;
} memo;

typedef struct frame {
    int32_t pair, cursor;
    const pln__compat_path *path;
} frame;

typedef struct walk {
    pln_compat *answer;
    pln__compat_graph *graph;
    pln__arena paths;
    pln__compat_issues pool;
    node *nodes;
    memo *memos;
    frame *frames;
    int64_t n_nodes, nodes_capacity, n_memos, memos_capacity, n, capacity;
    bool threw;
} walk;

static pln_status append(walk *w, int32_t pair, int32_t value, pln_error *err) {
    pln_status status = pln__grow(w->answer->mem, &w->nodes, &w->nodes_capacity, w->n_nodes + 1,
                                  sizeof *w->nodes, err);
    if (status < 0)
        return status;
    memo *m = &w->memos[pair];
    w->nodes[w->n_nodes] = (node){value, NOTHING};
    if (m->first == NOTHING)
        m->first = (int32_t)w->n_nodes;
    else
        w->nodes[m->last].next = (int32_t)w->n_nodes;
    m->last = (int32_t)w->n_nodes++;
    return PLN_OK;
}

static pln_status add_issue(walk *w, int32_t pair, const pln__compat_item *item,
                            const pln__compat_path *path, pln_error *err) {
    if (w->answer->text_bytes >= PLN__COMPAT_TEXT_MAX) {
        w->answer->truncated = true;
        return append(w, pair, UNTOLD, err);
    }
    pln_status status = pln__compat_add(w->answer, w->graph, &w->pool, item, path, err);
    return status < 0 ? status : append(w, pair, (int32_t)(w->pool.n - 1), err);
}

static pln_status push(walk *w, int32_t pair, const pln__compat_path *path, pln_error *err) {
    pln_status status =
        pln__grow(w->answer->mem, &w->frames, &w->capacity, w->n + 1, sizeof *w->frames, err);
    if (status == PLN_OK)
        status = pln__compat_expand(w->graph, pair, err);
    if (status == PLN_OK)
        status = pln__grow(w->answer->mem, &w->memos, &w->memos_capacity, w->graph->n_pairs,
                           sizeof *w->memos, err);
    if (status < 0)
        return status;
    for (; w->n_memos < w->graph->n_pairs; w->n_memos++)
        w->memos[w->n_memos] = (memo){0, NOTHING, NOTHING};
    w->memos[pair].state = OPEN;
    w->frames[w->n++] = (frame){pair, 0, path};
    return PLN_OK;
}

/* Java throws; the place is worth more than the rest. */
static pln_status throw_ambiguous(walk *w, const frame *f, pln_error *err) {
    const pln__compat_pair *p = &w->graph->pairs[w->graph->ambiguous];
    for (int32_t i = 0; i < p->n_items; i++) {
        const pln__compat_item item = w->graph->items[p->first + i];
        if (item.what != PLN__ITEM_ISSUE || item.kind != PLN_COMPAT_AMBIGUOUS_ALIAS)
            continue;
        w->threw = true;
        w->answer->truncated = false;
        return pln__compat_add(w->answer, w->graph, &w->answer->issues, &item, f->path, err);
    }
    return PLN_OK;
}

static bool both_unions(const pln__compat_pair *p) {
    return (*p->reader)->kind == PLN__AVRO_UNION && (*p->writer)->kind == PLN__AVRO_UNION;
}

/* What an item's pair has answered goes to the pair that asked. */
static pln_status settle_item(walk *w, frame *f, const pln__compat_item *item, pln_error *err) {
    const pln__compat_pair *p = &w->graph->pairs[f->pair];
    const memo *m = item->what == PLN__ITEM_PAIR ? &w->memos[item->pair] : NULL;
    bool fits = m == NULL || m->state == OPEN || m->first == NOTHING;
    if (p->choice && fits)
        f->cursor = p->n_items + 1;
    if (fits || p->choice)
        return PLN_OK;
    if (!both_unions(p))
        return append(w, f->pair, ~item->pair, err);
    pln__compat_item issue = {PLN__ITEM_ISSUE, PLN_COMPAT_MISSING_UNION_BRANCH, PLN__STEP_BRANCH,
                              item->index,     -1,                              item->reader,
                              item->writer};
    return add_issue(w, f->pair, &issue, f->path, err);
}

static pln_status finish(walk *w, pln_error *err) {
    frame f = w->frames[--w->n];
    const pln__compat_pair *p = &w->graph->pairs[f.pair];
    pln__compat_item issue = {.what = PLN__ITEM_ISSUE,
                              .kind = PLN_COMPAT_MISSING_UNION_BRANCH,
                              .reader = *p->reader,
                              .writer = *p->writer};
    pln_status status = PLN_OK;
    if (p->choice && f.cursor == p->n_items)
        status = add_issue(w, f.pair, &issue, f.path, err);
    w->memos[f.pair].state = SETTLED;
    if (status < 0 || w->n == 0)
        return status;
    frame *up = &w->frames[w->n - 1];
    const pln__compat_item asked =
        w->graph->items[w->graph->pairs[up->pair].first + up->cursor - 1];
    return settle_item(w, up, &asked, err);
}

static pln_status step(walk *w, pln_error *err) {
    frame *f = &w->frames[w->n - 1];
    const pln__compat_pair *p = &w->graph->pairs[f->pair];
    if (w->graph->ambiguous >= 0)
        return throw_ambiguous(w, f, err);
    if (f->cursor >= p->n_items)
        return finish(w, err);
    const pln__compat_item item = w->graph->items[p->first + f->cursor++];
    if (item.what == PLN__ITEM_ISSUE)
        return add_issue(w, f->pair, &item, f->path, err);
    if (item.what == PLN__ITEM_FINE || w->memos[item.pair].state != 0)
        return settle_item(w, f, &item, err);
    const pln__compat_path *path = NULL;
    if (!p->choice && !both_unions(p)) {
        path = pln__compat_extend(&w->paths, f->path, item.step, item.index);
        if (path == NULL)
            return pln__error_memory(err, sizeof *path);
    }
    return push(w, item.pair, path, err);
}

/* The root's list with all lists in it; `frames` is empty by now and serves as the stack: cursor is the next node. */
static pln_status lay_out(walk *w, pln_error *err) {
    pln_compat *answer = w->answer;
    pln_status status = pln__grow(answer->mem, &w->frames, &w->capacity, 1, sizeof *w->frames, err);
    if (status < 0)
        return status;
    answer->n_total = 0;
    w->frames[w->n++] = (frame){0, w->memos[0].first, NULL};
    while (w->n > 0 && status == PLN_OK) {
        frame *f = &w->frames[w->n - 1];
        if (f->cursor == NOTHING) {
            w->n--;
            continue;
        }
        const node *at = &w->nodes[f->cursor];
        f->cursor = at->next;
        if (at->value == UNTOLD)
            continue;
        if (answer->n_total >= answer->issues_max) {
            answer->truncated = true;
            return PLN_OK;
        }
        if (at->value < 0) {
            status = pln__grow(answer->mem, &w->frames, &w->capacity, w->n + 1, sizeof *f, err);
            if (status == PLN_OK)
                w->frames[w->n++] = (frame){~at->value, w->memos[~at->value].first, NULL};
            continue;
        }
        status = pln__grow(answer->mem, &answer->issues.at, &answer->issues.capacity,
                           answer->issues.n + 1, sizeof *answer->issues.at, err);
        if (status == PLN_OK)
            answer->issues.at[answer->issues.n++] = w->pool.at[at->value];
        answer->n_total++;
    }
    return status;
}

pln_status pln__compat_java(pln_compat *answer, pln__compat_graph *graph, pln_error *err) {
    walk w = {.answer = answer, .graph = graph, .paths = {.mem = answer->mem}};
    const pln_allocator *mem = answer->mem;
    bool failed = answer->fails;
    int32_t root = 0;
    pln_status status;
    PLN__TRY(pln__compat_intern(graph, pln__compat_root(graph->schemas[0]),
                                pln__compat_root(graph->schemas[1]), &root, err));
    PLN__TRY(push(&w, root, NULL, err));
    while (w.n > 0 && !w.threw)
        PLN__TRY(step(&w, err));
    w.n = 0;
    answer->fails = failed || w.threw || w.memos[root].first != NOTHING;
    if (!w.threw)
        PLN__TRY(lay_out(&w, err));
out:
    pln__free(mem, w.pool.at, (uint64_t)w.pool.capacity * sizeof *w.pool.at);
    pln__free(mem, w.nodes, (uint64_t)w.nodes_capacity * sizeof *w.nodes);
    pln__free(mem, w.memos, (uint64_t)w.memos_capacity * sizeof *w.memos);
    pln__free(mem, w.frames, (uint64_t)w.capacity * sizeof *w.frames);
    pln__arena_free(&w.paths);
    return status;
}
