#include "contract/contract.h"
#include "base/utf8.h"

#ifndef PLN_HAVE_YAML

int32_t pln_contract_has_yaml(void) {
    return 0;
}

pln_status pln__yaml_parse(pln__arena *arena, const char *text, int64_t size, int64_t size_max,
                           json **out, pln_error *err) {
    (void)arena;
    (void)text;
    (void)size;
    (void)size_max;
    *out = NULL;
    return pln__error_set(
        err, PLN_EUNSUPPORTED,
        "contract: this is YAML, and the library was built without libyaml; give it as JSON");
}

#else

#include <yaml.h>

int32_t pln_contract_has_yaml(void) {
    return 1;
}

/* What libyaml finds, one event at a time, into a tree; it does not recur. */
typedef struct builder {
    pln__arena *arena;
    pln_error *err;
    yaml_parser_t parser;
    yaml_event_t event;
    json *open[PLN__CONTRACT_NESTING_MAX + 1]; /* arrays and objects around what comes */
    json *last[PLN__CONTRACT_NESTING_MAX + 1]; /* and the last child of each */
    int depth;
    json *root;
    const char *key; /* of the member to come; NULL: a key comes next */
    int32_t key_size;
    pln__map *anchors; /* name -> index in nodes */
    json **nodes;
    int64_t n_nodes, capacity;
    int64_t left; /* what nodes and their bytes may still take */
} builder;

static pln_status fail(builder *b, pln_status code, const char *what) {
    yaml_mark_t at = b->event.type != YAML_NO_EVENT ? b->event.start_mark : b->parser.mark;
    return pln__error_set(b->err, code, "contract: YAML line %lld, column %lld: %s",
                          (long long)at.line + 1, (long long)at.column + 1, what);
}

static pln_status fail_parser(builder *b) {
    const yaml_parser_t *p = &b->parser;
    yaml_mark_t at = p->problem_mark;
    if (p->error == YAML_MEMORY_ERROR)
        return pln__error_memory(b->err, 1);
    return pln__error_set(b->err, PLN_ESYNTAX, "contract: YAML line %lld, column %lld: %s%s%s",
                          (long long)at.line + 1, (long long)at.column + 1,
                          p->context != NULL ? p->context : "", p->context != NULL ? ", " : "",
                          p->problem != NULL ? p->problem : "it does not parse");
}

/* A node costs two, and every byte of a text one: an alias of an alias of an alias grows by powers. What is written pays less than two for each of its bytes. */
static pln_status pay(builder *b, int64_t cost) {
    b->left -= cost;
    return b->left < 0 ? fail(b, PLN_ELIMIT, "the document grows too large by its aliases")
                       : PLN_OK;
}

/* ---- the tree ---- */

static pln_status attach(builder *b, json *node) {
    if (b->depth == 0) {
        b->root = node;
        return PLN_OK;
    }
    int level = b->depth - 1;
    node->up = b->open[level];
    if (node->up->kind == J_OBJECT) {
        node->key = b->key;
        node->key_size = b->key_size;
        b->key = NULL;
    } else {
        node->key_size = node->up->size;
    }
    if (b->last[level] == NULL)
        node->up->first = node;
    else
        b->last[level]->next = node;
    b->last[level] = node;
    node->up->size++;
    return PLN_OK;
}

static pln_status new_node(builder *b, json **out) {
    *out = pln__arena_new(b->arena, 1, sizeof **out);
    return *out == NULL ? pln__error_memory(b->err, sizeof **out) : PLN_OK;
}

static bool wants_key(const builder *b) {
    return b->depth > 0 && b->open[b->depth - 1]->kind == J_OBJECT && b->key == NULL;
}

static pln_status name_anchor(builder *b, const yaml_char_t *anchor, json *node) {
    if (anchor == NULL)
        return PLN_OK;
    const char *name = (const char *)anchor;
    pln_status status =
        pln__grow(b->arena->mem, &b->nodes, &b->capacity, b->n_nodes + 1, sizeof *b->nodes, b->err);
    if (status < 0)
        return status;
    if (b->anchors == NULL &&
        (b->anchors = pln__map_new(b->arena->mem, (uint64_t)(uintptr_t)b)) == NULL)
        return pln__error_memory(b->err, 1);
    b->nodes[b->n_nodes] = node;
    return pln__map_put(b->anchors, name, (int64_t)strlen(name), b->n_nodes++, b->err);
}

/* ---- scalars ---- */

enum { TAG_NONE = 0, TAG_STRING, TAG_OTHER, TAG_BAD };

