#define _POSIX_C_SOURCE 200809L
#include "fail_alloc.h"
#include "format/avro_block.h"
#include "skip.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const pln_allocator *mem;
static pln_error err;

static void setup(void) {
    mem = pln__system_allocator();
}

/* ---- snappy ---- */

static pln__buffer from_hex(const char *text, size_t size) {
    pln__buffer out = {0};
    char *star = memchr(text, '*', size);
    int64_t count = star == NULL ? (int64_t)size / 2 : strtoll(star + 1, NULL, 10);
    ck_assert_int_eq(pln__buffer_reserve(mem, &out, count + 1, NULL), PLN_OK);
    for (int64_t i = 0; i < count; i++) {
        unsigned byte;
        ck_assert_int_eq(sscanf(text + (star == NULL ? 2 * i : 0), "%2x", &byte), 1);
        out.data[out.size++] = (uint8_t)byte;
    }
    return out;
}

static pln_status unsnap(const uint8_t *bytes, int64_t size, pln__buffer *out) {
    int64_t head, whole;
    pln_status status = pln__snappy_size(bytes, size, &head, &whole, &err);
    if (status < 0)
        return status;
    out->size = 0;
    ck_assert_int_eq(pln__buffer_reserve(mem, out, whole + 1, NULL), PLN_OK);
    out->size = whole;
    return pln__snappy_decode(bytes, size, out->data, whole, &err);
}

static void assert_round_trip(const uint8_t *bytes, int64_t size) {
    pln__buffer packed = {0}, back = {0};
    ck_assert_int_eq(pln__snappy_encode(mem, bytes, size, &packed, &err), PLN_OK);
    ck_assert_int_le(packed.size, pln__snappy_bound(size));
    ck_assert_int_eq(unsnap(packed.data, packed.size, &back), PLN_OK);
    ck_assert_int_eq(back.size, size);
    ck_assert(size == 0 || memcmp(back.data, bytes, (size_t)size) == 0);
    pln__buffer_free(mem, &packed);
    pln__buffer_free(mem, &back);
}

/* Made by make_snappy_vectors.py. */
START_TEST(snappy_of_others) {
    FILE *file = fopen("test/unit/format/snappy_vectors.txt", "r");
    char *line = NULL;
    size_t room = 0;
    int lines = 0;
    if (file == NULL) {
        TEST_SKIP("test/unit/format/snappy_vectors.txt is not below the working folder");
        return;
    }
    for (ssize_t n; (n = getline(&line, &room, file)) > 0; lines++) {
        char *space = strchr(line, ' ');
        pln__buffer text = from_hex(line, line[0] == '-' ? 0 : (size_t)(space - line));
        pln__buffer packed = from_hex(space + 1, strcspn(space + 1, "\n")), out = {0};
        ck_assert_int_eq(unsnap(packed.data, packed.size, &out), PLN_OK);
        ck_assert_int_eq(out.size, text.size);
        ck_assert(text.size == 0 || memcmp(out.data, text.data, (size_t)text.size) == 0);
        assert_round_trip(text.data, text.size);
        /* A byte less, at any place, is never taken for the whole. */
        for (int64_t cut = 0; cut < packed.size; cut++)
            ck_assert_int_eq(unsnap(packed.data, cut, &out), PLN_EDATA);
        pln__buffer_free(mem, &text);
        pln__buffer_free(mem, &packed);
        pln__buffer_free(mem, &out);
    }
    ck_assert_int_eq(lines, 14);
    free(line);
    fclose(file);
}
END_TEST

/* The forms that writers of today do not use, by the letter of the format's description. */
START_TEST(snappy_by_hand) {
    static const struct {
        const char *hex, *text;
    } cases[] = {
        {"00", ""},
        {"0708" "616263" "0103", "abcabca"},
        {"0708" "616263" "0e0300", "abcabca"},
        {"0708" "616263" "0f03000000", "abcabca"},
        {"03f002616263", "abc"},
        {"03f40200616263", "abc"},
        {"03f8020000616263", "abc"},
        {"03fc02000000616263", "abc"},
        {"0804" "6162" "160200", "abababab"},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        pln__buffer in = from_hex(cases[i].hex, strlen(cases[i].hex)), out = {0};
        pln_status status = unsnap(in.data, in.size, &out);
        ck_assert_msg(status == PLN_OK, "%s: %s", cases[i].hex, err.message);
        ck_assert_int_eq(out.size, (int64_t)strlen(cases[i].text));
        ck_assert(out.size == 0 || memcmp(out.data, cases[i].text, (size_t)out.size) == 0);
        pln__buffer_free(mem, &in);
        pln__buffer_free(mem, &out);
    }
}
END_TEST

