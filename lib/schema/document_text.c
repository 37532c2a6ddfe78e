#include "schema/avro_internal.h"
#include "base/number.h"

const json *pln__doc_get(const json *object, const char *key) {
    if (object == NULL || object->kind != J_OBJECT)
        return NULL;
    for (const json *member = object->first; member != NULL; member = member->next)
        if (pln__doc_is(member, key))
            return member;
    return NULL;
}

const json *pln__doc_next(const json *object, const char *key, const json **hint) {
    for (const json *member = *hint; member != NULL; member = member->next)
        if (pln__doc_is(member, key)) {
            *hint = member->next;
            return member;
        }
    const json *found = pln__doc_get(object, key);
    if (found != NULL)
        *hint = found->next;
    return found;
}

const char *pln__doc_string(const json *value) {
    if (value == NULL || value->kind != J_STRING || strlen(value->text) != (size_t)value->size)
        return NULL;
    return value->text;
}

bool pln__doc_int(const json *value, int64_t *out) {
    return value != NULL && value->kind == J_NUMBER &&
           pln__parse_int64(value->text, value->size, out) == PLN__PARSED;
}

/* 1, 1.0 and 1e0 are equal; numbers that no double tells apart are equal only as they are written. */
static bool numbers_equal(const json *a, const json *b) {
    double x, y;
    int64_t m, n;
    if (a->size == b->size && memcmp(a->text, b->text, (size_t)a->size) == 0)
        return true;
    if (pln__doc_int(a, &m) && pln__doc_int(b, &n))
        return m == n;
    return pln__parse_double(a->text, a->size, PLN__DOUBLE_JSON, &x) == PLN__PARSED &&
           pln__parse_double(b->text, b->size, PLN__DOUBLE_JSON, &y) == PLN__PARSED && x == y &&
           x > -9007199254740992.0 && x < 9007199254740992.0;
}

const json *pln__doc_like(const json *object, const json *like, const json *hint) {
    for (const json *m = hint; m != NULL; m = m->next)
        if (pln__doc_same_key(m, like))
            return m;
    for (const json *m = object->first; m != NULL && m != hint; m = m->next)
        if (pln__doc_same_key(m, like))
            return m;
    return NULL;
}

static bool objects_equal(const json *a, const json *b) {
    const json *hint = b->first;
    for (const json *m = a->first; m != NULL; m = m->next) {
        const json *other = pln__doc_like(b, m, hint);
        if (other == NULL || !pln__doc_equal(m, other))
            return false;
        hint = other->next;
    }
    return true;
}

bool pln__doc_equal(const json *a, const json *b) {
    if (a == b || a == NULL || b == NULL)
        return a == b;
    if (a->kind == J_NUMBER && b->kind == J_NUMBER)
        return numbers_equal(a, b);
    if (a->kind != b->kind || a->size != b->size)
        return false;
    if (a->kind == J_STRING)
        return memcmp(a->text, b->text, (size_t)a->size) == 0;
    if (a->kind == J_OBJECT)
        return objects_equal(a, b);
    for (a = a->first, b = b->first; a != NULL; a = a->next, b = b->next)
        if (!pln__doc_equal(a, b))
            return false;
    return true;
}

void pln__avro_json_text(const pln__avro_json *value, pln__text *out) {
    static const char *const words[] = {"null", "false", "true"};
    if (value->kind <= J_TRUE) {
        pln__text_str(out, words[value->kind]);
    } else if (value->kind == J_NUMBER) {
        pln__text_bytes(out, value->text, value->size);
    } else if (value->kind == J_STRING) {
        pln__text_json(out, value->text, value->size);
    } else {
        pln__text_char(out, value->kind == J_ARRAY ? '[' : '{');
        for (const json *child = value->first; child != NULL; child = child->next) {
            if (child != value->first)
                pln__text_char(out, ',');
            if (value->kind == J_OBJECT) {
                pln__text_json(out, child->key, child->key_size);
                pln__text_char(out, ':');
            }
            pln__avro_json_text(child, out);
        }
        pln__text_char(out, value->kind == J_ARRAY ? ']' : '}');
    }
}

/* From the top down; what is deeper than a document may be is cut off above. */
static int chain_of(const json *node, const json *chain[PLN__DOC_NESTING_MAX + 1]) {
    int n = 0;
    for (; node != NULL && node->up != NULL && n <= PLN__DOC_NESTING_MAX; node = node->up)
        chain[n++] = node;
    return n;
}

static void step_text(const json *node, pln__text *out) {
    if (node->up->kind == J_ARRAY) {
        pln__text_printf(out, "[%d]", (int)node->key_size);
    } else if (strlen(node->key) == (size_t)node->key_size && pln__avro_name_ok(node->key, false)) {
        pln__text_printf(out, ".%s", node->key);
    } else {
        pln__text_char(out, '[');
        pln__text_json(out, node->key, node->key_size);
        pln__text_char(out, ']');
    }
}

void pln__doc_path(const json *node, pln__text *out) {
    const json *chain[PLN__DOC_NESTING_MAX + 1];
    int n = chain_of(node, chain);
    pln__text_char(out, '$');
    while (n > 0)
        step_text(chain[--n], out);
}

static void pointer_token(const char *key, int32_t size, pln__text *out) {
    for (int32_t i = 0; i < size; i++)
        if (key[i] == '~')
            pln__text_str(out, "~0");
        else if (key[i] == '/')
            pln__text_str(out, "~1");
        else
            pln__text_char(out, key[i]);
}

void pln__doc_pointer(const json *node, pln__text *out) {
    const json *chain[PLN__DOC_NESTING_MAX + 1];
    for (int n = chain_of(node, chain) - 1; n >= 0; n--) {
        pln__text_char(out, '/');
        if (chain[n]->up->kind == J_ARRAY)
            pln__text_int(out, chain[n]->key_size);
        else
            pointer_token(chain[n]->key, chain[n]->key_size, out);
    }
}
