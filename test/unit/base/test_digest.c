#include "base/digest.h"
#include <check.h>
#include <stdio.h>

static const char *hex(const uint8_t *bytes, int size) {
    static char out[80];
    for (int i = 0; i < size; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return out;
}

/* FIPS 180-4 examples, RFC 1321 appendix A.5, and sums made with sha256sum and md5sum. */
static const struct {
    const char *text, *md5, *sha256;
} cases[] = {
    {"", "d41d8cd98f00b204e9800998ecf8427e",
     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "900150983cd24fb0d6963f7d28e17f72",
     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "8215ef0796a20bcaaae116d3876c664a",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "57edf4a22be3c955ac49da2e2107b67a",
     "f371bc4a311f2b009eef952dd83ca80e2b60026c8e935592d0f9c308453c813e"},
};

START_TEST(known_answers) {
    uint8_t out[PLN__SHA256_SIZE];
    int64_t size = (int64_t)strlen(cases[_i].text);
    pln__md5_of(cases[_i].text, size, out);
    ck_assert_str_eq(hex(out, PLN__MD5_SIZE), cases[_i].md5);
    pln__sha256_of(cases[_i].text, size, out);
    ck_assert_str_eq(hex(out, PLN__SHA256_SIZE), cases[_i].sha256);
}
END_TEST

START_TEST(a_million_times_a) {
    static char text[1000000];
    uint8_t out[PLN__SHA256_SIZE];
    memset(text, 'a', sizeof text);
    pln__sha256_of(text, sizeof text, out);
    ck_assert_str_eq(hex(out, PLN__SHA256_SIZE),
                     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    pln__md5_of(text, sizeof text, out);
    ck_assert_str_eq(hex(out, PLN__MD5_SIZE), "7707d6ae4e027c70eea2a935c2296f21");
}
END_TEST

START_TEST(pieces_give_the_digest_of_the_whole) {
    uint8_t bytes[300], whole[PLN__SHA256_SIZE], pieces[PLN__SHA256_SIZE];
    for (int i = 0; i < 300; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (int size = 0; size <= 300; size += 3)
        for (int cut = 0; cut <= size; cut += 5) {
            pln__sha256 self;
            pln__sha256_of(bytes, size, whole);
            pln__sha256_begin(&self);
            pln__sha256_add(&self, bytes, cut);
            pln__sha256_add(&self, bytes + cut, size - cut);
            pln__sha256_end(&self, pieces);
            ck_assert_mem_eq(whole, pieces, sizeof whole);
        }
}
END_TEST

Suite *suite_base_digest(void);
Suite *suite_base_digest(void) {
    Suite *suite = suite_create("base/digest");
    TCase *tc = tcase_create("digest");
    tcase_add_loop_test(tc, known_answers, 0, PLN__COUNT(cases));
    tcase_add_test(tc, a_million_times_a);
    tcase_add_test(tc, pieces_give_the_digest_of_the_whole);
    suite_add_tcase(suite, tc);
    return suite;
}