START_TEST(snappy_refuses) {
    static const struct {
        const char *hex, *words;
    } cases[] = {
        {"", "no number of 32 bits"},
        {"80", "no number of 32 bits"},
        {"ffffffffff01", "no number of 32 bits"},
        {"ffffffff1f", "no number of 32 bits"},
        {"03", "fewer bytes than were announced"},
        {"0708616263" "01", "the input is cut off"},
        {"0408616263" "0c00", "more bytes than were announced"},
        {"0508616263" "0400", "a literal is cut off"},
        {"04" "0c00", "a literal is cut off"},
        {"0708616263" "0104", "a copy from before the start"},
        {"0708616263" "0100", "a copy from before the start"},
        {"0708616263" "0f030000", "the input is cut off"},
        {"0608616263" "0103", "more bytes than were announced"},
        {"0808616263" "0103", "fewer bytes than were announced"},
        {"03fcffffffff", "more bytes than were announced"},
    };
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        pln__buffer in = from_hex(cases[i].hex, strlen(cases[i].hex)), out = {0};
        pln_status status = unsnap(in.data, in.size, &out);
        ck_assert_msg(status == PLN_EDATA, "%s", cases[i].hex);
        ck_assert_msg(strstr(err.message, cases[i].words) != NULL, "%s: %s", cases[i].hex,
                      err.message);
        pln__buffer_free(mem, &in);
        pln__buffer_free(mem, &out);
    }
}
END_TEST

static uint32_t next_random(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    return *state ^= *state << 5;
}

/* Noise, runs and repeats at every distance, across the border of fragments. */
static pln__buffer make_bytes(uint32_t seed, int64_t size) {
    pln__buffer out = {0};
    uint32_t state = seed * 2654435761u + 1;
    ck_assert_int_eq(pln__buffer_reserve(mem, &out, size + 300, NULL), PLN_OK);
    while (out.size < size) {
        uint32_t kind = next_random(&state) % 3, n = 1 + next_random(&state) % 90;
        uint32_t back = 1 + next_random(&state) % (kind == 1 ? 16 : 70000);
        for (uint32_t i = 0; i < n; i++) {
            out.data[out.size] = kind == 0 || out.size < back ? (uint8_t)next_random(&state)
                                                              : out.data[out.size - back];
            out.size++;
        }
    }
    out.size = size;
    return out;
}

START_TEST(snappy_comes_back) {
    for (uint32_t i = 0; i < 400; i++) {
        pln__buffer bytes = make_bytes(i, i < 300 ? i : (int64_t)(i - 299) * 3001);
        assert_round_trip(bytes.data, bytes.size);
        pln__buffer_free(mem, &bytes);
    }
}
END_TEST

/* ---- codecs ---- */

static bool have_zstd(void) {
    int32_t codec;
    return pln__avro_codec_find("zstandard", 9, &codec, NULL) == PLN_OK;
}

static pln__avro_codec *codec_of(int32_t codec, int32_t level) {
    pln__avro_codec *out;
    ck_assert_int_eq(pln__avro_codec_new(mem, codec, level, &out, &err), PLN_OK);
    return out;
}

