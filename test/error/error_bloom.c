/*
 * Bloom filter: how many questions for values that were not added it answers with "yes", against its formula.
 *
 *     error_bloom [TRIALS]          10; lines stand after 1 and after all
 *
 *     error                  made for, with a million values expected
 *     values                 so many different ones in each filter
 *     trials,questions       so many filters, and questions to all of them for values that were not added
 *     yes                    false answers
 *     rate                   the part of them
 *     formula                pln_bloom_error_for
 *     told                   mean of pln_bloom_error, counted from bits
 *     denied                 values that were added and are denied, of which there must be none
 */
#include "error.h"

enum {
    EXPECTED = 1000000,
    QUESTIONS = 10000000,
    BLOCK = 8192,
    FEW = 1,
    FILLS = 3,
    MEASUREMENT = 4
};

static const double errors[] = {1e-2, 1e-3, 1e-4, 1e-5};
static const int64_t fills[FILLS] = {EXPECTED / 2, EXPECTED, 2 * EXPECTED};

typedef struct tally {
    int64_t yes;
    int64_t denied;
    double told;
} tally;

static pln_error err;

/* Of values [first, first + n) of a sequence, those that the filter says are in. */
static int64_t found(const pln_bloom *bloom, uint64_t start, int64_t first, int64_t n) {
    uint64_t values[BLOCK];
    uint8_t bits[BLOCK / 8];
    int64_t count = 0;
    for (int64_t i = 0; i < n; i += BLOCK) {
        int64_t part = n - i < BLOCK ? n - i : BLOCK;
        error_values(start, first + i, part, values);
        error_must(pln_bloom_contains_uint64(bloom, values, part, NULL, 0, bits, &err), &err);
        for (int64_t k = 0; k < part; k++)
            count += bits[k / 8] >> k % 8 & 1;
    }
    return count;
}

static void fill(pln_bloom *bloom, uint64_t start, int64_t first, int64_t last) {
    uint64_t values[BLOCK];
    while (first < last) {
        int64_t part = last - first < BLOCK ? last - first : BLOCK;
        error_values(start, first, part, values);
        error_must(pln_bloom_add_uint64(bloom, values, part, NULL, 0, &err), &err);
        first += part;
    }
}

static void run(const pln_bloom_options *o, int64_t trial, tally tallies[FILLS]) {
    uint64_t start = error_seed(MEASUREMENT, trial);
    pln_bloom *bloom;
    error_must(pln_bloom_new(NULL, o, &bloom, &err), &err);
    for (int k = 0; k < FILLS; k++) {
        fill(bloom, start, k == 0 ? 0 : fills[k - 1], fills[k]);
        tallies[k].yes += found(bloom, start, 2 * EXPECTED, QUESTIONS);
        tallies[k].denied += fills[k] - found(bloom, start, 0, fills[k]);
        tallies[k].told += pln_bloom_error(bloom);
    }
    pln_bloom_free(bloom);
}

static void print(double error, int64_t trials, const tally tallies[FILLS]) {
    int64_t bytes = pln_bloom_bytes_for(EXPECTED, error);
    for (int k = 0; k < FILLS; k++) {
        const tally *t = &tallies[k];
        printf("%g,%lld,%lld,%lld,%lld,%.5g,%.5g,%.5g,%lld\n", error, (long long)fills[k],
               (long long)trials, (long long)(trials * QUESTIONS), (long long)t->yes,
               (double)t->yes / (double)(trials * QUESTIONS), pln_bloom_error_for(bytes, fills[k]),
               t->told / (double)trials, (long long)t->denied);
    }
    fflush(stdout);
}

int main(int argc, char **argv) {
    enum { ERRORS = sizeof errors / sizeof errors[0] };
    int64_t trials = error_argument(argc, argv, 1, 10);
    tally tallies[ERRORS][FILLS] = {{{0}}};
    puts("error,values,trials,questions,yes,rate,formula,told,denied");
    for (int64_t trial = 1; trial <= trials; trial++)
        for (int k = 0; k < ERRORS; k++) {
            pln_bloom_options o;
            pln_bloom_options_init(&o, sizeof o);
            o.expected = EXPECTED;
            o.error = errors[k];
            run(&o, trial, tallies[k]);
            if (trial == FEW || trial == trials)
                print(errors[k], trial, tallies[k]);
        }
    return 0;
}
