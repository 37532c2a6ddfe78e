/*
 * A JSON document as a tree in an arena, with its numbers as they were written and every node knowing its place: what schemas and contracts are read from.
 */
#ifndef PLN__SCHEMA_DOCUMENT_H
#define PLN__SCHEMA_DOCUMENT_H

#include "schema/avro.h"

/* ---- arena (arena.c): blocks of 8-byte alignment that go all at once ---- */

typedef struct pln__arena_chunk pln__arena_chunk;
typedef struct pln__arena {
    const pln_allocator *mem;
    pln__arena_chunk *chunks;
} pln__arena;
/* Zeroed; NULL: no memory. */
void *pln__arena_new(pln__arena *arena, int64_t count, int64_t size);
/* A copy with a NUL behind it. */
char *pln__arena_copy(pln__arena *arena, const char *bytes, int64_t size);
void pln__arena_free(pln__arena *arena);

/* ---- the JSON document (document.c, document_text.c) ---- */

typedef pln__avro_json json;
enum { J_NULL, J_FALSE, J_TRUE, J_NUMBER, J_STRING, J_ARRAY, J_OBJECT };
struct pln__avro_json {
    int32_t kind;
    int32_t size;      /* bytes of text; children of an array or object */
    const char *text;  /* a string (may hold NULs; one follows), or a number as it was written */
    const char *key;   /* of a member of an object */
    int32_t key_size;  /* of an item of an array: which it is, from 0 */
    json *up, *first, *next; /* up: what holds it; it gives every node its path */
};

/* Nesting of the text; a schema nested 64 deep has about four levels of JSON for each of its own. */
#define PLN__DOC_NESTING_MAX 300
/* One value and nothing else; keys of an object are unique. PLN_ESYNTAX with line and column, behind `what` ("Avro schema"). */
pln_status pln__doc_parse(pln__arena *arena, const char *what, const char *text, int64_t size,
                          json **out, pln_error *err);
/* *twice: the first member whose key stood before it, NULL if there is none. PLN_ENOMEM. */
pln_status pln__doc_unique(const pln_allocator *mem, const json *object, const json **twice,
                           pln_error *err);
/* NULL: no object, or no such member. */
const json *pln__doc_get(const json *object, const char *key);
/* The same, looking from `*hint` on (NULL: from the first): fast where members come in the order they are asked for. */
const json *pln__doc_next(const json *object, const char *key, const json **hint);
/* The member of `object` with the key of `like`, looked for from `hint` on. */
const json *pln__doc_like(const json *object, const json *like, const json *hint);
static inline bool pln__doc_is(const json *member, const char *key) {
    size_t size = strlen(key);
    return member->key != NULL && (size_t)member->key_size == size &&
           memcmp(member->key, key, size) == 0;
}
static inline bool pln__doc_same_key(const json *a, const json *b) {
    return a->key_size == b->key_size && memcmp(a->key, b->key, (size_t)a->key_size) == 0;
}
/* The text of a string without NULs; NULL: it is none. */
const char *pln__doc_string(const json *value);
/* An integer without fraction and exponent that fits. */
bool pln__doc_int(const json *value, int64_t *out);
static inline bool pln__doc_absent(const json *value) {
    return value == NULL || value->kind == J_NULL;
}
/* Numbers by value, members in any order. */
bool pln__doc_equal(const json *a, const json *b);
/* "$.fields[3].type". */
void pln__doc_path(const json *node, pln__text *out);
/* The same as a JSON pointer (RFC 6901): "/fields/3/type", "" at the top. */
void pln__doc_pointer(const json *node, pln__text *out);

#endif
