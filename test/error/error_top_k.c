/*
 * Top-k: how wide bounds are, whether they hold, and whether the heaviest items are found.
 *
 *     error_top_k [TRIALS]          10; lines stand after 1 and after all
 *
 *     capacity               entries of the sketch
 *     exponent               of the Zipf law that a million rows follow; 0: of a million items each as likely
 *     trials                 so many sketches, each of other rows
 *     bound                  4 / (3 capacity), which the error is below, as a part of the total
 *     error,greatest         pln_top_k_error as a part of the total: mean, greatest
 *     outside                items whose count is outside of its bounds, of which there must be none
 *     lost                   items that came more often than the error and have no entry; none either
 *     found                  of the 10 heaviest items the part that is among the first 10 of the list
 */
#include "bench/zipf.h"
#include "error.h"

enum { ROWS = 1000000, FEW = 1, BEST = 10 };

static const int64_t capacities[] = {256, 1024, 12288};
static const double exponents[] = {0, 0.8, 1.1};

typedef struct item {
    uint64_t value;
    int64_t count;
} item;

typedef struct tally {
    double error;
    double greatest;
    int64_t outside;
    int64_t lost;
    int64_t found;
} tally;

static pln_error err;
static item *items;
static int64_t item_count;

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static int by_count(const void *a, const void *b) {
    int64_t x = ((const item *)a)->count, y = ((const item *)b)->count;
    return x > y ? -1 : x < y ? 1 : by_value(a, b);
}

/* The items of these rows with their counts, the heaviest first. */
static void count(const uint64_t *rows) {
    uint64_t *sorted = error_alloc(ROWS, sizeof *sorted);
    memcpy(sorted, rows, ROWS * sizeof *sorted);
    qsort(sorted, ROWS, sizeof *sorted, by_value);
    item_count = 0;
    for (int64_t i = 0; i < ROWS; i++) {
        if (i == 0 || sorted[i] != sorted[i - 1])
            items[item_count++] = (item){sorted[i], 0};
        items[item_count - 1].count++;
    }
    free(sorted);
    qsort(items, (size_t)item_count, sizeof *items, by_count);
}

/* An item as heavy as the last of the heaviest is as good as that one. */
static int64_t found(pln_top_k *top) {
    pln_top_k_entry best[BEST] = {{0}};
    int64_t n, good = 0;
    for (int i = 0; i < BEST; i++)
        best[i].struct_size = sizeof best[i];
    error_must(pln_top_k_list(top, PLN_TOP_K_NO_FALSE_POSITIVES, 0, BEST, best, &n, &err), &err);
    for (int64_t i = 0; i < (n < BEST ? n : BEST); i++) {
        uint64_t value;
        memcpy(&value, best[i].bytes, sizeof value);
        int64_t at = 0;
        while (at < item_count && items[at].value != value)
            at++;
        good += at < item_count && items[at].count >= items[BEST - 1].count;
    }
    return good;
}

static void run(const uint64_t *rows, int64_t capacity, tally *t) {
    pln_top_k_options o;
    pln_top_k *top;
    pln_top_k_options_init(&o, sizeof o);
    o.capacity = capacity;
    error_must(pln_top_k_new(NULL, &o, &top, &err), &err);
    error_must(pln_top_k_add_uint64(top, rows, NULL, ROWS, NULL, 0, &err), &err);
    int64_t error = pln_top_k_error(top);
    for (int64_t i = 0; i < item_count; i++) {
        int64_t lower, upper;
        pln_top_k_estimate(top, &items[i].value, 8, &lower, &upper);
        t->outside += items[i].count < lower || items[i].count > upper || upper - lower > error;
        t->lost += items[i].count > error && lower == 0;
    }
    double part = (double)error / ROWS;
    t->error += part;
    t->greatest = part > t->greatest ? part : t->greatest;
    t->found += found(top);
    pln_top_k_free(top);
}

static void print(int64_t capacity, double exponent, int64_t trials, const tally *t) {
    printf("%lld,%g,%lld,%.5g,%.5g,%.5g,%lld,%lld,%.5g\n", (long long)capacity, exponent,
           (long long)trials, 4 / (3.0 * (double)capacity), t->error / (double)trials, t->greatest,
           (long long)t->outside, (long long)t->lost, (double)t->found / (double)(trials * BEST));
    fflush(stdout);
}

int main(int argc, char **argv) {
    enum {
        CAPACITIES = sizeof capacities / sizeof capacities[0],
        EXPONENTS = sizeof exponents / sizeof exponents[0]
    };
    int64_t trials = error_argument(argc, argv, 1, 10);
    tally tallies[EXPONENTS][CAPACITIES] = {{{0}}};
    uint64_t *rows[EXPONENTS];
    items = error_alloc(ROWS, sizeof *items);
    for (int e = 0; e < EXPONENTS; e++) {
        rows[e] = error_alloc(trials * ROWS, 8);
        zipf_keys(rows[e], trials * ROWS, exponents[e]);
    }
    puts("capacity,exponent,trials,bound,error,greatest,outside,lost,found");
    for (int64_t trial = 1; trial <= trials; trial++)
        for (int e = 0; e < EXPONENTS; e++) {
            count(rows[e] + (trial - 1) * ROWS);
            for (int k = 0; k < CAPACITIES; k++) {
                run(rows[e] + (trial - 1) * ROWS, capacities[k], &tallies[e][k]);
                if (trial == FEW || trial == trials)
                    print(capacities[k], exponents[e], trial, &tallies[e][k]);
            }
        }
    for (int e = 0; e < EXPONENTS; e++)
        free(rows[e]);
    free(items);
    return 0;
}
