// The same columns to Apache DataSketches' HLL_8, its fastest type to update.
//     peer_hll [ROWS [LGK]]      one JSON line a case
#include "peer_datasketches.hpp"
#include <cstdint>
#include <hll.hpp>
#include <string>
#include <vector>

using datasketches::hll_sketch;
using datasketches::hll_union;

enum { ROUNDS = 9, MERGES = 1000 };

template <class Call> static void best(const char *name, long long n, uint8_t lgk, Call call) {
    double least = 0, answer = 0;
    for (int round = 0; round < ROUNDS; round++) {
        hll_sketch sketch(lgk, datasketches::HLL_8);
        double ns = call(sketch, answer);
        least = least <= 0 || ns < least ? ns : least;
    }
    printf("{\"bench\": \"hll\", \"case\": \"%s\", \"precision\": %d, \"rows\": %lld, \"ns_row\": %.3f, \"answer\": %.0f}\n", name, lgk, n,
           least / double(n), answer);
}

int main(int argc, char **argv) {
    long long rows = argc > 1 ? atoll(argv[1]) : 1000000;
    uint8_t lgk = uint8_t(argc > 2 ? atoi(argv[2]) : 14);
    best("add uint64 column", rows, lgk, [&](hll_sketch &sketch, double &answer) {
        double start = now();
        for (long long i = 0; i < rows; i++)
            sketch.update(uint64_t(i));
        double ns = now() - start;
        answer = sketch.get_estimate();
        return ns;
    });
    std::string bytes;
    for (long long i = 0; i < rows; i++) {
        char one[32];
        snprintf(one, sizeof one, "user-%016llx", i);
        bytes.append(one, 21);
    }
    best("add utf8 column of 21 bytes", rows, lgk, [&](hll_sketch &sketch, double &answer) {
        double start = now();
        for (long long i = 0; i < rows; i++)
            sketch.update(bytes.data() + i * 21, 21);
        double ns = now() - start;
        answer = sketch.get_estimate();
        return ns;
    });
    hll_sketch other(lgk, datasketches::HLL_8);
    for (long long i = 0; i < rows; i++)
        other.update(uint64_t(i));
    best("merge", MERGES, lgk, [&](hll_sketch &, double &answer) {
        hll_union all(lgk);
        all.update(other);
        double start = now();
        for (int i = 0; i < MERGES; i++)
            all.update(other);
        double ns = now() - start;
        answer = all.get_estimate();
        return ns;
    });
    best("estimate", MERGES, lgk, [&](hll_sketch &, double &answer) {
        double start = now();
        for (int i = 0; i < MERGES; i++)
            answer += other.get_composite_estimate() * 1e-3;
        return now() - start;
    });
    return 0;
}
