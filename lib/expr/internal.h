/*
 * What the sources of room expr share: the tree a text parses to, the program it compiles to, and what kernels use.
 *
 * A program is a list of operations over registers, each set once. It runs over blocks of X_BLOCK rows, so that
 * registers stay in cache. A register has values, a validity bitmap and, only where some row has failed, a reason a row:
 * a failure is a value that travels like null does, so `case` and `and` drop the failures of arms that do not decide.
 */
#ifndef PLN__EXPR_INTERNAL_H
#define PLN__EXPR_INTERNAL_H

#include "base/number.h"
#include "base/time.h"
#include "base/utf8.h"
#include "expr/expr.h"

#define X_BLOCK 1024
#define X_WORDS (X_BLOCK / 64)
#define X_TEXT_MAX 65536
#define X_OPS_MAX 4096
#define X_VALUE_MAX (16 * 1024 * 1024) /* bytes of one text value that a function makes */
#define X_CONSTANT_MAX 65536           /* bytes of a text constant that folding may make */

/* ---- arena (arena.c) ---- */

typedef struct xchunk xchunk;
typedef struct xarena {
    const pln_allocator *mem;
    xchunk *chunks; /* the newest first */
    xchunk *spare;  /* kept by reset */
} xarena;
/* 64-byte aligned, not zeroed; NULL if there is no memory. */
void *pln__x_alloc(xarena *arena, int64_t size);
void *pln__x_zalloc(xarena *arena, int64_t size);
/* No alignment: bytes of text. */
uint8_t *pln__x_bytes(xarena *arena, int64_t size);
/* Give back what the last pln__x_bytes handed out beyond `used` bytes. */
void pln__x_bytes_trim(xarena *arena, const uint8_t *bytes, int64_t used);
void pln__x_reset(xarena *arena);
/* The same, and large chunks are given back. */
void pln__x_trim(xarena *arena);
void pln__x_free(xarena *arena);

/* ---- types ---- */

typedef struct xstr {
    const uint8_t *data;
    int64_t size;
} xstr;

/* No text, at an address that may be counted from. */
static inline xstr x_empty(void) {
    return (xstr){(const uint8_t *)"", 0};
}

enum { X_INTERVAL = PLN__TYPE_COUNT + 1 }; /* a constant only */

/* A type of SQL. `schema` is set for lists, structs and maps alone. */
typedef struct xtype {
    int32_t id;
    int32_t unit;
    int32_t precision;
    int32_t scale;
    const char *timezone; /* never NULL */
    const struct ArrowSchema *schema;
} xtype;

/* How values lie in a register. */
enum {
    X_BITS = 0,
    X_I8,
    X_I16,
    X_I32,
    X_I64,
    X_U8,
    X_U16,
    X_U32,
    X_U64,
    X_F32,
    X_F64,
    X_DEC,
    X_TEXT,
    X_REF,  /* nested: rows of an Arrow array */
    X_VOID, /* interval: in the register's own fields */
    X_PHYS_COUNT
};

/* ---- tree (lexer.c, parser*.c) ---- */

enum {
    T_END,
    T_NAME,
    T_QUOTED,
    T_INTEGER,
    T_DECIMAL,
    T_FLOAT,
    T_TEXT,
    T_BYTES,
    T_LEFT,
    T_RIGHT,
    T_OPEN,
    T_CLOSE,
    T_COMMA,
    T_DOT,
    T_CAST,
    T_PLUS,
    T_MINUS,
    T_STAR,
    T_SLASH,
    T_PERCENT,
    T_POWER,
    T_JOIN,
    T_AND,
    T_OR,
    T_TILDE,
    T_SHL,
    T_SHR,
    T_EQ,
    T_NE,
    T_LT,
    T_LE,
    T_GT,
    T_GE
};

typedef struct xtoken {
    int32_t kind;
    int32_t start, end; /* bytes of the text */
} xtoken;

typedef struct xlexer {
    const char *text;
    int32_t size;
    int32_t at;
    int32_t last_end; /* of the token before `token` */
    xtoken token;     /* the current one */
    pln_error *err;
} xlexer;

