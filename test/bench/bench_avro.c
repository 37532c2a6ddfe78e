/*
 * Avro binary to typed columns and back, and avro-c's value reader on the same bytes in the same process (libavro-dev of Debian, where it is there; its
 * values are only read, not taken out). The datums are what stands in a container file's blocks with the null codec.
 */
#define _POSIX_C_SOURCE 200809L
#include "format/avro.h"
#include "format/avro_bytes.h"
#include "orders.h"

/* ---- data ---- */

typedef struct bytes {
    uint8_t *data;
    int64_t size;
} bytes;

static void put_long(bytes *b, int64_t value) {
    b->size += pln__avro_put(b->data + b->size, value);
}
static void put_text(bytes *b, const char *text) {
    put_long(b, (int64_t)strlen(text));
    memcpy(b->data + b->size, text, strlen(text));
    b->size += (int64_t)strlen(text);
}
static void put_double(bytes *b, double value) {
    memcpy(b->data + b->size, &value, 8);
    b->size += 8;
}

static void put_order(bytes *b, int64_t i) {
    order o = order_draw(i);
    put_text(b, o.event_id);
    put_long(b, o.event_time);
    put_text(b, o.event_type);
    put_long(b, o.order_id);
    put_long(b, o.customer_id);
    put_text(b, o.email);
    put_text(b, o.country);
    put_double(b, o.amount);
    put_long(b, o.quantity);
    b->data[b->size++] = o.express;
}

/* Ten columns, as flights has them: nullable numbers, codes as an enum and short texts. */
static const char flights_schema[] =
    "{\"type\":\"record\",\"name\":\"Flight\",\"fields\":["
    "{\"name\":\"year\",\"type\":\"int\"},{\"name\":\"day\",\"type\":{\"type\":\"int\","
    "\"logicalType\":\"date\"}},"
    "{\"name\":\"dep_time\",\"type\":[\"null\",\"int\"]},"
    "{\"name\":\"arr_delay\",\"type\":[\"null\",\"double\"]},"
    "{\"name\":\"carrier\",\"type\":{\"type\":\"enum\",\"name\":\"C\",\"symbols\":[\"AA\",\"B6\","
    "\"DL\",\"UA\"]}},"
    "{\"name\":\"flight\",\"type\":\"int\"},{\"name\":\"tailnum\",\"type\":[\"null\",\"string\"]},"
    "{\"name\":\"origin\",\"type\":\"string\"},{\"name\":\"dest\",\"type\":\"string\"},"
    "{\"name\":\"distance\",\"type\":\"double\"}]}";

static void flight(bytes *b, int64_t i) {
    static const char *const airports[] = {"EWR", "JFK", "LGA", "IAH", "MIA", "ORD", "ATL"};
    char text[16];
    bool flown = draw(40) != 0;
    put_long(b, 2013);
    put_long(b, 15706 + i / 900 % 365);
    put_long(b, flown);
    if (flown)
        put_long(b, 500 + draw(1800));
    put_long(b, flown);
    if (flown)
        put_double(b, (double)draw(200) - 50);
    put_long(b, draw(4));
    put_long(b, 1 + draw(6000));
    snprintf(text, sizeof text, "N%05u", draw(100000));
    put_long(b, flown);
    if (flown)
        put_text(b, text);
    put_text(b, airports[draw(3)]);
    put_text(b, airports[draw(7)]);
    put_double(b, 200 + draw(2500));
}

typedef struct job {
    const char *name, *schema;
    void (*row)(bytes *b, int64_t i);
} job;
static const job jobs[] = {{"orders", orders_schema, put_order},
                           {"flights", flights_schema, flight}};

static bytes generate(const job *j) {
    bytes b = {malloc((size_t)RECORDS * 160 + PLN__PADDING), 0};
    must(b.data != NULL, "memory");
    rng_state = 42;
    for (int64_t i = 0; i < RECORDS; i++)
        j->row(&b, i);
    memset(b.data + b.size, 0, PLN__PADDING);
    return b;
}

/* ---- ours ---- */

static pln__avro_schema *parse(const char *text) {
    pln__avro_schema *schema = NULL;
    must(pln__avro_parse(pln__system_allocator(), text, -1, NULL, &schema, NULL) >= 0, "schema");
    return schema;
}

static double decode(const pln_allocator *mem, pln__avro_decoder *decoder, const bytes *b) {
    double start = now();
    pln__avro_input in;
    (void)mem;
    int64_t rows = 0;
    for (int64_t at = 0; at < b->size; at += in.used) {
        struct ArrowArray array;
        in = (pln__avro_input){.bytes = b->data + at, .size = b->size - at, .rows = ROWS};
        must(pln__avro_decode(decoder, &in, NULL) >= 0, "decode");
        must(pln__avro_decoder_take(decoder, &array, NULL) >= 0, "take");
        rows += in.rows;
        array.release(&array);
    }
    must(rows == RECORDS, "rows");
    return now() - start;
}

static double skip(pln__avro_decoder *decoder, const bytes *b) {
    double start = now();
    int64_t used = 0;
    for (int64_t at = 0; at < b->size; at += used)
        must(pln__avro_skip(decoder, b->data + at, b->size - at, &used, NULL) >= 0, "skip");
    return now() - start;
}

