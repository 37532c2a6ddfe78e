#include "expr/regexp.h"

#ifdef PLN_HAVE_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
    DEPTH_MAX = 100000,
    MACHINE_CODE_OF_MAX = 65536, /* bytes of a compiled pattern; its machine code is some times larger */
    STACK_FIRST = 32768,         /* of machine code: address space that is used as it is needed */
    STACK_MAX = 524288
};

struct xregexp {
    xregexp *next;
    pcre2_general_context *memory;
    pcre2_code *code;
    pcre2_match_data *found;
    pcre2_match_context *limits;
    pcre2_jit_stack *stack;
    bool machine; /* there is machine code */
};

/* ---- memory: PCRE2 does not say how much it frees ---- */

enum { HEAD = 16 };

static void *take(size_t size, void *mem) {
    uint64_t total = (uint64_t)size + HEAD;
    uint8_t *block = pln__alloc(mem, total);
    if (block == NULL)
        return NULL;
    memcpy(block, &total, sizeof total);
    return block + HEAD;
}

static void give(void *ptr, void *mem) {
    uint64_t total;
    if (ptr == NULL)
        return;
    uint8_t *block = (uint8_t *)ptr - HEAD;
    memcpy(&total, block, sizeof total);
    pln__free(mem, block, total);
}

void pln__x_regexps_free(xregexp *list) {
    for (xregexp *r = list; r != NULL; r = r->next) {
        pcre2_jit_stack_free(r->stack);
        pcre2_match_context_free(r->limits);
        pcre2_match_data_free(r->found);
        pcre2_code_free(r->code);
        pcre2_general_context_free(r->memory);
    }
}

/* ---- compiling ---- */

static uint32_t option_of(uint8_t flag) {
    switch (flag) {
    case 'i': return PCRE2_CASELESS;
    case 'm': return PCRE2_MULTILINE;
    case 's': return PCRE2_DOTALL;
    case 'x': return PCRE2_EXTENDED;
    default: return 0;
    }
}

static pln_status read_flags(xcompiler *c, const xnode *at, xstr flags, bool global_known,
                             bool *global, uint32_t *options) {
    for (int64_t i = 0; i < flags.size; i++) {
        char shown[PLN__SHOW_SIZE];
        uint8_t flag = flags.data[i];
        int32_t used;
        if (flag == 'c')
            *options &= ~PCRE2_CASELESS;
        else if (flag == 'g' && global_known)
            *global = true;
        else if (option_of(flag) != 0)
            *options |= option_of(flag);
        else {
            (void)pln__utf8_decode(flags.data + i, flags.size - i, &used);
            return pln__x_error_at(
                c, at, PLN_ESYNTAX, "%s: no such flag %s (there are c, %si, m, s, x)", at->name,
                pln__show(shown, flags.data + i, used), global_known ? "g, " : "");
        }
    }
    return PLN_OK;
}

static pln_status bad_pattern(xcompiler *c, const xnode *at, xstr pattern, int code, size_t where) {
    char shown[PLN__SHOW_SIZE];
    PCRE2_UCHAR why[160] = "";
    int64_t size = (int64_t)where < pattern.size ? (int64_t)where : pattern.size;
    if (code == PCRE2_ERROR_HEAP_FAILED)
        return pln__error_memory(c->err, (uint64_t)pattern.size);
    (void)pcre2_get_error_message(code, why, sizeof why);
    return pln__x_error_at(c, at, PLN_ESYNTAX, "%s: the pattern %s, after %lld characters: %s",
                           at->name, pln__show(shown, pattern.data, pattern.size),
                           (long long)(size == 0 ? 0 : pln__utf8_count(pattern.data, size)),
                           (const char *)why);
}

static pln_status compile(xcompiler *c, const xnode *at, xstr pattern, uint32_t options,
                          xregexp *r) {
    int code;
    size_t where;
    pcre2_compile_context *how = pcre2_compile_context_create(r->memory);
    if (how == NULL)
        return pln__error_memory(c->err, 0);
    /* How the installed PCRE2 was configured must not matter. */
    (void)pcre2_set_newline(how, PCRE2_NEWLINE_LF);
    (void)pcre2_set_bsr(how, PCRE2_BSR_UNICODE);
    (void)pcre2_set_parens_nest_limit(how, PLN__NESTING_MAX);
    r->code = pcre2_compile(pattern.data, (size_t)pattern.size,
                            options | PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C,
                            &code, &where, how);
    pcre2_compile_context_free(how);
    return r->code == NULL ? bad_pattern(c, at, pattern, code, where) : PLN_OK;
}

/* Whatever stands in the way, the pattern is interpreted. */
static void make_machine_code(xregexp *r) {
    size_t size = 0;
    (void)pcre2_pattern_info(r->code, PCRE2_INFO_SIZE, &size);
    if (size > MACHINE_CODE_OF_MAX || pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE) != 0)
        return;
    /* Without one it would take 32 KiB of the host's stack. */
    r->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MAX, r->memory);
    if (r->stack == NULL)
        return;
    pcre2_jit_stack_assign(r->limits, NULL, r->stack);
    r->machine = pcre2_pattern_info(r->code, PCRE2_INFO_JITSIZE, &size) == 0 && size > 0;
}