enum {
    N_LITERAL,
    N_COLUMN,
    N_MEMBER,
    N_SUBSCRIPT,
    N_NEGATE,
    N_PLUS,
    N_BINARY,
    N_COMPARE,
    N_CONCAT,
    N_AND,
    N_OR,
    N_NOT,
    N_IS_NULL,
    N_IS_BOOL,
    N_DISTINCT,
    N_IN,
    N_BETWEEN,
    N_LIKE,
    N_CASE,
    N_CAST,
    N_CALL
};

/*
 * `op` is the token of an operator; 'T' or 'F' of N_IS_BOOL; 'L' or 'I' of N_LIKE; one of L_* of N_LITERAL. `name` is a column's,
 * member's or function's, or the word before a literal.
 */
typedef struct xnode xnode;
struct xnode {
    int32_t kind;
    int32_t start, end;
    int32_t op;
    bool negated;  /* is not, not in ...; N_CASE: has an operand */
    bool quoted;   /* N_COLUMN */
    bool has_else; /* N_CASE; N_CAST: try_cast */
    int32_t n_args;
    xnode *first, *last, *next;
    xnode *up; /* while compiling */
    const char *name;
    xstr text;   /* literal, unescaped */
    xtype type;  /* N_CAST */
    int32_t reg; /* once compiled */
};
enum {
    L_NULL,
    L_TRUE,
    L_FALSE,
    L_INTEGER,
    L_DECIMAL,
    L_FLOAT,
    L_TEXT,
    L_BYTES,
    L_DATE,
    L_TIME,
    L_TIMESTAMP,
    L_INTERVAL
};

typedef struct xparser {
    xlexer lex;
    xarena *arena;
    const pln_allocator *mem;
    pln_error *err;
    int32_t depth;
} xparser;

/* ---- program ---- */

/*
 * What a register holds for the rows of a block. Text of a column is base[offsets[i], offsets[i + 1]) and has no `data` until somebody asks for
 * views. Of a nested value, `data` is rows of `array`, -1 where null. `fail` is 0 or a reason | operation << 8; a failed row is
 * not valid.
 */
typedef struct xvec {
    const void *data;      /* values; words of bits; xstr; int32 rows */
    const uint64_t *valid; /* NULL: all rows are */
    const uint32_t *fail;  /* NULL: none has */
    const int32_t *offsets;
    const uint8_t *base;
    const struct ArrowArray *array;
} xvec;

typedef struct xreg {
    xtype type;
    int32_t phys;
    bool constant; /* one value, the same in all rows */
    bool literal;  /* an integer or text literal, which adapts to its neighbour's type */
    bool null;     /* a constant null */
    bool nullable;
    bool used;
    int32_t months; /* X_INTERVAL */
    int64_t us;
    xvec vec;
    void *own;   /* storage of values */
    xstr *views; /* storage of views built from offsets */
    uint64_t *own_valid;
    uint32_t *own_fail;
} xreg;

typedef struct xprog xprog;
typedef struct xop xop;
typedef pln_status xkernel(xprog *p, const xop *op, int32_t n);

enum {
    XF_STRICT = 1,   /* null or failed in, null or failed out: done before the kernel runs */
    XF_FAILS = 2,    /* may fail by itself */
    XF_LOAD = 4,     /* reads the batch or the clock: never folded */
    XF_TRY = 8,      /* its own failures are nulls */
    XF_NOT_NULL = 16 /* never gives null */
};
enum {
    XR_OVERFLOW = 1,
    XR_ZERO,
    XR_SYNTAX,
    XR_RANGE,
    XR_DOMAIN,
    XR_LONG,
    XR_UTF8,
    XR_INEXACT,
    XR_STEPS, /* of a regular expression: see X_REGEXP_STEPS */
    XR_PLACES /* X_REGEXP_KIB */
};

struct xop {
    xkernel *run;
    int32_t out;
    int32_t n_args;
    const int32_t *args;
    uint32_t flags;
    int32_t start, end; /* of the text */
    const char *name;   /* "+" or "sqrt" */
    int64_t imm;
    int64_t imm2;
    const void *aux;
};

