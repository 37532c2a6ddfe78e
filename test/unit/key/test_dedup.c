/* The deduplication index against a plain sorted list: answers, payloads, what is forgotten, bytes, a store behind it, memory that fails. */
#include "base/little.h"
#include "fail_alloc.h"
#include "key/dedup.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static pln_error why;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        pln_status must_status = (call);                                                           \
        if (must_status != PLN_OK)                                                                 \
            ck_abort_msg("%s: %d %s", #call, must_status, why.message);                            \
    } while (0)
#define FAILS(call, code, words)                                                                   \
    do {                                                                                           \
        memset(&why, 0, sizeof why);                                                               \
        ck_assert_int_eq((call), (code));                                                          \
        if (strstr(why.message, (words)) == NULL)                                                  \
            ck_abort_msg("'%s' is not in: %s", (words), why.message);                              \
    } while (0)

static uint64_t random_of(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Key number i: spread as hashes are, or numbers in a row, or differing in their last bytes only. */
enum { SPREAD, IN_A_ROW, LAST_BYTES, KINDS };
static void key_of(int kind, uint64_t i, uint8_t *out) {
    uint64_t words[2] = {i, 0}, state = i;
    if (kind == SPREAD) {
        words[0] = random_of(&state);
        words[1] = random_of(&state);
    } else if (kind == LAST_BYTES) {
        words[0] = 0;
        words[1] = i << 48;
    }
    memcpy(out, words, sizeof words);
}

static pln_dedup *dedup_new(int payload, int64_t expected, const pln_dedup_store *store,
                            int64_t limit) {
    pln_dedup *d = NULL;
    pln_dedup_options options;
    pln_dedup_options_init(&options, sizeof options);
    options.payload = payload;
    options.expected = expected;
    options.store = store;
    options.memory_limit = limit;
    options.seed = 7;
    MUST(pln_dedup_new(NULL, &options, &d, &why));
    return d;
}

/* ---- answers ---- */

/* Keys 0 .. range in a random order, many of them again and again: a key is new exactly when it has not been seen. */
static void check_answers(int kind, uint64_t range, int64_t n, int64_t batch, int64_t expected) {
    uint8_t *keys = malloc((size_t)batch * 16), *fresh = malloc((size_t)batch / 8 + 1);
    uint8_t *seen = calloc(1, range);
    uint64_t *number = malloc((size_t)batch * sizeof *number), state = range;
    int64_t count = 0;
    pln_dedup *d = dedup_new(0, expected, NULL, 0);
    for (int64_t at = 0; at < n; at += batch) {
        for (int64_t i = 0; i < batch; i++) {
            number[i] = random_of(&state) % range;
            key_of(kind, number[i], keys + 16 * i);
        }
        MUST(pln_dedup_batch(d, keys, NULL, batch, fresh, NULL, &why));
        for (int64_t i = 0; i < batch; i++) {
            if (pln__bit_get(fresh, i) != !seen[number[i]])
                ck_abort_msg("key %llu at %lld", (unsigned long long)number[i],
                             (long long)(at + i));
            count += !seen[number[i]];
            seen[number[i]] = 1;
        }
        ck_assert_int_eq(pln_dedup_count(d), count);
    }
    pln_dedup_free(d);
    free(keys);
    free(fresh);
    free(seen);
    free(number);
}

START_TEST(a_key_is_new_once) {
    for (int kind = 0; kind < KINDS; kind++) {
        check_answers(kind, 10, 100, 7, 0);
        check_answers(kind, 60000, 200000, 1000, 0);
    }
    check_answers(SPREAD, 1, 3, 1, 0);
    check_answers(SPREAD, 500000, 1500000, 8192, 0);
    check_answers(SPREAD, 200000, 300000, 4096, 100000);
    check_answers(IN_A_ROW, 20000, 60000, 64, 20000);
}
END_TEST

START_TEST(the_key_of_zeros_is_a_key) {
    uint8_t keys[3 * 16] = {0}, fresh[1];
    pln_dedup *d = dedup_new(0, 0, NULL, 0);
    keys[16] = 1;
    MUST(pln_dedup_batch(d, keys, NULL, 3, fresh, NULL, &why));
    ck_assert_int_eq(fresh[0], 3);
    MUST(pln_dedup_batch(d, keys, NULL, 0, fresh, NULL, &why));
    ck_assert_int_eq(pln_dedup_count(d), 2);
    pln_dedup_free(d);
}
END_TEST

/* The answers depend on the keys alone; where batches end leaves no trace, in the saved bytes either. */
static int64_t all_pieces(const pln_dedup *d, int64_t capacity, uint8_t *out) {
    int64_t cursor = 0, size, all = 0;
    pln_status status;
    while ((status = pln_dedup_write(d, &cursor, out + all, capacity, &size, &why)) == PLN_OK) {
        ck_assert_int_le(size, capacity);
        all += size;
    }
    ck_assert_int_eq(status, PLN_EOS);
    ck_assert_int_eq(size, 0);
    return all;
}

START_TEST(borders_of_batches_leave_no_trace) {
    enum { N = 30000 };
    static uint8_t keys[N * 16], fresh[N / 8 + 8], a[N * 20], b[N * 20];
    pln_dedup *whole = dedup_new(0, 0, NULL, 0), *parts = dedup_new(0, 0, NULL, 0);
    for (int i = 0; i < N; i++)
        key_of(SPREAD, (uint64_t)i, keys + 16 * i);
    MUST(pln_dedup_batch(whole, keys, NULL, N, fresh, NULL, &why));
    for (int64_t at = 0, n = 1; at < N; at += n, n = n * 2 % 777 + 1) {
        n = n < N - at ? n : N - at;
        MUST(pln_dedup_batch(parts, keys + 16 * at, NULL, n, fresh, NULL, &why));
    }
    int64_t size = all_pieces(whole, 4096, a);
    ck_assert_int_eq(all_pieces(parts, 4096, b), size);
    ck_assert_int_eq(memcmp(a, b, (size_t)size), 0);
    pln_dedup_free(whole);
    pln_dedup_free(parts);
}
END_TEST

/* ---- memory ---- */

START_TEST(memory_is_what_the_manual_says) {
    enum { STEP = 8192 };
    static uint8_t keys[STEP * 16], fresh[STEP / 8];
    static const int64_t numbers[STEP];
    for (int payload = 0; payload < 2; payload++) {
        pln_dedup *d = dedup_new(payload, 0, NULL, 0);
        for (uint64_t n = 0; n < 2000000;) {
            for (int i = 0; i < STEP; i++)
                key_of(SPREAD, n + (uint64_t)i, keys + 16 * i);
            n += STEP;
            MUST(pln_dedup_batch(d, keys, payload ? numbers : NULL, STEP, fresh, NULL, &why));
            double each = (double)pln_dedup_memory(d) / (double)n;
            if (n > 500000 && (each < (payload ? 27 : 18.5) || each > (payload ? 33 : 22)))
                ck_abort_msg("%llu keys: %.2f bytes each", (unsigned long long)n, each);
        }
        pln_dedup_free(d);
    }
    pln_dedup *d = dedup_new(0, 1000000, NULL, 0);
    ck_assert(pln_dedup_memory(d) < 22000000 && pln_dedup_memory(d) > 17000000);
    pln_dedup_free(d);
}
END_TEST

START_TEST(the_memory_limit_is_kept) {
    uint8_t key[16], fresh[1];
    pln_dedup *d = dedup_new(0, 0, NULL, 100000);
    pln_status status = PLN_OK;
    uint64_t n = 0;
    for (; status == PLN_OK && n < 100000; n++) {
        key_of(SPREAD, n, key);
        status = pln_dedup_batch(d, key, NULL, 1, fresh, NULL, &why);
        ck_assert_int_le(pln_dedup_memory(d), 100000 + (int64_t)sizeof(pln_dedup));
    }
    ck_assert_int_eq(status, PLN_ELIMIT);
    ck_assert_ptr_nonnull(strstr(why.message, "100000 bytes of memory_limit"));
    ck_assert(n > 1500);
    pln_dedup_free(d);
}
END_TEST

/* ---- payloads and what is forgotten ---- */

START_TEST(payloads_stay_with_the_first) {
    enum { N = 40000 };
    static uint8_t keys[N * 16], fresh[N / 8];
    static int64_t payloads[N], held[N], first[N];
    pln_dedup *d = dedup_new(1, 0, NULL, 0);
    uint64_t state = 1;
    memset(first, 255, sizeof first);
    for (int64_t i = 0; i < N; i++) {
        uint64_t number = random_of(&state) % (N / 2);
        key_of(IN_A_ROW, number, keys + 16 * i);
        payloads[i] = i - 500;
        if (first[number] == -1)
            first[number] = i;
    }
    MUST(pln_dedup_batch(d, keys, payloads, N, fresh, held, &why));
    for (int64_t i = 0; i < N; i++) {
        int64_t of = first[pln__load_le64(keys + 16 * i)];
        if (held[i] != of - 500 || pln__bit_get(fresh, i) != (of == i))
            ck_abort_msg("row %lld has %lld", (long long)i, (long long)held[i]);
    }
    pln_dedup_free(d);
}
END_TEST

/* Key i at time i; everything before `gone` is forgotten, be it swept or not. */
static void check_forgotten(bool sweep) {
    enum { N = 50000, GONE = 30000 };
    static uint8_t keys[N * 16], fresh[N / 8];
    static int64_t times[N], held[N];
    int64_t removed = 0;
    pln_dedup *d = dedup_new(1, 0, NULL, 0);
    for (int64_t i = 0; i < N; i++) {
        key_of(SPREAD, (uint64_t)i, keys + 16 * i);
        times[i] = i;
    }
    MUST(pln_dedup_batch(d, keys, times, N, fresh, held, &why));
    int64_t before = pln_dedup_memory(d);
    MUST(pln_dedup_expire(d, GONE, &why));
    MUST(pln_dedup_expire(d, 5, &why));
    if (sweep) {
        MUST(pln_dedup_sweep(d, INT64_MAX, &removed, &why));
        ck_assert_int_eq(removed, GONE);
        ck_assert_int_eq(pln_dedup_count(d), N - GONE);
        ck_assert_int_lt(pln_dedup_memory(d), before * 6 / 10);
    }
    for (int64_t i = 0; i < N; i++)
        times[i] += N;
    MUST(pln_dedup_batch(d, keys, times, N, fresh, held, &why));
    for (int64_t i = 0; i < N; i++) {
        ck_assert_int_eq(pln__bit_get(fresh, i), i < GONE);
        ck_assert_int_eq(held[i], i < GONE ? N + i : i);
    }
    pln_dedup_free(d);
}

START_TEST(what_is_old_is_forgotten) {
    check_forgotten(false);
    check_forgotten(true);
}
END_TEST

/* A window that moves: the index does not grow, swept or not. */
START_TEST(a_moving_window_stays_small) {
    enum { STEP = 1000 };
    static uint8_t keys[STEP * 16], fresh[STEP / 8];
    int64_t times[STEP];
    for (int sweep = 0; sweep < 2; sweep++) {
        pln_dedup *d = dedup_new(1, 0, NULL, 0);
        for (int64_t n = 0; n < 1000000; n += STEP) {
            for (int64_t i = 0; i < STEP; i++) {
                key_of(SPREAD, (uint64_t)(n + i), keys + 16 * i);
                times[i] = n + i;
            }
            MUST(pln_dedup_expire(d, n - 20000, &why));
            if (sweep)
                MUST(pln_dedup_sweep(d, 4 * STEP, NULL, &why));
            MUST(pln_dedup_batch(d, keys, times, STEP, fresh, NULL, &why));
        }
        ck_assert_int_lt(pln_dedup_memory(d), 20000 * 100);
        ck_assert(!sweep || pln_dedup_count(d) < 40000);
        pln_dedup_clear(d);
        ck_assert_int_eq(pln_dedup_count(d), 0);
        ck_assert_int_lt(pln_dedup_memory(d), 1000);
        key_of(SPREAD, 999999, keys);
        times[0] = 1000000;
        MUST(pln_dedup_batch(d, keys, times, 1, fresh, NULL, &why));
        ck_assert_int_eq(fresh[0], 1);
        pln_dedup_free(d);
    }
}
END_TEST

/* ---- bytes ---- */

static void check_saved(int payload, int64_t n, int64_t capacity) {
    uint8_t *keys = malloc((size_t)n * 16 + 16), *fresh = malloc((size_t)n / 8 + 1),
            *piece = malloc((size_t)capacity);
    int64_t *numbers = malloc((size_t)n * 8 + 8), *held = malloc((size_t)n * 8 + 8), cursor = 0,
            size, pieces = 0;
    pln_dedup *d = dedup_new(payload, 0, NULL, 0), *back = dedup_new(payload, 0, NULL, 0);
    for (int64_t i = 0; i < n; i++) {
        key_of(SPREAD, (uint64_t)i, keys + 16 * i);
        numbers[i] = i * i - 7;
    }
    MUST(pln_dedup_batch(d, keys, payload ? numbers : NULL, n, fresh, NULL, &why));
    while (pln_dedup_write(d, &cursor, piece, capacity, &size, &why) == PLN_OK) {
        MUST(pln_dedup_read(back, piece, size, &why));
        pieces++;
    }
    ck_assert_int_eq(pln_dedup_count(back), n);
    ck_assert_int_le(pieces, n * (payload ? 24 : 16) / (capacity - 48) + 1);
    MUST(pln_dedup_batch(back, keys, payload ? numbers : NULL, n, fresh, payload ? held : NULL,
                         &why));
    ck_assert_int_eq(pln__bits_count(fresh, 0, n), 0);
    if (payload && n > 0)
        ck_assert_int_eq(memcmp(held, numbers, (size_t)n * 8), 0);
    pln_dedup_free(d);
    pln_dedup_free(back);
    free(keys);
    free(fresh);
    free(piece);
    free(numbers);
    free(held);
}

START_TEST(saved_in_pieces_and_read) {
    for (int payload = 0; payload < 2; payload++) {
        check_saved(payload, 0, PLN_DEDUP_PIECE_MIN);
        check_saved(payload, 1, PLN_DEDUP_PIECE_MIN);
        check_saved(payload, 100, PLN_DEDUP_PIECE_MIN);
        check_saved(payload, 1000, 1000);
        check_saved(payload, 50000, 65536);
    }
}
END_TEST

START_TEST(bytes_are_those_of_the_picture) {
    static const uint8_t expect[48] = {'P', 'L', 'N', 'D', 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
                                       1,   2,   3,   4,   5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
                                       16,  0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t key[16], fresh[1], out[64];
    int64_t number = -2, cursor = 0, size;
    pln_dedup *d = dedup_new(1, 0, NULL, 0);
    for (int i = 0; i < 16; i++)
        key[i] = (uint8_t)(i + 1);
    MUST(pln_dedup_batch(d, key, &number, 1, fresh, NULL, &why));
    MUST(pln_dedup_write(d, &cursor, out, sizeof out, &size, &why));
    ck_assert_int_eq(size, 48);
    ck_assert_int_eq(memcmp(out, expect, 40), 0);
    ck_assert(pln__load_le64(out + 40) == pln__hash64(out, 40, 0));
    pln_dedup_free(d);
}
END_TEST

static void spoiled(const uint8_t *good, int64_t size, int64_t at, uint8_t value,
                    const char *words) {
    uint8_t bytes[64];
    pln_dedup *d = dedup_new(1, 0, NULL, 0);
    memcpy(bytes, good, (size_t)size);
    bytes[at] = value;
    pln__store_le64(bytes + size - 8, pln__hash64(bytes, size - 8, 0));
    FAILS(pln_dedup_read(d, bytes, size, &why), PLN_EDATA, words);
    ck_assert_int_eq(pln_dedup_count(d), 0);
    pln_dedup_free(d);
}

START_TEST(wrong_bytes_are_named) {
    uint8_t key[16] = {1}, fresh[1], out[64];
    int64_t number = 5, cursor = 0, size;
    pln_dedup *d = dedup_new(1, 0, NULL, 0), *plain = dedup_new(0, 0, NULL, 0);
    MUST(pln_dedup_batch(d, key, &number, 1, fresh, NULL, &why));
    MUST(pln_dedup_write(d, &cursor, out, sizeof out, &size, &why));
    spoiled(out, size, 0, 'p', "begins with 'pLND', expected 'PLND'");
    spoiled(out, size, 4, 9, "version is 9, expected 1");
    spoiled(out, size, 5, 2, "payloads is 2, expected 0 or 1");
    spoiled(out, size, 5, 0, "48 bytes, expected 40 by its head");
    spoiled(out, size, 6, 1, "bytes 6 and 7 are 0100");
    spoiled(out, size, 8, 0, "0 keys, expected 1 or more");
    spoiled(out, size, 11, 255, "48 bytes, expected 102676561968 by its head");
    spoiled(out, size, 13, 1, "bytes 12 to 15 are 00000100");
    FAILS(pln_dedup_read(plain, out, size, &why), PLN_ETYPE,
          "index without payloads: a piece with them");
    for (int64_t cut = 0; cut < size; cut++)
        ck_assert_int_eq(pln_dedup_read(d, out, cut, &why), PLN_EDATA);
    out[20] ^= 1;
    FAILS(pln_dedup_read(d, out, size, &why), PLN_EDATA, "checksum is ");
    cursor = 0;
    FAILS(pln_dedup_write(d, &cursor, out, 63, &size, &why), PLN_EINVAL, "at least 64 are needed");
    pln_dedup_free(d);
    pln_dedup_free(plain);
}
END_TEST

START_TEST(arguments_are_held_to_their_ranges) {
    uint8_t key[16] = {1}, fresh[1];
    int64_t number = 0;
    pln_dedup *d = NULL, *plain = dedup_new(0, 0, NULL, 0);
    pln_dedup_store half = {.struct_size = sizeof half};
    pln_dedup_options o, good;
    pln_dedup_options_init(&good, sizeof good);
    o = good;
    o.struct_size = 4;
    FAILS(pln_dedup_new(NULL, &o, &d, &why), PLN_EINVAL, "struct_size is 4");
    o = good;
    o.payload = 2;
    FAILS(pln_dedup_new(NULL, &o, &d, &why), PLN_EINVAL, "payload is 2");
    o = good;
    o.expected = -1;
    FAILS(pln_dedup_new(NULL, &o, &d, &why), PLN_EINVAL, "expected is -1");
    o.expected = 1000000;
    o.memory_limit = 1000000;
    FAILS(pln_dedup_new(NULL, &o, &d, &why), PLN_ELIMIT, "1000000 bytes of memory_limit");
    o = good;
    o.memory_limit = -5;
    FAILS(pln_dedup_new(NULL, &o, &d, &why), PLN_EINVAL, "memory_limit is -5");
    o = good;
    o.store = &half;
    FAILS(pln_dedup_new(NULL, &o, &d, &why), PLN_EINVAL, "with get and put");
    ck_assert_ptr_null(d);
    FAILS(pln_dedup_batch(plain, key, NULL, -1, fresh, NULL, &why), PLN_EINVAL, "-1 keys");
    FAILS(pln_dedup_batch(plain, key, &number, 1, fresh, NULL, &why), PLN_EINVAL,
          "without payloads: 1 keys with them");
    FAILS(pln_dedup_expire(plain, 1, &why), PLN_EINVAL, "nothing to expire by");
    pln_dedup_free(plain);
    d = dedup_new(1, 0, NULL, 0);
    FAILS(pln_dedup_batch(d, key, NULL, 1, fresh, NULL, &why), PLN_EINVAL,
          "with payloads: 1 keys without them");
    pln_dedup_free(d);
    pln_dedup_free(NULL);
}
END_TEST

/* Keys whose hash begins alike, as only somebody who knows the seed can make them, cost time and memory and no more. */
START_TEST(keys_that_all_go_one_way) {
    pln_dedup *d = dedup_new(0, 0, NULL, 0);
    uint8_t key[16], fresh[1];
    int64_t count = 0;
    d->young.mix[0] = d->young.mix[1] = 0;
    for (uint64_t i = 1; i <= 20000; i++) {
        uint64_t words[2] = {i, 1};
        memcpy(key, words, sizeof key);
        MUST(pln_dedup_batch(d, key, NULL, 1, fresh, NULL, &why));
        count += fresh[0];
    }
    ck_assert_int_eq(count, 20000);
    ck_assert_int_lt(pln_dedup_memory(d), 20000 * 60);
    pln_dedup_free(d);
}
END_TEST

/* ---- a store behind it ---- */

/* What it is asked and told, against an index without a limit. */
typedef struct fake {
    pln_dedup *keys;
    int64_t asked, put, fail_at, calls;
} fake;

static pln_status fake_get(void *user, const uint8_t *keys, int64_t n, uint8_t *found,
                           int64_t *payloads, pln_error *err) {
    fake *f = user;
    uint64_t set = 0;
    ck_assert(n >= 1 && n <= 1024);
    f->asked += n;
    if (++f->calls == f->fail_at)
        return pln__error_set(err, PLN_EIO, "the store is gone");
    for (int64_t i = 0; i < n; i += 64) {
        int64_t part = n - i < 64 ? n - i : 64;
        pln__dedup_find(&f->keys->young, keys + 16 * i, part, ~(uint64_t)0 >> (64 - part), &set,
                        payloads == NULL ? NULL : payloads + i);
        for (int64_t k = 0; k < part; k++)
            pln__bit_put(found, i + k, set >> k & 1);
    }
    return PLN_OK;
}

static pln_status fake_put(void *user, const uint8_t *keys, const int64_t *payloads, int64_t n,
                           pln_error *err) {
    fake *f = user;
    uint8_t fresh[128];
    ck_assert(n >= 1 && n <= 1024);
    f->put += n;
    if (++f->calls == f->fail_at)
        return pln__error_set(err, PLN_EIO, "the store is gone");
    return pln_dedup_batch(f->keys, keys, payloads, n, fresh, NULL, err);
}

static void check_spilled(int payload, uint64_t range, int64_t n) {
    enum { STEP = 500, BUDGET = 1 << 18 };
    static uint8_t keys[STEP * 16], fresh[STEP / 8 + 1], expect[STEP / 8 + 1];
    static int64_t numbers[STEP], held[STEP], wanted[STEP];
    fake f = {.keys = dedup_new(payload, 0, NULL, 0)};
    pln_dedup_store store = {.struct_size = sizeof store, .user = &f, .get = fake_get,
                             .put = fake_put};
    pln_dedup *d = dedup_new(payload, 0, &store, BUDGET), *plain = dedup_new(payload, 0, NULL, 0);
    uint64_t state = 4;
    int64_t most = 0;
    for (int64_t at = 0; at < n; at += STEP) {
        for (int64_t i = 0; i < STEP; i++) {
            key_of(SPREAD, at < n / 2 ? (uint64_t)(at + i) : random_of(&state) % range,
                   keys + 16 * i);
            numbers[i] = at + i;
        }
        const int64_t *p = payload ? numbers : NULL;
        MUST(pln_dedup_batch(d, keys, p, STEP, fresh, payload ? held : NULL, &why));
        MUST(pln_dedup_batch(plain, keys, p, STEP, expect, payload ? wanted : NULL, &why));
        ck_assert_int_eq(memcmp(fresh, expect, STEP / 8), 0);
        ck_assert(!payload || memcmp(held, wanted, sizeof held) == 0);
        most = pln_dedup_memory(d) > most ? pln_dedup_memory(d) : most;
    }
    pln_dedup_info info = {.struct_size = sizeof info};
    pln_dedup_info_get(d, &info);
    ck_assert_int_le(most, BUDGET);
    ck_assert_int_eq(info.stored, f.put);
    ck_assert_int_eq(info.asked, f.asked);
    ck_assert_int_gt(info.stored, n / 4);
    /* Half of the keys are new, and hardly one of them is looked for in the store. */
    ck_assert_int_lt(info.asked_in_vain, n / 20);
    pln_dedup_free(d);
    pln_dedup_free(plain);
    pln_dedup_free(f.keys);
}

START_TEST(what_does_not_fit_goes_to_the_store) {
    check_spilled(0, 60000, 60000);
    check_spilled(1, 40000, 40000);
}
END_TEST

/* An allocator that knows the most that it ever had given. */
typedef struct peak_alloc {
    fail_alloc inner;
    int64_t most;
} peak_alloc;

static void *peak_resize(void *user, void *block, uint64_t old, uint64_t now) {
    peak_alloc *p = user;
    void *out = p->inner.allocator.resize(p->inner.allocator.user, block, old, now);
    p->most = p->inner.bytes > p->most ? p->inner.bytes : p->most;
    return out;
}

/* Not only between calls: what is laid out anew is there twice for a moment. */
static void check_peak(int payload, int64_t budget, int64_t expected) {
    peak_alloc p = {.most = 0};
    (void)fail_alloc_init(&p.inner, -1);
    pln_allocator mem = {.struct_size = sizeof mem, .user = &p, .resize = peak_resize};
    fake f = {.keys = dedup_new(payload, 0, NULL, 0)};
    pln_dedup_store store = {.struct_size = sizeof store, .user = &f, .get = fake_get,
                             .put = fake_put};
    pln_dedup_options options;
    pln_dedup *d;
    uint8_t keys[100 * 16], fresh[13];
    int64_t numbers[100];
    pln_dedup_options_init(&options, sizeof options);
    options.payload = payload;
    options.memory_limit = budget;
    options.expected = expected;
    options.store = &store;
    options.allocator = &mem;
    MUST(pln_dedup_new(NULL, &options, &d, &why));
    for (uint64_t n = 0; n < (uint64_t)budget / 6; n += 100) {
        for (uint64_t i = 0; i < 100; i++) {
            key_of(SPREAD, n + i, keys + 16 * i);
            numbers[i] = (int64_t)(n + i);
        }
        MUST(pln_dedup_batch(d, keys, payload ? numbers : NULL, 100, fresh, NULL, &why));
    }
    ck_assert_int_gt(f.put, 0);
    ck_assert_msg(p.most <= budget, "%lld bytes of %lld", (long long)p.most, (long long)budget);
    pln_dedup_free(d);
    pln_dedup_free(f.keys);
    ck_assert_int_eq(fail_alloc_live(&p.inner), 0);
}

START_TEST(the_budget_is_never_exceeded) {
    for (int payload = 0; payload < 2; payload++) {
        for (int64_t budget = 1 << 17; budget < 1 << 20; budget += budget / 4) {
            check_peak(payload, budget, 0);
            check_peak(payload, budget, 1000000000);
        }
        check_peak(payload, 4 << 20, 0);
    }
}
END_TEST

START_TEST(an_error_of_the_store_is_the_answer) {
    uint8_t keys[50 * 16], fresh[7];
    int64_t failed = 0;
    for (int64_t at = 1; at < 40; at++) {
        fake f = {.keys = dedup_new(0, 0, NULL, 0), .fail_at = at};
        pln_dedup_store store = {.struct_size = sizeof store, .user = &f, .get = fake_get,
                                 .put = fake_put};
        pln_dedup *d = dedup_new(0, 0, &store, 1 << 17);
        pln_status status = PLN_OK;
        for (uint64_t n = 0; n < 20000 && status == PLN_OK; n += 50) {
            for (uint64_t i = 0; i < 50; i++)
                key_of(SPREAD, (n + i) % 12000, keys + 16 * i);
            status = pln_dedup_batch(d, keys, NULL, 50, fresh, NULL, &why);
        }
        if (status < 0) {
            ck_assert_int_eq(status, PLN_EIO);
            ck_assert_str_eq(why.message, "the store is gone");
            failed++;
        }
        pln_dedup_free(d);
        pln_dedup_free(f.keys);
    }
    ck_assert_int_gt(failed, 10);
}
END_TEST

/* ---- memory that fails ---- */

static pln_status scenario(const pln_allocator *mem, int64_t *calls) {
    pln_dedup *d = NULL;
    pln_status status;
    uint8_t keys[64 * 16], fresh[8];
    int64_t numbers[64];
    pln_dedup_options options;
    pln_dedup_options_init(&options, sizeof options);
    options.payload = 1;
    options.allocator = mem;
    PLN__TRY(pln_dedup_new(NULL, &options, &d, &why));
    for (uint64_t n = 0; n < 20000; n += 64) {
        for (uint64_t i = 0; i < 64; i++) {
            key_of(SPREAD, n + i, keys + 16 * i);
            numbers[i] = (int64_t)(n + i);
        }
        PLN__TRY(pln_dedup_batch(d, keys, numbers, 64, fresh, NULL, &why));
    }
    ck_assert_int_eq(pln_dedup_count(d), 20032);
    PLN__TRY(pln_dedup_expire(d, 15000, &why));
    PLN__TRY(pln_dedup_sweep(d, INT64_MAX, NULL, &why));
    ck_assert_int_eq(pln_dedup_count(d), 5032);
out:
    ++*calls;
    pln_dedup_free(d);
    return status;
}

START_TEST(memory_may_fail_anywhere) {
    int64_t n = 0, calls = 0;
    for (;; n++) {
        fail_alloc f;
        pln_status status = scenario(fail_alloc_init(&f, n), &calls);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        ck_assert_int_eq(status, f.failed ? PLN_ENOMEM : PLN_OK);
        if (!f.failed)
            break;
    }
    ck_assert_int_gt(n, 20);
}
END_TEST

/* What the index says it holds is what its allocator gave. */
START_TEST(memory_is_counted) {
    fail_alloc f;
    pln_dedup *d = NULL;
    uint8_t key[16], fresh[1];
    pln_dedup_options options;
    pln_dedup_options_init(&options, sizeof options);
    options.allocator = fail_alloc_init(&f, -1);
    MUST(pln_dedup_new(NULL, &options, &d, &why));
    for (uint64_t i = 0; i < 100000; i++) {
        key_of(SPREAD, i, key);
        MUST(pln_dedup_batch(d, key, NULL, 1, fresh, NULL, &why));
        if (i % 1000 == 0)
            ck_assert_int_eq(fail_alloc_live(&f), pln_dedup_memory(d));
    }
    pln_dedup_free(d);
}
END_TEST

Suite *suite_key_dedup(void);
Suite *suite_key_dedup(void) {
    Suite *suite = suite_create("key/dedup");
    TCase *tcase = tcase_create("index");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_key_is_new_once);
    tcase_add_test(tcase, the_key_of_zeros_is_a_key);
    tcase_add_test(tcase, borders_of_batches_leave_no_trace);
    tcase_add_test(tcase, memory_is_what_the_manual_says);
    tcase_add_test(tcase, the_memory_limit_is_kept);
    tcase_add_test(tcase, payloads_stay_with_the_first);
    tcase_add_test(tcase, what_is_old_is_forgotten);
    tcase_add_test(tcase, a_moving_window_stays_small);
    tcase_add_test(tcase, saved_in_pieces_and_read);
    tcase_add_test(tcase, bytes_are_those_of_the_picture);
    tcase_add_test(tcase, wrong_bytes_are_named);
    tcase_add_test(tcase, arguments_are_held_to_their_ranges);
    tcase_add_test(tcase, keys_that_all_go_one_way);
    tcase_add_test(tcase, what_does_not_fit_goes_to_the_store);
    tcase_add_test(tcase, the_budget_is_never_exceeded);
    tcase_add_test(tcase, an_error_of_the_store_is_the_answer);
    tcase_add_test(tcase, memory_may_fail_anywhere);
    tcase_add_test(tcase, memory_is_counted);
    suite_add_tcase(suite, tcase);
    return suite;
}
