/*
 * Container files to typed columns and back in every codec, and avro-c's file reader on the same files in the same process (libavro-dev of Debian, where
 * it is there; its values are only read, not taken out).
 *
 *     bench_avro_file                   all codecs, one JSON line each
 *     bench_avro_file --write FOLDER    only write the files, for peers that are other programs (peer_avro_file.py)
 *     bench_avro_file --file FILE       only read that file
 */
#define _POSIX_C_SOURCE 200809L
#include "format/avro_block.h"
#include "orders.h"

enum { ROUNDS = 5, BLOCK = 256 * 1024 };

/* ---- data ---- */

static void put_text(pln_column *column, const char *text) {
    must(pln_column_text(column, text, -1, NULL) >= 0, "text");
}

static void put_order(pln_column *columns, int64_t i) {
    order o = order_draw(i);
    put_text(&columns[0], o.event_id);
    pln_column_int(&columns[1], o.event_time, NULL);
    put_text(&columns[2], o.event_type);
    pln_column_int(&columns[3], o.order_id, NULL);
    pln_column_int(&columns[4], o.customer_id, NULL);
    put_text(&columns[5], o.email);
    put_text(&columns[6], o.country);
    pln_column_float(&columns[7], o.amount, NULL);
    pln_column_int(&columns[8], o.quantity, NULL);
    pln_column_int(&columns[9], o.express, NULL);
}

static struct ArrowArray generate(const struct ArrowSchema *schema) {
    pln__column column;
    struct ArrowArray rows;
    must(pln__column_init(pln__system_allocator(), schema, &column, NULL) >= 0, "column");
    rng_state = 42;
    for (int64_t i = 0; i < RECORDS; i++) {
        put_order(column.children, i);
        must(pln_column_end(&column, NULL) >= 0, "row");
    }
    must(pln__column_finish(&column, &rows, NULL) >= 0, "rows");
    pln__column_free(&column);
    return rows;
}

/* ---- ours ---- */

static pln__avro_schema *avro;
static struct ArrowSchema schema;

static double write_file(const char *path, int32_t codec, const struct ArrowArray *rows,
                         int64_t *size) {
    const pln_allocator *mem = pln__system_allocator();
    pln__avro_write_dialect dialect = {.schema = avro, .codec = codec, .sync = "a sync marker.."};
    pln__encoder *encoder;
    pln__buffer out = {0};
    must(pln__buffer_reserve(mem, &out, 100 * RECORDS, NULL) >= 0, "memory");
    memset(out.data, 1, (size_t)out.capacity);
    double start = now();
    must(pln__avro_file_encoder.open(mem, &dialect, &schema, &encoder, NULL) >= 0, "encoder");
    must(pln__avro_file_encoder.begin(encoder, &out, NULL) >= 0, "header");
    for (int64_t at = 0; at < RECORDS; at += ROWS) {
        struct ArrowArray part;
        must(pln__rows_slice(mem, rows, at, ROWS, &part, NULL) >= 0, "slice");
        must(pln__avro_file_encoder.encode(encoder, &part, &out, NULL) >= 0, "encode");
        part.release(&part);
    }
    must(pln__avro_file_encoder.finish(encoder, &out, NULL) >= 0, "finish");
    double took = now() - start;
    pln__avro_file_encoder.close(encoder);
    FILE *file = fopen(path, "wb");
    must(file != NULL && (int64_t)fwrite(out.data, 1, (size_t)out.size, file) == out.size &&
             fclose(file) == 0,
         path);
    *size = out.size;
    pln__buffer_free(mem, &out);
    return took;
}

/* As a source does: blocks of the file, of which the undecoded rest moves to the front. */
static double read_file(const pln_allocator *mem, const char *path) {
    pln__avro_read_dialect dialect = {.reader = avro};
    pln__decode_options options = {.schema = &schema};
    pln__decoder *decoder;
    pln__decoded got;
    uint8_t *block = calloc(1, BLOCK + PLN__PADDING);
    int64_t have = 0, rows = 0;
    double start = now();
    FILE *file = fopen(path, "rb");
    must(file != NULL && block != NULL, path);
    must(pln__avro_file_decoder.open(mem, &dialect, &options, &decoder, NULL) >= 0, "decoder");
    must(pln__avro_file_decoder.begin(decoder, true, NULL, 0, NULL) >= 0, "begin");
    for (bool final = false; !final || have > 0;) {
        int64_t n = (int64_t)fread(block + have, 1, (size_t)(BLOCK - have), file), at = 0;
        have += n;
        final = have < BLOCK;
        do {
            must(pln__avro_file_decoder.decode(decoder, block + at, have - at, final, ROWS, &got,
                                               NULL) >= 0,
                 "decode");
            rows += got.rows;
            at += got.consumed;
            if (got.array.release != NULL)
                got.array.release(&got.array);
        } while (got.rows > 0 || (got.consumed > 0 && at < have));
        have -= at;
        memmove(block, block + at, (size_t)have);
    }
    must(rows == RECORDS, "rows");
    pln__avro_file_decoder.close(decoder);
    fclose(file);
    free(block);
    return now() - start;
}

/* ---- avro-c ---- */

typedef struct peer {
    void *library;
#ifdef HAVE_PEER
    int (*open)(const char *, avro_file_reader_t *);
    avro_schema_t (*schema)(avro_file_reader_t);
    avro_value_iface_t *(*class_of)(avro_schema_t);
    int (*value_new)(avro_value_iface_t *, avro_value_t *);
    int (*read)(avro_file_reader_t, avro_value_t *);
    int (*close)(avro_file_reader_t);
#endif
} peer;

