/*
 * Blocks of container files, compressed and back. libdeflate and libzstd are used where the build has found them. Both get their working memory (a fixed
 * amount for reading, one by level and block for writing) from the C library: neither lets a caller hand in memory through a stable call.
 */
#include "format/avro_block.h"
#include "format/zlib_stream.h"
#include <zlib.h>
#ifdef PLN_HAVE_LIBDEFLATE
#include <libdeflate.h>
#endif
#ifdef PLN_HAVE_ZSTD
#include <zstd.h>
#include <zstd_errors.h>
#endif

enum {
    CRC_SIZE = 4,
    RATIO_MAX = 1100, /* beyond what deflate can reach (1,032) */
    RATIO_FREE = 1 << 20,
    /* Writers that cut a zlib stream down to raw deflate leave some of its 4 byte checksum behind it. */
    DEFLATE_TAIL = 4,
    DEFLATE_LEVEL = 6,
    DEFLATE_LEVEL_MAX = 9,
    ZSTD_LEVEL = 3,
    ZSTD_LEVEL_MAX = 19,
    FIRST_GUESS = 4
};

struct pln__avro_codec {
    const pln_allocator *mem;
    int32_t codec;
    int32_t level;
    z_stream inflater, deflater;
    bool inflates, deflates; /* the streams are set up */
#ifdef PLN_HAVE_LIBDEFLATE
    struct libdeflate_decompressor *fast_inflater;
    struct libdeflate_compressor *fast_deflater;
#endif
#ifdef PLN_HAVE_ZSTD
    ZSTD_DCtx *unzstd;
    ZSTD_CCtx *zstd;
#endif
};

static const char *const names[] = {"null", "deflate", "snappy", "zstandard"};

const char *pln__avro_codec_name(int32_t codec) {
    return names[codec];
}

pln_status pln__avro_codec_find(const char *name, int64_t size, int32_t *codec, pln_error *err) {
    char shown[PLN__SHOW_SIZE];
    for (int32_t i = 0; i < PLN__COUNT(names); i++)
        if (size == (int64_t)strlen(names[i]) && memcmp(name, names[i], (size_t)size) == 0) {
            *codec = i;
#ifndef PLN_HAVE_ZSTD
            if (i == PLN__AVRO_CODEC_ZSTANDARD)
                return pln__error_set(err, PLN_EUNSUPPORTED,
                                      "codec 'zstandard': the library was built without libzstd");
#endif
            return PLN_OK;
        }
    return pln__error_set(err, PLN_EUNSUPPORTED,
                          "codec %s: expected null, deflate, snappy or zstandard",
                          pln__show(shown, name, size));
}

pln_status pln__avro_level_check(int32_t codec, int64_t level, pln_error *err) {
    static const int32_t most[] = {0, DEFLATE_LEVEL_MAX, 0, ZSTD_LEVEL_MAX};
    if (level == 0)
        return PLN_OK;
    if (most[codec] == 0)
        return pln__error_set(err, PLN_EINVAL, "level %lld: codec %s has none", (long long)level,
                              names[codec]);
    if (level < 0 || level > most[codec])
        return pln__error_set(err, PLN_EINVAL, "level %lld: those of codec %s are 1 to %d",
                              (long long)level, names[codec], most[codec]);
    return PLN_OK;
}

pln_status pln__avro_codec_new(const pln_allocator *mem, int32_t codec, int32_t level,
                               pln__avro_codec **out, pln_error *err) {
    static const int32_t usual[] = {0, DEFLATE_LEVEL, 0, ZSTD_LEVEL};
    pln_status status = pln__avro_level_check(codec, level, err);
    *out = NULL;
    if (status < 0)
        return status;
    pln__avro_codec *self = pln__calloc(mem, 1, sizeof *self);
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = mem;
    self->codec = codec;
    self->level = level == 0 ? usual[codec] : level;
    *out = self;
    return PLN_OK;
}

void pln__avro_codec_free(pln__avro_codec *self) {
    if (self == NULL)
        return;
    if (self->inflates)
        inflateEnd(&self->inflater);
    if (self->deflates)
        deflateEnd(&self->deflater);
#ifdef PLN_HAVE_LIBDEFLATE
    libdeflate_free_decompressor(self->fast_inflater);
    libdeflate_free_compressor(self->fast_deflater);
#endif
#ifdef PLN_HAVE_ZSTD
    ZSTD_freeDCtx(self->unzstd);
    ZSTD_freeCCtx(self->zstd);
#endif
    pln__free(self->mem, self, sizeof *self);
}