struct xprog {
    const pln_allocator *mem;
    xarena arena; /* lives with the program */
    xarena block; /* values of the current block */
    uint32_t cpu;
    uint64_t seed;
    const char *text;
    int32_t size;
    const struct ArrowSchema *input;
    xreg *regs;
    int32_t n_regs, cap_regs;
    xop *ops;
    int32_t n_ops, cap_ops;
    int32_t running; /* index of the operation that runs */
    int32_t result;
    int32_t bare; /* a column and nothing else: its index, or -1 */
    bool is_volatile;
    bool interpret;          /* no machine code of regular expressions */
    struct xregexp *regexps; /* freed with the program */
    const struct ArrowArray *rows; /* while evaluating */
    int64_t row0;
    int64_t now_us;
};

struct pln__expr {
    xprog prog;
    struct ArrowSchema field;
};

static inline const xvec *x_arg(const xprog *p, const xop *op, int32_t i) {
    return &p->regs[op->args[i]].vec;
}
static inline const xreg *x_arg_reg(const xprog *p, const xop *op, int32_t i) {
    return &p->regs[op->args[i]];
}
static inline xreg *x_out(xprog *p, const xop *op) {
    return &p->regs[op->out];
}
/* Where a kernel writes its values. */
static inline void *x_dest(xprog *p, const xop *op) {
    return (void *)(uintptr_t)p->regs[op->out].vec.data;
}
static inline int32_t x_words(int32_t n) {
    return (n + 63) / 64;
}
/* Ones for the rows of word `w` that exist. */
static inline uint64_t x_word_mask(int32_t n, int32_t w) {
    int32_t left = n - w * 64;
    return left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
}
static inline bool x_bit(const void *bits, int32_t i) {
    uint64_t word;
    memcpy(&word, (const uint8_t *)bits + (size_t)(i / 64) * 8, 8);
    return (word >> (i % 64)) & 1;
}
static inline uint64_t x_valid_word(const xvec *v, int32_t n, int32_t w) {
    return (v->valid == NULL ? ~UINT64_C(0) : v->valid[w]) & x_word_mask(n, w);
}
static inline bool x_valid(const xvec *v, int32_t i) {
    return v->valid == NULL || ((v->valid[i / 64] >> (i % 64)) & 1);
}
static inline uint32_t x_failed(const xvec *v, int32_t i) {
    return v->fail == NULL ? 0 : v->fail[i];
}

/* ---- what kernels need (vector.c) ---- */

/* The bitmap of the running operation's result, made of ones if it has none yet. */
uint64_t *pln__x_valid_bits(xprog *p, const xop *op, int32_t n);
/* Row i of the result becomes null. */
void pln__x_null(xprog *p, const xop *op, int32_t n, int32_t i);
/* Row i of the result fails, unless it is null or has failed before. */
pln_status pln__x_fail(xprog *p, const xop *op, int32_t n, int32_t i, uint32_t reason);
/* Take over what another register's row has failed with; the row becomes null. */
pln_status pln__x_fail_as(xprog *p, const xop *op, int32_t n, int32_t i, uint32_t why);
/* Text as views, built once a block; NULL if there is no memory. */
const xstr *pln__x_views(xprog *p, int32_t reg, int32_t n);
/* One value of a text register. */
static inline xstr x_text(const xvec *v, int32_t i) {
    if (v->data != NULL)
        return ((const xstr *)v->data)[i];
    return (xstr){v->base + v->offsets[i], v->offsets[i + 1] - v->offsets[i]};
}
/* Strict nulls and failures of the arguments into the result. */
pln_status pln__x_merge(xprog *p, const xop *op, int32_t n);
int32_t pln__x_width(int32_t phys); /* 0 for bits */
/* The bits of a block's validity or boolean column, shifted to bit 0 and zero beyond n. */
void pln__x_bits_load(uint64_t *out, const uint8_t *bits, int64_t offset, int32_t n);

/* ---- running (eval.c) ---- */

