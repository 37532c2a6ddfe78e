/*
 * Count-Min: by how much answers are too high, over all values of a skewed stream and over the seeds of sketches.
 *
 *     error_count_min [TRIALS]          100; lines stand after 2 and after all
 *
 *     rows,columns,update    the sketch: 1 plain, 2 conservative
 *     exponent               of the Zipf law that a million rows follow
 *     trials,answers         so many sketches; every value that came was asked of each
 *     delta                  the probability by which an answer may be off by more than epsilon = e / columns of the total
 *     over                   the part of the answers that were
 *     mean,greatest          errors, in epsilons
 *     below                  answers that were less than the count, of which there must be none
 */
#include "bench/zipf.h"
#include "error.h"

enum { ROWS = 1000000, FEW = 2, MEASUREMENT = 3 };

typedef struct stream {
    double exponent;
    uint64_t *rows;
    int64_t n; /* different values, and how often each came */
    uint64_t *values;
    int64_t *counts;
    int64_t *answers;
} stream;

typedef struct tally {
    double sum;
    int64_t over;
    int64_t greatest;
    int64_t below;
} tally;

static const int64_t shapes[][2] = {{5, 4096}, {4, 32768}, {4, 65536}};
static pln_error err;

static int by_value(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static stream stream_of(double exponent) {
    stream s = {.exponent = exponent};
    s.rows = error_alloc(ROWS, 8);
    s.values = error_alloc(ROWS, 8);
    s.counts = error_alloc(ROWS, 8);
    s.answers = error_alloc(ROWS, 8);
    zipf_keys(s.rows, ROWS, exponent);
    uint64_t *sorted = error_alloc(ROWS, 8);
    memcpy(sorted, s.rows, ROWS * sizeof *sorted);
    qsort(sorted, ROWS, sizeof *sorted, by_value);
    for (int64_t i = 0; i < ROWS; i++) {
        if (i == 0 || sorted[i] != sorted[i - 1])
            s.values[s.n++] = sorted[i];
        s.counts[s.n - 1]++;
    }
    free(sorted);
    return s;
}

static void stream_free(stream *s) {
    free(s->rows);
    free(s->values);
    free(s->counts);
    free(s->answers);
}

static void ask(const pln_count_min *cm, const stream *s, tally *t) {
    double bound = pln_count_min_error(cm, NULL);
    error_must(pln_count_min_query_uint64(cm, s->values, s->n, s->answers, &err), &err);
    for (int64_t i = 0; i < s->n; i++) {
        int64_t off = s->answers[i] - s->counts[i];
        t->sum += (double)off;
        t->over += (double)off > bound;
        t->greatest = off > t->greatest ? off : t->greatest;
        t->below += off < 0;
    }
}

static void print(const pln_count_min_options *o, const stream *s, const tally *t, int64_t trials) {
    pln_count_min *cm;
    pln_count_min_info info = {.struct_size = sizeof info};
    error_must(pln_count_min_new(NULL, o, &cm, &err), &err);
    pln_count_min_info_get(cm, &info);
    pln_count_min_free(cm);
    double answers = (double)(trials * s->n), bound = info.epsilon * ROWS;
    printf("%d,%lld,%d,%g,%lld,%lld,%.5g,%.5g,%.5g,%.5g,%lld\n", info.rows, (long long)info.columns,
           info.update, s->exponent, (long long)trials, (long long)(trials * s->n), info.delta,
           (double)t->over / answers, t->sum / answers / bound, (double)t->greatest / bound,
           (long long)t->below);
}

static void measure(const int64_t shape[2], int32_t update, const stream *s, int64_t first,
                    int64_t trials, tally *t) {
    pln_count_min_options o;
    pln_count_min *cm;
    pln_count_min_options_init(&o, sizeof o);
    o.rows = (int32_t)shape[0];
    o.columns = shape[1];
    o.update = update;
    for (int64_t trial = first; trial <= trials; trial++) {
        o.seed = error_seed(MEASUREMENT, trial);
        error_must(pln_count_min_new(NULL, &o, &cm, &err), &err);
        error_must(pln_count_min_add_uint64(cm, s->rows, NULL, ROWS, NULL, 0, &err), &err);
        ask(cm, s, t);
        pln_count_min_free(cm);
    }
    print(&o, s, t, trials);
    fflush(stdout);
}

int main(int argc, char **argv) {
    enum { STREAMS = 2, SHAPES = sizeof shapes / sizeof shapes[0] };
    static const double exponents[STREAMS] = {0.8, 1.1};
    int64_t trials = error_argument(argc, argv, 1, 100);
    stream streams[STREAMS];
    tally tallies[STREAMS][SHAPES][2] = {{{{0}}}};
    for (int k = 0; k < STREAMS; k++)
        streams[k] = stream_of(exponents[k]);
    puts("rows,columns,update,exponent,trials,answers,delta,over,mean,greatest,below");
    for (int64_t done = 0; done < trials;) {
        int64_t upto = done == 0 && trials > FEW ? FEW : trials;
        for (int k = 0; k < STREAMS; k++)
            for (int shape = 0; shape < SHAPES; shape++)
                for (int32_t update = 0; update < 2; update++)
                    measure(shapes[shape], update + PLN_COUNT_MIN_PLAIN, &streams[k], done + 1,
                            upto, &tallies[k][shape][update]);
        done = upto;
    }
    for (int k = 0; k < STREAMS; k++)
        stream_free(&streams[k]);
    return 0;
}