/* Plain scalars of no tag, and those of int, float, bool and null, go by the core schema. */
static int tag_of(const yaml_char_t *tag) {
    static const char prefix[] = "tag:yaml.org,2002:";
    const char *text = (const char *)tag;
    if (text == NULL)
        return TAG_NONE;
    if (strcmp(text, "!") == 0)
        return TAG_STRING;
    if (strncmp(text, prefix, sizeof prefix - 1) != 0)
        return TAG_BAD;
    text += sizeof prefix - 1;
    if (strcmp(text, "str") == 0)
        return TAG_STRING;
    static const char *const known[] = {"int", "float", "bool", "null"};
    for (int i = 0; i < PLN__COUNT(known); i++)
        if (strcmp(known[i], text) == 0)
            return TAG_OTHER + 10 * (i + 1);
    return TAG_BAD;
}

static bool tag_fits(int tag, const json *node) {
    switch (tag / 10) {
    case 1: return node->kind == J_NUMBER && strpbrk(node->text, ".eE") == NULL;
    case 2: return node->kind == J_NUMBER;
    case 3: return node->kind == J_TRUE || node->kind == J_FALSE;
    default: return node->kind == J_NULL;
    }
}

static pln_status take_text(builder *b, int64_t cost, const char **out, int32_t *size) {
    const yaml_char_t *value = b->event.data.scalar.value;
    int64_t length = (int64_t)b->event.data.scalar.length;
    pln_status status = pay(b, cost + length);
    if (status < 0)
        return status;
    *out = pln__arena_copy(b->arena, (const char *)value, length);
    *size = (int32_t)length;
    return *out == NULL ? pln__error_memory(b->err, (uint64_t)length) : PLN_OK;
}

static pln_status on_key(builder *b) {
    int tag = tag_of(b->event.data.scalar.tag);
    if (tag != TAG_NONE && tag != TAG_STRING)
        return fail(b, PLN_ESYNTAX, "a key with a tag");
    if (b->event.data.scalar.anchor != NULL)
        return fail(b, PLN_ESYNTAX, "a key with an anchor");
    return take_text(b, 0, &b->key, &b->key_size);
}

static pln_status on_scalar(builder *b) {
    const char *text = (const char *)b->event.data.scalar.value;
    int64_t length = (int64_t)b->event.data.scalar.length;
    int tag = tag_of(b->event.data.scalar.tag);
    json *node;
    if (wants_key(b))
        return on_key(b);
    if (tag == TAG_BAD)
        return fail(b, PLN_ESYNTAX, "a tag that JSON has no value for");
    pln_status status = new_node(b, &node);
    if (status < 0)
        return status;
    bool plain = b->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    node->kind = J_STRING;
    if (tag >= TAG_OTHER || (tag == TAG_NONE && plain))
        status = pln__yaml_scalar(b->arena, text, length, node);
    if (status == PLN_EUNSUPPORTED)
        return fail(b, PLN_ESYNTAX, "JSON has no such number");
    if (status < 0)
        return pln__error_memory(b->err, (uint64_t)length);
    if (tag >= TAG_OTHER && !tag_fits(tag, node))
        return fail(b, PLN_ESYNTAX, "the value is none of its tag");
    status =
        node->kind == J_STRING ? take_text(b, 2, &node->text, &node->size) : pay(b, 2 + node->size);
    if (status >= 0)
        status = name_anchor(b, b->event.data.scalar.anchor, node);
    return status < 0 ? status : attach(b, node);
}

/* ---- aliases: copies, for every node knows the one place where it stands ---- */

static pln_status copy_node(builder *b, const json *from, json **out) {
    pln_status status = pay(b, 2 + (from->kind >= J_ARRAY ? 0 : from->size) +
                                   (from->key == NULL ? 0 : from->key_size));
    if (status >= 0)
        status = new_node(b, out);
    if (status < 0)
        return status;
    **out = *from;
    (*out)->up = (*out)->first = (*out)->next = NULL;
    return PLN_OK;
}

/* Copies of copies may be deeper than what was written. */
static pln_status copy_tree(builder *b, const json *from, int depth, json **out) {
    if (depth > PLN__CONTRACT_NESTING_MAX)
        return fail(b, PLN_ELIMIT, "arrays and objects are nested too deeply");
    pln_status status = copy_node(b, from, out);
    json *last = NULL;
    for (const json *child = from->kind >= J_ARRAY ? from->first : NULL;
         child != NULL && status >= 0; child = child->next) {
        json *copy;
        status = copy_tree(b, child, depth + 1, &copy);
        if (status < 0)
            break;
        copy->up = *out;
        if (last == NULL)
            (*out)->first = copy;
        else
            last->next = copy;
        last = copy;
    }
    return status;
}

static pln_status on_alias(builder *b) {
    const char *name = (const char *)b->event.data.alias.anchor;
    int64_t index = 0;
    json *copy;
    if (b->anchors == NULL || !pln__map_get(b->anchors, name, (int64_t)strlen(name), &index))
        return fail(b, PLN_ESYNTAX, "an alias of an anchor that is not there");
    for (int i = 0; i < b->depth; i++)
        if (b->open[i] == b->nodes[index])
            return fail(b, PLN_ESYNTAX, "an alias inside of what it stands for");
    if (wants_key(b))
        return fail(b, PLN_ESYNTAX, "an alias as a key");
    pln_status status = copy_tree(b, b->nodes[index], b->depth, &copy);
    return status < 0 ? status : attach(b, copy);
}