/* One block: rows [row0, row0 + n). `dest` (may be NULL) takes the result's values instead of its own storage. */
pln_status pln__x_run(xprog *p, int64_t row0, int32_t n, void *dest, pln_error *err);
/* One operation, with its failures and nulls of arguments settled first. */
pln_status pln__x_step(xprog *p, const xop *op, int32_t n);
/* Row numbers of the block where the result is true; `out` has `room`, at least the rows that are left (select_kernels.c). */
int64_t pln__x_select(const xprog *p, int32_t n, int32_t *out, int64_t room);
pln_status pln__x_select_column(const xprog *p, const struct ArrowArray *rows, int32_t *selected,
                                int64_t *n, pln_error *err);
/* The code and the message of a failed row (failure.c). */
pln_status pln__x_failure_code(uint32_t why);
pln_status pln__x_explain(const xprog *p, uint32_t why, int32_t row, char *out, int64_t size,
                          pln_error *err);
/* How many of `size` bytes of text fit into `max` without cutting a character. */
int32_t pln__x_fit(const char *text, int32_t size, int32_t max);
/* "1:14: " and so on before a syntax or type error (failure.c). */
pln_status pln__x_error(const char *text, int32_t at, pln_error *err, pln_status code,
                        const char *format, ...) PLN__PRINTF(5, 6);

/* ---- parsing ---- */

pln_status pln__x_next(xlexer *lex);
bool pln__x_is_word(const xlexer *lex, const char *word);
pln_status pln__x_unescape(xlexer *lex, xarena *arena, char quote, xstr *out);
pln_status pln__x_parse(xparser *parser, xnode **out);
pln_status pln__x_parse_expr(xparser *parser, int32_t level, xnode **out); /* level 0: everything */
pln_status pln__x_parse_primary(xparser *parser, xnode **out);
pln_status pln__x_parse_call(xparser *parser, xnode **out, int32_t start, const char *name);
pln_status pln__x_parse_type(xparser *parser, xtype *out); /* type_name.c */
pln_status pln__x_expect(xparser *parser, int32_t kind, const char *what);
pln_status pln__x_expect_word(xparser *parser, const char *word);
bool pln__x_accept_word(xparser *parser, const char *word, pln_status *status);
pln_status pln__x_unexpected(xparser *parser, const char *what);
xnode *pln__x_node(xparser *parser, int32_t kind, int32_t start);
void pln__x_append(xnode *parent, xnode *child);
bool pln__x_reserved(const char *text, int32_t size);
bool pln__x_word_is(const char *text, int32_t size, const char *word);
/* "1 day 02:00" to months and microseconds; unit may be NULL ('3' day). */
bool pln__x_parse_interval(xstr text, const char *unit, int32_t *months, int64_t *us);

/* ---- types (types.c) ---- */

xtype pln__x_type(int32_t id);
xtype pln__x_timestamp(int32_t unit, const char *timezone);
xtype pln__x_decimal(int32_t precision, int32_t scale);
int32_t pln__x_phys(const xtype *type);
bool pln__x_same(const xtype *a, const xtype *b);
/* How a type is called in messages; `out` has PLN__TYPE_TEXT_SIZE bytes. */
const char *pln__x_type_text(const xtype *type, char *out);
/* The type of a column or nested field; false if expressions do not know it. */
bool pln__x_type_of(const struct ArrowSchema *schema, xtype *out, pln_error *err);
/* The format string of a scalar type, for pln__field_new. */
void pln__x_format(const xtype *type, char out[96]);
static inline bool x_is_integer(const xtype *t) {
    return pln__type_is_integer(t->id);
}
static inline bool x_is_float(const xtype *t) {
    return t->id == PLN__FLOAT32 || t->id == PLN__FLOAT64;
}
static inline bool x_is_number(const xtype *t) {
    return pln__type_is_number(t->id);
}
static inline bool x_is_text(const xtype *t) {
    return t->id == PLN__UTF8 || t->id == PLN__BINARY;
}
static inline bool x_is_time(const xtype *t) {
    return t->id == PLN__TIME32 || t->id == PLN__TIME64;
}
static inline bool x_is_temporal(const xtype *t) {
    return t->id == PLN__DATE32 || x_is_time(t) || t->id == PLN__TIMESTAMP;
}
static inline bool x_is_nested(const xtype *t) {
    return t->id == PLN__LIST || t->id == PLN__STRUCT || t->id == PLN__MAP;
}
int32_t pln__x_digits(const xtype *integer); /* decimal digits of an integer type */
/* The decimal type that holds every value of a decimal or integer type. */
xtype pln__x_as_decimal(const xtype *type);

