/*
 * Quantiles: by how much ranks are off, as parts of n, against the errors that are stated for 99 %.
 *
 *     error_quantiles [TRIALS]          300; lines stand after 2 and after all
 *
 *     k,order                the sketch, and how 2^20 different numbers came: 1 at random, 2 rising, 3 from both ends inwards
 *     trials                 so many sketches; each was asked for the ranks of 99 percentiles
 *     one                    stated: at most so much off is one rank, 99 times of 100
 *     one_over               the part of the ranks that were off by more
 *     one_99                 99 of 100 ranks were off by at most so much
 *     between,between_over,between_99   the same for the part between two percentiles; of each sketch the worst pair of all counts
 */
#include "error.h"
#include <math.h>

enum { BITS = 20, N = 1 << BITS, PERCENTILES = 99, FEW = 2, MEASUREMENT = 5 };
enum { RANDOM = 1, RISING, INWARDS, ORDERS = INWARDS };

static const int32_t sizes[] = {50, 200, 1000, 10000};

typedef struct tally {
    double one;
    double between;
    double *ones; /* errors of each rank of each trial */
    double *pairs;
} tally;

static pln_error err;
static double *numbers;

/* A permutation of BITS bits: each step can be undone. */
static uint32_t shuffled(uint32_t i, uint64_t key) {
    const uint32_t mask = N - 1;
    for (int round = 0; round < 4; round++) {
        i = (i * ((uint32_t)error_mix(key + (uint64_t)round) | 1) + (uint32_t)(key >> 40)) & mask;
        i ^= i >> BITS / 2;
    }
    return i;
}

static void lay_out(int order, uint64_t key) {
    for (uint32_t i = 0; i < N; i++)
        numbers[i] = order == RANDOM   ? (double)shuffled(i, key)
                     : order == RISING ? (double)i
                     : i % 2 == 0      ? (double)(i / 2)
                                       : (double)(N - 1 - i / 2);
}

static void ask(pln_quantiles *q, int64_t trial, tally *t) {
    double values[PERCENTILES], got[PERCENTILES], least = 1, greatest = -1;
    for (int i = 0; i < PERCENTILES; i++)
        values[i] = floor((double)N * (i + 1) / 100);
    error_must(pln_quantiles_ranks(q, values, PERCENTILES, got, &err), &err);
    for (int i = 0; i < PERCENTILES; i++) {
        double off = got[i] - (values[i] + 1) / N;
        t->ones[(trial - 1) * PERCENTILES + i] = fabs(off);
        least = off < least ? off : least;
        greatest = off > greatest ? off : greatest;
    }
    t->pairs[trial - 1] = greatest - least;
    pln_quantiles_error(q, &t->one, &t->between);
}

static void run(int32_t k, int64_t trial, tally *t) {
    pln_quantiles_options o;
    pln_quantiles *q;
    pln_quantiles_options_init(&o, sizeof o);
    o.k = k;
    o.seed = error_seed(MEASUREMENT, trial);
    error_must(pln_quantiles_new(NULL, &o, &q, &err), &err);
    error_must(pln_quantiles_add_float64(q, numbers, N, NULL, 0, &err), &err);
    ask(q, trial, t);
    pln_quantiles_free(q);
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The stated error, the part of all that is over it, and what 99 of 100 are below. */
static void print_errors(double stated, double *all, int64_t n) {
    int64_t over = 0;
    for (int64_t i = 0; i < n; i++)
        over += all[i] > stated;
    qsort(all, (size_t)n, sizeof *all, by_size);
    printf(",%.5g,%.5g,%.5g", stated, (double)over / (double)n, all[(n * 99 + 99) / 100 - 1]);
}

static void print(int32_t k, int order, int64_t trials, tally *t) {
    printf("%d,%d,%lld", k, order, (long long)trials);
    print_errors(t->one, t->ones, trials * PERCENTILES);
    print_errors(t->between, t->pairs, trials);
    puts("");
    fflush(stdout);
}

int main(int argc, char **argv) {
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    int64_t trials = error_argument(argc, argv, 1, 300);
    tally tallies[ORDERS][SIZES];
    numbers = error_alloc(N, sizeof *numbers);
    for (int order = 0; order < ORDERS; order++)
        for (int k = 0; k < SIZES; k++) {
            tallies[order][k].ones = error_alloc(trials * PERCENTILES, sizeof(double));
            tallies[order][k].pairs = error_alloc(trials, sizeof(double));
        }
    puts("k,order,trials,one,one_over,one_99,between,between_over,between_99");
    for (int64_t trial = 1; trial <= trials; trial++)
        for (int order = 0; order < ORDERS; order++) {
            lay_out(order + 1, error_seed(MEASUREMENT + 1, trial));
            for (int k = 0; k < SIZES; k++) {
                run(sizes[k], trial, &tallies[order][k]);
                if (trial == FEW || trial == trials)
                    print(sizes[k], order + 1, trial, &tallies[order][k]);
            }
        }
    for (int order = 0; order < ORDERS; order++)
        for (int k = 0; k < SIZES; k++) {
            free(tallies[order][k].ones);
            free(tallies[order][k].pairs);
        }
    free(numbers);
    return 0;
}
