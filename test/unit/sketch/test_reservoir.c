/* Reservoirs: every subset equally likely, merging too; laws of dividing; the form; failing allocations. Fixed seeds, chi-square with stated limits. */
#define _POSIX_C_SOURCE 200809L
#include "quantiles_help.h"

static pln_reservoir *reservoir_new(int k, uint64_t seed, int64_t first) {
    pln_reservoir_options options;
    pln_reservoir *r = NULL;
    pln_reservoir_options_init(&options, sizeof options);
    options.k = k;
    options.seed = seed;
    options.first_row = first;
    MUST(pln_reservoir_new(NULL, &options, &r, &why));
    return r;
}

static pln_reservoir_info info_of(const pln_reservoir *r) {
    pln_reservoir_info info = {.struct_size = sizeof info};
    pln_reservoir_info_get(r, &info);
    return info;
}

static void *bytes_of(const pln_reservoir *r, int64_t *size) {
    void *bytes = malloc((size_t)pln_reservoir_size(r));
    MUST(pln_reservoir_write(r, bytes, pln_reservoir_size(r), size, &why));
    ck_assert_int_eq(*size, pln_reservoir_size(r));
    return bytes;
}

static void same(const pln_reservoir *a, const pln_reservoir *b) {
    int64_t m, n;
    void *x = bytes_of(a, &m), *y = bytes_of(b, &n);
    ck_assert_int_eq(m, n);
    ck_assert_int_eq(memcmp(x, y, (size_t)n), 0);
    free(x);
    free(y);
}

/* Offers n rows, whose numbers lie in `slots` then. */
static void offer(pln_reservoir *r, int64_t n, int64_t first, int64_t *slots, int64_t room) {
    pln_reservoir_pick picks[64];
    int64_t count, taken;
    for (int64_t at = 0; at < n; at += taken) {
        MUST(pln_reservoir_offer(r, n - at, picks, room, &count, &taken, &why));
        ck_assert(count > 0 || taken == n - at);
        for (int64_t i = 0; i < count; i++)
            slots[picks[i].slot] = first + at + picks[i].row;
    }
}

/* ---- the logarithm that is the same everywhere ---- */

START_TEST(logarithm) {
    uint64_t state = 1;
    for (int i = 0; i < 200000; i++) {
        double x = ((double)(random_word(&state) >> 11) + 1) * 0x1p-53;
        if (i % 3 == 0)
            x = ldexp(x, -(i % 100));
        double got = pln__reservoir_log(x), want = log(x);
        if (fabs(got - want) > 1e-15 * fabs(want))
            ck_abort_msg("log(%.17g): %.17g, not %.17g", x, got, want);
    }
    ck_assert(pln__reservoir_log(1) == 0);
}
END_TEST

/* ---- chances ---- */

/* The value that chi-square with so many degrees of freedom exceeds once in a million (Wilson, Hilferty). */
static double chi_square_most(double freedom) {
    double t = 2 / (9 * freedom);
    return freedom * pow(1 - t + 4.753 * sqrt(t), 3);
}

static double chi_square(const int64_t *counts, int64_t n, double want) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += ((double)counts[i] - want) * ((double)counts[i] - want) / want;
    return sum;
}

static int bits_of(const int64_t *slots, int k) {
    int set = 0;
    for (int i = 0; i < k; i++)
        set |= 1 << slots[i];
    ck_assert_int_eq(__builtin_popcount((unsigned)set), k);
    return set;
}

static void all_subsets_alike(const int64_t *counts, int n, int k, int64_t trials,
                              const char *what) {
    int64_t found[1 << 12], subsets = 0;
    for (int set = 0; set < 1 << n; set++)
        if (__builtin_popcount((unsigned)set) == k)
            found[subsets++] = counts[set];
        else
            ck_assert_int_eq(counts[set], 0);
    double got = chi_square(found, subsets, (double)trials / (double)subsets);
    ck_assert_msg(got < chi_square_most((double)subsets - 1), "%s %d of %d: %f over %lld", what, k,
                  n, got, (long long)subsets);
}

