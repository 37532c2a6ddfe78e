/* What stands in front of a datum so that its schema can be found. */
#include "format/avro.h"

#define SINGLE_OBJECT_SIZE 10
#define CONFLUENT_SIZE 5
#define GUID_SIZE PLN__AVRO_FRAME_MAX

static pln_status cut(int64_t size, int64_t need, const char *what, pln_error *err) {
    return pln__error_set(err, PLN_EDATA, "%s: %lld bytes, at least %lld are needed", what,
                          (long long)size, (long long)need);
}

static pln_status unknown(const uint8_t *bytes, int64_t size, pln_error *err) {
    if (size >= 2 && bytes[0] == 0xC3)
        return pln__error_set(err, PLN_EDATA,
                              "unknown magic bytes 0xc3 0x%02x: a single object begins with 0xc3 "
                              "0x01",
                              bytes[1]);
    return pln__error_set(err, PLN_EDATA, "unknown magic byte 0x%02x", bytes[0]);
}

pln_status pln__avro_frame_read(const uint8_t *bytes, int64_t size, pln__avro_frame *out,
                                pln_error *err) {
    *out = (pln__avro_frame){.form = PLN__FRAME_NONE};
    if (size < 1)
        return cut(size, 1, "a framed datum", err);
    if (bytes[0] == 0xC3 && (size < 2 || bytes[1] == 0x01)) {
        if (size < SINGLE_OBJECT_SIZE)
            return cut(size, SINGLE_OBJECT_SIZE, "a single object", err);
        for (int i = 8; i-- > 0;)
            out->fingerprint = out->fingerprint << 8 | bytes[2 + i];
        out->form = PLN__FRAME_SINGLE_OBJECT;
        out->size = SINGLE_OBJECT_SIZE;
    } else if (bytes[0] == 0) {
        if (size < CONFLUENT_SIZE)
            return cut(size, CONFLUENT_SIZE, "a datum with a schema id", err);
        for (int i = 0; i < 4; i++)
            out->id = out->id << 8 | bytes[1 + i];
        out->form = PLN__FRAME_CONFLUENT;
        out->size = CONFLUENT_SIZE;
    } else if (bytes[0] == 1) {
        if (size < GUID_SIZE)
            return cut(size, GUID_SIZE, "a datum with a schema GUID", err);
        memcpy(out->guid, bytes + 1, 16);
        out->form = PLN__FRAME_CONFLUENT_GUID;
        out->size = GUID_SIZE;
    } else {
        return unknown(bytes, size, err);
    }
    return PLN_OK;
}

pln_status pln__avro_frame_bytes(const pln__avro_frame *frame, uint8_t *out, int64_t *size,
                                 pln_error *err) {
    *size = 0;
    switch (frame->form) {
    case PLN__FRAME_NONE: return PLN_OK;
    case PLN__FRAME_SINGLE_OBJECT:
        out[0] = 0xC3;
        out[1] = 0x01;
        for (int i = 0; i < 8; i++)
            out[2 + i] = (uint8_t)(frame->fingerprint >> 8 * i);
        *size = SINGLE_OBJECT_SIZE;
        return PLN_OK;
    case PLN__FRAME_CONFLUENT:
        out[0] = 0;
        for (int i = 0; i < 4; i++)
            out[1 + i] = (uint8_t)(frame->id >> (24 - 8 * i));
        *size = CONFLUENT_SIZE;
        return PLN_OK;
    case PLN__FRAME_CONFLUENT_GUID:
        out[0] = 1;
        memcpy(out + 1, frame->guid, 16);
        *size = GUID_SIZE;
        return PLN_OK;
    default: return pln__error_set(err, PLN_EINVAL, "no such frame: %d", frame->form);
    }
}

pln_status pln__avro_frame_write(const pln_allocator *mem, const pln__avro_frame *frame,
                                 pln__buffer *out, pln_error *err) {
    uint8_t bytes[PLN__AVRO_FRAME_MAX];
    int64_t size;
    pln_status status = pln__avro_frame_bytes(frame, bytes, &size, err);
    return status < 0 || size == 0 ? status : pln__buffer_append(mem, out, bytes, size, err);
}
