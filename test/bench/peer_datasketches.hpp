// What the programs that measure Apache DataSketches share.
#ifndef PEER_DATASKETCHES_HPP
#define PEER_DATASKETCHES_HPP

#include <cstdio>
#include <cstdlib>
#include <ctime>

static double now() {
    timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return double(at.tv_sec) * 1e9 + double(at.tv_nsec);
}

#endif