pln_status pln__x_regexp_new(xcompiler *c, const xnode *at, xstr pattern, xstr flags, uint32_t how,
                             bool *global, xregexp **out) {
    pln_status status;
    xprog *p = c->p;
    uint32_t options = 0;
    bool all = false;
    xregexp *r = pln__x_zalloc(&p->arena, (int64_t)sizeof *r);
    if (r == NULL)
        return pln__error_memory(c->err, sizeof *r);
    r->next = p->regexps;
    p->regexps = r;
    PLN__TRY(read_flags(c, at, flags, (how & X_REGEXP_GLOBAL) != 0, &all, &options));
    r->memory = pcre2_general_context_create(take, give, (void *)(uintptr_t)p->mem);
    if (r->memory == NULL)
        return pln__error_memory(c->err, 0);
    PLN__TRY(compile(c, at, pattern, options, r));
    r->found = how & X_REGEXP_TEST ? pcre2_match_data_create(1, r->memory)
                                   : pcre2_match_data_create_from_pattern(r->code, r->memory);
    r->limits = pcre2_match_context_create(r->memory);
    if (r->found == NULL || r->limits == NULL)
        return pln__error_memory(c->err, 0);
    (void)pcre2_set_match_limit(r->limits, X_REGEXP_STEPS);
    (void)pcre2_set_depth_limit(r->limits, DEPTH_MAX);
    (void)pcre2_set_heap_limit(r->limits, X_REGEXP_KIB);
    if (!p->interpret)
        make_machine_code(r);
    if (global != NULL)
        *global = all;
    *out = r;
out:
    return status;
}

int32_t pln__x_regexp_groups(const xregexp *r) {
    uint32_t n = 0;
    (void)pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &n);
    return (int32_t)n;
}

/* ---- matching ---- */

static int32_t outcome(int code) {
    if (code >= 0)
        return X_HIT;
    switch (code) {
    case PCRE2_ERROR_NOMATCH: return X_MISS;
    case PCRE2_ERROR_NOMEMORY: return X_NO_MEMORY;
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT: return -XR_PLACES;
    default: return -XR_STEPS; /* the limit, or a pattern that calls itself for ever */
    }
}

static int32_t match(const xregexp *r, xstr s, int64_t from, uint32_t options) {
    size_t size = (size_t)s.size, start = (size_t)from;
    if (r->machine) {
        int code = pcre2_jit_match(r->code, s.data, size, start, options, r->found, r->limits);
        if (PLN__LIKELY(code != PCRE2_ERROR_JIT_STACKLIMIT))
            return outcome(code);
    }
    return outcome(pcre2_match(r->code, s.data, size, start,
                               options | PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, r->found, r->limits));
}

int32_t pln__x_regexp_test(xregexp *r, xstr text) {
    return match(r, text, 0, 0);
}

int32_t pln__x_regexp_next(xscan *scan) {
    int64_t from = scan->end;
    int32_t result = match(scan->r, scan->text, from, scan->empty ? PCRE2_NOTEMPTY_ATSTART : 0);
    if (result != X_HIT)
        return result;
    const size_t *at = pcre2_get_ovector_pointer(scan->r->found);
    int64_t start = (int64_t)at[0], end = (int64_t)at[1];
    /* Old versions let \K move the start of a match behind its end, or before the last one. */
    if (end < from || start > end || (scan->empty && end == from))
        return X_MISS;
    scan->start = start < from ? from : start;
    scan->end = end;
    scan->empty = start == end;
    return X_HIT;
}

xstr pln__x_regexp_group(const xscan *scan, int32_t i, bool *found) {
    const size_t *at = pcre2_get_ovector_pointer(scan->r->found) + (ptrdiff_t)i * 2;
    *found = at[0] != PCRE2_UNSET && at[0] <= at[1];
    return *found ? (xstr){scan->text.data + at[0], (int64_t)(at[1] - at[0])} : x_empty();
}

#else

pln_status pln__x_regexp_new(xcompiler *c, const xnode *at, xstr pattern, xstr flags, uint32_t how,
                             bool *global, xregexp **out) {
    (void)pattern;
    (void)flags;
    (void)how;
    (void)global;
    (void)out;
    return pln__x_error_at(c, at, PLN_EUNSUPPORTED, "%s: this library was built without PCRE2",
                           at->name);
}

void pln__x_regexps_free(xregexp *list) {
    (void)list;
}

int32_t pln__x_regexp_groups(const xregexp *r) {
    (void)r;
    return 0;
}

int32_t pln__x_regexp_test(xregexp *r, xstr text) {
    (void)r;
    (void)text;
    return X_MISS;
}

int32_t pln__x_regexp_next(xscan *scan) {
    (void)scan;
    return X_MISS;
}

xstr pln__x_regexp_group(const xscan *scan, int32_t i, bool *found) {
    (void)scan;
    (void)i;
    *found = false;
    return x_empty();
}

#endif
