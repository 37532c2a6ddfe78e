/*
 * HyperLogLog: what estimates are off by on the way from 1 to a million different values, and to a hundred million.
 *
 *     error_hll [TRIALS [LARGE_TRIALS]]          10000 and 100
 *
 * A trial adds its values once to a sketch of each precision, and asks each at every n. Lines are printed when 10, 1,000 and all trials are done, so that a run of ten
 * gives the first lines of a long one. Last come those of precision 14 over a million, of trials of their own.
 *
 *     precision,n,trials     these many sketches of n values each
 *     bias                   mean error, in standard errors of 1.039 / sqrt(2^precision)
 *     rmse                   root of the mean squared error, in the same
 *     beyond                 sketches that were off by more than three of them
 *     own                    mean of pln_hll_standard_error, in the same: what the sketches say themselves
 *     missed                 intervals of three own errors (pln_hll_interval) without n in them
 */
#include "error.h"
#include <math.h>

enum { PRECISIONS = 4, POINTS = 80, DECADE = 8, BLOCK = 4096, FEW = 10, SOME = 1000 };

static const int32_t all_precisions[PRECISIONS] = {10, 12, 14, 16};
static const int32_t default_precision[] = {14};

typedef struct tally {
    double sum;
    double squares;
    double own;
    int64_t beyond;
    int64_t missed;
} tally;

typedef struct course {
    uint64_t measurement;
    const int32_t *precisions;
    int sketches;
    int points;
    int64_t at[POINTS]; /* the n's, rising */
    tally tallies[PRECISIONS][POINTS];
    pln_hll *hll[PRECISIONS];
} course;

static pln_error err;

static double stated(int32_t precision) {
    return 1.039 / sqrt((double)((int64_t)1 << precision));
}

/* Eight n's in each power of ten, above `over` and up to 10^decades. */
static void lay_out(course *c, int64_t over, int decades) {
    for (int k = 0; k <= decades * DECADE; k++) {
        int64_t n = llround(pow(10, (double)k / DECADE));
        if (n > over && (c->points == 0 || n > c->at[c->points - 1]))
            c->at[c->points++] = n;
    }
}

static void begin(course *c) {
    pln_hll_options options;
    pln_hll_options_init(&options, sizeof options);
    for (int k = 0; k < c->sketches; k++) {
        options.precision = c->precisions[k];
        error_must(pln_hll_new(NULL, &options, &c->hll[k], &err), &err);
    }
}

static void look(course *c, int k, int point) {
    tally *t = &c->tallies[k][point];
    double n = (double)c->at[point], unit = stated(c->precisions[k]), low, high;
    double off = (pln_hll_estimate(c->hll[k]) / n - 1) / unit;
    pln_hll_interval(c->hll[k], 3, &low, &high);
    t->sum += off;
    t->squares += off * off;
    t->own += pln_hll_standard_error(c->hll[k]) / unit;
    t->beyond += fabs(off) > 3;
    t->missed += n < low || n > high;
}

static void run(course *c, int64_t trial) {
    uint64_t values[BLOCK], start = error_seed(c->measurement, trial);
    int64_t done = 0;
    for (int k = 0; k < c->sketches; k++)
        pln_hll_clear(c->hll[k]);
    for (int point = 0; point < c->points; point++) {
        while (done < c->at[point]) {
            int64_t part = c->at[point] - done < BLOCK ? c->at[point] - done : BLOCK;
            error_values(start, done, part, values);
            for (int k = 0; k < c->sketches; k++)
                error_must(pln_hll_add_uint64(c->hll[k], values, part, NULL, 0, &err), &err);
            done += part;
        }
        for (int k = 0; k < c->sketches; k++)
            look(c, k, point);
    }
}

static void print(const course *c, int64_t trials) {
    for (int k = 0; k < c->sketches; k++)
        for (int point = 0; point < c->points; point++) {
            const tally *t = &c->tallies[k][point];
            double n = (double)trials;
            printf("%d,%lld,%lld,%.5g,%.5g,%lld,%.5g,%lld\n", c->precisions[k],
                   (long long)c->at[point], (long long)trials, t->sum / n, sqrt(t->squares / n),
                   (long long)t->beyond, t->own / n, (long long)t->missed);
        }
    fflush(stdout);
}

static void measure(course *c, int64_t trials) {
    begin(c);
    for (int64_t trial = 1; trial <= trials; trial++) {
        run(c, trial);
        if (trial == FEW || trial == SOME || trial == trials)
            print(c, trial);
    }
    for (int k = 0; k < c->sketches; k++)
        pln_hll_free(c->hll[k]);
}

int main(int argc, char **argv) {
    static course up_to_a_million = {
        .measurement = 1, .precisions = all_precisions, .sketches = PRECISIONS};
    static course large = {.measurement = 2, .precisions = default_precision, .sketches = 1};
    puts("precision,n,trials,bias,rmse,beyond,own,missed");
    lay_out(&up_to_a_million, 0, 6);
    lay_out(&large, 1000000, 8);
    measure(&up_to_a_million, error_argument(argc, argv, 1, 10000));
    measure(&large, error_argument(argc, argv, 2, 100));
    return 0;
}
