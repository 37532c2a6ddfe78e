#define _POSIX_C_SOURCE 200809L
#include "fail_alloc.h"
#include "format/format.h"
#include <check.h>
#include <stdlib.h>
#include <zlib.h>

static void put_member(pln__buffer *to, const void *bytes, int64_t size, int level) {
    pln_error err = {0};
    ck_assert_int_eq(pln__gzip_member(pln__system_allocator(), level, bytes, size, to, &err),
                     PLN_OK);
}

/* All of `in` in pieces; returns the last status. */
static pln_status unpack(const pln_allocator *mem, const pln__buffer *in, int64_t piece,
                         int64_t room, pln__buffer *out, pln_error *err) {
    pln__gunzip *gz;
    int64_t at = 0;
    pln_status status = pln__gunzip_new(mem, 0, &gz, err);
    if (status < 0)
        return status;
    for (int steps = 0; status == PLN_OK; steps++) {
        int64_t give = in->size - at < piece ? in->size - at : piece;
        status = pln__buffer_reserve(pln__system_allocator(), out, room, err);
        pln__gunzip_piece step = {.in = in->data + at,
                                  .in_size = give,
                                  .final = at + give == in->size,
                                  .out = out->data + out->size,
                                  .out_size = room};
        if (status == PLN_OK)
            status = pln__gunzip_run(gz, &step, err);
        at += step.in_used;
        out->size += step.out_used;
        ck_assert_int_lt(steps, 10000000);
    }
    if (status == PLN_EOS)
        ck_assert_int_eq(at, in->size);
    pln__gunzip_free(gz);
    return status;
}

static void free_buffer(pln__buffer *buffer) {
    pln__buffer_free(pln__system_allocator(), buffer);
}

START_TEST(members_are_one_stream) {
    static const int64_t pieces[] = {1, 2, 7, 64, 1000000};
    pln__buffer packed = {0};
    char text[5000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)("abcdefgh"[i * i % 8] + (char)(i / 700));
    put_member(&packed, text, 3000, 6);
    put_member(&packed, "", 0, 1);
    put_member(&packed, text + 3000, 2000, 9);
    for (int p = 0; p < 5; p++)
        for (int r = 0; r < 5; r++) {
            pln__buffer out = {0};
            ck_assert_int_eq(
                unpack(pln__system_allocator(), &packed, pieces[p], pieces[r], &out, NULL),
                PLN_EOS);
            ck_assert_int_eq(out.size, 5000);
            ck_assert_mem_eq(out.data, text, 5000);
            free_buffer(&out);
        }
    free_buffer(&packed);
}
END_TEST

/* What zlib itself makes of a member. */
START_TEST(a_member_is_gzip) {
    pln__buffer packed = {0};
    uint8_t out[64];
    put_member(&packed, "hello, world", 12, 6);
    z_stream z;
    memset(&z, 0, sizeof z);
    ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
    z.next_in = packed.data;
    z.avail_in = (uInt)packed.size;
    z.next_out = out;
    z.avail_out = sizeof out;
    ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
    ck_assert_int_eq((int)z.total_out, 12);
    ck_assert_mem_eq(out, "hello, world", 12);
    inflateEnd(&z);
    pln_error err = {0};
    ck_assert_int_eq(pln__gzip_member(pln__system_allocator(), 10, out, 1, &packed, &err),
                     PLN_EINVAL);
    free_buffer(&packed);
}
END_TEST

