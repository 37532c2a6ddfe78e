#include "format/json_put.h"

/* A record with more steps or more text than this is not worth a shape. */
enum { STEPS_MAX = 1024, TEXT_MAX = 65536 };

/* ---- the columns after some records ---- */

static bool has_bytes(const pln__json_node *node) {
    return node->kind == PLN__JSON_UTF8 || node->kind == PLN__JSON_BINARY ||
           node->kind == PLN__JSON_ANY;
}

static void settle(pln__json_node *node, int64_t rows) {
    pln__column *c = node->column;
    int32_t end;
    c->length = rows;
    if (has_bytes(node) && c->offsets.data != NULL) {
        memcpy(&end, c->offsets.data + rows * 4, 4);
        c->data.size = end;
    }
}

void pln__json_settle_node(pln__json_node *node, int64_t rows) {
    settle(node, rows);
    if (node->kind == PLN__JSON_STRUCT)
        for (int64_t i = 0; i < node->n_children; i++)
            pln__json_settle_node(&node->children[i], rows);
}

void pln__json_settle(pln__decoder *self, int64_t rows) {
    self->top.length = rows;
    for (int64_t i = 0; i < self->n_aligned; i++)
        settle(self->aligned[i], rows);
}

void pln__json_shape_undo(pln__decoder *self, const pln__json_shape *shape, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        pln__json_node *node = shape->steps[i].node;
        if (node == NULL)
            continue;
        /* Flat columns are written without counting; all others by the general decoder, which counts. */
        if (node->kind <= PLN__JSON_FIXED)
            node->column->length = self->row + 1;
        pln__column_truncate(node->column, self->row);
    }
    for (int64_t i = 0; i < shape->n_absent; i++)
        if (shape->absent[i]->column->length > self->row)
            pln__column_truncate(shape->absent[i]->column, self->row);
}

/* ---- learning ---- */

typedef struct learner {
    pln__decoder *self;
    pln__json_shape *shape;
    const uint8_t *from; /* the text of the record as it was ... */
    const uint8_t *literal; /* ... and where the literal under way starts in it */
} learner;

static bool add_step(learner *to, const uint8_t *at, int32_t op, pln__json_node *node) {
    pln__json_shape *shape = to->shape;
    uint8_t text[PLN__JSON_STEP_WORDS * 8] = {0}, mask[PLN__JSON_STEP_WORDS * 8] = {0};
    int64_t size = at - to->literal,
            head = size < (int64_t)sizeof text ? size : (int64_t)sizeof text;
    if (shape->n_steps >= STEPS_MAX ||
        pln__grow(to->self->mem, &shape->steps, &shape->capacity, shape->n_steps + 1,
                  sizeof *shape->steps, NULL) < 0)
        return false;
    pln__json_step *step = &shape->steps[shape->n_steps++];
    memcpy(text, to->literal, (size_t)head);
    memset(mask, 0xFF, (size_t)head);
    for (int i = 0; i < PLN__JSON_STEP_WORDS; i++) {
        step->words[i] = pln__json_load8(text + i * 8);
        step->masks[i] = pln__json_load8(mask + i * 8);
    }
    step->rest = shape->text + (to->literal - to->from) + head;
    step->size = (int32_t)size;
    step->op = op;
    step->node = node;
    return true;
}

static int32_t op_of(const pln__json_node *node) {
    bool fast = node->kind <= PLN__JSON_TIMESTAMP && node->kind != PLN__JSON_FLOAT32 &&
                node->kind != PLN__JSON_TIME;
    return fast ? node->kind : PLN__JSON_STEP_ANY;
}

static const uint8_t *learn_object(learner *to, pln__json_node *node, const uint8_t *p);

static const uint8_t *learn_value(learner *to, pln__json_node *node, const uint8_t *p,
                                  int64_t depth) {
    pln__json_fault fault;
    int32_t op = *p == '"' ? PLN__JSON_STEP_SKIP_TEXT : PLN__JSON_STEP_SKIP;
    if (node != NULL && node->kind == PLN__JSON_STRUCT && *p == '{') {
        return learn_object(to, node, p);
    }
    if (!add_step(to, p, node == NULL ? op : op_of(node), node))
        return NULL;
    to->shape->steps[to->shape->n_steps - 1].depth = depth;
    p = pln__json_check(p, to->self->depth_max, to->self->cpu, &fault);
    to->literal = p;
    return p;
}

