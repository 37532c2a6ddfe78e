/*
 * The orders that the Avro benches read and write: ten columns, the same in every run, and with them what both benches do alike.
 */
#ifndef TEST_BENCH_ORDERS_H
#define TEST_BENCH_ORDERS_H

#include "bench.h"
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__has_include)
#if __has_include(<avro.h>)
#include <avro.h>
#define HAVE_PEER 1
#endif
#endif

enum { RECORDS = 655360, ROWS = 8192 };

static inline double now(void) {
    return bench_now_ns() * 1e-9;
}

static inline void must(bool good, const char *what) {
    if (!good) {
        fprintf(stderr, "bench: %s\n", what);
        exit(2);
    }
}

static uint64_t rng_state = 42;
static inline uint32_t draw(uint32_t below) {
    rng_state = rng_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((rng_state >> 33) % below);
}

static const char orders_schema[] =
    "{\"type\":\"record\",\"name\":\"Order\",\"fields\":["
    "{\"name\":\"event_id\",\"type\":\"string\"},"
    "{\"name\":\"event_time\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},"
    "{\"name\":\"event_type\",\"type\":\"string\"},"
    "{\"name\":\"order_id\",\"type\":\"long\"},{\"name\":\"customer_id\",\"type\":\"long\"},"
    "{\"name\":\"email\",\"type\":\"string\"},{\"name\":\"country\",\"type\":\"string\"},"
    "{\"name\":\"amount\",\"type\":\"double\"},{\"name\":\"quantity\",\"type\":\"int\"},"
    "{\"name\":\"express\",\"type\":\"boolean\"}]}";

typedef struct order {
    char event_id[64], email[64];
    const char *event_type, *country;
    int64_t event_time, order_id, customer_id, quantity;
    double amount;
    bool express;
} order;

/* Drawn in one fixed order, so that all benches have the same rows. */
static inline order order_draw(int64_t i) {
    static const char *const types[] = {"order_created", "order_paid", "order_shipped",
                                        "order_returned"};
    static const char *const countries[] = {"DE", "FR", "PL", "US", "JP"};
    order o;
    o.customer_id = draw(1000000);
    snprintf(o.event_id, sizeof o.event_id, "01HQ3ZK8V5T%010lld", (long long)i);
    o.event_time = 1709596800000000 + i * 125000 + draw(1000000);
    o.event_type = types[draw(4)];
    o.order_id = 1000000000 + draw(1000000000);
    snprintf(o.email, sizeof o.email, "user%lld@example.com", (long long)o.customer_id);
    o.country = countries[draw(5)];
    o.amount = draw(1000000) / 100.0;
    o.quantity = 1 + draw(9);
    o.express = draw(8) == 0;
    return o;
}

/* ---- avro-c, loaded so that a bench runs without it ---- */

#ifdef HAVE_PEER
static inline void *peer_library(void) {
    return dlopen("libavro.so.23", RTLD_NOW | RTLD_LOCAL);
}

static inline bool peer_find(void *library, const char *name, void *to) {
    void *found = dlsym(library, name);
    memcpy(to, &found, sizeof found);
    return found != NULL;
}
#endif

static inline void peer_missing(const char *bench) {
    fprintf(stderr,
            "skip: %s against avro-c: no libavro-dev when this was compiled, or no libavro.so.23\n",
            bench);
}

#endif
