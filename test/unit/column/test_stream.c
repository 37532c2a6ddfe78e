/* The Arrow C Stream interface, as consumer and as producer. */
#include "column/column.h"
#include "random_arrow.h"
#include <check.h>
#include <errno.h>
#include <stdlib.h>

static const pln_allocator *mem;
static pln_error err;
static struct ArrowSchema schema;

static void setup(void) {
    static const char *const formats[] = {"l", "u", NULL};
    mem = pln__system_allocator();
    err = (pln_error){0};
    plain_schema(formats, &schema);
}

static void teardown(void) {
    schema.release(&schema);
    ck_assert_int_eq(random_arrow_live(), 0);
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        pln_status status_ = (call);                                                               \
        ck_assert_msg(status_ == PLN_OK, "%s: %d %s", #call, status_, err.message);                \
    } while (0)

static pln__schema *shared(void) {
    struct ArrowSchema copy;
    pln__schema *out;
    OK(pln__schema_copy(mem, &schema, &copy, &err));
    OK(pln__schema_share(mem, &copy, &out, &err));
    return out;
}

/* ---- a foreign producer ---- */

typedef struct foreign {
    int left;
    int fail_with; /* once `left` is 0; 0: end */
    int released;
    char text[64];
    rng r;
} foreign;

static int foreign_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    static const char *const formats[] = {"l", "u", NULL};
    foreign *f = stream->private_data;
    if (f->left < 0)
        return f->fail_with;
    plain_schema(formats, out);
    return 0;
}

static int foreign_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    foreign *f = stream->private_data;
    memset(out, 0, sizeof *out);
    if (f->left-- > 0) {
        random_array(&f->r, &schema, 5, RANDOM_OFFSETS, out);
        return 0;
    }
    return f->fail_with;
}

static const char *foreign_error(struct ArrowArrayStream *stream) {
    foreign *f = stream->private_data;
    return f->text[0] == '\0' ? NULL : f->text;
}

static void foreign_release(struct ArrowArrayStream *stream) {
    ((foreign *)stream->private_data)->released++;
    stream->release = NULL;
}

static struct ArrowArrayStream stream_of(foreign *f) {
    return (struct ArrowArrayStream){foreign_schema, foreign_next, foreign_error, foreign_release,
                                     f};
}

START_TEST(reads_until_the_end) {
    foreign f = {.left = 3};
    struct ArrowArrayStream stream = stream_of(&f);
    pln__schema *got;
    pln_batch *batches[3];
    OK(pln__stream_schema(mem, &stream, &got, &err));
    ck_assert(pln__schema_equal(pln__schema_get(got), &schema));
    for (int i = 0; i < 3; i++)
        OK(pln__stream_next(mem, &stream, got, &batches[i], &err));
    pln_batch *none;
    ck_assert_int_eq(pln__stream_next(mem, &stream, got, &none, &err), PLN_EOS);
    ck_assert_ptr_null(none);
    /* What came outlives the stream. */
    stream.release(&stream);
    ck_assert_int_eq(f.released, 1);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(pln_batch_rows(batches[i]), 5);
        OK(pln_batch_validate(batches[i], PLN_VALIDATE_FULL, &err));
        pln_batch_unref(batches[i]);
    }
    ck_assert_int_eq(pln__stream_next(mem, &stream, got, &none, &err), PLN_ESTATE);
    pln__schema_unref(got);
}
END_TEST

