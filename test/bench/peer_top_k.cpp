// The same columns to Apache DataSketches' frequent items sketch; of 2^LG slots it fills three quarters.
//     peer_top_k [ROWS [LG [EXPONENT]]]      one JSON line a case
#include "zipf.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <frequent_items_sketch.hpp>
#include <string>
#include <vector>

template <class T> using sketch_of = datasketches::frequent_items_sketch<T>;

enum { ROUNDS = 7, MERGES = 100 };

static long long rows = 1000000;
static uint8_t lg = 14;
static double exponent = 1.1;

static double now() {
    timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return double(at.tv_sec) * 1e9 + double(at.tv_nsec);
}

template <class T, class Call> static void best(const char *name, long long n, Call call) {
    double least = 0, error = 0;
    for (int round = 0; round < ROUNDS; round++) {
        sketch_of<T> sketch(lg);
        double ns = call(sketch);
        least = least <= 0 || ns < least ? ns : least;
        error = double(sketch.get_maximum_error());
    }
    printf("{\"bench\": \"top_k\", \"case\": \"%s\", \"capacity\": %d, \"exponent\": %.1f, \"rows\": %lld, \"ns_row\": %.3f, "
           "\"error\": %.0f, \"memory\": %zu}\n",
           name, (1 << lg) / 4 * 3, exponent, n, least / double(n), error, (sizeof(T) + 10) << lg);
}

int main(int argc, char **argv) {
    rows = argc > 1 ? atoll(argv[1]) : rows;
    lg = uint8_t(argc > 2 ? atoi(argv[2]) : lg);
    exponent = argc > 3 ? atof(argv[3]) : exponent;
    std::vector<uint64_t> keys(static_cast<size_t>(rows));
    zipf_keys(keys.data(), rows, exponent);
    best<uint64_t>("add uint64 column", rows, [&](sketch_of<uint64_t> &sketch) {
        double start = now();
        for (long long i = 0; i < rows; i++)
            sketch.update(keys[size_t(i)]);
        return now() - start;
    });
    best<uint64_t>("add uint64 column, weights", rows, [&](sketch_of<uint64_t> &sketch) {
        double start = now();
        for (long long i = 0; i < rows; i++)
            sketch.update(keys[size_t(i)], 40 + keys[size_t(i)] % 1461);
        return now() - start;
    });
    std::string bytes(size_t(rows) * ZIPF_TEXT, ' ');
    zipf_texts(keys.data(), rows, &bytes[0]);
    best<std::string>("add utf8 column of 21 bytes", rows, [&](sketch_of<std::string> &sketch) {
        std::string one;
        double start = now();
        for (long long i = 0; i < rows; i++) {
            one.assign(bytes, size_t(i) * ZIPF_TEXT, ZIPF_TEXT);
            sketch.update(one);
        }
        return now() - start;
    });
    sketch_of<uint64_t> other(lg);
    for (long long i = 0; i < rows; i++)
        other.update(keys[size_t(i)]);
    best<uint64_t>("merge", MERGES, [&](sketch_of<uint64_t> &sketch) {
        for (long long i = 0; i < rows / 2; i++)
            sketch.update(keys[size_t(i)]);
        double start = now();
        for (int i = 0; i < MERGES; i++)
            sketch.merge(other);
        return now() - start;
    });
    best<uint64_t>("list 100", MERGES, [&](sketch_of<uint64_t> &sketch) {
        double start = now();
        for (int i = 0; i < MERGES; i++)
            sketch.update(other.get_frequent_items(datasketches::NO_FALSE_POSITIVES, 0).size());
        return now() - start;
    });
    return 0;
}
