#include "connect/file/file.h"
#include "fake_host.h"
#include "memfs.h"
#include "schema/schema.h"
#include <check.h>
#include <errno.h>
#include <pln/builder.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

/*
 * The real sink on files that lose power. A writer of three epochs is stopped before each of its changes; every state that the loss could leave is
 * looked at, recovered from with the power going again before each change of the recovery, and at last run to the end. Three losses of
 * power in a row, four in the long form (PLN_TORTURE).
 *
 * `job` is what the state file would remember: it survives everything.
 */

enum { EPOCHS = 3 };

typedef struct job {
    int64_t owner;
    int64_t n;     /* committed */
    int64_t acked; /* commit(n) has returned */
    char handle[1024];
    int64_t handle_size;
} job;

typedef struct form {
    const char *what;
    const char *stage;
    const char *config;
    bool numbered;
    bool gzip;
} form;
static const form forms[] = {
    {"one file", "ndjson.write", "{\"path\": \"dir/out\"}", false, false},
    {"one file, CSV", "csv.write", "{\"path\": \"dir/out\"}", false, false},
    {"one file, gzip", "ndjson.write", "{\"path\": \"dir/out.gz\"}", false, true},
    {"a file an epoch", "ndjson.write", "{\"path\": \"dir/out-{n}\"}", true, false},
    {"a file an epoch, in place", "csv.write", "{\"path\": \"{n}.csv\"}", true, false},
};

static const form *f;
static fake_host *host;
static int64_t states, runs, violations;
static const char *violation;
static uint32_t lies;
static bool expected;

#define ID                                                                                         \
    "{\"type\": \"record\", \"name\": \"r\", \"fields\": [{\"name\": \"id\", \"type\": "           \
    "\"long\"}]}"

static void broken(const char *what) {
    violations++;
    violation = what;
    if (!expected)
        ck_abort_msg("%s: %s", f->what, what);
}

/* ---- the writer ---- */

static pln_status write_rows(fake_node *sink, int64_t first, int64_t count, pln_error *err) {
    pln_builder *builder;
    pln_batch *batch;
    pln_status status = pln_builder_new(host->runtime, pln__schema_get(sink->in[0]), &builder, err);
    if (status < 0)
        return status;
    for (int64_t i = 0; i < count; i++)
        ck_assert_int_eq(pln_column_int(pln_builder_column(builder, 0), first + i, NULL), PLN_OK);
    status = pln_builder_finish(builder, &batch, err);
    pln_builder_free(builder);
    if (status < 0)
        return status;
    status = fake_write(sink, batch, err);
    pln_batch_unref(batch);
    return status;
}

/* Epoch 2 has no rows. */
static int64_t rows_of(int64_t n) {
    return n == 2 ? 0 : 2;
}

static pln_status one_epoch(fake_node *sink, job *j, pln_error *err) {
    int64_t n = j->n + 1;
    pln_status status = fake_begin(sink, n, err);
    if (status >= 0 && rows_of(n) > 0)
        status = write_rows(sink, n * 10, rows_of(n), err);
    if (status >= 0 && n == EPOCHS)
        status = fake_finish(sink, err);
    if (status >= 0)
        status = fake_flush(sink, n, err);
    if (status >= 0)
        status = fake_prepare(sink, n, err);
    if (status < 0)
        return status;
    ck_assert_int_le(sink->handle_size, (int64_t)sizeof j->handle);
    memcpy(j->handle, sink->handle == NULL ? "" : sink->handle, (size_t)sink->handle_size);
    j->handle_size = sink->handle_size;
    j->n = n; /* the commit point */
    if (j->handle_size > 0)
        status = fake_commit(sink, n, j->handle, j->handle_size, err);
    if (status >= 0)
        j->acked = n;
    return status;
}

/* One process's life: take the run over, recover, write what is missing. */
static pln_status live(memfs *fs, job *j, pln_error *err) {
    struct ArrowSchema schema;
    host->files = *memfs_ops(fs);
    host->identity.owner = 0; /* the run is taken over once every node is open */
    host->identity.epoch = j->n + 1;
    runs++;
    fake_node *sink = fake_node_new(host, f->stage, f->config);
    pln_status status = fake_open(sink, err);
    if (status >= 0) {
        ck_assert_int_eq(pln__schema_from_avro(host->mem, ID, -1, &schema, NULL), PLN_OK);
        fake_in(sink, 0, &schema);
        schema.release(&schema);
        status = fake_schema(sink, err);
    }
    host->identity.owner = ++j->owner;
    if (status >= 0)
        status =
            fake_recover(sink, j->n, j->handle_size > 0 ? j->handle : NULL, j->handle_size, err);
    if (status >= 0)
        j->acked = j->n;
    while (status >= 0 && j->n < EPOCHS)
        status = one_epoch(sink, j, err);
    fake_node_free(sink);
    return status;
}