/* ---- arrays and objects ---- */

static pln_status on_open(builder *b, int32_t kind, const yaml_char_t *anchor,
                          const yaml_char_t *tag) {
    const char *standard = kind == J_ARRAY ? "tag:yaml.org,2002:seq" : "tag:yaml.org,2002:map";
    json *node;
    if (wants_key(b))
        return fail(b, PLN_ESYNTAX, "a key that is no text");
    if (tag != NULL && strcmp((const char *)tag, standard) != 0 &&
        strcmp((const char *)tag, "!") != 0)
        return fail(b, PLN_ESYNTAX, "a tag that JSON has no value for");
    if (b->depth == PLN__CONTRACT_NESTING_MAX)
        return fail(b, PLN_ELIMIT, "arrays and objects are nested too deeply");
    pln_status status = pay(b, 2);
    if (status >= 0)
        status = new_node(b, &node);
    if (status < 0)
        return status;
    node->kind = kind;
    status = name_anchor(b, anchor, node);
    if (status >= 0)
        status = attach(b, node);
    b->last[b->depth] = NULL;
    b->open[b->depth++] = node;
    return status;
}

static pln_status on_close(builder *b) {
    char shown[PLN__SHOW_SIZE], text[PLN__SHOW_SIZE + 40] = "the object before has a key twice: ";
    const json *object = b->open[--b->depth], *twice = NULL;
    if (object->kind != J_OBJECT)
        return PLN_OK;
    pln_status status = pln__doc_unique(b->arena->mem, object, &twice, b->err);
    if (status < 0 || twice == NULL)
        return status;
    return fail(b, PLN_ESYNTAX, strcat(text, pln__show(shown, twice->key, twice->key_size)));
}

static pln_status on_event(builder *b) {
    switch (b->event.type) {
    case YAML_SCALAR_EVENT: return on_scalar(b);
    case YAML_ALIAS_EVENT: return on_alias(b);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(b, J_ARRAY, b->event.data.sequence_start.anchor,
                       b->event.data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return on_open(b, J_OBJECT, b->event.data.mapping_start.anchor,
                       b->event.data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return on_close(b);
    case YAML_DOCUMENT_START_EVENT:
        return b->root == NULL ? PLN_OK : fail(b, PLN_ESYNTAX, "a second document");
    default: return PLN_OK;
    }
}

static pln_status read_events(builder *b) {
    pln_status status = PLN_OK;
    bool done = false;
    while (status >= 0 && !done) {
        if (!yaml_parser_parse(&b->parser, &b->event))
            return fail_parser(b);
        done = b->event.type == YAML_STREAM_END_EVENT;
        status = on_event(b);
        yaml_event_delete(&b->event);
    }
    if (status >= 0 && b->root == NULL)
        status = fail(b, PLN_ESYNTAX, "there is no document");
    return status;
}

/* libyaml looks through all tag directives for each one that is added. */
static bool has_many_directives(const char *text, int64_t size) {
    int found = 0;
    for (const char *p = text, *end = text + size; (p = memchr(p, '%', (size_t)(end - p))) != NULL;
         p++)
        found += end - p >= 4 && memcmp(p, "%TAG", 4) == 0;
    return found > 64;
}

pln_status pln__yaml_parse(pln__arena *arena, const char *text, int64_t size, int64_t size_max,
                           json **out, pln_error *err) {
    *out = NULL;
    if (has_many_directives(text, size))
        return pln__error_set(err, PLN_ELIMIT, "contract: more than 64 times '%%TAG'");
    int64_t invalid = pln__utf8_invalid_at(text, size, 0);
    if (invalid >= 0)
        return pln__error_set(err, PLN_ESYNTAX, "contract: byte %lld is not UTF-8",
                              (long long)invalid);
    builder *b = pln__calloc(arena->mem, 1, sizeof *b);
    if (b == NULL)
        return pln__error_memory(err, sizeof *b);
    b->arena = arena;
    b->err = err;
    b->left = 2 * size_max;
    pln_status status;
    if (!yaml_parser_initialize(&b->parser)) {
        status = pln__error_memory(err, sizeof b->parser);
    } else {
        yaml_parser_set_input_string(&b->parser, (const unsigned char *)text, (size_t)size);
        yaml_parser_set_encoding(&b->parser, YAML_UTF8_ENCODING);
        status = read_events(b);
        yaml_parser_delete(&b->parser);
    }
    *out = status < 0 ? NULL : b->root;
    pln__map_free(b->anchors);
    pln__free(arena->mem, b->nodes, (uint64_t)b->capacity * sizeof *b->nodes);
    pln__free(arena->mem, b, sizeof *b);
    return status;
}

#endif
