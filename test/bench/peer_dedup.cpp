// The same keys to a flat hash set: PEER is its header and SET its type.
//     peer_dedup [KEYS]      one JSON line a case
#include PEER_HEADER
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

struct key {
    uint64_t low, high;
    bool operator==(const key &other) const {
        return low == other.low && high == other.high;
    }
};
// The keys are hashes themselves.
struct hash {
    using is_avalanching = void;
    size_t operator()(const key &k) const {
        return k.low;
    }
};

enum { ROUNDS = 3 };

static double now() {
    timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return double(at.tv_sec) * 1e9 + double(at.tv_nsec);
}

static uint64_t mixed(uint64_t z) {
    z *= 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void both(const char *name, const std::vector<key> &keys, bool room) {
    double first = 0, again = 0;
    size_t fresh = 0;
    for (int round = 0; round < ROUNDS; round++) {
        PEER_SET<key, hash> set;
        double start = now();
        if (room)
            set.reserve(keys.size());
        for (const key &k : keys)
            fresh += set.insert(k).second;
        double ns = now() - start;
        first = first <= 0 || ns < first ? ns : first;
        start = now();
        for (const key &k : keys)
            fresh += set.insert(k).second;
        ns = now() - start;
        again = again <= 0 || ns < again ? ns : again;
    }
    double n = double(keys.size());
    printf("{\"case\": \"new keys, %s\", \"ns_row\": %.2f, \"fresh\": %zu}\n", name, first / n, fresh);
    printf("{\"case\": \"repeated keys, %s\", \"ns_row\": %.2f}\n", name, again / n);
}

int main(int argc, char **argv) {
    size_t n = argc > 1 ? size_t(atoll(argv[1])) : 10000000;
    std::vector<key> keys(n);
    for (size_t i = 0; i < n; i++)
        keys[i] = {mixed(2 * i + 1), mixed(2 * i + 2)};
    both("room made before", keys, true);
    both("growing", keys, false);
    return 0;
}
