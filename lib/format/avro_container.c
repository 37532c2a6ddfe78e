/*
 * The head of an object container file: "Obj" 1 | map of metadata, in any number of parts | sync marker of 16 bytes. Each block is then: count of
 * rows | bytes | the rows, compressed by avro.codec | the marker again.
 */
#include "format/avro_block.h"

enum {
    MAGIC = 4,
    SCHEMA_MAX = 1 << 20,
    KEY_MAX = 1 << 16,
    METADATA_MAX = 4 << 20 /* all of it: other programs keep notes of their own there */
};

int pln__avro_number(const uint8_t *bytes, int64_t size, int64_t *out) {
    uint64_t value = 0;
    for (int i = 0; i < 10; i++) {
        if (i >= size)
            return 0;
        if (i == 9 && bytes[i] > 1)
            return -1;
        value |= (uint64_t)(bytes[i] & 0x7F) << (7 * i);
        if (bytes[i] < 0x80) {
            *out = (int64_t)(value >> 1 ^ (0 - (value & 1)));
            return i + 1;
        }
    }
    return -1;
}

pln_status pln__avro_put_number(const pln_allocator *mem, pln__buffer *out, int64_t number,
                                pln_error *err) {
    uint64_t value = (uint64_t)number << 1 ^ (uint64_t)(number >> 63);
    uint8_t bytes[10];
    int n = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[n++] = (uint8_t)(value | 0x80);
    bytes[n++] = (uint8_t)value;
    return pln__buffer_append(mem, out, bytes, n, err);
}

/* ---- reading ---- */

typedef struct cursor {
    const uint8_t *bytes;
    int64_t size, at;
} cursor;

static pln_status bad_header(const cursor *in, const char *what, pln_error *err) {
    return pln__error_set(err, PLN_EDATA, "header of the container file: %s at byte %lld", what,
                          (long long)in->at);
}

static pln_status take_number(cursor *in, int64_t *out, pln_error *err) {
    int used = pln__avro_number(in->bytes + in->at, in->size - in->at, out);
    if (used < 0)
        return bad_header(in, "no number of 64 bits", err);
    in->at += used;
    return used == 0 ? PLN_AGAIN : PLN_OK;
}

/* A length and that many bytes. A length beyond `max` is refused before the bytes are waited for. */
static pln_status take_bytes(cursor *in, int64_t max, const char *what, const uint8_t **out,
                             int64_t *size, pln_error *err) {
    int64_t at = in->at;
    pln_status status = take_number(in, size, err);
    if (status != PLN_OK)
        return status;
    if (*size < 0 || *size > max) {
        in->at = at;
        return pln__error_set(err, *size < 0 ? PLN_EDATA : PLN_ELIMIT,
                              "header of the container file: %s of %lld bytes at byte %lld, at "
                              "most %lld are allowed",
                              what, (long long)*size, (long long)at, (long long)max);
    }
    if (*size > in->size - in->at)
        return PLN_AGAIN;
    *out = in->bytes + in->at;
    in->at += *size;
    return PLN_OK;
}

static bool is_key(const uint8_t *key, int64_t size, const char *name) {
    return size == (int64_t)strlen(name) && memcmp(key, name, (size_t)size) == 0;
}

static pln_status take_entry(cursor *in, pln__avro_header *out, pln_error *err) {
    const uint8_t *key, *value;
    int64_t key_size, value_size;
    pln_status status = take_bytes(in, KEY_MAX, "a metadata key", &key, &key_size, err);
    if (status != PLN_OK)
        return status;
    bool schema = is_key(key, key_size, "avro.schema");
    status = take_bytes(in, schema ? SCHEMA_MAX : METADATA_MAX,
                        schema ? "avro.schema" : "a metadata value", &value, &value_size, err);
    if (status != PLN_OK)
        return status;
    if (schema) {
        out->schema = value;
        out->schema_size = value_size;
    } else if (is_key(key, key_size, "avro.codec")) {
        status = pln__avro_codec_find((const char *)value, value_size, &out->codec, err);
        if (status < 0)
            pln__error_prefix(err, "header of the container file");
    }
    return status;
}

static pln_status take_metadata(cursor *in, pln__avro_header *out, pln_error *err) {
    for (;;) {
        int64_t count = 0, size;
        pln_status status = take_number(in, &count, err);
        if (status == PLN_OK && count < 0)
            status = take_number(in, &size, err); /* the size of the part, to skip it by */
        if (status != PLN_OK || count == 0)
            return status;
        if (count == INT64_MIN)
            return bad_header(in, "a number of metadata entries without end", err);
        for (int64_t left = count < 0 ? -count : count; left > 0; left--) {
            status = take_entry(in, out, err);
            if (status != PLN_OK)
                return status;
            if (in->at > METADATA_MAX)
                return pln__error_set(err, PLN_ELIMIT,
                                      "header of the container file: more than %d bytes",
                                      METADATA_MAX);
        }
    }
}