/* ---- what all share ---- */

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* How many bytes a block of `size` may become. */
static int64_t allowed(int64_t size, int64_t limit) {
    int64_t by_ratio = size < INT64_MAX / RATIO_MAX ? size * RATIO_MAX : INT64_MAX;
    return smaller(limit, by_ratio > RATIO_FREE ? by_ratio : RATIO_FREE);
}

static pln_status too_big(const pln__avro_codec *self, int64_t size, int64_t most, pln_error *err) {
    return pln__error_set(err, PLN_ELIMIT,
                          "%s: %lld bytes hold more than the %lld that are allowed for them",
                          names[self->codec], (long long)size, (long long)most);
}

static pln_status damaged(const pln__avro_codec *self, const char *what, pln_error *err) {
    return pln__error_set(err, PLN_EDATA, "%s: %s", names[self->codec], what);
}

/* Room for a try of decompression that began at out->size: at least `need`, at most `most`. */
static pln_status make_room(const pln__avro_codec *self, pln__buffer *out, int64_t need,
                            int64_t most, int64_t *room, pln_error *err) {
    /* Even nothing needs a place to go to. */
    need = need < 1 ? 1 : smaller(need, most);
    pln_status status = pln__buffer_reserve(self->mem, out, need, err);
    *room = smaller(out->capacity - out->size, most);
    return status;
}

static uint32_t checksum(const uint8_t *bytes, int64_t size) {
#ifdef PLN_HAVE_LIBDEFLATE
    return libdeflate_crc32(0, bytes, (size_t)size);
#else
    return (uint32_t)crc32(0, bytes, (uInt)size);
#endif
}

/* ---- deflate ---- */

static pln_status check_tail(const pln__avro_codec *self, int64_t left, pln_error *err) {
    if (left <= DEFLATE_TAIL)
        return PLN_OK;
    return pln__error_set(err, PLN_EDATA, "%s: %lld bytes follow the end of the data",
                          names[self->codec], (long long)left);
}

#ifdef PLN_HAVE_LIBDEFLATE

static pln_status inflate_block(pln__avro_codec *self, const uint8_t *bytes, int64_t size,
                                int64_t most, pln__buffer *out, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t room;
    if (self->fast_inflater == NULL)
        self->fast_inflater = libdeflate_alloc_decompressor();
    if (self->fast_inflater == NULL)
        return pln__error_memory(err, 0);
    for (int64_t need = size * FIRST_GUESS + 64;; need = room * 2) {
        size_t used = 0, got = 0;
        PLN__TRY(make_room(self, out, need, most, &room, err));
        switch (libdeflate_deflate_decompress_ex(self->fast_inflater, bytes, (size_t)size,
                                                 out->data + out->size, (size_t)room, &used,
                                                 &got)) {
        case LIBDEFLATE_SUCCESS:
            out->size += (int64_t)got;
            return check_tail(self, size - (int64_t)used, err);
        case LIBDEFLATE_INSUFFICIENT_SPACE:
            if (room == most)
                return too_big(self, size, most, err);
            break;
        default: return damaged(self, "damaged or cut data", err);
        }
    }
out:
    return status;
}

static pln_status deflate_block(pln__avro_codec *self, const uint8_t *bytes, int64_t size,
                                pln__buffer *out, pln_error *err) {
    if (self->fast_deflater == NULL)
        self->fast_deflater = libdeflate_alloc_compressor(self->level);
    if (self->fast_deflater == NULL)
        return pln__error_memory(err, 0);
    size_t bound = libdeflate_deflate_compress_bound(self->fast_deflater, (size_t)size);
    pln_status status = pln__buffer_reserve(self->mem, out, (int64_t)bound, err);
    if (status < 0)
        return status;
    size_t got = libdeflate_deflate_compress(self->fast_deflater, bytes, (size_t)size,
                                             out->data + out->size, bound);
    if (got == 0)
        return pln__error_set(err, PLN_EINTERNAL, "deflate: %lld bytes do not fit their bound",
                              (long long)size);
    out->size += (int64_t)got;
    return PLN_OK;
}

#else

static pln_status start_inflater(pln__avro_codec *self, pln_error *err) {
    if (self->inflates)
        return inflateReset(&self->inflater) == Z_OK ? PLN_OK : pln__error_memory(err, 0);
    pln__zlib_stream_init(&self->inflater, self->mem);
    if (inflateInit2(&self->inflater, -15) != Z_OK)
        return pln__error_memory(err, 0);
    self->inflates = true;
    return PLN_OK;
}