START_TEST(codecs_by_name) {
    static const char *const good[] = {"null", "deflate", "snappy", "zstandard"};
    static const char *const others[] = {"bzip2", "xz", "lzma", "", "Null", "deflate "};
    int32_t codec;
    for (int32_t i = 0; i < 3 + have_zstd(); i++) {
        ck_assert_int_eq(pln__avro_codec_find(good[i], (int64_t)strlen(good[i]), &codec, &err),
                         PLN_OK);
        ck_assert_int_eq(codec, i);
        ck_assert_str_eq(pln__avro_codec_name(codec), good[i]);
    }
    for (int i = 0; i < PLN__COUNT(others); i++) {
        pln_status status =
            pln__avro_codec_find(others[i], (int64_t)strlen(others[i]), &codec, &err);
        ck_assert_int_eq(status, PLN_EUNSUPPORTED);
        ck_assert_ptr_nonnull(strstr(err.message, others[i]));
    }
    ck_assert_int_eq(pln__avro_level_check(PLN__AVRO_CODEC_SNAPPY, 1, &err), PLN_EINVAL);
    ck_assert_int_eq(pln__avro_level_check(PLN__AVRO_CODEC_DEFLATE, 10, &err), PLN_EINVAL);
    ck_assert_str_eq(err.message, "level 10: those of codec deflate are 1 to 9");
}
END_TEST

START_TEST(blocks_come_back) {
    static const int32_t levels[][3] = {{0, 0, 0}, {0, 1, 9}, {0, 0, 0}, {0, 1, 19}};
    for (int32_t c = 0; c < 3 + have_zstd(); c++)
        for (int l = 0; l < 3; l++) {
            pln__avro_codec *codec = codec_of(c, levels[c][l]);
            for (uint32_t i = 0; i < 40; i++) {
                pln__buffer bytes = make_bytes(i, (int64_t)i * i * 150), packed = {0}, out = {0};
                ck_assert_int_eq(pln__buffer_append(mem, &out, "before", 6, NULL), PLN_OK);
                ck_assert_int_eq(pln__avro_pack(codec, bytes.data, bytes.size, &packed, &err),
                                 PLN_OK);
                pln_status status = pln__avro_unpack(codec, packed.data, packed.size,
                                                     PLN__AVRO_BLOCK_MAX, &out, &err);
                ck_assert_msg(status == PLN_OK, "codec %d: %s", c, err.message);
                ck_assert_int_eq(out.size, bytes.size + 6);
                ck_assert(memcmp(out.data, "before", 6) == 0);
                ck_assert(bytes.size == 0 ||
                          memcmp(out.data + 6, bytes.data, (size_t)bytes.size) == 0);
                pln__buffer_free(mem, &bytes);
                pln__buffer_free(mem, &packed);
                pln__buffer_free(mem, &out);
            }
            pln__avro_codec_free(codec);
        }
}
END_TEST

START_TEST(damaged_blocks_are_refused) {
    pln__buffer bytes = make_bytes(7, 3000);
    for (int32_t c = 1; c < 3 + have_zstd(); c++) {
        pln__avro_codec *codec = codec_of(c, 0);
        pln__buffer packed = {0}, out = {0};
        ck_assert_int_eq(pln__avro_pack(codec, bytes.data, bytes.size, &packed, &err), PLN_OK);
        for (int64_t cut = 0; cut < packed.size; cut++) {
            pln_status status =
                pln__avro_unpack(codec, packed.data, cut, PLN__AVRO_BLOCK_MAX, &out, &err);
            ck_assert_msg(status == PLN_EDATA, "codec %d cut to %lld: %d %s", c, (long long)cut,
                          (int)status, err.message);
            ck_assert_int_eq(out.size, 0);
            ck_assert_ptr_nonnull(strstr(err.message, pln__avro_codec_name(c)));
        }
        /* What lies behind: tolerated up to 4 bytes for deflate, see DEFLATE_TAIL. */
        ck_assert_int_eq(pln__buffer_append(mem, &packed, "12345", 5, NULL), PLN_OK);
        ck_assert_int_eq(
            pln__avro_unpack(codec, packed.data, packed.size, PLN__AVRO_BLOCK_MAX, &out, &err),
            PLN_EDATA);
        ck_assert_int_eq(
            pln__avro_unpack(codec, packed.data, packed.size - 1, PLN__AVRO_BLOCK_MAX, &out, &err),
            c == PLN__AVRO_CODEC_DEFLATE ? PLN_OK : PLN_EDATA);
        pln__buffer_free(mem, &packed);
        pln__buffer_free(mem, &out);
        pln__avro_codec_free(codec);
    }
    pln__buffer_free(mem, &bytes);
}
END_TEST

