#include "connect/file/parts.h"

enum { RAW_SIZE = 64 * 1024, SAMPLE_STEP = 1 << 20 };

void pln__input_init(pln__input *input, const pln_allocator *mem, const pln_file_ops *files,
                     int32_t compression) {
    *input = (pln__input){.mem = mem,
                           .files = files,
                           .fd = -1,
                           .descriptor = -1,
                           .wanted = compression,
                           .compression = compression};
}

pln_status pln__input_open_file(pln__input *input, const char *name, pln_error *err) {
    input->name = name;
    return input->files->open(input->files->user, name, PLN_FILE_READ, &input->fd, err);
}

void pln__input_open_descriptor(pln__input *input, int32_t fd) {
    input->name = NULL;
    input->descriptor = fd;
}

/* Ready for another file. */
void pln__input_close(pln__input *input) {
    if (input->mem == NULL)
        return;
    if (input->fd >= 0)
        input->files->close(input->files->user, input->fd);
    pln__gunzip_free(input->gunzip);
    pln__buffer_free(input->mem, &input->raw);
    pln__buffer_free(input->mem, &input->sample);
    pln__input_init(input, input->mem, input->files, input->wanted);
}

static void name_it(const pln__input *input, pln_error *err) {
    if (input->name != NULL)
        pln__error_prefix(err, "file '%s'", input->name);
}

/* Bytes as they come, from the file or descriptor: PLN_OK, PLN_EOS, PLN_AGAIN. */
static pln_status take_raw(pln__input *input, void *out, int64_t size, int64_t *got,
                           pln_error *err) {
    pln_status status;
    *got = 0;
    if (input->raw_end)
        return PLN_EOS;
    if (input->descriptor >= 0) {
        status = pln__descriptor_read(input->descriptor, input->timeout_us, out, size, got, err);
    } else {
        status = input->files->read(input->files->user, input->fd, input->raw_offset, out, size,
                                    got, err);
        if (status < 0)
            name_it(input, err);
        else if (*got == 0)
            status = PLN_EOS;
    }
    input->raw_offset += *got;
    input->raw_end = status == PLN_EOS;
    return status;
}

/* At least `need` bytes in `raw` behind raw_at, if the input has them. */
static pln_status fill_raw(pln__input *input, int64_t need, pln_error *err) {
    pln_status status = PLN_OK;
    if (input->raw_at > 0) {
        memmove(input->raw.data, input->raw.data + input->raw_at,
                (size_t)(input->raw.size - input->raw_at));
        input->raw.size -= input->raw_at;
        input->raw_at = 0;
    }
    PLN__TRY(pln__buffer_reserve(input->mem, &input->raw, RAW_SIZE - input->raw.size, err));
    while (input->raw.size < need && status == PLN_OK) {
        int64_t got;
        PLN__TRY(take_raw(input, input->raw.data + input->raw.size, RAW_SIZE - input->raw.size,
                          &got, err));
        input->raw.size += got;
    }
out:
    return status;
}

/* The first two bytes tell gzip from text, which cannot begin with 1F 8B. */
static pln_status settle(pln__input *input, pln_error *err) {
    pln_status status = PLN_OK;
    if (input->compression == PLN__COMPRESSION_AUTO) {
        PLN__TRY(fill_raw(input, 2, err));
        if (status == PLN_AGAIN)
            return status;
        bool gzip =
            input->raw.size >= 2 && input->raw.data[0] == 0x1F && input->raw.data[1] == 0x8B;
        input->compression = gzip ? PLN__COMPRESSION_GZIP : PLN__COMPRESSION_NONE;
    }
    if (input->compression == PLN__COMPRESSION_GZIP && input->gunzip == NULL)
        PLN__TRY(pln__gunzip_new(input->mem, 0, &input->gunzip, err));
    return PLN_OK;
out:
    return status;
}