/* ---- compiling (compile*.c) ---- */

typedef struct xcompiler {
    xprog *p;
    pln_error *err;
    int32_t *columns; /* the register that holds each column, -1 where none does */
    int32_t now;      /* the register that holds now(), or -1 */
} xcompiler;

typedef struct xspec {
    xkernel *run;
    uint32_t flags;
    const char *name;
    int64_t imm, imm2;
    const void *aux;
} xspec;

pln_status pln__x_compile(xcompiler *c, xnode *node, int32_t *reg);
/* Drop what the result does not need and give what stays room for a block. */
pln_status pln__x_finish(xcompiler *c);
void pln__x_program_free(xprog *p);
/* Add an operation over args and give its result's register; folded where all args are constants. */
pln_status pln__x_emit(xcompiler *c, const xnode *at, const xspec *spec, const int32_t *args,
                       int32_t n_args, const xtype *type, int32_t *out);
pln_status pln__x_reg(xcompiler *c, const xtype *type, int32_t *out);
pln_status pln__x_constant(xcompiler *c, const xtype *type, const void *value, int32_t *out);
pln_status pln__x_null_constant(xcompiler *c, const xtype *type, int32_t *out);
pln_status pln__x_literal(xcompiler *c, xnode *node, int32_t *out);
pln_status pln__x_error_at(xcompiler *c, const xnode *at, pln_status code, const char *format, ...)
    PLN__PRINTF(4, 5);
/* "int64" ... of a register, in messages. */
const char *pln__x_reg_type(const xcompiler *c, int32_t reg, char *out);
/* The value as another type; literals adapt. */
pln_status pln__x_coerce(xcompiler *c, const xnode *at, int32_t *reg, const xtype *to);
pln_status pln__x_cast(xcompiler *c, const xnode *at, int32_t *reg, const xtype *to, bool soft);
/* The type in which all the registers can be compared; PLN_ETYPE names the two that do not fit. */
pln_status pln__x_common(xcompiler *c, const xnode *at, const int32_t *regs, int32_t n, xtype *out);
pln_status pln__x_compile_compare(xcompiler *c, const xnode *at, int32_t op, int32_t a, int32_t b,
                                  int32_t *out);
pln_status pln__x_compile_binary(xcompiler *c, xnode *node, int32_t *out);
pln_status pln__x_compile_sign(xcompiler *c, xnode *node, int32_t *out);
/* Comparisons and what is made of and, or, not, is. */
pln_status pln__x_compile_logic(xcompiler *c, xnode *node, int32_t *out);
int64_t pln__x_find_column(const xcompiler *c, const xnode *node);
pln_status pln__x_compile_in(xcompiler *c, xnode *node, int32_t *out);
pln_status pln__x_compile_like(xcompiler *c, xnode *node, int32_t *out);
pln_status pln__x_compile_case(xcompiler *c, xnode *node, int32_t *out);
pln_status pln__x_compile_call(xcompiler *c, xnode *node, int32_t *out);
pln_status pln__x_compile_column(xcompiler *c, xnode *node, int32_t *out);
pln_status pln__x_compile_member(xcompiler *c, xnode *node, int32_t *out);
pln_status pln__x_compile_subscript(xcompiler *c, xnode *node, int32_t *out);
pln_status pln__x_compile_concat(xcompiler *c, xnode *node, int32_t *out);
pln_status pln__x_condition(xcompiler *c, const xnode *at, int32_t *reg);
/* Registers of a node's arguments, in the arena. */
pln_status pln__x_arg_regs(xcompiler *c, const xnode *node, int32_t **out);
pln_status pln__x_blend(xcompiler *c, const xnode *at, const int32_t abc[3], const xtype *type,
                        int32_t *out);