START_TEST(bombs_are_refused) {
    static uint8_t zeros[9 << 20];
    for (int32_t c = 1; c < 3 + have_zstd(); c++) {
        pln__avro_codec *codec = codec_of(c, 0);
        pln__buffer packed = {0}, out = {0};
        ck_assert_int_eq(pln__avro_pack(codec, zeros, sizeof zeros, &packed, &err), PLN_OK);
        ck_assert_int_eq(
            pln__avro_unpack(codec, packed.data, packed.size, sizeof zeros - 1, &out, &err),
            PLN_ELIMIT);
        ck_assert_int_eq(out.size, 0);
        pln_status status =
            pln__avro_unpack(codec, packed.data, packed.size, sizeof zeros, &out, &err);
        /* 9 MiB out of less than 9 KiB are beyond 1,100 times. */
        bool bomb = packed.size < (int64_t)sizeof zeros / 1100;
        ck_assert(bomb == (c == PLN__AVRO_CODEC_ZSTANDARD));
        ck_assert_int_eq(status, bomb ? PLN_ELIMIT : PLN_OK);
        if (bomb)
            ck_assert_ptr_nonnull(strstr(err.message, "hold more than the"));
        /* A small block may be as empty as it likes. */
        packed.size = out.size = 0;
        ck_assert_int_eq(pln__avro_pack(codec, zeros, 1 << 20, &packed, &err), PLN_OK);
        ck_assert_int_eq(pln__avro_unpack(codec, packed.data, packed.size, 1 << 20, &out, &err),
                         PLN_OK);
        pln__buffer_free(mem, &packed);
        pln__buffer_free(mem, &out);
        pln__avro_codec_free(codec);
    }
}
END_TEST

/* Snappy's own limit is its announced size: nothing is allocated for it. */
START_TEST(announced_sizes_cost_nothing) {
    static const uint8_t lie[] = {0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0, 'a', 0, 0, 0, 0};
    pln__avro_codec *codec = codec_of(PLN__AVRO_CODEC_SNAPPY, 0);
    pln__buffer out = {0};
    ck_assert_int_eq(pln__avro_unpack(codec, lie, sizeof lie, PLN__AVRO_BLOCK_MAX, &out, &err),
                     PLN_ELIMIT);
    ck_assert_int_eq(out.capacity, 0);
    pln__avro_codec_free(codec);
}
END_TEST

START_TEST(allocation_fails) {
    pln__buffer bytes = make_bytes(9, 20000);
    for (int32_t c = 0; c < 3 + have_zstd(); c++)
        for (int64_t n = 0;; n++) {
            fail_alloc failing;
            pln__avro_codec *codec = NULL;
            pln__buffer packed = {0}, out = {0};
            const pln_allocator *poor = fail_alloc_init(&failing, n);
            pln_status status = pln__avro_codec_new(poor, c, 0, &codec, &err);
            if (status >= 0)
                status = pln__avro_pack(codec, bytes.data, bytes.size, &packed, &err);
            if (status >= 0)
                status = pln__avro_unpack(codec, packed.data, packed.size, PLN__AVRO_BLOCK_MAX,
                                          &out, &err);
            pln__avro_codec_free(codec);
            pln__buffer_free(poor, &out);
            pln__buffer_free(poor, &packed);
            ck_assert_int_eq(fail_alloc_live(&failing), 0);
            if (status == PLN_OK)
                break;
            ck_assert_int_eq(status, PLN_ENOMEM);
            ck_assert_int_lt(n, 100);
        }
    pln__buffer_free(mem, &bytes);
}
END_TEST

Suite *suite_format_avro_block(void);
Suite *suite_format_avro_block(void) {
    Suite *suite = suite_create("format/avro_block");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, snappy_of_others);
    tcase_add_test(tests, snappy_by_hand);
    tcase_add_test(tests, snappy_refuses);
    tcase_add_test(tests, snappy_comes_back);
    tcase_add_test(tests, codecs_by_name);
    tcase_add_test(tests, blocks_come_back);
    tcase_add_test(tests, damaged_blocks_are_refused);
    tcase_add_test(tests, bombs_are_refused);
    tcase_add_test(tests, announced_sizes_cost_nothing);
    tcase_add_test(tests, allocation_fails);
    suite_add_tcase(suite, tests);
    return suite;
}