START_TEST(errors_are_told) {
    static const struct {
        int code;
        pln_status status;
    } table[] = {{ENOMEM, PLN_ENOMEM},         {EINVAL, PLN_EDATA},   {EIO, PLN_EIO},
                 {ENOSYS, PLN_EUNSUPPORTED},   {12345, PLN_EIO},      {EAGAIN, PLN_EBUSY},
                 {ECANCELED, PLN_ECANCELLED}, {ETIMEDOUT, PLN_ETIMEOUT}};
    pln__schema *own = shared();
    for (int i = 0; i < PLN__COUNT(table); i++) {
        foreign f = {.fail_with = table[i].code, .text = "the disk is on fire"};
        struct ArrowArrayStream stream = stream_of(&f);
        pln_batch *batch;
        pln__schema *got;
        ck_assert_int_eq(pln__stream_next(mem, &stream, own, &batch, &err), table[i].status);
        ck_assert_int_eq(err.native, table[i].code);
        ck_assert(strstr(err.message, "the disk is on fire") != NULL);
        f.text[0] = '\0';
        f.left = -1;
        ck_assert_int_eq(pln__stream_schema(mem, &stream, &got, &err), table[i].status);
        ck_assert(strstr(err.message, "does not say why") != NULL);
    }
    pln__schema_unref(own);
}
END_TEST

static int wrong_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    foreign *f = stream->private_data;
    random_array(&f->r, &schema, 5, 0, out);
    out->children[0]->length = 1;
    return 0;
}

START_TEST(damaged_arrays_are_refused_and_released) {
    foreign f = {.left = 1};
    struct ArrowArrayStream stream = stream_of(&f);
    pln__schema *own = shared();
    pln_batch *batch;
    stream.get_next = wrong_next;
    ck_assert_int_eq(pln__stream_next(mem, &stream, own, &batch, &err), PLN_EDATA);
    ck_assert(strstr(err.message, "column a") != NULL);
    ck_assert_ptr_null(batch);
    pln__schema_unref(own);
}
END_TEST

/* ---- we produce ---- */

typedef struct supply {
    pln__schema *schema;
    int left;
    pln_status end;
    int calls;
    int released;
    rng r;
} supply;

static pln_status supply_next(void *user, pln_batch **out, pln_error *e) {
    supply *s = user;
    struct ArrowArray array;
    s->calls++;
    if (s->left-- > 0) {
        random_array(&s->r, &schema, 4, RANDOM_OFFSETS, &array);
        return pln__batch_new(mem, s->schema, &array, out, e);
    }
    if (s->end < 0)
        return pln__error_set(e, s->end, "the well is dry");
    return s->end;
}

static void supply_release(void *user) {
    ((supply *)user)->released++;
}

static struct ArrowArrayStream export(supply *s) {
    pln__stream_source source = {s->schema, supply_next, supply_release, s};
    struct ArrowArrayStream stream;
    OK(pln__stream_export(mem, &source, &stream, &err));
    return stream;
}

START_TEST(gives_until_the_end) {
    supply s = {.schema = shared(), .left = 2, .end = PLN_EOS};
    struct ArrowArrayStream made = export(&s);
    struct ArrowArrayStream stream = made;
    struct ArrowSchema fields;
    struct ArrowArray arrays[2];
    struct ArrowArray none;
    memset(&made, 0xee, sizeof made);
    ck_assert_int_eq(stream.get_schema(&stream, &fields), 0);
    ck_assert(pln__schema_equal(&fields, &schema));
    ck_assert_int_eq(stream.get_next(&stream, &arrays[0]), 0);
    ck_assert_int_eq(stream.get_next(&stream, &arrays[1]), 0);
    for (int i = 0; i < 3; i++) {
        none.release = (void (*)(struct ArrowArray *))abort;
        ck_assert_int_eq(stream.get_next(&stream, &none), 0);
        ck_assert(none.release == NULL);
    }
    ck_assert_int_eq(s.calls, 3);
    ck_assert_ptr_null(stream.get_last_error(&stream));
    /* The schema may be asked for again, also at the end. */
    fields.release(&fields);
    ck_assert_int_eq(stream.get_schema(&stream, &fields), 0);
    stream.release(&stream);
    ck_assert(stream.release == NULL);
    ck_assert_int_eq(s.released, 1);
    pln__schema_unref(s.schema);
    for (int i = 0; i < 2; i++) {
        OK(pln__array_validate(&fields, &arrays[i], PLN__VALIDATE_FULL, &err));
        arrays[i].release(&arrays[i]);
    }
    fields.release(&fields);
}
END_TEST

