// The same columns to Apache DataSketches' count_min_sketch<uint64_t>, of four rows.
//     peer_count_min [ROWS [LOG2_COLUMNS]]      one JSON line a case
#include "peer_datasketches.hpp"
#include <count_min.hpp>

enum { ROUNDS = 9, MERGES = 5 };

template <class Call> static void best(const char *name, long long n, int bits, Call call) {
    double least = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now();
        call();
        double ns = now() - start;
        least = least <= 0 || ns < least ? ns : least;
    }
    printf("{\"bench\": \"count_min\", \"case\": \"%s\", \"log2_columns\": %d, \"rows\": %lld, \"ns_row\": %.3f}\n", name, bits, n,
           least / double(n));
}

int main(int argc, char **argv) {
    long long rows = argc > 1 ? atoll(argv[1]) : 1000000;
    int bits = argc > 2 ? atoi(argv[2]) : 16;
    datasketches::count_min_sketch<uint64_t> sketch(4, 1u << bits), all(4, 1u << bits);
    best("add uint64 column", rows, bits, [&] {
        for (long long i = 0; i < rows; i++)
            sketch.update(uint64_t(i), 1);
    });
    volatile uint64_t sink = 0;
    best("query uint64 column", rows, bits, [&] {
        uint64_t sum = 0;
        for (long long i = 0; i < rows; i++)
            sum += sketch.get_estimate(uint64_t(i));
        sink = sum;
    });
    best("merge, a counter", (long long)MERGES * 4 << bits, bits, [&] {
        for (int i = 0; i < MERGES; i++)
            all.merge(sketch);
    });
    return 0;
}