#ifdef HAVE_PEER
static bool load(peer *p) {
    p->library = peer_library();
    return p->library != NULL && peer_find(p->library, "avro_file_reader", &p->open) &&
           peer_find(p->library, "avro_file_reader_get_writer_schema", &p->schema) &&
           peer_find(p->library, "avro_generic_class_from_schema", &p->class_of) &&
           peer_find(p->library, "avro_generic_value_new", &p->value_new) &&
           peer_find(p->library, "avro_file_reader_read_value", &p->read) &&
           peer_find(p->library, "avro_file_reader_close", &p->close);
}

/* 0: it does not know the codec. */
static double peer_read(const peer *p, const char *path) {
    avro_file_reader_t reader;
    avro_value_t value;
    int64_t rows = 0;
    double start = now();
    if (p->open(path, &reader) != 0)
        return 0;
    avro_value_iface_t *iface = p->class_of(p->schema(reader));
    must(iface != NULL && p->value_new(iface, &value) == 0, "avro-c value");
    while (p->read(reader, &value) == 0) {
        rows++;
        value.iface->reset(value.iface, value.self);
    }
    must(rows == RECORDS, "avro-c rows");
    p->close(reader);
    return now() - start;
}
#else
static bool load(peer *p) {
    (void)p;
    return false;
}
static double peer_read(const peer *p, const char *path) {
    (void)p, (void)path;
    return 0;
}
#endif

/* ---- cases ---- */

static const char *const codecs[] = {"null", "deflate", "snappy", "zstandard"};

static void say(const char *codec, const char *what, double seconds, int64_t size) {
    printf("{\"case\":\"avro file %s %s\",\"m_rows_per_s\":%.2f,\"ns_per_row\":%.1f,"
           "\"file_bytes\":%lld}\n",
           codec, what, RECORDS / seconds * 1e-6, seconds * 1e9 / RECORDS, (long long)size);
    fflush(stdout);
}

#ifdef PLN_HAVE_LIBDEFLATE
#define DEFLATE_TARGET 4.5
#else
#define DEFLATE_TARGET 2.3
#endif

static double target_of(const char *codec) {
    return strcmp(codec, "null") == 0      ? 12
           : strcmp(codec, "deflate") == 0 ? DEFLATE_TARGET
           : strcmp(codec, "snappy") == 0  ? 4.5
                                           : 0;
}

static void run(const char *path, const char *codec_name, const struct ArrowArray *rows,
                const peer *p) {
    double ours = 0, written = 0, theirs = 0;
    int64_t size = 0;
    int32_t codec;
    if (pln__avro_codec_find(codec_name, (int64_t)strlen(codec_name), &codec, NULL) < 0)
        return;
    pln__heap *heap = pln__heap_new(NULL, 0);
    for (int round = 0; round < ROUNDS; round++) {
        if (round < 2)
            bench_least(&written, write_file(path, codec, rows, &size));
        bench_least(&ours, read_file(pln__heap_allocator(heap), path));
        if (p != NULL)
            bench_least(&theirs, peer_read(p, path));
    }
    pln__heap_close(heap);
    say(codec_name, "read", ours, size);
    say(codec_name, "write", written, size);
    if (theirs > 0)
        bench_against(&(bench_pair){"avro_file", codec_name, "avro-c file reader", RECORDS,
                                    ours * 1e9, theirs * 1e9, target_of(codec_name)});
}

static void all(void) {
    char path[100];
    peer p = {NULL};
    bool have_peer = load(&p);
    struct ArrowArray rows = generate(&schema);
    if (!have_peer)
        peer_missing("avro_file");
    for (int i = 0; i < PLN__COUNT(codecs); i++) {
        snprintf(path, sizeof path, "/tmp/bench_avro_file_%ld.avro", (long)clock());
        run(path, codecs[i], &rows, have_peer ? &p : NULL);
        remove(path);
    }
    rows.release(&rows);
}

static void write_all(const char *folder) {
    char path[500];
    struct ArrowArray rows = generate(&schema);
    for (int i = 0; i < PLN__COUNT(codecs); i++) {
        int32_t codec;
        int64_t size;
        snprintf(path, sizeof path, "%s/%s.avro", folder, codecs[i]);
        if (pln__avro_codec_find(codecs[i], (int64_t)strlen(codecs[i]), &codec, NULL) >= 0)
            write_file(path, codec, &rows, &size);
    }
    rows.release(&rows);
}

static void one_file(const char *path) {
    double best = 0;
    pln__heap *heap = pln__heap_new(NULL, 0);
    for (int i = 0; i < 2; i++)
        bench_least(&best, read_file(pln__heap_allocator(heap), path));
    pln__heap_close(heap);
    printf("{\"case\":\"avro file\",\"rows\":%d,\"ns_row\":%.2f}\n", RECORDS, best * 1e9 / RECORDS);
}

int main(int argc, char **argv) {
    must(pln__avro_parse(pln__system_allocator(), orders_schema, -1, NULL, &avro, NULL) >= 0,
         "schema");
    must(pln__avro_to_arrow(pln__system_allocator(), avro, &schema, NULL) >= 0, "columns");
    if (argc == 3 && strcmp(argv[1], "--write") == 0)
        write_all(argv[2]);
    else if (argc == 3 && strcmp(argv[1], "--file") == 0)
        one_file(argv[2]);
    else
        all();
    pln__schema_release(&schema);
    pln__avro_schema_unref(avro);
    return 0;
}