/* ---- kernels ---- */

xkernel *pln__x_compare_kernel(int32_t phys, int32_t token, uint32_t cpu);
xkernel *pln__x_arith_kernel(int32_t phys, int32_t token, uint32_t cpu);
xkernel *pln__x_cast_kernel(int32_t from, int32_t to); /* numbers among each other */
xkernel *pln__x_bit_kernel(int32_t token);
xkernel *pln__x_blend_kernel(int32_t phys);
enum { X_CASE_ARMS = 16 }; /* more are done one after the other */
xkernel pln__x_case_text;
xkernel pln__x_and, pln__x_or, pln__x_not, pln__x_is_null, pln__x_is_true, pln__x_distinct,
    pln__x_nullif;
xkernel pln__x_load_fixed, pln__x_load_bits, pln__x_load_text, pln__x_load_ref, pln__x_load_rows,
    pln__x_gather, pln__x_member, pln__x_subscript, pln__x_map_get, pln__x_cardinality;
xkernel pln__x_cast_same, pln__x_cast_bool_int, pln__x_cast_int_bool, pln__x_cast_utf8;
xkernel pln__x_cast_dec_i64, pln__x_cast_dec_u64, pln__x_cast_dec_f64, pln__x_cast_dec_f32,
    pln__x_cast_dec_dec, pln__x_cast_i64_dec, pln__x_cast_u64_dec, pln__x_cast_f64_dec,
    pln__x_cast_f32_dec;
xkernel pln__x_cast_date_timestamp, pln__x_cast_timestamp_date, pln__x_cast_timestamp,
    pln__x_cast_timestamp_time, pln__x_cast_time;
xkernel *pln__x_parse_kernel(const xtype *to);    /* from utf8 */
xkernel *pln__x_format_kernel(const xtype *from); /* to utf8 */
/* The decimal nearest to the text of a number, half away from zero. */
pln__parsed pln__x_round_decimal(const char *text, int64_t size, const xtype *to, pln__int128 *out);
xkernel pln__x_add_days, pln__x_days_between, pln__x_us_between, pln__x_add_interval,
    pln__x_time_add;
xkernel pln__x_concat_strict;
/* Whether a text has another one at its start, at its end or anywhere: op->imm. */
xkernel pln__x_test_text;
enum { X_TEXT_START, X_TEXT_END, X_TEXT_PART };
/* Failures of one argument into the result. */
pln_status pln__x_merge_fail(xprog *p, const xop *op, int32_t n, const xvec *arg);

/* ---- functions (functions*.c) ---- */

/*
 * Letters of `args`, one an argument: t text, y binary, i int64, u uint64, f float64, n decimal, b boolean, d date, s timestamp,
 * m time of day, l list or map, a anything shown as text, * anything; a last + repeats the letter before it.
 * `result`: the same letters, 1 as the first argument, z timestamp(us, UTC), Z timestamp(us).
 */
typedef struct xfunction {
    const char *name;
    const char *args;
    char result;
    xkernel *run;
    uint32_t flags;
    int64_t imm;
    /* Instead of `run`: the types, the constants or the number of arguments need a look. */
    pln_status (*resolve)(xcompiler *c, xnode *node, const struct xfunction *f, int32_t *args,
                          int32_t *out);
} xfunction;
typedef struct xfunctions {
    const xfunction *items;
    int32_t count;
} xfunctions;
enum { X_FUNCTION_TABLES = 8 };
void pln__x_function_tables(xfunctions out[X_FUNCTION_TABLES]);
extern const xfunction pln__x_text_functions[], pln__x_make_functions[], pln__x_number_functions[],
    pln__x_time_functions[], pln__x_date_functions[], pln__x_other_functions[],
    pln__x_regexp_functions[], pln__x_format_functions[];
extern const int32_t pln__x_text_functions_count, pln__x_make_functions_count,
    pln__x_number_functions_count, pln__x_time_functions_count, pln__x_date_functions_count,
    pln__x_other_functions_count, pln__x_regexp_functions_count, pln__x_format_functions_count;

#endif
