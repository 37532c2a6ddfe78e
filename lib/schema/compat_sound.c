/*
 * The sound judgement. Types may hold themselves, so whether a pair fits may hang on whether it fits. Data are finite, hence the right answer is the
 * greatest fixpoint: every pair fits unless a finite chain of reasons says that it does not. Java settles a pair while those above it are still open and
 * keeps the answer, which is how it comes to call pairs compatible whose data cannot be read.
 */
#include "schema/compat.h"

static pln_status push_failed(pln__compat_graph *graph, int32_t pair, pln_error *err) {
    pln_status status = pln__grow(graph->mem, &graph->queue, &graph->queue_capacity,
                                  graph->n_queue + 1, sizeof *graph->queue, err);
    if (status == PLN_OK) {
        graph->pairs[pair].fails = true;
        graph->queue[graph->n_queue++] = pair;
    }
    return status;
}

static pln_status link_users(pln__compat_graph *graph, int32_t pair, pln_error *err) {
    const pln__compat_pair p = graph->pairs[pair];
    pln_status status = pln__grow(graph->mem, &graph->edges, &graph->edges_capacity,
                                  graph->n_edges + p.n_items, sizeof *graph->edges, err);
    for (int32_t i = 0; i < p.n_items && status == PLN_OK; i++) {
        const pln__compat_item *item = &graph->items[p.first + i];
        if (item->what != PLN__ITEM_PAIR)
            continue;
        graph->edges[graph->n_edges] =
            (pln__compat_edge){pair, graph->pairs[item->pair].user};
        graph->pairs[item->pair].user = (int32_t)graph->n_edges++;
    }
    return status;
}

/* What a pair's own items say, where pairs before `judged` have their last word. */
static bool fails_at_once(pln__compat_graph *graph, int32_t pair) {
    pln__compat_pair *p = &graph->pairs[pair];
    int32_t misfits = 0, fine = 0;
    for (int32_t i = 0; i < p->n_items; i++) {
        const pln__compat_item *item = &graph->items[p->first + i];
        if (item->what == PLN__ITEM_FINE)
            fine++;
        else if (item->what == PLN__ITEM_ISSUE ||
                 (item->pair < graph->judged && graph->pairs[item->pair].fails))
            misfits++;
    }
    if (!p->choice)
        return misfits > 0;
    p->open = fine > 0 ? INT32_MAX : p->n_items - misfits;
    return p->open == 0;
}

static pln_status spread(pln__compat_graph *graph, pln_error *err) {
    pln_status status = PLN_OK;
    while (graph->n_queue > 0 && status == PLN_OK) {
        int32_t pair = graph->queue[--graph->n_queue];
        for (int32_t e = graph->pairs[pair].user; e >= 0 && status == PLN_OK;
             e = graph->edges[e].next) {
            pln__compat_pair *user = &graph->pairs[graph->edges[e].from];
            if (!user->fails && (!user->choice || --user->open == 0))
                status = push_failed(graph, graph->edges[e].from, err);
        }
    }
    return status;
}

pln_status pln__compat_judge(pln__compat_graph *graph, pln__slot reader, pln__slot writer,
                             bool *fits, pln_error *err) {
    int32_t root = 0;
    pln_status status;
    PLN__TRY(pln__compat_intern(graph, reader, writer, &root, err));
    for (int64_t i = graph->judged; i < graph->n_pairs; i++) {
        PLN__TRY(pln__compat_expand(graph, (int32_t)i, err));
        PLN__TRY(link_users(graph, (int32_t)i, err));
    }
    for (int64_t i = graph->judged; i < graph->n_pairs; i++)
        if (fails_at_once(graph, (int32_t)i))
            PLN__TRY(push_failed(graph, (int32_t)i, err));
    PLN__TRY(spread(graph, err));
    graph->judged = graph->n_pairs;
    *fits = !graph->pairs[root].fails;
out:
    return status;
}

