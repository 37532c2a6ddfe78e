/* Quantiles against sorted arrays: every way of adding, exactness while few, laws of dividing, failing allocations, refusals. */
#define _POSIX_C_SOURCE 200809L
#include "quantiles_help.h"

/* ---- kernels against the plain way ---- */

static int by_int64(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void check_sort(const int64_t *from, int64_t n) {
    int64_t *got = malloc((size_t)(n + 1) * 8), *want = malloc((size_t)(n + 1) * 8),
            *scratch = malloc((size_t)(n + 1) / 2 * 8 + 8);
    memcpy(got, from, (size_t)n * 8);
    memcpy(want, from, (size_t)n * 8);
    pln__quantiles_sort(got, n, scratch);
    qsort(want, (size_t)n, 8, by_int64);
    if (memcmp(got, want, (size_t)n * 8) != 0)
        ck_abort_msg("%lld numbers", (long long)n);
    free(got);
    free(want);
    free(scratch);
}

/* By the 0-1 principle a network that sorts all zeros and ones sorts everything. */
START_TEST(sorts) {
    static int64_t keys[3000];
    uint64_t state = 1;
    for (int n = 0; n <= 16; n++)
        for (int bits = 0; bits < 1 << (n < 12 ? n : 12); bits++) {
            for (int i = 0; i < n; i++)
                keys[i] = bits >> i & 1;
            check_sort(keys, n);
        }
    for (int n = 0; n < 3000; n += n < 600 ? 1 : 97) {
        for (int i = 0; i < n; i++)
            keys[i] = (int64_t)random_word(&state) >> random_word(&state) % 60;
        if (n > 3)
            keys[n / 2] = INT64_MAX, keys[n / 3] = INT64_MIN;
        check_sort(keys, n);
    }
}
END_TEST

START_TEST(ranges_of_both_kernels) {
    static double values[100];
    uint64_t state = 2;
    for (int n = 1; n < 100; n++)
        for (int round = 0; round < 50; round++) {
            double least = INFINITY, greatest = -INFINITY, low, high;
            int nan = round % 3 == 0 ? (int)(random_word(&state) % (unsigned)n) : -1;
            for (int i = 0; i < n; i++) {
                values[i] = (double)(int64_t)random_word(&state);
                if (round == 1)
                    values[i] = i % 2 ? INFINITY : -INFINITY;
                if (i == nan)
                    values[i] = (double)NAN;
                least = values[i] < least ? values[i] : least;
                greatest = values[i] > greatest ? values[i] : greatest;
            }
            bool fine = pln__quantiles_range_words(values, n, &low, &high);
            ck_assert(fine == (nan < 0) && (!fine || (low == least && high == greatest)));
#if defined(__x86_64__)
            if ((pln__cpu_features() & PLN__CPU_AVX2) == 0)
                continue;
            fine = pln__quantiles_range_avx2(values, n, &low, &high);
            ck_assert(fine == (nan < 0) && (!fine || (low == least && high == greatest)));
#endif
        }
}
END_TEST

/* ---- few numbers: exact ---- */

static void check_exact(pln_quantiles *q, const double *sorted, int64_t n) {
    double one, between;
    pln_quantiles_error(q, &one, &between);
    ck_assert(one == 0 && between == 0);
    for (int percent = 0; percent <= 100; percent++) {
        double got, low, high, fraction = percent / 100.0;
        int64_t rank = (n * percent + 99) / 100;
        double want = sorted[rank < 1 ? 0 : rank - 1];
        MUST(pln_quantiles_quantile(q, fraction, &got, &why));
        if (got != want)
            ck_abort_msg("%d %% of %lld: %g, not %g", percent, (long long)n, got, want);
        MUST(pln_quantiles_bounds(q, fraction, &low, &high, &why));
        ck_assert(low == got && high == got);
    }
    for (int64_t i = 0; i < n; i++) {
        double rank;
        int64_t upto = i;
        while (upto < n && sorted[upto] == sorted[i])
            upto++;
        MUST(pln_quantiles_ranks(q, &sorted[i], 1, &rank, &why));
        ck_assert(rank == (double)upto / (double)n || (i > 0 && sorted[i] == sorted[i - 1]));
    }
}

START_TEST(few_numbers_are_exact) {
    static double values[200];
    uint64_t state = 3;
    pln_quantiles *q = quantiles_new(200, PLN_QUANTILES_FLOAT64, 0);
    for (int64_t n = 1; n <= 200; n++) {
        values[n - 1] = (double)(int64_t)(random_word(&state) % 300) - 150 + 0.25;
        if (n == 50 || n == 60)
            values[n - 1] = n == 50 ? INFINITY : -INFINITY;
        MUST(pln_quantiles_add(q, values[n - 1], &why));
        qsort(values, (size_t)n, 8, by_double);
        check_exact(q, values, n);
    }
    pln_quantiles_info info = quantiles_info(q);
    ck_assert_int_eq(info.exact, 1);
    ck_assert_int_eq(info.retained, 200);
    ck_assert(info.minimum == -INFINITY && info.maximum == INFINITY);
    pln_quantiles_free(q);
}
END_TEST

START_TEST(nan_and_zeros) {
    pln_quantiles *q = quantiles_new(200, PLN_QUANTILES_FLOAT64, 0);
    double values[] = {-0.0, 0.0, (double)NAN, -1, (double)NAN}, got, zero = -0.0;
    MUST(pln_quantiles_add_float64(q, values, 5, NULL, 0, &why));
    MUST(pln_quantiles_add(q, (double)NAN, &why));
    pln_quantiles_info info = quantiles_info(q);
    ck_assert_int_eq(info.n, 3);
    ck_assert_int_eq(info.nans, 3);
    ck_assert(info.minimum == -1 && info.maximum == 0 && !signbit(info.maximum));
    MUST(pln_quantiles_quantile(q, 0.5, &got, &why));
    ck_assert(got == 0 && !signbit(got));
    MUST(pln_quantiles_ranks(q, &zero, 1, &got, &why));
    ck_assert(got == 1);
    pln_quantiles_clear(q);
    info = quantiles_info(q);
    ck_assert(info.n == 0 && info.nans == 0 && isnan(info.minimum));
    pln_quantiles_free(q);
}
END_TEST

START_TEST(histograms) {
    pln_quantiles *q = quantiles_new(200, PLN_QUANTILES_FLOAT64, 0);
    static const double splits[] = {-5, 10, 20, 99, 1000};
    int64_t counts[6];
    MUST(pln_quantiles_histogram(q, splits, 5, counts, &why));
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(counts[i], 0);
    for (int i = 1; i <= 100; i++)
        MUST(pln_quantiles_add(q, i, &why));
    MUST(pln_quantiles_histogram(q, splits, 5, counts, &why));
    static const int64_t want[] = {0, 10, 10, 79, 1, 0};
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(counts[i], want[i]);
    MUST(pln_quantiles_histogram(q, NULL, 0, counts, &why));
    ck_assert_int_eq(counts[0], 100);
    pln_quantiles_free(q);
}
END_TEST

/* ---- int64 ---- */

START_TEST(integers_are_exact) {
    pln_quantiles *q = quantiles_new(200, PLN_QUANTILES_INT64, 0);
    int64_t base = ((int64_t)1 << 60) + 1, got[3];
    static const double fractions[] = {0.5, 0, 1};
    double far = 1e30, near = -1e30, rank;
    for (int64_t i = 0; i < 100; i++) {
        int64_t value = base + (i * 37) % 100;
        MUST(pln_quantiles_add_int64(q, &value, 1, NULL, 0, &why));
    }
    MUST(pln_quantiles_quantiles_int64(q, fractions, 3, got, &why));
    ck_assert(got[0] == base + 49 && got[1] == base && got[2] == base + 99);
    pln_quantiles_info info = quantiles_info(q);
    ck_assert(info.minimum_int64 == base && info.maximum_int64 == base + 99);
    MUST(pln_quantiles_ranks(q, &far, 1, &rank, &why));
    ck_assert(rank == 1);
    MUST(pln_quantiles_ranks(q, &near, 1, &rank, &why));
    ck_assert(rank == 0);
    static const int64_t ends[] = {INT64_MIN, INT64_MAX};
    MUST(pln_quantiles_add_int64(q, ends, 2, NULL, 0, &why));
    MUST(pln_quantiles_ranks(q, &near, 1, &rank, &why));
    ck_assert(rank == 0);
    near = -0x1p63;
    MUST(pln_quantiles_ranks(q, &near, 1, &rank, &why));
    ck_assert(rank == 1.0 / 102);
    pln_quantiles_free(q);
}
END_TEST

/* ---- one sequence, one sketch, however it is divided ---- */

static void add_divided(pln_quantiles *q, const double *values, int64_t n, uint64_t *state,
                        int64_t most) {
    for (int64_t i = 0; i < n;) {
        int64_t part = (int64_t)(random_word(state) % (uint64_t)most);
        part = part < n - i ? part : n - i;
        MUST(pln_quantiles_add_float64(q, values + i, part, NULL, 0, &why));
        i += part;
        if (i % 3 == 0 && i > 0) {
            double out;
            MUST(pln_quantiles_quantile(q, 0.5, &out, &why));
        }
    }
}

START_TEST(division_leaves_no_trace) {
    enum { N = 400000 };
    static double values[N];
    static const int ks[] = {8, 9, 50, 200, 3000};
    uint64_t state = 4;
    for (int i = 0; i < N; i++)
        values[i] = (double)(int64_t)random_word(&state);
    for (int k = 0; k < PLN__COUNT(ks); k++) {
        pln_quantiles *whole = quantiles_new(ks[k], PLN_QUANTILES_FLOAT64, 7);
        pln_quantiles *parts = quantiles_new(ks[k], PLN_QUANTILES_FLOAT64, 7);
        pln_quantiles *single = quantiles_new(ks[k], PLN_QUANTILES_FLOAT64, 7);
        int64_t done = 0;
        for (int64_t n = 1; n <= N; n = n * 3 + 5) {
            MUST(pln_quantiles_add_float64(whole, values + done, n - done, NULL, 0, &why));
            add_divided(parts, values + done, n - done, &state, 2500);
            for (int64_t i = done; i < n; i++)
                MUST(pln_quantiles_add(single, values[i], &why));
            single->cpu = 0;
            quantiles_same(whole, parts);
            quantiles_same(whole, single);
            done = n;
            ck_assert_int_eq(quantiles_info(whole).n, n);
        }
        pln_quantiles_free(whole);
        pln_quantiles_free(parts);
        pln_quantiles_free(single);
    }
}
END_TEST

START_TEST(nulls_and_nans_are_left_out) {
    enum { N = 30000 };
    static double values[N], kept[N];
    static int64_t words[N], kept_words[N];
    static uint8_t bits[N / 8 + 4];
    uint64_t state = 5;
    int64_t n = 0, n_words = 0, nans = 0;
    for (int i = 0; i < N; i++) {
        bool null = random_word(&state) % 4 == 0, nan = i > 10000 && random_word(&state) % 50 == 0;
        values[i] = nan ? (double)NAN : (double)(int64_t)random_word(&state);
        words[i] = (int64_t)random_word(&state);
        pln__bit_put(bits, i + 3, !null);
        nans += !null && nan;
        if (!null && !nan)
            kept[n++] = values[i];
        if (!null)
            kept_words[n_words++] = words[i];
    }
    pln_quantiles *a = quantiles_new(100, PLN_QUANTILES_FLOAT64, 0);
    pln_quantiles *b = quantiles_new(100, PLN_QUANTILES_FLOAT64, 0);
    MUST(pln_quantiles_add_float64(a, values, N, bits, 3, &why));
    MUST(pln_quantiles_add_float64(b, kept, n, NULL, 0, &why));
    ck_assert_int_eq(quantiles_info(a).nans, nans);
    b->nans = nans;
    quantiles_same(a, b);
    pln_quantiles_free(a);
    pln_quantiles_free(b);
    for (int kind = PLN_QUANTILES_FLOAT64; kind <= PLN_QUANTILES_INT64; kind++) {
        a = quantiles_new(100, kind, 0);
        b = quantiles_new(100, kind, 0);
        MUST(pln_quantiles_add_int64(a, words, N, bits, 3, &why));
        MUST(pln_quantiles_add_int64(b, kept_words, n_words, NULL, 0, &why));
        quantiles_same(a, b);
        pln_quantiles_free(a);
        pln_quantiles_free(b);
    }
}
END_TEST

/* ---- columns ---- */

/* Rows 1 to 5 of a column come to these numbers; row 2 is null. */
static void check_column(const char *format, const void *data, int kind, const double want[4]) {
    static const uint8_t valid[] = {0x7b};
    const void *buffers[] = {valid, data};
    struct ArrowSchema schema = {.format = format, .name = "c", .flags = ARROW_FLAG_NULLABLE};
    struct ArrowArray array = {.length = 5, .offset = 1, .null_count = 1, .n_buffers = 2};
    array.buffers = buffers;
    pln_quantiles *q = quantiles_new(200, kind, 0);
    MUST(pln_quantiles_add_column(q, &schema, &array, &why));
    ck_assert_int_eq(quantiles_info(q).n, 4);
    for (int i = 0; i < 4; i++) {
        double got;
        MUST(pln_quantiles_quantile(q, (i + 1) / 4.0, &got, &why));
        if (got != want[i])
            ck_abort_msg("%s: %d: %.17g, not %.17g", format, i, got, want[i]);
    }
    pln_quantiles_free(q);
}

START_TEST(columns_of_all_types) {
    static const double four[] = {1, 3, 4, 5}, minus[] = {-3, 1, 4, 5};
    static const int8_t i8[] = {9, 1, 9, -3, 4, 5};
    static const int16_t i16[] = {9, 1, 9, -3, 4, 5};
    static const int32_t i32[] = {9, 1, 9, -3, 4, 5};
    static const int64_t i64[] = {9, 1, 9, -3, 4, 5};
    static const uint8_t u8[] = {9, 1, 9, 3, 4, 5};
    static const uint64_t u64[] = {9, 1, 9, 3, 4, UINT64_MAX};
    static const float f32[] = {9, 1, 9, -3, 4, 5};
    static const double f64[] = {9, 1, 9, -3, 4, 5};
    static const int64_t decimal[] = {9, 0, 125, 0, 9, 0, -375, -1, 400, 0, 510, 0};
    static const double decimals[] = {-3.75, 1.25, 4, 5.1}, large[] = {1, 3, 4, 0x1p64};
    static const uint8_t flags[] = {0x2a};
    static const double truths[] = {0, 1, 1, 1};
    static const char *of_i32[] = {"i", "tdD", "tts"}, *of_i64[] = {"l", "ttn", "tsu:UTC", "tsn:"};
    for (int kind = PLN_QUANTILES_FLOAT64; kind <= PLN_QUANTILES_INT64; kind++) {
        check_column("b", flags, kind, truths);
        check_column("c", i8, kind, minus);
        check_column("s", i16, kind, minus);
        check_column("C", u8, kind, four);
        for (int i = 0; i < PLN__COUNT(of_i32); i++)
            check_column(of_i32[i], i32, kind, minus);
        for (int i = 0; i < PLN__COUNT(of_i64); i++)
            check_column(of_i64[i], i64, kind, minus);
    }
    check_column("L", u64, PLN_QUANTILES_FLOAT64, large);
    check_column("f", f32, PLN_QUANTILES_FLOAT64, minus);
    check_column("g", f64, PLN_QUANTILES_FLOAT64, minus);
    check_column("d:10,2", decimal, PLN_QUANTILES_FLOAT64, decimals);
}
END_TEST

START_TEST(dictionaries_go_by_their_values) {
    static const int32_t indices[] = {2, 0, 0, 1, 2, 2};
    static const double words[] = {10, 20, 30};
    const void *of_index[] = {NULL, indices}, *of_words[] = {NULL, words};
    struct ArrowArray values = {.length = 3, .n_buffers = 2, .buffers = of_words};
    struct ArrowArray array = {.length = 6, .n_buffers = 2, .buffers = of_index};
    struct ArrowSchema word = {.format = "g", .name = "v"};
    struct ArrowSchema schema = {.format = "i", .name = "c", .dictionary = &word};
    double out;
    array.dictionary = &values;
    pln_quantiles *q = quantiles_new(200, PLN_QUANTILES_FLOAT64, 0);
    MUST(pln_quantiles_add_column(q, &schema, &array, &why));
    MUST(pln_quantiles_quantile(q, 0.5, &out, &why));
    ck_assert(out == 20);
    pln_quantiles_free(q);
}
END_TEST

/* ---- refusals ---- */

#define REFUSED(call, code, words)                                                                 \
    do {                                                                                           \
        why.message[0] = '\0';                                                                     \
        ck_assert_int_eq(call, code);                                                              \
        ck_assert_msg(strstr(why.message, words) != NULL, "%s", why.message);                      \
    } while (0)

START_TEST(refusals) {
    pln_quantiles *q = quantiles_new(200, PLN_QUANTILES_FLOAT64, 0), *none = NULL;
    pln_quantiles *whole = quantiles_new(200, PLN_QUANTILES_INT64, 0);
    pln_quantiles_options o = quantiles_options(7, PLN_QUANTILES_FLOAT64, 0);
    double out, bad = 1.5, nan = (double)NAN, falling[] = {1, 1};
    int64_t word = 0, counts[3];
    REFUSED(pln_quantiles_new(NULL, &o, &none, &why), PLN_EINVAL, "k is 7, expected 8 to 65535");
    o.k = 65536;
    REFUSED(pln_quantiles_new(NULL, &o, &none, &why), PLN_EINVAL, "k is 65536");
    o = quantiles_options(8, 3, 0);
    REFUSED(pln_quantiles_new(NULL, &o, &none, &why), PLN_EINVAL, "kind is 3, expected 1 to 2");
    o.struct_size = 4;
    REFUSED(pln_quantiles_new(NULL, &o, &none, &why), PLN_EINVAL, "struct_size is 4");
    REFUSED(pln_quantiles_quantile(q, 0.5, &out, &why), PLN_ESTATE, "no value was added");
    REFUSED(pln_quantiles_quantile(q, bad, &out, &why), PLN_EINVAL, "fraction 0 is 1.5");
    REFUSED(pln_quantiles_quantile(q, nan, &out, &why), PLN_EINVAL, "expected 0 to 1");
    REFUSED(pln_quantiles_ranks(q, &nan, 1, &out, &why), PLN_EINVAL, "value 0 is NaN");
    REFUSED(pln_quantiles_histogram(q, falling, 2, counts, &why), PLN_EINVAL, "split 1 is 1");
    REFUSED(pln_quantiles_add_float64(q, &out, -1, NULL, 0, &why), PLN_EINVAL, "-1 values");
    REFUSED(pln_quantiles_add(whole, 1, &why), PLN_ETYPE, "of int64, not of float64");
    REFUSED(pln_quantiles_add_float64(whole, &out, 1, NULL, 0, &why), PLN_ETYPE, "of int64");
    REFUSED(pln_quantiles_quantiles_int64(q, &out, 1, &word, &why), PLN_ETYPE, "of float64");
    REFUSED(pln_quantiles_merge(q, whole, &why), PLN_ETYPE, "different kinds: 1 and 2");
    q->n = ((int64_t)1 << 60) - 1;
    REFUSED(pln_quantiles_add_float64(q, &out, 2, NULL, 0, &why), PLN_ELIMIT, "at most 2^60");
    q->n = 0;
    ck_assert_ptr_null(none);
    pln_quantiles_free(q);
    pln_quantiles_free(whole);
}
END_TEST

START_TEST(columns_that_are_no_numbers) {
    static const char *formats[] = {"u", "z", "+l", "n", "w:4"};
    struct ArrowSchema item = {.format = "l", .name = "item"}, *items[] = {&item};
    struct ArrowArray array = {0};
    pln_quantiles *q = quantiles_new(200, PLN_QUANTILES_FLOAT64, 0);
    pln_quantiles *whole = quantiles_new(200, PLN_QUANTILES_INT64, 0);
    for (int i = 0; i < PLN__COUNT(formats); i++) {
        struct ArrowSchema schema = {.format = formats[i], .name = "name"};
        schema.n_children = i == 2;
        schema.children = items;
        REFUSED(pln_quantiles_add_column(q, &schema, &array, &why), PLN_EUNSUPPORTED,
                "quantiles sketch of float64: column name: no values of a ");
    }
    struct ArrowSchema real = {.format = "g", .name = "x"};
    REFUSED(pln_quantiles_add_column(whole, &real, &array, &why), PLN_EUNSUPPORTED,
            "quantiles sketch of int64: column x: no values of a float64");
    array.length = -3;
    REFUSED(pln_quantiles_add_column(q, &real, &array, &why), PLN_EDATA, "x");
    pln_quantiles_free(q);
    pln_quantiles_free(whole);
}
END_TEST

/* ---- memory ---- */

static pln_status scenario(const pln_allocator *mem, const double *values, const uint8_t *bytes,
                           int64_t size) {
    pln_quantiles *q = NULL, *copy = NULL, *back = NULL;
    pln_quantiles_options o = quantiles_options(20, PLN_QUANTILES_FLOAT64, 1);
    double out;
    pln_status status;
    o.allocator = mem;
    PLN__TRY(pln_quantiles_new(NULL, &o, &q, &why));
    PLN__TRY(pln_quantiles_add_float64(q, values, 5000, NULL, 0, &why));
    PLN__TRY(pln_quantiles_copy(q, &copy, &why));
    quantiles_same(q, copy);
    status = pln_quantiles_merge(copy, q, &why);
    if (status < 0)
        quantiles_same(q, copy);
    PLN__TRY(status);
    PLN__TRY(pln_quantiles_merge(copy, copy, &why));
    ck_assert_int_eq(quantiles_info(copy).n, 20000);
    PLN__TRY(pln_quantiles_quantile(copy, 0.5, &out, &why));
    PLN__TRY(pln_quantiles_read(NULL, mem, bytes, size, &back, &why));
    ck_assert_int_eq(pln_quantiles_memory(back) > 0, 1);
out:
    pln_quantiles_free(q);
    pln_quantiles_free(copy);
    pln_quantiles_free(back);
    return status;
}

START_TEST(allocations_may_fail) {
    static double values[5000];
    int64_t size;
    for (int i = 0; i < 5000; i++)
        values[i] = (i * 37) % 5000;
    pln_quantiles *q = quantiles_new(300, PLN_QUANTILES_FLOAT64, 0);
    MUST(pln_quantiles_add_float64(q, values, 5000, NULL, 0, &why));
    uint8_t *bytes = quantiles_write(q, &size);
    for (int64_t n = 0;; n++) {
        fail_alloc f;
        const pln_allocator *mem = fail_alloc_init(&f, n);
        pln_status status = scenario(mem, values, bytes, size);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        ck_assert_int_eq(status, f.failed ? PLN_ENOMEM : PLN_OK);
        if (!f.failed)
            break;
    }
    free(bytes);
    pln_quantiles_free(q);
}
END_TEST

START_TEST(memory_is_what_the_allocator_gave) {
    fail_alloc f;
    pln_quantiles_options o = quantiles_options(200, PLN_QUANTILES_FLOAT64, 0);
    pln_quantiles *q;
    double out;
    o.allocator = fail_alloc_init(&f, -1);
    MUST(pln_quantiles_new(NULL, &o, &q, &why));
    int64_t calls = f.calls;
    ck_assert_int_le(pln_quantiles_memory(q), 10 * 1024);
    for (int i = 0; i < 100000; i++)
        MUST(pln_quantiles_add(q, i, &why));
    ck_assert_int_eq(f.calls, calls);
    MUST(pln_quantiles_quantile(q, 0.5, &out, &why));
    ck_assert_int_eq(pln_quantiles_memory(q), fail_alloc_live(&f));
    pln_quantiles_free(q);
    ck_assert_int_eq(fail_alloc_live(&f), 0);
}
END_TEST

Suite *suite_sketch_quantiles(void);
Suite *suite_sketch_quantiles(void) {
    Suite *suite = suite_create("sketch/quantiles");
    TCase *tc = tcase_create("numbers");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, sorts);
    tcase_add_test(tc, ranges_of_both_kernels);
    tcase_add_test(tc, few_numbers_are_exact);
    tcase_add_test(tc, nan_and_zeros);
    tcase_add_test(tc, histograms);
    tcase_add_test(tc, integers_are_exact);
    tcase_add_test(tc, division_leaves_no_trace);
    tcase_add_test(tc, nulls_and_nans_are_left_out);
    tcase_add_test(tc, columns_of_all_types);
    tcase_add_test(tc, dictionaries_go_by_their_values);
    tcase_add_test(tc, refusals);
    tcase_add_test(tc, columns_that_are_no_numbers);
    tcase_add_test(tc, allocations_may_fail);
    tcase_add_test(tc, memory_is_what_the_allocator_gave);
    suite_add_tcase(suite, tc);
    return suite;
}
