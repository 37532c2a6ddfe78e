/* The sketches of the library behind one table. */
#include "stage/sketch_stage.h"

/* ---- HyperLogLog ---- */

static pln_hll_options hll_options(const pln_allocator *mem, const pln__sketch_wish *wish) {
    pln_hll_options options;
    pln_hll_options_init(&options, sizeof options);
    options.seed = wish->seed;
    options.allocator = mem;
    return options;
}
static pln_status hll_make(const pln_allocator *mem, const pln__sketch_wish *wish, void **out,
                           pln_error *err) {
    pln_hll *sketch = NULL;
    pln_hll_options options = hll_options(mem, wish);
    options.precision = (int32_t)wish->precision;
    pln_status status = pln_hll_new(NULL, &options, &sketch, err);
    *out = sketch;
    return status;
}
static pln_status hll_add(void *sketch, const struct ArrowSchema *schema,
                          const struct ArrowArray *array, pln_error *err) {
    return pln_hll_add_column(sketch, schema, array, err);
}
static pln_status hll_merge(void *into, const void *from, pln_error *err) {
    return pln_hll_merge(into, from, err);
}
static pln_status hll_read(const pln_allocator *mem, const pln__sketch_wish *wish,
                           const uint8_t *bytes, int64_t size, void **out, pln_error *err) {
    pln_hll *sketch = NULL;
    pln_hll_options options = hll_options(mem, wish);
    pln_status status = pln_hll_read(NULL, PLN_HLL_NATIVE, &options, bytes, size, &sketch, err);
    *out = sketch;
    return status;
}
static int64_t hll_size(const void *sketch) {
    return pln_hll_size(sketch, PLN_HLL_NATIVE);
}
static pln_status hll_write(const void *sketch, uint8_t *out, int64_t size, pln_error *err) {
    return pln_hll_write(sketch, PLN_HLL_NATIVE, out, size, &size, err);
}
static void hll_free(void *sketch) {
    pln_hll_free(sketch);
}

/* ---- top-k ---- */

static pln_top_k_options top_options(const pln_allocator *mem, const pln__sketch_wish *wish) {
    pln_top_k_options options;
    pln_top_k_options_init(&options, sizeof options);
    options.seed = wish->seed;
    options.allocator = mem;
    return options;
}
static pln_status top_make(const pln_allocator *mem, const pln__sketch_wish *wish, void **out,
                           pln_error *err) {
    pln_top_k *sketch = NULL;
    pln_top_k_options options = top_options(mem, wish);
    options.capacity = wish->capacity;
    pln_status status = pln_top_k_new(NULL, &options, &sketch, err);
    *out = sketch;
    return status;
}
static pln_status top_add(void *sketch, const struct ArrowSchema *schema,
                          const struct ArrowArray *array, pln_error *err) {
    return pln_top_k_add_column(sketch, schema, array, NULL, err);
}
static pln_status top_merge(void *into, const void *from, pln_error *err) {
    return pln_top_k_merge(into, from, err);
}
static pln_status top_read(const pln_allocator *mem, const pln__sketch_wish *wish,
                           const uint8_t *bytes, int64_t size, void **out, pln_error *err) {
    pln_top_k *sketch = NULL;
    pln_top_k_options options = top_options(mem, wish);
    pln_status status = pln_top_k_read(NULL, PLN_TOP_K_NATIVE, &options, bytes, size, &sketch, err);
    *out = sketch;
    return status;
}
static int64_t top_size(const void *sketch) {
    return pln_top_k_size(sketch, PLN_TOP_K_NATIVE);
}
static pln_status top_write(const void *sketch, uint8_t *out, int64_t size, pln_error *err) {
    return pln_top_k_write(sketch, PLN_TOP_K_NATIVE, out, size, &size, err);
}
static void top_free(void *sketch) {
    pln_top_k_free(sketch);
}

/* ---- quantiles ---- */