static pln_status inflate_block(pln__avro_codec *self, const uint8_t *bytes, int64_t size,
                                int64_t most, pln__buffer *out, pln_error *err) {
    pln_status status = start_inflater(self, err);
    z_stream *z = &self->inflater;
    int64_t room, left = most + 1;
    if (status < 0)
        return status;
    z->next_in = (z_const Bytef *)(uintptr_t)bytes;
    z->avail_in = (uInt)size;
    for (int64_t need = size * FIRST_GUESS + 64;; need = most + 1 - left) {
        PLN__TRY(make_room(self, out, need, left, &room, err));
        z->next_out = out->data + out->size;
        z->avail_out = (uInt)room;
        int code = inflate(z, Z_NO_FLUSH);
        out->size += room - z->avail_out;
        left -= room - z->avail_out;
        if (left == 0)
            return too_big(self, size, most, err);
        if (code == Z_STREAM_END)
            return check_tail(self, z->avail_in, err);
        if (code == Z_MEM_ERROR)
            return pln__error_memory(err, 0);
        if (code != Z_OK || z->avail_out != 0)
            return damaged(self, z->msg != NULL ? z->msg : "damaged or cut data", err);
    }
out:
    return status;
}

static pln_status start_deflater(pln__avro_codec *self, pln_error *err) {
    if (self->deflates)
        return deflateReset(&self->deflater) == Z_OK ? PLN_OK : pln__error_memory(err, 0);
    pln__zlib_stream_init(&self->deflater, self->mem);
    if (deflateInit2(&self->deflater, self->level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return pln__error_memory(err, 0);
    self->deflates = true;
    return PLN_OK;
}

static pln_status deflate_block(pln__avro_codec *self, const uint8_t *bytes, int64_t size,
                                pln__buffer *out, pln_error *err) {
    pln_status status = start_deflater(self, err);
    z_stream *z = &self->deflater;
    if (status < 0)
        return status;
    int64_t bound = (int64_t)deflateBound(z, (uLong)size);
    PLN__TRY(pln__buffer_reserve(self->mem, out, bound, err));
    z->next_in = (z_const Bytef *)(uintptr_t)bytes;
    z->avail_in = (uInt)size;
    z->next_out = out->data + out->size;
    z->avail_out = (uInt)bound;
    if (deflate(z, Z_FINISH) != Z_STREAM_END)
        PLN__FAIL(err, PLN_EINTERNAL, "deflate: %lld bytes do not fit their bound",
                  (long long)size);
    out->size += bound - z->avail_out;
out:
    return status;
}

#endif

/* ---- snappy, with the CRC-32 that Avro puts behind it ---- */

static pln_status unsnap_block(pln__avro_codec *self, const uint8_t *bytes, int64_t size,
                               int64_t most, pln__buffer *out, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t head, whole;
    if (size < CRC_SIZE)
        return damaged(self, "cut before the checksum", err);
    PLN__TRY(pln__snappy_size(bytes, size - CRC_SIZE, &head, &whole, err));
    if (whole > most)
        return too_big(self, size, most, err);
    PLN__TRY(pln__buffer_reserve(self->mem, out, whole + 1, err));
    uint8_t *to = out->data + out->size;
    PLN__TRY(pln__snappy_decode(bytes, size - CRC_SIZE, to, whole, err));
    const uint8_t *end = bytes + size - CRC_SIZE;
    uint32_t expected =
        (uint32_t)end[0] << 24 | (uint32_t)end[1] << 16 | (uint32_t)end[2] << 8 | (uint32_t)end[3];
    uint32_t got = checksum(to, whole);
    if (got != expected)
        PLN__FAIL(err, PLN_EDATA, "snappy: the checksum is %08x, that of the data %08x", expected,
                  got);
    out->size += whole;
out:
    return status;
}

static pln_status snap_block(pln__avro_codec *self, const uint8_t *bytes, int64_t size,
                             pln__buffer *out, pln_error *err) {
    pln_status status = PLN_OK;
    uint32_t crc = checksum(bytes, size);
    const uint8_t tail[CRC_SIZE] = {(uint8_t)(crc >> 24), (uint8_t)(crc >> 16),
                                    (uint8_t)(crc >> 8), (uint8_t)crc};
    PLN__TRY(pln__snappy_encode(self->mem, bytes, size, out, err));
    PLN__TRY(pln__buffer_append(self->mem, out, tail, sizeof tail, err));
out:
    return status;
}

/* ---- zstandard ---- */

#ifdef PLN_HAVE_ZSTD

/* What to make room for first: what the frame says of itself, if it does. */
static int64_t zstd_guess(const uint8_t *bytes, int64_t size) {
    unsigned long long said = ZSTD_getFrameContentSize(bytes, (size_t)size);
    if (said == ZSTD_CONTENTSIZE_UNKNOWN || said == ZSTD_CONTENTSIZE_ERROR)
        return size * FIRST_GUESS;
    return said > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)said;
}

static pln_status unzstd_block(pln__avro_codec *self, const uint8_t *bytes, int64_t size,
                               int64_t most, pln__buffer *out, pln_error *err) {
    pln_status status = PLN_OK;
    int64_t room, need = zstd_guess(bytes, size);
    if (size == 0)
        return damaged(self, "no frame", err);
    if (self->unzstd == NULL)
        self->unzstd = ZSTD_createDCtx();
    if (self->unzstd == NULL)
        return pln__error_memory(err, 0);
    for (;; need = room * 2 + 64) {
        PLN__TRY(make_room(self, out, need, most, &room, err));
        size_t got = ZSTD_decompressDCtx(self->unzstd, out->data + out->size, (size_t)room, bytes,
                                         (size_t)size);
        if (!ZSTD_isError(got)) {
            out->size += (int64_t)got;
            return PLN_OK;
        }
        if (ZSTD_getErrorCode(got) != ZSTD_error_dstSize_tooSmall)
            return damaged(self, ZSTD_getErrorName(got), err);
        if (room == most)
            return too_big(self, size, most, err);
    }
out:
    return status;
}

static pln_status zstd_block(pln__avro_codec *self, const uint8_t *bytes, int64_t size,
                             pln__buffer *out, pln_error *err) {
    if (self->zstd == NULL)
        self->zstd = ZSTD_createCCtx();
    if (self->zstd == NULL)
        return pln__error_memory(err, 0);
    size_t bound = ZSTD_compressBound((size_t)size);
    pln_status status = pln__buffer_reserve(self->mem, out, (int64_t)bound, err);
    if (status < 0)
        return status;
    size_t got = ZSTD_compressCCtx(self->zstd, out->data + out->size, bound, bytes, (size_t)size,
                                   self->level);
    if (ZSTD_isError(got))
        return ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation
                   ? pln__error_memory(err, 0)
                   : pln__error_set(err, PLN_EINTERNAL, "zstandard: %s", ZSTD_getErrorName(got));
    out->size += (int64_t)got;
    return PLN_OK;
}

#endif

/* ---- the door ---- */

pln_status pln__avro_unpack(pln__avro_codec *self, const uint8_t *bytes, int64_t size,
                            int64_t limit, pln__buffer *out, pln_error *err) {
    int64_t before = out->size, most = allowed(size, limit);
    pln_status status;
    switch (self->codec) {
    case PLN__AVRO_CODEC_DEFLATE: status = inflate_block(self, bytes, size, most, out, err); break;
    case PLN__AVRO_CODEC_SNAPPY: status = unsnap_block(self, bytes, size, most, out, err); break;
#ifdef PLN_HAVE_ZSTD
    case PLN__AVRO_CODEC_ZSTANDARD: status = unzstd_block(self, bytes, size, most, out, err); break;
#endif
    default:
        status = size > limit ? too_big(self, size, limit, err)
                              : pln__buffer_append(self->mem, out, bytes, size, err);
    }
    if (status < 0)
        out->size = before;
    return status;
}

pln_status pln__avro_pack(pln__avro_codec *self, const uint8_t *bytes, int64_t size,
                          pln__buffer *out, pln_error *err) {
    int64_t before = out->size;
    pln_status status;
    if (size > INT32_MAX)
        return pln__error_set(err, PLN_ELIMIT, "a block of %lld bytes: 2 GiB are the most",
                              (long long)size);
    switch (self->codec) {
    case PLN__AVRO_CODEC_DEFLATE: status = deflate_block(self, bytes, size, out, err); break;
    case PLN__AVRO_CODEC_SNAPPY: status = snap_block(self, bytes, size, out, err); break;
#ifdef PLN_HAVE_ZSTD
    case PLN__AVRO_CODEC_ZSTANDARD: status = zstd_block(self, bytes, size, out, err); break;
#endif
    default: status = pln__buffer_append(self->mem, out, bytes, size, err);
    }
    if (status < 0)
        out->size = before;
    return status;
}