static pln_status check_magic(const uint8_t *bytes, int64_t size, pln_error *err) {
    static const uint8_t magic[MAGIC] = {'O', 'b', 'j', 1};
    char shown[PLN__SHOW_SIZE];
    int64_t n = size < MAGIC ? size : MAGIC;
    if (memcmp(bytes, magic, (size_t)n) == 0)
        return size < MAGIC ? PLN_AGAIN : PLN_OK;
    if (n == MAGIC && memcmp(bytes, magic, 3) == 0)
        return pln__error_set(err, PLN_EUNSUPPORTED,
                              "a container file of version %d (Obj\\x%02x): only version 1 is "
                              "read%s",
                              bytes[3], bytes[3], bytes[3] == 0 ? ", this is one of Avro 1.2" : "");
    return pln__error_set(err, PLN_EDATA, "no Avro container file: it begins with %s, not Obj\\x01",
                          pln__show(shown, bytes, n));
}

pln_status pln__avro_header_read(const uint8_t *bytes, int64_t size, pln__avro_header *out,
                                 pln_error *err) {
    cursor in = {bytes, size, MAGIC};
    *out = (pln__avro_header){.codec = PLN__AVRO_CODEC_NULL};
    if (size == 0)
        return PLN_AGAIN;
    pln_status status = check_magic(bytes, size, err);
    if (status == PLN_OK)
        status = take_metadata(&in, out, err);
    if (status != PLN_OK)
        return status;
    if (out->schema == NULL)
        return bad_header(&in, "no avro.schema in the metadata that ends", err);
    if (size - in.at < PLN__AVRO_SYNC)
        return PLN_AGAIN;
    memcpy(out->sync, bytes + in.at, PLN__AVRO_SYNC);
    out->size = in.at + PLN__AVRO_SYNC;
    return PLN_OK;
}

pln_status pln__avro_file_schema(const pln_allocator *mem, const uint8_t *bytes, int64_t size,
                                 bool final, pln__avro_schema **out, pln_error *err) {
    pln__avro_header header;
    pln_status status = pln__avro_header_read(bytes, size, &header, err);
    *out = NULL;
    if (status == PLN_AGAIN && final)
        return size == 0 ? pln__error_set(err, PLN_EDATA, "no Avro container file: it is empty")
                         : pln__error_set(err, PLN_EDATA,
                                          "the file is cut in its header, behind byte %lld",
                                          (long long)size);
    if (status != PLN_OK)
        return status;
    /* Files of other programs hold names that the specification does not allow; their data can be read. */
    pln__avro_parse_options options = {.lax_names = true};
    status =
        pln__avro_parse(mem, (const char *)header.schema, header.schema_size, &options, out, err);
    if (status < 0)
        pln__error_prefix(err, "header of the container file: avro.schema");
    return status;
}

/* ---- writing ---- */

static pln_status put_bytes(const pln_allocator *mem, const void *bytes, int64_t size,
                            pln__buffer *out, pln_error *err) {
    pln_status status = pln__avro_put_number(mem, out, size, err);
    return status < 0 ? status : pln__buffer_append(mem, out, bytes, size, err);
}

pln_status pln__avro_header_write(const pln_allocator *mem, const pln__avro_header *header,
                                  pln__buffer *out, pln_error *err) {
    const char *codec = pln__avro_codec_name(header->codec);
    pln_status status = PLN_OK;
    if (header->schema_size > SCHEMA_MAX)
        PLN__FAIL(err, PLN_ELIMIT, "a schema of %lld bytes: at most %d fit in a container file",
                  (long long)header->schema_size, SCHEMA_MAX);
    PLN__TRY(pln__buffer_append(mem, out, "Obj\1", MAGIC, err));
    PLN__TRY(pln__avro_put_number(mem, out, 2, err));
    PLN__TRY(put_bytes(mem, "avro.codec", 10, out, err));
    PLN__TRY(put_bytes(mem, codec, (int64_t)strlen(codec), out, err));
    PLN__TRY(put_bytes(mem, "avro.schema", 11, out, err));
    PLN__TRY(put_bytes(mem, header->schema, header->schema_size, out, err));
    PLN__TRY(pln__avro_put_number(mem, out, 0, err));
    PLN__TRY(pln__buffer_append(mem, out, header->sync, PLN__AVRO_SYNC, err));
out:
    return status;
}