static pln_quantiles_options kll_options(const pln_allocator *mem, const pln__sketch_wish *wish) {
    pln_quantiles_options options;
    pln_quantiles_options_init(&options, sizeof options);
    options.seed = wish->seed;
    options.allocator = mem;
    return options;
}
static pln_status kll_make(const pln_allocator *mem, const pln__sketch_wish *wish, void **out,
                           pln_error *err) {
    pln_quantiles *sketch = NULL;
    pln_quantiles_options options = kll_options(mem, wish);
    options.k = (int32_t)wish->k;
    pln_status status = pln_quantiles_new(NULL, &options, &sketch, err);
    *out = sketch;
    return status;
}
static pln_status kll_add(void *sketch, const struct ArrowSchema *schema,
                          const struct ArrowArray *array, pln_error *err) {
    return pln_quantiles_add_column(sketch, schema, array, err);
}
static pln_status kll_merge(void *into, const void *from, pln_error *err) {
    return pln_quantiles_merge(into, from, err);
}
static pln_status kll_read(const pln_allocator *mem, const pln__sketch_wish *wish,
                           const uint8_t *bytes, int64_t size, void **out, pln_error *err) {
    pln_quantiles *sketch = NULL;
    (void)wish;
    pln_status status = pln_quantiles_read(NULL, mem, bytes, size, &sketch, err);
    *out = sketch;
    return status;
}
static int64_t kll_size(const void *sketch) {
    return pln_quantiles_size(sketch);
}
static pln_status kll_write(const void *sketch, uint8_t *out, int64_t size, pln_error *err) {
    return pln_quantiles_write(sketch, out, size, &size, err);
}
static void kll_free(void *sketch) {
    pln_quantiles_free(sketch);
}

/* ---- Count-Min ---- */

static pln_count_min_options cms_options(const pln_allocator *mem, const pln__sketch_wish *wish) {
    pln_count_min_options options;
    pln_count_min_options_init(&options, sizeof options);
    options.seed = wish->seed;
    options.allocator = mem;
    return options;
}
static pln_status cms_make(const pln_allocator *mem, const pln__sketch_wish *wish, void **out,
                           pln_error *err) {
    pln_count_min *sketch = NULL;
    pln_count_min_options options = cms_options(mem, wish);
    options.epsilon = wish->epsilon;
    options.delta = wish->delta;
    pln_status status = pln_count_min_new(NULL, &options, &sketch, err);
    *out = sketch;
    return status;
}
static pln_status cms_add(void *sketch, const struct ArrowSchema *schema,
                          const struct ArrowArray *array, pln_error *err) {
    return pln_count_min_add_column(sketch, schema, array, NULL, err);
}
static pln_status cms_merge(void *into, const void *from, pln_error *err) {
    return pln_count_min_merge(into, from, err);
}
static pln_status cms_read(const pln_allocator *mem, const pln__sketch_wish *wish,
                           const uint8_t *bytes, int64_t size, void **out, pln_error *err) {
    pln_count_min *sketch = NULL;
    pln_count_min_options options = cms_options(mem, wish);
    pln_status status = pln_count_min_read(NULL, &options, bytes, size, &sketch, err);
    *out = sketch;
    return status;
}
static int64_t cms_size(const void *sketch) {
    return pln_count_min_size(sketch);
}
static pln_status cms_write(const void *sketch, uint8_t *out, int64_t size, pln_error *err) {
    return pln_count_min_write(sketch, out, size, &size, err);
}
static void cms_free(void *sketch) {
    pln_count_min_free(sketch);
}

#define KIND(name, magic, prefix)                                                                  \
    {                                                                                              \
        name, magic, prefix##_make, prefix##_add, prefix##_merge, prefix##_read, prefix##_size,    \
            prefix##_write, prefix##_free                                                          \
    }

static const pln__sketch_kind kinds[] = {KIND("hll", "PLNH", hll), KIND("top_k", "PLNT", top),
                                         KIND("quantiles", "PLNQ", kll),
                                         KIND("count_min", "PLNC", cms)};

const pln__sketch_kind *pln__sketch_kind_named(const char *name) {
    for (int i = 0; i < PLN__COUNT(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

const pln__sketch_kind *pln__sketch_kind_of(const uint8_t *bytes, int64_t size) {
    for (int i = 0; size >= 4 && i < PLN__COUNT(kinds); i++)
        if (memcmp(kinds[i].magic, bytes, 4) == 0)
            return &kinds[i];
    return NULL;
}