static void all_absent(learner *to, pln__json_node *node) {
    for (int64_t i = 0; i < node->n_children; i++)
        if (node->members[i].seen != node->serial)
            to->shape->absent[to->shape->n_absent++] = &node->children[i];
}

/* The record has been read: its grammar is right, and `seen` of each member tells whether it was there. */
static const uint8_t *learn_object(learner *to, pln__json_node *node, const uint8_t *p) {
    const uint8_t *end;
    int64_t size;
    uint64_t serial = ++node->serial;
    p = pln__json_space(p + 1);
    while (*p == '"') {
        const uint8_t *key = pln__json_key(to->self, p, &size, &end);
        if (key == NULL)
            return NULL;
        pln__json_member *member = pln__json_member_of(&node->names, key, size);
        bool known = member != NULL && member->node != NULL;
        if (known && member->seen == serial)
            return NULL; /* twice: which one counts is not for a shape to say */
        if (known)
            member->seen = serial;
        p = pln__json_space(pln__json_space(end) + 1);
        if ((p = learn_value(to, known ? member->node : NULL, p, node->depth + 1)) == NULL)
            return NULL;
        p = pln__json_space(p);
        if (*p == ',')
            p = pln__json_space(p + 1);
    }
    all_absent(to, node);
    return p + 1;
}

static bool make_room(pln__decoder *self, pln__json_shape *shape, const uint8_t *line,
                      int64_t size) {
    if (shape->absent == NULL)
        shape->absent = pln__calloc(self->mem, (uint64_t)self->n_nodes, sizeof *shape->absent);
    if (shape->absent == NULL ||
        pln__grow(self->mem, &shape->text, &shape->text_capacity, size, 1, NULL) < 0)
        return false;
    memcpy(shape->text, line, (size_t)size);
    shape->n_steps = shape->n_absent = 0;
    shape->hits = 0;
    return true;
}

/* The one that has not fitted for longest gives way. One that hardly ever fitted makes the next lesson come later. */
static pln__json_shape *slot(pln__decoder *self) {
    pln__json_shape *oldest = &self->shapes[0];
    if (self->n_shapes < PLN__JSON_SHAPES)
        return &self->shapes[self->n_shapes++];
    for (int i = 1; i < PLN__JSON_SHAPES; i++)
        if (self->shapes[i].used < oldest->used)
            oldest = &self->shapes[i];
    if (oldest->hits >= 32)
        self->patience = 1;
    else if (self->patience < 4096)
        self->patience *= 2;
    return oldest;
}

/* Memory that cannot be had is no failure here: the record has been read, and the next one can be, too. */
void pln__json_learn(pln__decoder *self, const uint8_t *line, const uint8_t *end) {
    if (end - line > TEXT_MAX)
        return;
    pln__json_shape *shape = slot(self);
    self->learn_at = self->clock + self->patience;
    shape->used = self->clock;
    if (!make_room(self, shape, line, end - line)) {
        shape->n_steps = 0;
        return;
    }
    learner to = {self, shape, line, line};
    const uint8_t *p = learn_object(&to, &self->nodes[0], pln__json_space(line));
    if (p == NULL || !add_step(&to, end, PLN__JSON_STEP_END, NULL))
        shape->n_steps = 0;
    self->status = PLN_OK;
}

void pln__json_shapes_free(pln__decoder *self) {
    for (int i = 0; i < PLN__JSON_SHAPES; i++) {
        pln__json_shape *shape = &self->shapes[i];
        uint64_t nodes = (uint64_t)self->n_nodes;
        pln__free(self->mem, shape->steps, (uint64_t)shape->capacity * sizeof *shape->steps);
        pln__free(self->mem, shape->absent, nodes * sizeof *shape->absent);
        pln__free(self->mem, shape->text, (uint64_t)shape->text_capacity);
    }
}
