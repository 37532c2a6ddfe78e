/*
 * Container files: any bytes are a clear error, or rows and rejects in little memory; handed in in one piece or in small ones, by one decoder or by a chain
 * of resumed ones, they are the same. Bytes 0 and 1 choose the pieces, the rest is the file.
 */
#include "container_rows.h"
#include "fuzz.h"

/* More pieces of a file than that, or of its rows, show nothing new. */
enum { MEMORY = 64 << 20, LINES = 200, SMALL = 4096, PIECES = 20 };

/* Whether a line "7! NAME ..." of a rejected row or the last one, "NAME: ...", has it; what is quoted of the file may be any text. */
static bool has_status(const char *out, const char *name) {
    for (const char *line = out; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *mark = line + strspn(line, "0123456789");
        if (strncmp(mark[0] == '!' ? mark + 2 : line, name, strlen(name)) == 0)
            return true;
    }
    return false;
}

static char *transcript(const uint8_t *data, int64_t size, const container_way *way) {
    pln__heap *heap = pln__heap_new(pln__system_allocator(), MEMORY);
    pln__heap_stats stats;
    char *out = container_transcript(pln__heap_allocator(heap), data, size, way);
    pln__heap_stats_get(heap, &stats);
    REQUIRE(stats.live_blocks == 0);
    REQUIRE(!has_status(out, "PLN_ENOMEM") && !has_status(out, "PLN_EINTERNAL"));
    pln__heap_close(heap);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    container_way way = {.max_rows = LINES, .lines_max = LINES, .origin = true};
    way.raw = (data[0] & 1) != 0;
    int64_t rest = (int64_t)size - 2;
    char *whole = transcript(data + 2, rest, &way);
    /* In pieces it takes many times as long, so that is for one file in four. */
    if (rest <= SMALL && (data[0] & 6) == 0) {
        way.block = 1 + (data[0] >> 3);
        if (way.block * PIECES < rest)
            way.block = rest / PIECES;
        way.max_rows = 1 + (data[1] >> 1);
        way.resume = data[1] & 1;
        if (way.resume && way.max_rows < LINES / PIECES)
            way.max_rows = LINES / PIECES;
        char *pieces = transcript(data + 2, rest, &way);
        if (strcmp(whole, pieces) != 0)
            fprintf(stderr, "whole:\n%s\npieces:\n%s\n", whole, pieces);
        REQUIRE(strcmp(whole, pieces) == 0);
        free(pieces);
    }
    free(whole);
    return 0;
}
