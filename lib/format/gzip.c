/* gzip (RFC 1952) over zlib. */
#include "format/format.h"
#include "format/zlib_stream.h"
#include <zlib.h>

#define RATIO_MAX 1100
#define RATIO_FREE (INT64_C(64) << 20)
/* zlib counts in 32 bits. */
#define PIECE_MAX (INT64_C(1) << 30)

struct pln__gunzip {
    const pln_allocator *mem;
    z_stream stream;
    int64_t ratio_max;
    int64_t total_in;
    int64_t total_out;
    bool in_member;
    bool any_member;
};

/* zlib frees without saying the size; it stands in front of the block. */
#define HEAD 16

static voidpf zlib_alloc(voidpf opaque, uInt items, uInt size) {
    const pln_allocator *mem = opaque;
    uint64_t bytes = (uint64_t)items * size + HEAD;
    uint8_t *block = pln__calloc(mem, 1, bytes);
    if (block == NULL)
        return Z_NULL;
    memcpy(block, &bytes, sizeof bytes);
    return block + HEAD;
}

static void zlib_free(voidpf opaque, voidpf address) {
    const pln_allocator *mem = opaque;
    uint64_t bytes;
    if (address == Z_NULL)
        return;
    memcpy(&bytes, (uint8_t *)address - HEAD, sizeof bytes);
    pln__free(mem, (uint8_t *)address - HEAD, bytes);
}

void pln__zlib_stream_init(struct z_stream_s *stream, const pln_allocator *mem) {
    memset(stream, 0, sizeof *stream);
    stream->zalloc = zlib_alloc;
    stream->zfree = zlib_free;
    stream->opaque = (voidpf)mem;
}

/* ---- reading ---- */

pln_status pln__gunzip_new(const pln_allocator *mem, int64_t ratio_max, pln__gunzip **out,
                           pln_error *err) {
    pln__gunzip *self = pln__calloc(mem, 1, sizeof *self);
    *out = NULL;
    if (self == NULL)
        return pln__error_memory(err, sizeof *self);
    self->mem = mem;
    self->ratio_max = ratio_max > 0 ? ratio_max : RATIO_MAX;
    pln__zlib_stream_init(&self->stream, mem);
    if (inflateInit2(&self->stream, 15 + 16) != Z_OK) {
        pln__free(mem, self, sizeof *self);
        return pln__error_memory(err, 0);
    }
    *out = self;
    return PLN_OK;
}

void pln__gunzip_free(pln__gunzip *self) {
    if (self == NULL)
        return;
    inflateEnd(&self->stream);
    pln__free(self->mem, self, sizeof *self);
}

static pln_status damaged(const pln__gunzip *self, const char *what, pln_error *err) {
    return pln__error_set(err, PLN_EDATA, "gzip: %s at compressed byte %lld", what,
                          (long long)self->total_in);
}

static pln_status check_ratio(const pln__gunzip *self, pln_error *err) {
    if (self->total_out <= RATIO_FREE || self->total_out / self->ratio_max <= self->total_in)
        return PLN_OK;
    return pln__error_set(
        err, PLN_ELIMIT,
        "gzip: %lld bytes out of %lld compressed ones, at most %lld times as many "
        "are taken",
        (long long)self->total_out, (long long)self->total_in, (long long)self->ratio_max);
}

/* Zero bytes behind the last member are padding (tapes, block devices); all else must be a member. */
static bool skip_padding(pln__gunzip *self, const uint8_t *in, int64_t in_size, int64_t *in_used) {
    while (self->any_member && *in_used < in_size && in[*in_used] == 0) {
        ++*in_used;
        self->total_in++;
    }
    return *in_used == in_size;
}

/* One call of inflate; *moved says whether it did anything. */
static pln_status inflate_some(pln__gunzip *self, const uint8_t *in, int64_t in_size, uint8_t *out,
                               int64_t out_size, int64_t moved[2], pln_error *err) {
    z_stream *z = &self->stream;
    uInt give = (uInt)(in_size < PIECE_MAX ? in_size : PIECE_MAX);
    uInt room = (uInt)(out_size < PIECE_MAX ? out_size : PIECE_MAX);
    uint8_t nothing;
    z->next_in = (z_const Bytef *)(uintptr_t)(in != NULL ? in : &nothing);
    z->avail_in = give;
    z->next_out = out != NULL ? out : &nothing;
    z->avail_out = room;
    int code = inflate(z, Z_NO_FLUSH);
    moved[0] = give - z->avail_in;
    moved[1] = room - z->avail_out;
    self->total_in += moved[0];
    self->total_out += moved[1];
    switch (code) {
    case Z_OK:
    case Z_BUF_ERROR: return check_ratio(self, err);
    case Z_STREAM_END:
        self->in_member = false;
        self->any_member = true;
        inflateReset(z);
        return check_ratio(self, err);
    case Z_MEM_ERROR: return pln__error_memory(err, 0);
    default: return damaged(self, z->msg != NULL ? z->msg : "damaged data", err);
    }
}

pln_status pln__gunzip_run(pln__gunzip *self, pln__gunzip_piece *p, pln_error *err) {
    pln_status status = PLN_OK;
    p->in_used = p->out_used = 0;
    for (;;) {
        if (!self->in_member) {
            if (skip_padding(self, p->in, p->in_size, &p->in_used)) {
                if (!p->final)
                    return PLN_OK;
                return self->any_member ? PLN_EOS : damaged(self, "the input is empty", err);
            }
            self->in_member = true;
        }
        int64_t moved[2];
        PLN__TRY(inflate_some(self, p->in == NULL ? NULL : p->in + p->in_used,
                              p->in_size - p->in_used, p->out == NULL ? NULL : p->out + p->out_used,
                              p->out_size - p->out_used, moved, err));
        p->in_used += moved[0];
        p->out_used += moved[1];
        if (!self->in_member)
            continue;
        if (p->out_used == p->out_size)
            return PLN_OK;
        if (p->in_used == p->in_size && moved[1] == 0)
            return p->final ? damaged(self, "the input is cut off", err) : PLN_OK;
    }
out:
    return status;
}

/* ---- writing ---- */

pln_status pln__gzip_member(const pln_allocator *mem, int32_t level, const uint8_t *bytes,
                            int64_t size, pln__buffer *out, pln_error *err) {
    pln_status status = PLN_OK;
    z_stream z;
    int64_t before = out->size, at = 0;
    int code = Z_OK;
    if (level < 0 || level > 9)
        return pln__error_set(err, PLN_EINVAL, "gzip level %d: must be 0 to 9", level);
    pln__zlib_stream_init(&z, mem);
    if (deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return pln__error_memory(err, 0);
    while (code != Z_STREAM_END) {
        int64_t give = size - at < PIECE_MAX ? size - at : PIECE_MAX;
        PLN__TRY(pln__buffer_reserve(mem, out, (give >> 2) + 4096, err));
        int64_t room =
            out->capacity - out->size < PIECE_MAX ? out->capacity - out->size : PIECE_MAX;
        z.next_in = (z_const Bytef *)(uintptr_t)(bytes + at);
        z.avail_in = (uInt)give;
        z.next_out = out->data + out->size;
        z.avail_out = (uInt)room;
        code = deflate(&z, at + give == size ? Z_FINISH : Z_NO_FLUSH);
        at += give - z.avail_in;
        out->size += room - z.avail_out;
        if (code == Z_STREAM_ERROR)
            PLN__FAIL(err, PLN_EINTERNAL, "gzip: deflate failed");
    }
out:
    deflateEnd(&z);
    if (status < 0)
        out->size = before;
    return status;
}