START_TEST(all_subsets_are_equally_likely) {
    static int64_t counts[1 << 12];
    int64_t slots[12];
    for (int n = 2; n <= 10; n++)
        for (int k = 1; k < n; k += n < 6 ? 1 : 3) {
            int64_t trials = 20000;
            memset(counts, 0, sizeof counts);
            for (int64_t t = 0; t < trials; t++) {
                pln_reservoir *r = reservoir_new(k, (uint64_t)(t * 1000 + n * 12 + k), 0);
                offer(r, n, 0, slots, 1 + t % 5);
                counts[bits_of(slots, k)]++;
                pln_reservoir_free(r);
            }
            all_subsets_alike(counts, n, k, trials, "offered");
        }
}
END_TEST

/* All ways to divide n rows between two or three reservoirs. */
static void merge_trial(int n, int k, int64_t t, int64_t *counts) {
    int64_t slots[12], numbers[12];
    int cut = (int)(t % (n + 1)), second = cut + (int)(t / (n + 1) % (n - cut + 1));
    int ends[] = {0, cut, second, n};
    pln_reservoir *r[3];
    for (int i = 0; i < 3; i++) {
        int64_t rows = ends[i + 1] - ends[i];
        r[i] = reservoir_new(k, (uint64_t)(t * 7919 + n * 131 + k * 17 + i), ends[i]);
        offer(r[i], rows, ends[i], numbers, 3);
    }
    int last = t % 2 ? 1 : 2;
    MUST(pln_reservoir_merge(r[0], r[last], NULL, NULL, &why));
    MUST(pln_reservoir_merge(r[0], r[3 - last], NULL, NULL, &why));
    ck_assert_int_eq(info_of(r[0]).n, n);
    for (int i = 0; i < k; i++)
        MUST(pln_reservoir_item(r[0], i, &slots[i], NULL, NULL, &why));
    counts[bits_of(slots, k)]++;
    for (int i = 0; i < 3; i++)
        pln_reservoir_free(r[i]);
}

START_TEST(all_subsets_of_a_union_are_equally_likely) {
    static int64_t counts[1 << 12];
    static const int cases[][2] = {{4, 1}, {4, 2}, {5, 3}, {6, 3}, {8, 2}, {9, 4}};
    for (int i = 0; i < PLN__COUNT(cases); i++) {
        memset(counts, 0, sizeof counts);
        for (int64_t t = 0; t < 40000; t++)
            merge_trial(cases[i][0], cases[i][1], t, counts);
        all_subsets_alike(counts, cases[i][0], cases[i][1], 40000, "merged");
    }
}
END_TEST

/* Long streams, where rows are skipped: each tenth of the rows has its share of the sample; so have those that come after a merge. */
START_TEST(every_place_is_equally_likely) {
    enum { N = 10000, K = 20, TRIALS = 4000, PARTS = 50 };
    int64_t counts[PARTS] = {0}, goes_on[PARTS] = {0}, slots[K];
    for (int t = 0; t < TRIALS; t++) {
        pln_reservoir *r = reservoir_new(K, (uint64_t)t, 0);
        offer(r, N, 0, slots, 64);
        for (int i = 0; i < K; i++)
            counts[slots[i] * PARTS / N]++;
        pln_reservoir_free(r);

        pln_reservoir *a = reservoir_new(K, (uint64_t)t + 1000000, 0);
        pln_reservoir *b = reservoir_new(K, (uint64_t)t + 2000000, 2000);
        offer(a, 2000, 0, slots, 64);
        offer(b, 4000, 0, slots, 64);
        MUST(pln_reservoir_merge(a, b, NULL, NULL, &why));
        a->next_row = 6000;
        offer(a, 4000, 0, slots, 64);
        for (int i = 0; i < K; i++) {
            int64_t row;
            MUST(pln_reservoir_item(a, i, &row, NULL, NULL, &why));
            goes_on[row * PARTS / N]++;
        }
        pln_reservoir_free(a);
        pln_reservoir_free(b);
    }
    double want = (double)K * TRIALS / PARTS;
    ck_assert(chi_square(counts, PARTS, want) < chi_square_most(PARTS - 1));
    ck_assert(chi_square(goes_on, PARTS, want) < chi_square_most(PARTS - 1));
}
END_TEST