/* ---- telling why ---- */

enum { DEPTH_MAX = 4096, STEPS_MAX = 1000000 };

typedef struct frame {
    int32_t pair, cursor, causes; /* causes: unions around it */
    bool failed, spared;          /* spared: a choice that fits if the pairs above it do */
    const pln__compat_path *path;
    pln__compat_issues own; /* of a choice: why its branches fail */
} frame;

typedef struct walk {
    pln_compat *answer;
    pln__compat_graph *graph;
    pln__arena paths;
    frame *frames;
    int64_t n, capacity, steps;
    bool stop;
} walk;

/* Where the issues of frame number `at` go: to the nearest choice around it. */
static pln__compat_issues *sink(walk *w, int64_t at) {
    for (; at >= 0; at--)
        if (w->graph->pairs[w->frames[at].pair].choice)
            return &w->frames[at].own;
    return &w->answer->issues;
}

static pln_status push(walk *w, int32_t pair, const pln__compat_path *path, int32_t causes,
                       pln_error *err) {
    pln_status status =
        pln__grow(w->answer->mem, &w->frames, &w->capacity, w->n + 1, sizeof *w->frames, err);
    if (status < 0)
        return status;
    w->graph->pairs[pair].walking = true;
    w->frames[w->n++] = (frame){.pair = pair, .path = path, .causes = causes};
    return PLN_OK;
}

/* A branch that tells something: of the writer's kind, and of its name unless none is. */
static bool tells(const walk *w, const pln__compat_item *item, bool named) {
    const pln__avro_type *r = item->reader, *wr = item->writer;
    return r->kind == wr->kind &&
           (!named || !pln__avro_is_named(r->kind) || pln__compat_named(w->graph, r, wr));
}

static bool any_named(const walk *w, const pln__compat_pair *p) {
    for (int32_t i = 0; i < p->n_items; i++)
        if (tells(w, &w->graph->items[p->first + i], true))
            return true;
    return false;
}

