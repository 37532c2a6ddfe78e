#include "format/json_plan.h"

/* Cut at a character border; the text is valid UTF-8 without control characters. */
static void set_message(pln__decoder *self, const char *text) {
    static const char dots[] = "…";
    size_t size = strlen(text), room = sizeof self->message - sizeof dots;
    if (size < sizeof self->message) {
        memcpy(self->message, text, size + 1);
        return;
    }
    while (room > 0 && ((unsigned char)text[room] & 0xC0) == 0x80)
        room--;
    memcpy(self->message, text, room);
    memcpy(self->message + room, dots, sizeof dots);
}

static int32_t column_of(const pln__json_node *node) {
    if (node == NULL || node->parent == NULL)
        return -1;
    while (node->parent->parent != NULL)
        node = node->parent;
    return (int32_t)(node - node->parent->children);
}

/* As much of it as a message shows; without memory of its own, so that a message never depends on there being some. */
typedef struct path {
    char text[101];
    int size;
} path;

static void add(path *to, const char *bytes, int64_t size) {
    int room = (int)sizeof to->text - 1 - to->size;
    int take = size < room ? (int)size : room;
    while (take > 0 && take < size && ((unsigned char)bytes[take] & 0xC0) == 0x80)
        take--;
    memcpy(to->text + to->size, bytes, (size_t)take);
    to->size += take;
    to->text[to->size] = '\0';
}

/* "order.items[].price" */
static void path_of(const pln__json_node *node, path *out) {
    const pln__json_node *chain[2 * PLN__NESTING_MAX];
    int n = 0;
    for (; node->parent != NULL && n < PLN__COUNT(chain); node = node->parent)
        chain[n++] = node;
    for (int i = n; i-- > 0;) {
        const pln__json_node *parent = chain[i]->parent;
        bool named = parent->kind == PLN__JSON_STRUCT || parent->kind == PLN__JSON_UNION;
        if (named && i < n - 1)
            add(out, ".", 1);
        if (named)
            add(out, chain[i]->name, (int64_t)strlen(chain[i]->name));
        else if (parent->kind != PLN__JSON_DICTIONARY)
            add(out, parent->kind == PLN__JSON_MAP ? "{}" : "[]", 2);
    }
}

const uint8_t *pln__json_stop(pln__decoder *self, pln_status status) {
    self->status = status;
    return NULL;
}

const uint8_t *pln__json_fail(pln__decoder *self, const pln__json_node *node, const char *format,
                              ...) {
    pln_error err = {0};
    path where = {.size = 0};
    va_list args;
    va_start(args, format);
    pln__error_setv(&err, PLN_EDATA, format, args);
    va_end(args);
    self->status = PLN_EDATA;
    self->column = column_of(node);
    if (self->column >= 0) {
        path_of(node, &where);
        pln__error_prefix(&err, "member '%s'", where.text);
    }
    set_message(self, err.message);
    return NULL;
}

const uint8_t *pln__json_broken(pln__decoder *self, const pln__json_fault *fault) {
    char shown[PLN__SHOW_SIZE];
    const uint8_t *end = fault->at;
    while (end - fault->at < 12 && *end != '\n')
        end++;
    bool ended = end == fault->at;
    const char *got = ended ? "the end of the line" : pln__show(shown, fault->at, end - fault->at);
    return pln__json_fail(self, NULL, "no valid JSON at byte %lld: expected %s, got %s",
                          (long long)(fault->at - self->line), fault->expected, got);
}

const uint8_t *pln__json_expected(pln__decoder *self, const uint8_t *at, const char *what) {
    pln__json_fault fault = {at, what};
    return pln__json_broken(self, &fault);
}

/* Bytes of a value that a message has room for. */
static int shown_size(const uint8_t *p, const uint8_t *end) {
    enum { SHOWN = 48 };
    int64_t size = end - p;
    if (size <= SHOWN)
        return (int)size;
    int n = SHOWN;
    while (n > 0 && (p[n] & 0xC0) == 0x80)
        n--;
    return n;
}

const uint8_t *pln__json_mismatch(pln__decoder *self, const pln__json_node *node,
                                  const uint8_t *p) {
    char type[PLN__TYPE_TEXT_SIZE];
    pln__json_fault fault;
    const uint8_t *end = pln__json_check(p, self->depth_max, self->cpu, &fault);
    if (end == NULL)
        return pln__json_broken(self, &fault);
    const char *what = pln__type_text(node->column->schema, type);
    int size = shown_size(p, end);
    const char *dots = size < end - p ? "…" : "";
    switch (*p) {
    case '{':
        return pln__json_fail(self, node, "expected %s, got an object", what);
    case '[':
        return pln__json_fail(self, node, "expected %s, got an array", what);
    case '"':
        return pln__json_fail(self, node, "expected %s, got string %.*s%s", what, size,
                              (const char *)p, dots);
    case 'n':
        return pln__json_fail(self, node, "expected %s, got null in a required member", what);
    default:
        return pln__json_fail(self, node, "expected %s, got %.*s%s", what, size, (const char *)p,
                              dots);
    }
}