/* The share seen in the sample is within two standard errors 95 times of 100. */
START_TEST(error_of_a_share) {
    int64_t slots[100];
    int beyond = 0;
    for (int t = 0; t < 1000; t++) {
        pln_reservoir *r = reservoir_new(100, (uint64_t)t, 0);
        offer(r, 1000, 0, slots, 64);
        int with = 0;
        for (int i = 0; i < 100; i++)
            with += slots[i] % 10 < 3;
        beyond += fabs(with / 100.0 - 0.3) > 1.96 * pln_reservoir_error(r, 0.3) + 0.005;
        pln_reservoir_free(r);
    }
    ck_assert_int_le(beyond, binomial_most(1000, 0.05));
    pln_reservoir *r = reservoir_new(10, 0, 0);
    offer(r, 10, 0, slots, 64);
    ck_assert(pln_reservoir_error(r, 0.5) == 0);
    ck_assert(isnan(pln_reservoir_error(r, 1.5)));
    pln_reservoir_free(r);
}
END_TEST

/* ---- laws ---- */

/* However rows come, offered in any batches or added as bytes, the same are chosen; the slots of the host are those of the reservoir. */
START_TEST(division_leaves_no_trace) {
    static const int64_t ks[] = {1, 2, 7, 100, 1000};
    static int64_t all[1000], parts[1000];
    for (int i = 0; i < PLN__COUNT(ks); i++) {
        int k = (int)ks[i];
        uint64_t state = 9;
        pln_reservoir *a = reservoir_new(k, 3, 40), *b = reservoir_new(k, 3, 40);
        pln_reservoir *c = reservoir_new(k, 3, 40);
        offer(a, 50000, 40, all, 64);
        for (int64_t at = 0; at < 50000;) {
            int64_t n = (int64_t)(random_word(&state) % 3000);
            n = n < 50000 - at ? n : 50000 - at;
            offer(b, n, 40 + at, parts, 1 + n % 3);
            at += n;
        }
        same(a, b);
        for (int64_t row = 40; row < 50040; row++)
            MUST(pln_reservoir_add(c, &row, sizeof row, &why));
        for (int64_t slot = 0; slot < k; slot++) {
            int64_t number, size;
            const void *bytes;
            MUST(pln_reservoir_item(c, slot, &number, &bytes, &size, &why));
            ck_assert(number == all[slot] && number == parts[slot] && size == 8);
            ck_assert_int_eq(memcmp(bytes, &number, 8), 0);
        }
        pln_reservoir_free(a);
        pln_reservoir_free(b);
        pln_reservoir_free(c);
    }
}
END_TEST

/* The picks of a merge make the host's slots what the reservoir's are. */
START_TEST(picks_of_a_merge) {
    int64_t mine[50], theirs[50];
    pln_reservoir_pick picks[50];
    for (int t = 0; t < 200; t++) {
        int64_t n = t % 3 == 0 ? 20 : 500, m = t % 2 == 0 ? 30 : 700, count = -1;
        pln_reservoir *a = reservoir_new(50, (uint64_t)t, 0), *b = reservoir_new(50, 77, n);
        offer(a, n, 0, mine, 64);
        offer(b, m, n, theirs, 64);
        MUST(pln_reservoir_merge(a, b, picks, &count, &why));
        for (int64_t i = 0; i < count; i++)
            mine[picks[i].slot] = theirs[picks[i].row];
        pln_reservoir_info info = info_of(a);
        ck_assert(info.n == n + m && info.held == 50);
        for (int64_t i = 0; i < info.held; i++) {
            int64_t number;
            MUST(pln_reservoir_item(a, i, &number, NULL, NULL, &why));
            ck_assert_int_eq(number, mine[i]);
        }
        pln_reservoir_free(a);
        pln_reservoir_free(b);
    }
}
END_TEST