START_TEST(damage_is_found) {
    pln__buffer packed = {0};
    pln_error err = {0};
    put_member(&packed, "hello, hello, hello", 19, 6);
    int64_t size = packed.size;
    for (int64_t n = 0; n < size; n++) {
        pln__buffer out = {0};
        packed.size = n;
        ck_assert_int_eq(unpack(pln__system_allocator(), &packed, 1000, 1000, &out, &err),
                         PLN_EDATA);
        ck_assert_ptr_nonnull(strstr(err.message, n == 0 ? "empty" : "cut off at compressed byte"));
        free_buffer(&out);
    }
    packed.size = size;
    for (int64_t i = size - 8; i < size; i++) {
        pln__buffer out = {0};
        packed.data[i] ^= 1;
        ck_assert_int_eq(unpack(pln__system_allocator(), &packed, 1000, 1000, &out, &err),
                         PLN_EDATA);
        packed.data[i] ^= 1;
        free_buffer(&out);
    }
    pln__buffer out = {0};
    ck_assert_int_eq(pln__buffer_append(pln__system_allocator(), &packed, "\0\0\0", 3, NULL),
                     PLN_OK);
    ck_assert_int_eq(unpack(pln__system_allocator(), &packed, 1000, 1000, &out, &err), PLN_EOS);
    ck_assert_int_eq(pln__buffer_append(pln__system_allocator(), &packed, "junk", 4, NULL), PLN_OK);
    ck_assert_int_eq(unpack(pln__system_allocator(), &packed, 1000, 1000, &out, &err), PLN_EDATA);
    free_buffer(&out);
    free_buffer(&packed);
}
END_TEST

/* 200 MiB of zeros in 200 KiB: within the ratio of deflate itself, refused where less is allowed. */
START_TEST(bombs_are_refused) {
    pln__buffer packed = {0};
    int64_t size = INT64_C(80) << 20, total = 0, at = 0;
    uint8_t *zeros = calloc(1, (size_t)size), *out = malloc(1 << 20);
    pln_error err = {0};
    put_member(&packed, zeros, size, 9);
    pln__gunzip *gz;
    ck_assert_int_eq(pln__gunzip_new(pln__system_allocator(), 100, &gz, NULL), PLN_OK);
    pln_status status = PLN_OK;
    while (status == PLN_OK) {
        pln__gunzip_piece step = {.in = packed.data + at,
                                  .in_size = packed.size - at,
                                  .final = true,
                                  .out = out,
                                  .out_size = 1 << 20};
        status = pln__gunzip_run(gz, &step, &err);
        at += step.in_used;
        total += step.out_used;
    }
    ck_assert_int_eq(status, PLN_ELIMIT);
    ck_assert_int_ge(total, INT64_C(64) << 20);
    ck_assert_ptr_nonnull(strstr(err.message, "100 times"));
    pln__gunzip_free(gz);
    pln__buffer all = {0};
    ck_assert_int_eq(unpack(pln__system_allocator(), &packed, 1 << 20, 1 << 20, &all, &err),
                     PLN_EOS);
    ck_assert_int_eq(all.size, size);
    free_buffer(&all);
    free_buffer(&packed);
    free(zeros);
    free(out);
}
END_TEST

START_TEST(memory_fails_at_every_n) {
    bool failed = true;
    for (int64_t n = 0; failed; n++) {
        fail_alloc f;
        const pln_allocator *mem = fail_alloc_init(&f, n);
        pln__buffer packed = {0}, out = {0};
        pln_error err = {0};
        pln_status status = pln__gzip_member(mem, 6, (const uint8_t *)"hello", 5, &packed, &err);
        if (status == PLN_OK)
            status = unpack(mem, &packed, 100, 100, &out, &err);
        failed = f.failed;
        ck_assert_int_eq(status, failed ? PLN_ENOMEM : PLN_EOS);
        pln__buffer_free(mem, &packed);
        free_buffer(&out);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        ck_assert_int_lt(n, 100);
    }
}
END_TEST

Suite *suite_format_gzip(void);
Suite *suite_format_gzip(void) {
    Suite *suite = suite_create("format/gzip");
    TCase *one = tcase_create("gzip");
    tcase_set_timeout(one, 60);
    tcase_add_test(one, members_are_one_stream);
    tcase_add_test(one, a_member_is_gzip);
    tcase_add_test(one, damage_is_found);
    tcase_add_test(one, bombs_are_refused);
    tcase_add_test(one, memory_fails_at_every_n);
    suite_add_tcase(suite, one);
    return suite;
}