START_TEST(failures_are_given) {
    static const struct {
        pln_status status;
        int code;
    } table[] = {{PLN_ENOMEM, ENOMEM},   {PLN_EDATA, EINVAL},       {PLN_EIO, EIO},
                 {PLN_EINTERNAL, EIO},   {PLN_ECANCELLED, ECANCELED}, {PLN_ETYPE, EINVAL},
                 {PLN_EUNSUPPORTED, ENOSYS}};
    for (int i = 0; i < PLN__COUNT(table); i++) {
        supply s = {.schema = shared(), .left = 0, .end = table[i].status};
        struct ArrowArrayStream stream = export(&s);
        struct ArrowArray array;
        for (int again = 0; again < 2; again++) {
            ck_assert_int_eq(stream.get_next(&stream, &array), table[i].code);
            ck_assert(array.release == NULL);
            ck_assert_str_eq(stream.get_last_error(&stream), "the well is dry");
        }
        ck_assert_int_eq(s.calls, 1);
        stream.release(&stream);
        pln__schema_unref(s.schema);
    }
}
END_TEST

/* A callback that answers neither rows, end nor error, and one that gives rows of another shape. */
START_TEST(broken_callbacks_are_named) {
    supply s = {.schema = shared(), .end = PLN_AGAIN};
    struct ArrowArrayStream stream = export(&s);
    struct ArrowArray array;
    ck_assert_int_eq(stream.get_next(&stream, &array), EIO);
    ck_assert(strstr(stream.get_last_error(&stream), "PLN_AGAIN") != NULL);
    stream.release(&stream);

    struct ArrowSchema other;
    static const char *const formats[] = {"l", NULL};
    plain_schema(formats, &other);
    pln__schema *narrow;
    struct ArrowSchema copy;
    OK(pln__schema_copy(mem, &other, &copy, &err));
    OK(pln__schema_share(mem, &copy, &narrow, &err));
    other.release(&other);
    supply t = {.schema = narrow, .left = 1, .end = PLN_EOS};
    pln__stream_source source = {t.schema, supply_next, NULL, &s};
    s.left = 1;
    OK(pln__stream_export(mem, &source, &stream, &err));
    ck_assert_int_eq(stream.get_next(&stream, &array), EINVAL);
    ck_assert(strstr(stream.get_last_error(&stream), "another schema") != NULL);
    stream.release(&stream);
    pln__schema_unref(narrow);
    pln__schema_unref(s.schema);
}
END_TEST

/* Our producer into our consumer. */
START_TEST(there_and_back) {
    supply s = {.schema = shared(), .left = 4, .end = PLN_EOS, .r = {17}};
    struct ArrowArrayStream stream = export(&s);
    pln__schema *got;
    pln_batch *batch;
    int n = 0;
    OK(pln__stream_schema(mem, &stream, &got, &err));
    while (pln__stream_next(mem, &stream, got, &batch, &err) == PLN_OK) {
        OK(pln_batch_validate(batch, PLN_VALIDATE_FULL, &err));
        pln_batch_unref(batch);
        n++;
    }
    ck_assert_int_eq(n, 4);
    stream.release(&stream);
    pln__schema_unref(got);
    pln__schema_unref(s.schema);
}
END_TEST

Suite *suite_column_stream(void) {
    Suite *suite = suite_create("column/stream");
    TCase *tc = tcase_create("stream");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, reads_until_the_end);
    tcase_add_test(tc, errors_are_told);
    tcase_add_test(tc, damaged_arrays_are_refused_and_released);
    tcase_add_test(tc, gives_until_the_end);
    tcase_add_test(tc, failures_are_given);
    tcase_add_test(tc, broken_callbacks_are_named);
    tcase_add_test(tc, there_and_back);
    suite_add_tcase(suite, tc);
    return suite;
}