/* ---- bytes ---- */

static pln_reservoir *texts(int k, int64_t n) {
    pln_reservoir *r = reservoir_new(k, 1, 0);
    char text[32];
    for (int64_t i = 0; i < n; i++) {
        int size = snprintf(text, sizeof text, "row %lld", (long long)i);
        MUST(pln_reservoir_add(r, text, i % 4 == 0 ? 0 : size, &why));
    }
    return r;
}

START_TEST(round_trip) {
    static const int64_t sizes[] = {0, 1, 9, 10, 11, 5000};
    for (int i = 0; i < PLN__COUNT(sizes); i++) {
        pln_reservoir *r = texts(10, sizes[i]), *back = NULL, *copy = NULL;
        int64_t size;
        void *bytes = bytes_of(r, &size);
        MUST(pln_reservoir_read(NULL, NULL, bytes, size, &back, &why));
        MUST(pln_reservoir_copy(r, &copy, &why));
        same(r, back);
        same(r, copy);
        for (int64_t row = 0; row < 1000; row++) {
            MUST(pln_reservoir_add(r, &row, sizeof row, &why));
            MUST(pln_reservoir_add(back, &row, sizeof row, &why));
            MUST(pln_reservoir_add(copy, &row, sizeof row, &why));
        }
        same(r, back);
        same(r, copy);
        pln_reservoir_clear(r);
        ck_assert(info_of(r).n == 0 && info_of(r).item_bytes == 0);
        ck_assert_int_eq(info_of(r).next_row, sizes[i] + 1000);
        free(bytes);
        pln_reservoir_free(r);
        pln_reservoir_free(back);
        pln_reservoir_free(copy);
    }
}
END_TEST

START_TEST(bytes_by_hand) {
    static const uint8_t want[] = {
        'P', 'L', 'N', 'R', 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0,
        0,   0,   0,   0,   0, 0, 0, 0, 0, 0, 0, 0, 0, 0xaf, 0xcd, 0x1d, 0x7b, 0x39, 0xa8, 0x20,
        0xe2, 2,  0,   0,   0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 'h', 'i'};
    pln_reservoir *r = reservoir_new(2, 0, 7);
    int64_t size;
    MUST(pln_reservoir_add(r, "hi", 2, &why));
    uint8_t *bytes = bytes_of(r, &size);
    ck_assert_int_eq(size, (int64_t)sizeof want + 8);
    ck_assert_int_eq(memcmp(bytes, want, sizeof want), 0);
    free(bytes);
    pln_reservoir_free(r);
}
END_TEST

static void refused(const uint8_t *bytes, int64_t size, const char *words) {
    uint8_t *exact = malloc((size_t)size + (size == 0));
    pln_error err = {0};
    pln_reservoir *r = NULL;
    memcpy(exact, bytes, (size_t)size);
    ck_assert_int_eq(pln_reservoir_read(NULL, NULL, exact, size, &r, &err), PLN_EDATA);
    ck_assert_ptr_null(r);
    ck_assert_msg(words == NULL || strstr(err.message, words) != NULL, "%s", err.message);
    free(exact);
}

static void lie(const uint8_t *bytes, int64_t size, int64_t at, int width, uint64_t value,
                const char *words) {
    uint8_t *copy = malloc((size_t)size);
    memcpy(copy, bytes, (size_t)size);
    for (int i = 0; i < width; i++)
        copy[at + i] = (uint8_t)(value >> 8 * i);
    pln__store_le64(copy + size - 8, pln__hash64(copy, size - 8, 0));
    refused(copy, size, words);
    free(copy);
}