/* ---- what may be seen ---- */

static void text_of(int64_t first_epoch, int64_t last_epoch, char *out) {
    bool csv = strcmp(f->stage, "csv.write") == 0;
    out += sprintf(out, "%s", csv ? "id\n" : "");
    for (int64_t n = first_epoch; n <= last_epoch; n++)
        for (int64_t i = 0; i < rows_of(n); i++)
            out += sprintf(out, csv ? "%lld\n" : "{\"id\":%lld}\n", (long long)(n * 10 + i));
}

static void unpack(const char *bytes, int64_t size, char *out, size_t room) {
    z_stream z = {0};
    z.next_in = (Bytef *)(uintptr_t)bytes;
    z.avail_in = (uInt)size;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)room - 1;
    ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
    while (inflate(&z, Z_NO_FLUSH) == Z_STREAM_END && z.avail_in > 0)
        ck_assert_int_eq(inflateReset(&z), Z_OK);
    *z.next_out = '\0';
    inflateEnd(&z);
}

/* The file is there and whole (1), absent (0), or neither (-1). */
static int look(const memfs *fs, const char *path, int64_t first, int64_t last) {
    char want[500], got[500];
    int64_t size;
    const char *bytes = memfs_bytes(fs, path, &size);
    if (bytes == NULL)
        return 0;
    text_of(first, last, want);
    if (f->gzip) {
        unpack(bytes, size, got, sizeof got);
        return strcmp(got, want) == 0 ? 1 : -1;
    }
    return (int64_t)strlen(want) == size && memcmp(bytes, want, (size_t)size) == 0 ? 1 : -1;
}

static const char *epoch_path(int64_t n) {
    static char path[64];
    snprintf(path, sizeof path,
             strcmp(f->stage, "csv.write") == 0 ? "%020lld.csv" : "dir/out-%020lld", (long long)n);
    return path;
}

static void check(const memfs *fs, const job *j) {
    if (!f->numbered) {
        int seen = look(fs, f->gzip ? "dir/out.gz" : "dir/out", 1, EPOCHS);
        if (seen < 0)
            broken("the visible file is torn");
        if (seen == 1 && j->n < EPOCHS)
            broken("the file is visible before it was committed");
        if (seen == 0 && j->acked == EPOCHS)
            broken("a committed file is lost");
        return;
    }
    for (int64_t n = 1; n <= EPOCHS; n++) {
        int seen = look(fs, epoch_path(n), n, n);
        if (seen < 0)
            broken("a visible file is torn");
        if (seen == 1 && (n > j->n || rows_of(n) == 0))
            broken("a file is visible that was not committed");
        if (seen == 0 && n <= j->acked && rows_of(n) > 0)
            broken("a committed file is lost");
    }
}

static void check_end(const memfs *fs, const job *j) {
    check(fs, j);
    int64_t want = 0;
    if (f->numbered)
        for (int64_t n = 1; n <= EPOCHS; n++)
            want += rows_of(n) > 0;
    if (memfs_count(fs) != (f->numbered ? want : 1))
        broken("something half-made stays");
    if (memfs_open_count(fs) != 0)
        broken("a descriptor stays open");
}

/* ---- every crash ---- */

typedef struct level {
    job j;
    int depth;
} level;

static void explore(memfs *fs, const job *j, int depth);

static void after_crash(void *arg, memfs *state) {
    const level *at = arg;
    states++;
    check(state, &at->j);
    if (at->depth > 0)
        explore(state, &at->j, at->depth - 1);
}