static pln_status inflate_some(pln__input *input, uint8_t *out, int64_t size, int64_t *got,
                               pln_error *err) {
    pln_status status = PLN_OK;
    while (*got == 0) {
        int64_t left = input->raw.size - input->raw_at;
        if (left == 0 && !input->raw_end) {
            PLN__TRY(fill_raw(input, 1, err));
            if (status == PLN_AGAIN)
                return status;
            left = input->raw.size - input->raw_at;
        }
        pln__gunzip_piece piece = {.in = input->raw.data + input->raw_at,
                                   .in_size = left,
                                   .final = input->raw_end,
                                   .out = out,
                                   .out_size = size};
        status = pln__gunzip_run(input->gunzip, &piece, err);
        *got = piece.out_used;
        if (status < 0) {
            name_it(input, err);
            return status;
        }
        input->raw_at += piece.in_used;
        if (status == PLN_EOS)
            return *got > 0 ? PLN_OK : PLN_EOS;
        if (*got == 0 && piece.in_used == 0 && input->raw_end)
            PLN__FAIL(err, PLN_EINTERNAL, "gzip input stands still");
    }
    return PLN_OK;
out:
    return status;
}

static pln_status read_fresh(pln__input *input, uint8_t *out, int64_t size, int64_t *got,
                             pln_error *err) {
    pln_status status = settle(input, err);
    if (status != PLN_OK)
        return status;
    if (input->compression == PLN__COMPRESSION_GZIP)
        return inflate_some(input, out, size, got, err);
    int64_t left = input->raw.size - input->raw_at;
    if (left == 0)
        return take_raw(input, out, size, got, err);
    *got = left < size ? left : size;
    memcpy(out, input->raw.data + input->raw_at, (size_t)*got);
    input->raw_at += *got;
    return PLN_OK;
}

pln_status pln__input_read(pln__input *input, uint8_t *out, int64_t size, int64_t *got,
                           pln_error *err) {
    int64_t left = input->sample.size - input->sample_at;
    *got = 0;
    if (left > 0) {
        *got = left < size ? left : size;
        memcpy(out, input->sample.data + input->sample_at, (size_t)*got);
        input->sample_at += *got;
        if (*got == left) {
            pln__buffer_free(input->mem, &input->sample);
            input->sample_at = 0;
        }
        return PLN_OK;
    }
    if (input->end)
        return PLN_EOS;
    pln_status status = read_fresh(input, out, size, got, err);
    input->end = status == PLN_EOS;
    return status;
}

pln_status pln__input_skip(pln__input *input, int64_t offset, pln_context *ctx, pln_error *err) {
    pln_status status = PLN_OK;
    uint8_t *waste = NULL;
    int64_t got = 0;
    PLN__TRY(settle(input, err));
    if (input->compression != PLN__COMPRESSION_GZIP) {
        /* Plain bytes: go there. What was read to tell the kind is read again. */
        input->raw.size = input->raw_at = 0;
        input->raw_offset = offset;
        input->raw_end = false;
        goto out;
    }
    waste = pln__alloc(input->mem, RAW_SIZE);
    if (waste == NULL)
        PLN__TRY(pln__error_memory(err, RAW_SIZE));
    while (offset > 0) {
        PLN__TRY(pln__input_read(input, waste, offset < RAW_SIZE ? offset : RAW_SIZE, &got, err));
        if (status != PLN_OK)
            PLN__FAIL(err, PLN_EDATALOSS,
                      "file '%s': it ends %lld bytes before the place where the run "
                      "stopped reading",
                      input->name, (long long)offset);
        offset -= got;
        if (ctx->host->cancelled(ctx))
            PLN__FAIL(err, PLN_ECANCELLED, "file '%s': stopped on the way to the saved place",
                      input->name);
    }
    status = PLN_OK;
out:
    pln__free(input->mem, waste, RAW_SIZE);
    return status;
}

pln_status pln__input_sample(pln__input *input, int64_t size, bool *whole, pln_error *err) {
    pln_status status = PLN_OK;
    *whole = false;
    while (input->sample.size < size) {
        int64_t step = size - input->sample.size, got = 0;
        if (step > SAMPLE_STEP)
            step = SAMPLE_STEP;
        PLN__TRY(pln__buffer_reserve(input->mem, &input->sample, step, err));
        PLN__TRY(read_fresh(input, input->sample.data + input->sample.size, step, &got, err));
        input->sample.size += got;
        if (status == PLN_EOS) {
            input->end = true;
            *whole = true;
            break;
        }
        if (status == PLN_AGAIN)
            return PLN_AGAIN;
    }
    pln__buffer_seal(&input->sample);
    status = PLN_OK;
out:
    return status;
}
