/* Rows that are not null, a block at a time. */
#include "window/aggregate_internal.h"

/* The batch's column, and where its values are. */
typedef struct source {
    const pln__agg_column *column;
    const struct ArrowArray *rows, *values;
} source;

static source source_of(const pln__agg_rows *rows, const pln__agg_column *column) {
    source s = {column, NULL, NULL};
    if (column == NULL)
        return s;
    s.rows = rows->batch->children[column->child];
    s.values = column->index.id == PLN__DICTIONARY ? s.rows->dictionary : s.rows;
    return s;
}

static bool refers(const source *s) {
    return s->rows != s->values;
}
static bool has_nulls(const source *s) {
    return s->rows != NULL && (pln__array_validity(s->rows) != NULL || refers(s));
}

/* Keeps the rows that are not null in the column. */
static int64_t keep_valid(const source *s, int32_t *index, int32_t *groups, int64_t n) {
    const uint8_t *bits = pln__array_validity(s->rows);
    int64_t kept = 0, offset = s->rows->offset;
    if (bits == NULL)
        return n;
    for (int64_t i = 0; i < n; i++) {
        int32_t row = index[i], group = groups[i];
        index[kept] = row;
        groups[kept] = group;
        kept += pln__bit_get(bits, offset + row);
    }
    return kept;
}

/* Rows side by side that are not null in the column, and their groups: the hot way to a column with nulls. */
static int64_t pick_valid(const uint8_t *bits, int64_t offset, const pln__agg_rows *rows,
                          int64_t done, pln__agg_block *block) {
    int64_t kept = 0, first = rows->first + done;
    const int32_t *groups = rows->groups == NULL ? NULL : rows->groups + done;
    for (int64_t i = 0; i < block->n; i++) {
        block->room[0][kept] = (int32_t)(first + i);
        if (groups != NULL)
            block->room[1][kept] = groups[i];
        kept += pln__bit_get(bits, offset + first + i);
    }
    return kept;
}

/* The row of the dictionary that a row, which is not null, refers to. */
static int64_t referred(const source *s, int64_t row) {
    return pln__array_int(&s->column->index, s->rows, row);
}

/* ... and of those the ones whose value is not null either. */
static pln_status keep_referred(const source *s, int32_t *index, int32_t *groups, int64_t *n,
                                pln_error *err) {
    int64_t kept = 0;
    for (int64_t i = 0; i < *n; i++) {
        int32_t row = index[i], group = groups[i];
        int64_t at = referred(s, row);
        if (at < 0 || at >= s->values->length)
            return pln__error_set(
                err, PLN_EDATA, "column %s: row %d: index %lld, the dictionary has %lld values",
                s->column->name, row, (long long)at, (long long)s->values->length);
        index[kept] = row;
        groups[kept] = group;
        kept += pln__array_valid(s->values, at);
    }
    *n = kept;
    return PLN_OK;
}

static pln_status keep(const source *s, pln__agg_block *block, pln_error *err) {
    if (s->rows == NULL)
        return PLN_OK;
    block->n = keep_valid(s, block->room[0], block->room[1], block->n);
    return refers(s) ? keep_referred(s, block->room[0], block->room[1], &block->n, err) : PLN_OK;
}

static void refer(const source *s, const int32_t *rows, int32_t *out, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        out[i] = (int32_t)referred(s, rows[i]);
}

/* Copies rows and groups, which are about to be picked from. */
static void copy_rows(const pln__agg_rows *rows, int64_t done, pln__agg_block *block) {
    for (int64_t i = 0; i < block->n; i++)
        block->room[0][i] =
            rows->rows == NULL ? (int32_t)(rows->first + done + i) : rows->rows[done + i];
    for (int64_t i = 0; i < block->n; i++)
        block->room[1][i] = rows->groups == NULL ? rows->group : rows->groups[done + i];
}

pln_status pln__agg_next(const pln__agg_rows *rows, const pln__agg_column *column,
                         const pln__agg_column *second, int64_t *done, pln__agg_block *block,
                         pln_error *err) {
    source a = source_of(rows, column), b = source_of(rows, second);
    int64_t from = *done;
    pln_status status = PLN_OK;
    block->n = rows->n - from < PLN__AGG_BLOCK ? rows->n - from : PLN__AGG_BLOCK;
    *done += block->n;
    block->values = a.values;
    block->second_values = b.values;
    if (!has_nulls(&a) && !has_nulls(&b)) {
        block->first = block->second_first = rows->first + from;
        block->index = block->second_index = rows->rows == NULL ? NULL : rows->rows + from;
        block->groups = rows->groups == NULL ? NULL : rows->groups + from;
        return PLN_OK;
    }
    if (b.rows == NULL && !refers(&a) && rows->rows == NULL) {
        block->n = pick_valid(pln__array_validity(a.rows), a.rows->offset, rows, from, block);
    } else {
        copy_rows(rows, from, block);
        PLN__TRY(keep(&a, block, err));
    }
    PLN__TRY(keep(&b, block, err));
    block->first = block->second_first = 0;
    block->index = block->second_index = block->room[0];
    block->groups = rows->groups == NULL ? NULL : block->room[1];
    if (b.rows != NULL && refers(&b)) {
        refer(&b, block->room[0], block->room[2], block->n);
        block->second_index = block->room[2];
    }
    if (refers(&a)) {
        /* Behind the second column, which may still go by the rows of the batch. */
        if (block->second_index == block->room[0] && second != NULL) {
            memcpy(block->room[2], block->room[0], (size_t)block->n * sizeof(int32_t));
            block->second_index = block->room[2];
        }
        refer(&a, block->room[0], block->room[0], block->n);
    }
out:
    return status;
}

pln_status pln__agg_next_values(const pln__aggregate *a, const pln__agg_rows *rows, int64_t *done,
                                const void **words, pln_error *err) {
    pln__agg_block *block = &a->scratch->block;
    pln_status status =
        pln__agg_next(rows, a->column.child < 0 ? NULL : &a->column, NULL, done, block, err);
    *words = NULL;
    if (status == PLN_OK && a->load != NULL)
        *words = a->load(block->values, block->first, block->index, block->n, a->scratch->values);
    return status;
}