START_TEST(damage_and_lies) {
    pln_reservoir *r = texts(3, 100);
    int64_t size, total;
    uint8_t *bytes = bytes_of(r, &size);
    for (int64_t n = 0; n < size; n++)
        refused(bytes, n, NULL);
    for (int64_t i = 0; i < size * 8; i++) {
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        refused(bytes, size, NULL);
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    total = info_of(r).item_bytes;
    lie(bytes, size, 0, 1, 'X', "begins with");
    lie(bytes, size, 4, 1, 9, "version is 9, expected 1");
    lie(bytes, size, 6, 1, 1, "bytes 5 to 7 and 12 to 15 are not 0");
    lie(bytes, size, 12, 1, 1, "bytes 5 to 7 and 12 to 15 are not 0");
    lie(bytes, size, 8, 4, 0, "k is 0, expected 1 to 1048576");
    lie(bytes, size, 8, 4, 1 << 21, "k is 2097152");
    lie(bytes, size, 16, 8, ((uint64_t)1 << 60) + 1, "n is 1152921504606846977");
    lie(bytes, size, 16, 8, 2, "comes in next, n is 2 and k 3");
    lie(bytes, size, 24, 8, (uint64_t)1 << 63, "the next row is 9223372036854775808");
    lie(bytes, size, 32, 8, 100, "row 100 comes in next, n is 100");
    lie(bytes, size, 48, 8, UINT64_MAX, "items have 18446744073709551615 bytes");
    lie(bytes, size, 48, 8, (uint64_t)total + 1, "expected");
    lie(bytes, size, 56, 8, UINT64_MAX, "slot 0 has row 18446744073709551615");
    lie(bytes, size, 64, 4, (uint64_t)total + 1, "slot 0 has ");
    lie(bytes, size, 88, 4, 0, "bytes belong to no slot");
    ck_assert_int_eq(pln_reservoir_write(r, bytes, size - 1, &total, &why), PLN_ELIMIT);
    free(bytes);
    pln_reservoir_free(r);
}
END_TEST

/* ---- refusals and memory ---- */

#define REFUSED(call, code, words)                                                                 \
    do {                                                                                           \
        why.message[0] = '\0';                                                                     \
        ck_assert_int_eq(call, code);                                                              \
        ck_assert_msg(strstr(why.message, words) != NULL, "%s", why.message);                      \
    } while (0)

START_TEST(refusals) {
    pln_reservoir_options o;
    pln_reservoir_pick pick;
    pln_reservoir *r = reservoir_new(3, 0, 0), *other = reservoir_new(4, 0, 0), *none = NULL;
    int64_t count, taken;
    pln_reservoir_options_init(&o, sizeof o);
    o.k = 0;
    REFUSED(pln_reservoir_new(NULL, &o, &none, &why), PLN_EINVAL, "k is 0, expected 1 to 1048576");
    o.k = 1;
    o.first_row = -1;
    REFUSED(pln_reservoir_new(NULL, &o, &none, &why), PLN_EINVAL, "first_row is -1");
    o.struct_size = 8;
    REFUSED(pln_reservoir_new(NULL, &o, &none, &why), PLN_EINVAL, "struct_size is 8");
    REFUSED(pln_reservoir_offer(r, -1, &pick, 1, &count, &taken, &why), PLN_EINVAL, "-1 rows");
    REFUSED(pln_reservoir_offer(r, 1, &pick, 0, &count, &taken, &why), PLN_EINVAL, "0 picks");
    REFUSED(pln_reservoir_offer(r, INT64_MAX, &pick, 1, &count, &taken, &why), PLN_ELIMIT, "2^60");
    REFUSED(pln_reservoir_add(r, "", -1, &why), PLN_EINVAL, "a row of -1 bytes");
    REFUSED(pln_reservoir_item(r, 0, NULL, NULL, NULL, &why), PLN_EINVAL, "slot is 0, 0 are");
    REFUSED(pln_reservoir_merge(r, r, NULL, NULL, &why), PLN_EINVAL, "merged with itself");
    REFUSED(pln_reservoir_merge(r, other, NULL, NULL, &why), PLN_ETYPE, "different k: 3 and 4");
    /* As many rows as there may be: none comes in any more, and nothing overflows. */
    for (int i = 0; i < 3; i++)
        MUST(pln_reservoir_offer(r, 1, &pick, 1, &count, &taken, &why));
    for (int64_t left = PLN__RESERVOIR_MOST - 3; left > 0; left -= taken)
        MUST(pln_reservoir_offer(r, left, &pick, 1, &count, &taken, &why));
    REFUSED(pln_reservoir_add(r, "x", 1, &why), PLN_ELIMIT, "2^60");
    pln_reservoir_free(r);
    pln_reservoir_free(other);
}
END_TEST

static pln_status scenario(const pln_allocator *mem, const uint8_t *bytes, int64_t size) {
    pln_reservoir_options o;
    pln_reservoir *r = NULL, *copy = NULL, *back = NULL;
    pln_reservoir_pick picks[20];
    int64_t count, taken;
    pln_status status;
    pln_reservoir_options_init(&o, sizeof o);
    o.k = 20;
    o.allocator = mem;
    PLN__TRY(pln_reservoir_new(NULL, &o, &r, &why));
    for (int64_t i = 0; i < 60; i++)
        PLN__TRY(pln_reservoir_add(r, &i, sizeof i, &why));
    PLN__TRY(pln_reservoir_offer(r, 30, picks, 20, &count, &taken, &why));
    PLN__TRY(pln_reservoir_copy(r, &copy, &why));
    PLN__TRY(pln_reservoir_read(NULL, mem, bytes, size, &back, &why));
    status = pln_reservoir_merge(copy, back, NULL, NULL, &why);
    if (status < 0)
        same(copy, r);
    PLN__TRY(status);
out:
    pln_reservoir_free(r);
    pln_reservoir_free(copy);
    pln_reservoir_free(back);
    return status;
}

START_TEST(allocations_may_fail) {
    pln_reservoir *r = texts(20, 70);
    int64_t size;
    uint8_t *bytes = bytes_of(r, &size);
    for (int64_t n = 0;; n++) {
        fail_alloc f;
        const pln_allocator *mem = fail_alloc_init(&f, n);
        pln_status status = scenario(mem, bytes, size);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        ck_assert_int_eq(status, f.failed ? PLN_ENOMEM : PLN_OK);
        if (!f.failed)
            break;
    }
    free(bytes);
    pln_reservoir_free(r);
}
END_TEST

START_TEST(memory_is_what_the_allocator_gave) {
    fail_alloc f;
    pln_reservoir_options o;
    pln_reservoir *r;
    pln_reservoir_options_init(&o, sizeof o);
    o.k = 1 << 20;
    o.allocator = fail_alloc_init(&f, -1);
    MUST(pln_reservoir_new(NULL, &o, &r, &why));
    ck_assert_int_le(fail_alloc_live(&f), 300);
    for (int64_t i = 0; i < 1000; i++)
        MUST(pln_reservoir_add(r, "four", i % 5, &why));
    ck_assert_int_eq(pln_reservoir_memory(r), fail_alloc_live(&f));
    pln_reservoir_free(r);
    ck_assert_int_eq(fail_alloc_live(&f), 0);
}
END_TEST

Suite *suite_sketch_reservoir(void);
Suite *suite_sketch_reservoir(void) {
    Suite *suite = suite_create("sketch/reservoir");
    TCase *tc = tcase_create("rows");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, logarithm);
    tcase_add_test(tc, all_subsets_are_equally_likely);
    tcase_add_test(tc, all_subsets_of_a_union_are_equally_likely);
    tcase_add_test(tc, every_place_is_equally_likely);
    tcase_add_test(tc, error_of_a_share);
    tcase_add_test(tc, division_leaves_no_trace);
    tcase_add_test(tc, picks_of_a_merge);
    tcase_add_test(tc, round_trip);
    tcase_add_test(tc, bytes_by_hand);
    tcase_add_test(tc, damage_and_lies);
    tcase_add_test(tc, refusals);
    tcase_add_test(tc, allocations_may_fail);
    tcase_add_test(tc, memory_is_what_the_allocator_gave);
    suite_add_tcase(suite, tc);
    return suite;
}
