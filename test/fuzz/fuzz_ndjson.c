/*
 * Bytes as NDJSON: every way of decoding must give the same rows and the same refusals; what is inferred from a text must take its
 * records; what is decoded must survive being written and read again.
 */
#include "format/json_plan.h"
#include "fuzz.h"
#include "json_rows.h"
#include <stdlib.h>

static const char *const specs[] = {
    "id l, name u?, at tsm:UTC?, s {x g?, y [l?]?}?, ok b?",
    "a i?, b d:10.2?, c f?, d tdD?, e ttm?, f z?, g w:3?, h #u?, i n, j any?",
    "m <u l?>?, p <l u?>?, v (a l | b u? | n n), l [[{k u?}?]?]?, q #d:5.1?",
    "id =a.b.red?, name [=x.y.?]?, at tsu:?, m <=a.b.c =x.k?>?",
};

/* More than that in one text show nothing new. */
enum { PIECES = 40 };

static void ways_agree(const struct ArrowSchema *schema, const char *text, int64_t size,
                       uint8_t choice) {
    json_way lines = {.one_by_one = true, .record_bytes_max = 300};
    int64_t block = 1 + choice % 97;
    json_way ways[] = {
        {.cpu = PLN__JSON_GENERAL, .record_bytes_max = 300},
        {.cpu = choice & 7 & pln__cpu_features(), .record_bytes_max = 300},
        {.cpu = pln__cpu_features(),
         .block = block * PIECES < size ? size / PIECES : block,
         .max_rows = choice % 5,
         .record_bytes_max = 300},
    };
    bool marked = size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0;
    char *want = json_transcript(schema, text, size, &lines);
    for (int i = 0; i < PLN__COUNT(ways); i++) {
        char *got = json_transcript(schema, text, size, &ways[i]);
        REQUIRE(marked || strcmp(got, want) == 0);
        free(got);
    }
    free(want);
}

/* Rows of the text, written; NULL if a row was refused. */
static char *rewritten(const struct ArrowSchema *schema, const char *text, int64_t size) {
    json_way way = {.no_origin = true, .cpu = pln__cpu_features()};
    char *rows = json_transcript(schema, text, size, &way);
    for (char *line = rows; *line != '\0'; line = strchr(line, '\n') + 1)
        if (*line != '{') {
            free(rows);
            return NULL;
        }
    return rows;
}

static void inferred_fits(const char *text, int64_t size) {
    struct ArrowSchema schema;
    uint8_t *copy = calloc(1, (size_t)size + PLN__PADDING);
    memcpy(copy, text, (size_t)size);
    if (pln__json_decoder.infer(pln__system_allocator(), NULL, copy, size, true, &schema, NULL) >=
        0) {
        char *once = rewritten(&schema, text, size);
        if (once != NULL) {
            char *twice = rewritten(&schema, once, (int64_t)strlen(once));
            REQUIRE(twice != NULL && strcmp(once, twice) == 0);
            free(twice);
        }
        free(once);
        pln__schema_release(&schema);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct ArrowSchema schema;
    if (size < 1 || size > 1 << 16)
        return 0;
    json_schema(specs[data[0] % PLN__COUNT(specs)], &schema);
    const char *text = (const char *)data + 1;
    int64_t n = (int64_t)size - 1;
    ways_agree(&schema, text, n, data[0]);
    char *once = rewritten(&schema, text, n);
    if (once != NULL) {
        char *twice = rewritten(&schema, once, (int64_t)strlen(once));
        REQUIRE(twice != NULL && strcmp(once, twice) == 0);
        free(twice);
    }
    free(once);
    inferred_fits(text, n);
    pln__schema_release(&schema);
    return 0;
}
