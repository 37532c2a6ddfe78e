/* How the values of a column are stored in a database, and how they get there. */
#ifndef PLN__CONNECT_SQLITE_VALUE_H
#define PLN__CONNECT_SQLITE_VALUE_H

#include "column/column.h"
#include "format/format.h"
#include <sqlite3.h>

/* SQLite's affinities (https://www.sqlite.org/datatype3.html, section 3.1). */
enum {
    PLN__AFFINITY_BLOB,
    PLN__AFFINITY_TEXT,
    PLN__AFFINITY_NUMERIC,
    PLN__AFFINITY_INTEGER,
    PLN__AFFINITY_REAL
};
int pln__lite_affinity(const char *declared);

enum {
    PLN__STORE_NULL,
    PLN__STORE_INT,
    PLN__STORE_INT_REAL,
    PLN__STORE_UINT64,
    PLN__STORE_UINT64_TEXT,
    PLN__STORE_FLOAT,
    PLN__STORE_FLOAT_TEXT,
    PLN__STORE_TEXT,
    PLN__STORE_BLOB,
    PLN__STORE_DECIMAL,
    PLN__STORE_DECIMAL_REAL,
    PLN__STORE_DATE,
    PLN__STORE_TIME,
    PLN__STORE_TIMESTAMP,
    PLN__STORE_JSON,
    PLN__STORE_DICTIONARY
};

typedef struct pln__lite_storing {
    bool timestamps_integer;
    bool decimals_real;
} pln__lite_storing;

typedef struct pln__lite_value {
    const struct ArrowSchema *schema; /* borrowed */
    pln__type type;
    int32_t how;
    int32_t inner_how; /* of a dictionary's values */
    int32_t natural;   /* both, before they were fitted to a table */
    int32_t inner_natural;
    int32_t plain; /* the type's id where the value goes as it lies in memory, else -1 */
    pln__type inner;
    /* Text of numbers and times, until the statement has run; or why there is none. */
    char scratch[160];
    /* nested values: an encoder of rows that have this column only, and the row written last */
    const pln_allocator *mem;
    struct ArrowSchema row;
    pln__encoder *encoder;
    pln__buffer json;
    int64_t prefix;
} pln__lite_value;

pln_status pln__lite_value_init(const pln_allocator *mem, const struct ArrowSchema *schema,
                                const pln__lite_storing *storing, pln__lite_value *out,
                                pln_error *err);
void pln__lite_value_free(pln__lite_value *value);
/* The type of a column made for it: "INTEGER", "REAL", "TEXT", "BLOB" or "". */
const char *pln__lite_value_declared(const pln__lite_value *value);
/*
 * Adapt to a column that is there. PLN_ETYPE if its affinity would change what is stored: SQLite makes a number of the text '007' where a column's declared
 * type reads as numeric.
 */
pln_status pln__lite_value_fit(pln__lite_value *value, const char *declared, pln_error *err);
/* Whether equal keys are stored as equal keys and others as others. */
bool pln__lite_value_injective(const pln__lite_value *value);

/* A value on its way into a statement. Text and bytes are not copied: they live as long as the batch, or until the next row. */
#define PLN__LITE_NO_MEMORY (-1)
typedef struct pln__lite_cell {
    int32_t type; /* SQLITE_INTEGER ... SQLITE_NULL, or PLN__LITE_NO_MEMORY */
    int32_t size; /* of text and blobs, else 0 */
    union {
        int64_t integer;
        double real;
        const void *bytes;
    } as;
} pln__lite_cell;

/* The value of row `row`, which is not null there: NULL, or why it cannot be stored. */
const char *pln__lite_value_put(pln__lite_value *value, const struct ArrowArray *array, int64_t row,
                                pln__lite_cell *out);
bool pln__lite_value_null_slow(const pln__lite_value *value, const struct ArrowArray *array,
                               int64_t row);

static inline bool pln__lite_value_null(const pln__lite_value *value,
                                        const struct ArrowArray *array, int64_t row) {
    return PLN__LIKELY(value->plain >= 0) ? !pln__array_valid(array, row)
                                          : pln__lite_value_null_slow(value, array, row);
}

/* The same, in line for the types that most columns have. */
static inline const char *pln__lite_value_cell(pln__lite_value *value,
                                               const struct ArrowArray *array, int64_t row,
                                               pln__lite_cell *out) {
    if (value->plain == PLN__UTF8) {
        int32_t ends[2];
        memcpy(ends, (const int32_t *)array->buffers[1] + array->offset + row, sizeof ends);
        out->type = SQLITE_TEXT;
        out->size = ends[1] - ends[0];
        out->as.bytes = out->size == 0 ? "" : (const char *)array->buffers[2] + ends[0];
        return NULL;
    }
    if (value->plain == PLN__INT64) {
        out->type = SQLITE_INTEGER;
        out->size = 0;
        memcpy(&out->as.integer, (const int64_t *)array->buffers[1] + array->offset + row,
               sizeof out->as.integer);
        return NULL;
    }
    return pln__lite_value_put(value, array, row, out);
}

#endif