static void explore(memfs *start, const job *j, int depth) {
    for (int64_t stop = 1;; stop++) {
        pln_error err = {0};
        memfs *fs = memfs_copy(start);
        level at = {*j, depth};
        memfs_power(fs, stop);
        memfs_lie(fs, lies);
        pln_status status = live(fs, &at.j, &err);
        bool off = memfs_is_off(fs);
        if (off) {
            memfs_states(fs, after_crash, &at);
        } else {
            if (status == PLN_EDATALOSS)
                broken("recovery finds data lost");
            else
                ck_assert_msg(status >= 0, "%s: %s", f->what, err.message);
            if (status >= 0)
                check_end(fs, &at.j);
            /* Acknowledged: it must survive a loss of power now, too. */
            level end = {at.j, 0};
            memfs_states(fs, after_crash, &end);
        }
        memfs_free(fs);
        if (!off || (expected && violations > 0))
            return;
    }
}

static void explore_form(int depth) {
    job j = {0};
    memfs *fs = memfs_new();
    states = runs = violations = 0;
    host = fake_host_new(NULL);
    ck_assert_int_eq(pln__connect_file_register(&host->host, &host->runtime->registry, NULL),
                     PLN_OK);
    explore(fs, &j, depth);
    memfs_free(fs);
    ck_assert_int_eq(fake_host_free(host), 0);
}

START_TEST(no_loss_of_power_shows_half_a_file_or_loses_one) {
    f = &forms[_i];
    lies = 0;
    expected = false;
    explore_form(getenv("PLN_TORTURE") != NULL ? 3 : 2);
    printf("crash %s: %lld states after %lld runs, 0 violations\n", f->what, (long long)states,
           (long long)runs);
    ck_assert_int_gt(states, 100);
}
END_TEST

/* The test above must be able to fail: without one kind of sync it does. */
START_TEST(each_kind_of_sync_is_needed) {
    static const uint32_t kinds[] = {MEMFS_SYNC, MEMFS_SYNC_DIRECTORY};
    f = &forms[_i / 2];
    lies = kinds[_i % 2];
    expected = true;
    explore_form(1);
    ck_assert_int_gt(violations, 0);
    printf("crash %s without %s: %s\n", f->what,
           _i % 2 == 0 ? "sync of files" : "sync of directories", violation);
}
END_TEST

/* ---- failures short of a crash ---- */

START_TEST(every_failing_operation_is_recovered_from) {
    static const int natives[] = {EIO, ENOSPC};
    int64_t tried = 0;
    f = &forms[_i];
    expected = false;
    host = fake_host_new(NULL);
    ck_assert_int_eq(pln__connect_file_register(&host->host, &host->runtime->registry, NULL),
                     PLN_OK);
    for (int how = 0; how < 8; how++) {
        bool failed = true;
        for (int64_t at = 1; failed; at++) {
            pln_error err = {0};
            job j = {0};
            memfs *fs = memfs_new();
            memfs_fault fault = {MEMFS_ALL, at, (how & 1) != 0, (how & 2) != 0, natives[how >> 2]};
            memfs_fail(fs, &fault);
            pln_status status = live(fs, &j, &err);
            failed = status < 0;
            tried++;
            if (failed) {
                ck_assert_msg(status == PLN_EIO || status == PLN_ELIMIT, "%s", err.message);
                ck_assert_int_ne(err.message[0], '\0');
                check(fs, &j);
                ck_assert_int_eq(memfs_open_count(fs), 0);
                fault.at = 0;
                memfs_fail(fs, &fault);
                status = live(fs, &j, &err);
            }
            ck_assert_msg(status >= 0, "%s", err.message);
            check_end(fs, &j);
            memfs_free(fs);
        }
    }
    ck_assert_int_eq(fake_host_free(host), 0);
    printf("failures %s: %lld\n", f->what, (long long)tried);
}
END_TEST

