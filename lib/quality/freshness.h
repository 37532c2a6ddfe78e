/*
 * Private to freshness: what is known of each partition, in the order of their names.
 */
#ifndef PLN__QUALITY_FRESHNESS_H
#define PLN__QUALITY_FRESHNESS_H

#include "base/base.h"
#include <pln/freshness.h>

enum {
    PLN__FRESHNESS_PARTITIONS_MOST = 65536,
    PLN__FRESHNESS_NAME_MOST = 255,
    /* More than any verdict has, each byte of the name as \u00xx: its text is never moved. */
    PLN__FRESHNESS_TEXT_SIZE = 6 * PLN__FRESHNESS_NAME_MOST + 512
};

typedef struct pln__freshness_partition {
    char *name;
    int64_t known;
    int64_t landed;
    int64_t since; /* the open incident */
    int64_t incidents;
    int32_t severity;
} pln__freshness_partition;

struct pln_freshness {
    pln_allocator mem;
    pln_freshness_options options;
    pln__freshness_partition *partitions;
    int64_t n, capacity;
    pln__text json; /* lent */
};

/* A partition that is not there yet, behind number `at` - 1; the name is copied. */
pln_status pln__freshness_insert(pln_freshness *freshness, int64_t at, const char *name,
                                 int64_t size, pln_error *err);
/* The last due time that is not after `now`; INT64_MIN: there is none. *from is since when what lands is what is due. */
int64_t pln__freshness_due(const pln_freshness_options *options, int64_t now, int64_t *from);

#endif