/* A branch whose name differs is not worth more than that. */
static pln_status tell_names(walk *w, const frame *f, pln__compat_issues *own, pln_error *err) {
    const pln__compat_pair *p = &w->graph->pairs[f->pair];
    const pln__compat_path *base =
        f->path != NULL && f->path->step == PLN__STEP_BRANCH ? f->path->up : f->path;
    for (int32_t i = 0; i < p->n_items; i++) {
        pln__compat_item item = w->graph->items[p->first + i];
        if (!tells(w, &item, false) || !pln__compat_room(w->answer))
            continue;
        const pln__compat_path *path =
            pln__compat_extend(&w->paths, base, PLN__STEP_CHOICE, item.index);
        if (path == NULL)
            return pln__error_memory(err, sizeof *path);
        item = (pln__compat_item){PLN__ITEM_ISSUE, PLN_COMPAT_NAME_MISMATCH, PLN__STEP_NAME, 0, -1,
                                  item.reader, item.writer};
        pln_status status = pln__compat_add(w->answer, w->graph, own, &item, path, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

/* The issue of a choice, with those of its branches as children. */
static pln_status close_choice(walk *w, frame *f, pln__compat_issues *to, pln_error *err) {
    const pln__compat_pair *p = &w->graph->pairs[f->pair];
    pln__compat_item item = {.what = PLN__ITEM_ISSUE,
                             .kind = PLN_COMPAT_MISSING_UNION_BRANCH,
                             .reader = *p->reader,
                             .writer = *p->writer};
    pln_status status = PLN_OK;
    bool told = f->causes < PLN__COMPAT_CAUSES_MAX;
    if (f->own.n == 0 && told && !any_named(w, p))
        status = tell_names(w, f, &f->own, err);
    if (status == PLN_OK)
        status = pln__compat_add(w->answer, w->graph, to, &item, f->path, err);
    if (status < 0 || f->own.n == 0 || !told)
        return status;
    pln_compat_issue *children = pln__arena_new(&w->answer->arena, f->own.n, sizeof *children);
    if (children == NULL)
        return pln__error_memory(err, (uint64_t)f->own.n * sizeof *children);
    memcpy(children, f->own.at, (size_t)f->own.n * sizeof *children);
    to->at[to->n - 1].children = children;
    to->at[to->n - 1].n_children = (int32_t)f->own.n;
    return PLN_OK;
}

static pln_status pop(walk *w, pln_error *err) {
    frame f = w->frames[--w->n];
    bool choice = w->graph->pairs[f.pair].choice;
    pln_status status = PLN_OK;
    w->graph->pairs[f.pair].walking = false;
    if (choice)
        f.failed = !f.spared;
    if (choice && f.failed)
        status = close_choice(w, &f, sink(w, w->n - 1), err);
    else
        w->answer->n_total -= f.own.n;
    pln__free(w->answer->mem, f.own.at, (uint64_t)f.own.capacity * sizeof *f.own.at);
    if (w->n > 0) {
        frame *up = &w->frames[w->n - 1];
        if (f.failed)
            up->failed = true;
        else if (w->graph->pairs[up->pair].choice)
            up->spared = true;
    }
    return status;
}

/* The next item of the frame on top. */
static pln_status step(walk *w, pln_error *err) {
    frame *f = &w->frames[w->n - 1];
    const pln__compat_pair *p = &w->graph->pairs[f->pair];
    if (f->cursor == p->n_items || f->spared || w->stop)
        return pop(w, err);
    const pln__compat_item item = w->graph->items[p->first + f->cursor++];
    if (++w->steps > STEPS_MAX) {
        w->answer->truncated = w->stop = true;
        return PLN_OK;
    }
    if (item.what == PLN__ITEM_ISSUE) {
        f->failed = true;
        w->stop = !pln__compat_room(w->answer);
        if (w->stop)
            return PLN_OK;
        return pln__compat_add(w->answer, w->graph, sink(w, w->n - 1), &item, f->path, err);
    }
    const pln__compat_pair *child = &w->graph->pairs[item.pair];
    if (!child->fails || (p->choice && !tells(w, &item, true)))
        return PLN_OK;
    if (child->walking) {
        /* Its issues are being told where it was met first. */
        f->spared = p->choice;
        return PLN_OK;
    }
    if (w->n >= DEPTH_MAX) {
        w->answer->truncated = f->failed = true;
        return PLN_OK;
    }
    const pln__compat_path *base = f->path;
    if (p->choice && base != NULL && base->step == PLN__STEP_BRANCH)
        base = base->up;
    const pln__compat_path *path = pln__compat_extend(&w->paths, base, item.step, item.index);
    if (path == NULL)
        return pln__error_memory(err, sizeof *path);
    return push(w, item.pair, path, f->causes + p->choice, err);
}

pln_status pln__compat_sound(pln_compat *answer, pln__compat_graph *graph, pln_error *err) {
    walk w = {.answer = answer, .graph = graph, .paths = {.mem = answer->mem}};
    bool fits;
    pln_status status;
    PLN__TRY(pln__compat_judge(graph, pln__compat_root(graph->schemas[0]),
                               pln__compat_root(graph->schemas[1]), &fits, err));
    if (fits)
        goto out;
    answer->fails = true;
    PLN__TRY(push(&w, 0, NULL, 0, err));
    while (w.n > 0)
        PLN__TRY(step(&w, err));
out:
    for (; w.n > 0; w.n--)
        pln__free(answer->mem, w.frames[w.n - 1].own.at,
                  (uint64_t)w.frames[w.n - 1].own.capacity * sizeof(pln_compat_issue));
    pln__free(answer->mem, w.frames, (uint64_t)w.capacity * sizeof *w.frames);
    pln__arena_free(&w.paths);
    return status;
}