/* After a sync that failed nothing more is written, synced or shown, until another attempt recovers. */
START_TEST(a_failed_sync_poisons_the_sink) {
    f = &forms[_i];
    host = fake_host_new(NULL);
    ck_assert_int_eq(pln__connect_file_register(&host->host, &host->runtime->registry, NULL),
                     PLN_OK);
    struct ArrowSchema schema;
    pln_error err = {0};
    memfs *fs = memfs_new();
    host->files = *memfs_ops(fs);
    host->identity.owner = 1;
    fake_node *sink = fake_node_new(host, f->stage, f->config);
    ck_assert_int_eq(fake_open(sink, &err), PLN_OK);
    ck_assert_int_eq(pln__schema_from_avro(host->mem, ID, -1, &schema, NULL), PLN_OK);
    fake_in(sink, 0, &schema);
    schema.release(&schema);
    ck_assert_int_eq(fake_schema(sink, &err), PLN_OK);
    ck_assert_int_eq(fake_begin(sink, 1, &err), PLN_OK);
    ck_assert_int_eq(write_rows(sink, 1, 1, &err), PLN_OK);
    memfs_fault fault = {.kinds = MEMFS_SYNC, .at = 1, .native = EIO};
    memfs_fail(fs, &fault);
    ck_assert_int_eq(fake_prepare(sink, 1, &err), PLN_EIO);
    ck_assert_uint_ne(err.flags & PLN_ERR_FATAL, 0);
    int64_t before = memfs_changes(fs);
    for (int i = 0; i < 3; i++) {
        err = (pln_error){0};
        pln_status status = i == 0   ? fake_prepare(sink, 1, &err)
                            : i == 1 ? fake_abort(sink, 1, NULL, 0, &err)
                                     : fake_recover(sink, 0, NULL, 0, &err);
        ck_assert_int_eq(status, PLN_EIO);
        ck_assert_uint_ne(err.flags & PLN_ERR_FATAL, 0);
        ck_assert_ptr_nonnull(strstr(err.message, "earlier sync"));
    }
    ck_assert_int_eq(memfs_changes(fs), before);
    fake_node_free(sink);
    memfs_free(fs);
    ck_assert_int_eq(fake_host_free(host), 0);
}
END_TEST

/* A writer that was taken over from, but lives on: whatever it still does, only the new owner's rows become visible. */
START_TEST(a_writer_that_lost_its_run_cannot_disturb) {
    f = &forms[_i];
    expected = false;
    for (int64_t stop = 0; stop <= EPOCHS; stop++) {
        pln_error err = {0};
        job j = {0};
        struct ArrowSchema schema;
        memfs *fs = memfs_new();
        host = fake_host_new(NULL);
        ck_assert_int_eq(pln__connect_file_register(&host->host, &host->runtime->registry, NULL),
                         PLN_OK);
        host->files = *memfs_ops(fs);
        host->identity.owner = j.owner = 1;
        fake_node *zombie = fake_node_new(host, f->stage, f->config);
        ck_assert_int_eq(fake_open(zombie, &err), PLN_OK);
        ck_assert_int_eq(pln__schema_from_avro(host->mem, ID, -1, &schema, NULL), PLN_OK);
        fake_in(zombie, 0, &schema);
        schema.release(&schema);
        ck_assert_int_eq(fake_schema(zombie, &err), PLN_OK);
        ck_assert_int_eq(fake_recover(zombie, 0, NULL, 0, &err), PLN_OK);
        while (j.n < stop)
            ck_assert_int_eq(one_epoch(zombie, &j, &err), PLN_OK);
        job before = j;
        ck_assert_msg(live(fs, &j, &err) >= 0, "%s", err.message);
        host->identity.epoch = before.n + 1;
        host->identity.owner = 1; /* as far as it knows */
        /* Its files are gone or no longer looked at; failing is fine, showing is not. */
        (void)write_rows(zombie, 900, 2, &err);
        (void)fake_prepare(zombie, before.n + 1, &err);
        if (before.handle_size > 0)
            (void)fake_commit(zombie, before.n, before.handle, before.handle_size, &err);
        check(fs, &j);
        (void)fake_abort(zombie, before.n + 1, NULL, 0, &err);
        fake_node_free(zombie);
        check(fs, &j);
        memfs_free(fs);
        ck_assert_int_eq(fake_host_free(host), 0);
    }
}
END_TEST

Suite *suite_connect_file_crash(void) {
    Suite *suite = suite_create("connect/file_crash");
    TCase *tcase = tcase_create("file_crash");
    int n = PLN__COUNT(forms);
    tcase_set_timeout(tcase, 240);
    tcase_add_loop_test(tcase, no_loss_of_power_shows_half_a_file_or_loses_one, 0, n);
    tcase_add_loop_test(tcase, each_kind_of_sync_is_needed, 0, 2 * n);
    tcase_add_loop_test(tcase, every_failing_operation_is_recovered_from, 0, n);
    tcase_add_loop_test(tcase, a_failed_sync_poisons_the_sink, 0, n);
    tcase_add_loop_test(tcase, a_writer_that_lost_its_run_cannot_disturb, 0, n);
    suite_add_tcase(suite, tcase);
    return suite;
}