static double encode(const pln__avro_schema *schema, pln__avro_decoder *decoder, const bytes *b) {
    const pln_allocator *mem = pln__system_allocator();
    pln__avro_encoder *encoder;
    struct ArrowArray array;
    pln__buffer out = {0};
    pln__avro_input in = {.bytes = b->data, .size = b->size, .rows = RECORDS};
    pln__avro_output output = {.rows = &array, .n = RECORDS};
    must(pln__avro_decode(decoder, &in, NULL) >= 0, "decode");
    must(pln__avro_decoder_take(decoder, &array, NULL) >= 0, "take");
    must(pln__avro_encoder_new(mem, schema, pln__avro_decoder_schema(decoder), &encoder, NULL) >= 0,
         "encoder");
    must(pln__buffer_reserve(mem, &out, b->size, NULL) >= 0, "memory");
    memset(out.data, 1, (size_t)b->size);
    double start = now();
    must(pln__avro_encode(encoder, &output, &out, NULL) >= 0, "encode");
    double took = now() - start;
    must(out.size == b->size && memcmp(out.data, b->data, (size_t)b->size) == 0, "other bytes");
    pln__buffer_free(mem, &out);
    pln__avro_encoder_free(encoder);
    array.release(&array);
    return took;
}

/* ---- avro-c ---- */

typedef struct peer {
    void *library;
#ifdef HAVE_PEER
    int (*parse)(const char *, size_t, avro_schema_t *);
    avro_value_iface_t *(*class_of)(avro_schema_t);
    int (*value_new)(avro_value_iface_t *, avro_value_t *);
    avro_reader_t (*open)(const char *, int64_t);
    int (*read)(avro_reader_t, avro_value_t *);
    void (*close)(avro_reader_t);
#endif
} peer;

#ifdef HAVE_PEER
static bool load(peer *p) {
    p->library = peer_library();
    return p->library != NULL && peer_find(p->library, "avro_schema_from_json_length", &p->parse) &&
           peer_find(p->library, "avro_generic_class_from_schema", &p->class_of) &&
           peer_find(p->library, "avro_generic_value_new", &p->value_new) &&
           peer_find(p->library, "avro_reader_memory", &p->open) &&
           peer_find(p->library, "avro_value_read", &p->read) &&
           peer_find(p->library, "avro_reader_free", &p->close);
}

static double peer_read(const peer *p, const char *schema, const bytes *b) {
    avro_schema_t parsed;
    avro_value_t value;
    must(p->parse(schema, strlen(schema), &parsed) == 0, "avro-c schema");
    avro_value_iface_t *iface = p->class_of(parsed);
    must(iface != NULL && p->value_new(iface, &value) == 0, "avro-c value");
    double start = now();
    avro_reader_t reader = p->open((const char *)b->data, b->size);
    for (int64_t i = 0; i < RECORDS; i++) {
        must(value.iface->reset(value.iface, value.self) == 0, "avro-c reset");
        must(p->read(reader, &value) == 0, "avro-c read");
    }
    double took = now() - start;
    p->close(reader);
    return took;
}
#else
static bool load(peer *p) {
    (void)p;
    return false;
}
static double peer_read(const peer *p, const char *schema, const bytes *b) {
    (void)p, (void)schema, (void)b;
    return 0;
}
#endif

/* ---- cases ---- */

static void say(const char *job_name, const char *what, double seconds, const bytes *b) {
    printf(
        "{\"case\":\"avro %s %s\",\"ns_per_row\":%.2f,\"m_rows_per_s\":%.2f,\"gb_per_s\":%.2f}\n",
        job_name, what, seconds * 1e9 / RECORDS, RECORDS / seconds * 1e-6,
        (double)b->size / seconds * 1e-9);
    fflush(stdout);
}

static void run(const job *j, const peer *p, bool have_peer) {
    bytes b = generate(j);
    pln__heap *heap = pln__heap_new(NULL, 0);
    const pln_allocator *mem = pln__heap_allocator(heap);
    pln__avro_schema *schema = parse(j->schema);
    pln__avro_decoder *decoder;
    double ours = 0, skipped = 0, written = 0, theirs = 0;
    must(pln__avro_decoder_new(mem, schema, NULL, NULL, &decoder, NULL) >= 0, "decoder");
    for (int round = 0; round < BENCH_ROUNDS; round++) {
        bench_least(&ours, decode(mem, decoder, &b));
        if (have_peer)
            bench_least(&theirs, peer_read(p, j->schema, &b));
        bench_least(&skipped, skip(decoder, &b));
        bench_least(&written, encode(schema, decoder, &b));
    }
    say(j->name, "decode", ours, &b);
    say(j->name, "skip", skipped, &b);
    say(j->name, "encode", written, &b);
    if (have_peer)
        bench_against(&(bench_pair){"avro", j->name, "avro-c value reader", RECORDS, ours * 1e9,
                                    theirs * 1e9, 12});
    pln__avro_decoder_free(decoder);
    pln__avro_schema_unref(schema);
    pln__heap_close(heap);
    free(b.data);
}

int main(void) {
    peer p = {NULL};
    bool have_peer = load(&p);
    if (!have_peer)
        peer_missing("avro");
    for (int i = 0; i < PLN__COUNT(jobs); i++)
        run(&jobs[i], &p, have_peer);
    return 0;
}
