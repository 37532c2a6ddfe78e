/* Registries in a state file and in a directory: many writers, lost power, damage, lost memory. */
#include "fail_alloc.h"
#include "memfs.h"
#include "registry_stand.h"
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char INT[] = "\"int\"", LONG[] = "\"long\"";

static pln_status put(pln_schema_registry *registry, const char *subject, const char *schema,
                      int64_t *id, pln_error *err) {
    pln_schema_draft draft = draft_of(subject, schema);
    pln_schema_entry out = entry_new();
    pln_status status = pln_schema_registry_register(registry, &draft, &out, err);
    if (id != NULL)
        *id = out.id;
    return status;
}

static void record(char *out, size_t size, int writer, int n) {
    snprintf(
        out, size,
        "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"f%d_%d\",\"type\":\"int\","
        "\"default\":0}]}",
        writer, n);
}

/* ---- many writers ---- */

#define WRITERS 4
#define EACH 10

static void write_some(const stand *s, int writer) {
    pln_runtime *rt;
    pln_schema_registry *registry;
    pln_error err = {0};
    char schema[256];
    if (pln_runtime_new(NULL, &rt, &err) < 0 ||
        pln_schema_registry_open(rt, s->location, NULL, &registry, &err) < 0)
        _exit(2);
    for (int n = 0; n < EACH; n++) {
        record(schema, sizeof schema, writer, n);
        if (put(registry, "shared", schema, NULL, &err) < 0) {
            fprintf(stderr, "%s\n", err.message);
            _exit(1);
        }
    }
    pln_schema_registry_close(registry);
    pln_runtime_free(rt);
    _exit(0);
}

static pln_status count_version(void *arg, int32_t version) {
    int32_t *last = arg;
    return version == ++*last ? PLN_OK : PLN_EINTERNAL;
}

START_TEST(writers_take_turns) {
    stand s;
    bool seen[WRITERS * EACH + 1] = {false};
    int32_t last = 0;
    ck_assert(stand_up(&s, _i));
    for (int i = 0; i < WRITERS; i++)
        if (fork() == 0)
            write_some(&s, i);
    for (int i = 0; i < WRITERS; i++) {
        int status = 0;
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
    OK(&s, pln_schema_registry_versions(s.registry, "shared", 0, count_version, &last, &s.err));
    ck_assert_int_eq(last, WRITERS * EACH);
    for (int32_t v = 1; v <= last; v++) {
        pln_schema_entry out = entry_new();
        OK(&s, pln_schema_registry_version(s.registry, "shared", v, 0, &out, &s.err));
        ck_assert(out.id >= 1 && out.id <= WRITERS * EACH && !seen[out.id]);
        seen[out.id] = true;
    }
    stand_down(&s);
}
END_TEST

/* ---- lost power: the directory in a file system that loses what was not synced ---- */

static pln_runtime *runtime_on(memfs *fs) {
    pln_runtime_options options;
    pln_runtime *rt;
    pln_error err = {0};
    pln_runtime_options_init(&options, sizeof options);
    options.files = memfs_ops(fs);
    ck_assert_msg(pln_runtime_new(&options, &rt, &err) == PLN_OK, "%s", err.message);
    return rt;
}

/* Registers "int", then "long", deletes the first, sets a level. How many of the steps were answered with success. */
#define STEPS 6
static int work_in(memfs *fs) {
    pln_runtime *rt = runtime_on(fs);
    pln_schema_registry *registry = NULL;
    int done = 0;
    if (pln_schema_registry_open(rt, "r/", NULL, &registry, NULL) == PLN_OK) {
        done = 1;
        if (put(registry, "s", INT, NULL, NULL) == PLN_OK)
            done = 2;
        if (done == 2 && put(registry, "s", LONG, NULL, NULL) == PLN_OK)
            done = 3;
        if (done == 3 && pln_schema_registry_delete(registry, "s", 1, 0, NULL) == PLN_OK)
            done = 4;
        if (done == 4 && pln_schema_registry_delete(registry, "s", 1, 1, NULL) == PLN_OK)
            done = 5;
        if (done == 5 &&
            pln_schema_registry_set_level(registry, "s", PLN_COMPAT_FULL, NULL) == PLN_OK)
            done = 6;
    }
    pln_schema_registry_close(registry);
    pln_runtime_free(rt);
    return done;
}

static const char *text_of(pln_schema_registry *registry, int32_t version, uint32_t flags) {
    pln_schema_entry out = entry_new();
    return pln_schema_registry_version(registry, "s", version, flags, &out, NULL) == PLN_OK
               ? out.schema
               : "";
}

typedef struct outcome {
    int done;
    int64_t states;
} outcome;

static void check_state(void *arg, memfs *state) {
    outcome *o = arg;
    pln_error err = {0};
    pln_schema_registry *registry = NULL;
    pln_runtime *rt = runtime_on(state);
    int32_t level = -1;
    int64_t id = 0;
    o->states++;
    ck_assert_msg(pln_schema_registry_open(rt, "r/", NULL, &registry, &err) == PLN_OK,
                  "after %d: %s", o->done, err.message);
    /* What was said to be done is there; of the step that was not answered, all or nothing. */
    if (o->done >= 2 && o->done < 4)
        ck_assert_str_eq(text_of(registry, 1, PLN_SCHEMA_DELETED), INT);
    if (o->done >= 3)
        ck_assert_str_eq(text_of(registry, 2, 0), LONG);
    if (o->done >= 4)
        ck_assert_str_eq(text_of(registry, 1, 0), "");
    if (o->done >= 5)
        ck_assert_str_eq(text_of(registry, 1, PLN_SCHEMA_DELETED), "");
    pln_status status = pln_schema_registry_level(registry, "s", 0, &level, NULL);
    ck_assert(o->done < 6 ? status == PLN_ENOENT || level == PLN_COMPAT_FULL
                          : level == PLN_COMPAT_FULL);
    /* And it works on, with an id of its own. */
    ck_assert_msg(put(registry, "t", "\"string\"", &id, &err) == PLN_OK, "after %d: %s", o->done,
                  err.message);
    ck_assert_int_gt(id, o->done >= 3 ? 2 : o->done >= 2 ? 1 : 0);
    pln_schema_registry_close(registry);
    pln_runtime_free(rt);
}

START_TEST(survives_loss_of_power) {
    int64_t changes = 0;
    outcome o = {0, 0};
    memfs *whole = memfs_new();
    ck_assert_int_eq(work_in(whole), STEPS);
    changes = memfs_changes(whole);
    ck_assert_int_eq(memfs_open_count(whole), 0);
    memfs_free(whole);
    for (int64_t at = 1; at <= changes; at++) {
        memfs *fs = memfs_new();
        memfs_power(fs, at);
        o.done = work_in(fs);
        ck_assert_int_lt(o.done, STEPS);
        memfs_states(fs, check_state, &o);
        memfs_free(fs);
    }
    ck_assert_int_gt(o.states, changes);
}
END_TEST

/* A failed operation is an error that names the file, and nothing is half done. */
START_TEST(reports_failing_files) {
    memfs *whole = memfs_new();
    ck_assert_int_eq(work_in(whole), STEPS);
    int64_t changes = memfs_changes(whole);
    memfs_free(whole);
    for (int64_t at = 1; at <= changes; at++) {
        memfs *fs = memfs_new();
        memfs_fault fault = {MEMFS_CHANGES, at, false, true, 5};
        memfs_fail(fs, &fault);
        (void)work_in(fs);
        fault.at = 0;
        memfs_fail(fs, &fault);
        ck_assert_int_eq(memfs_open_count(fs), 0);
        outcome o = {0, 0};
        memfs *later = memfs_copy(fs);
        check_state(&o, later);
        memfs_free(later);
        memfs_free(fs);
    }
}
END_TEST

/* ---- damage ---- */

static void each_file(const char *folder, const char *ending, char *out, size_t size) {
    char command[1024];
    snprintf(command, sizeof command, "ls -d %s/*%s", folder, ending);
    FILE *list = popen(command, "r");
    ck_assert_ptr_nonnull(list);
    ck_assert_ptr_nonnull(fgets(out, (int)size, list));
    out[strcspn(out, "\n")] = '\0';
    pclose(list);
}

static void overwrite(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(finds_damage_in_a_directory) {
    static const char *const subjects[] = {
        "",
        "{",
        "[]",
        "{\"subject\": \"other\"}",
        "{\"subject\": \"s\", \"level\": \"SIDEWARD\"}",
        "{\"subject\": \"s\", \"level\": 7}",
        "{\"subject\": \"s\", \"versions\": [{\"version\": 1}]}",
        "{\"subject\": \"s\", \"versions\": [{\"version\": 2, \"id\": 1}, {\"version\": 1, \"id\": 1}]}",
        "{\"subject\": \"s\", \"versions\": [{\"version\": 99999999999, \"id\": 1}]}",
        "{\"subject\": \"s\", \"versions\": [{\"version\": 1, \"id\": 44}]}",
    };
    stand s;
    char path[1024], folder[512];
    pln_schema_entry out = entry_new();
    ck_assert(stand_up(&s, ON_DIRECTORY));
    OK(&s, put(s.registry, "s", INT, NULL, &s.err));
    snprintf(folder, sizeof folder, "%s/schemas/subjects", s.dir.path);
    each_file(folder, ".json", path, sizeof path);
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        overwrite(path, subjects[i]);
        FAILS(&s, PLN_ECORRUPT, 0,
              pln_schema_registry_version(s.registry, "s", 1, 0, &out, &s.err));
        ck_assert_uint_eq(s.err.flags, PLN_ERR_FATAL);
    }
    overwrite(path, "{\"subject\": \"s\", \"versions\": [{\"version\": 1, \"id\": 1}]}");
    OK(&s, pln_schema_registry_version(s.registry, "s", 1, 0, &out, &s.err));
    snprintf(folder, sizeof folder, "%s/schemas/schemas", s.dir.path);
    each_file(folder, ".avsc", path, sizeof path);
    overwrite(path, LONG);
    FAILS(&s, PLN_ECORRUPT, 0, pln_schema_registry_id(s.registry, 1, &out, &s.err));
    stand_down(&s);
}
END_TEST

START_TEST(leaves_other_directories_alone) {
    stand s;
    pln_schema_registry *out;
    char location[512];
    ck_assert(stand_up(&s, ON_DIRECTORY));
    scratch_write(&s.dir, "photos/cat.jpg", "x", 1);
    snprintf(location, sizeof location, "%s/photos", s.dir.path);
    FAILS(&s, PLN_EINVAL, 0, pln_schema_registry_open(s.rt, location, NULL, &out, &s.err));
    ck_assert_ptr_nonnull(strstr(s.err.message, "cat.jpg"));
    scratch_write(&s.dir, "later/registry.json", "{\"format\": 2}", -1);
    snprintf(location, sizeof location, "%s/later", s.dir.path);
    FAILS(&s, PLN_EUNSUPPORTED, 0, pln_schema_registry_open(s.rt, location, NULL, &out, &s.err));
    stand_down(&s);
}
END_TEST

/* What people see who look into the directory. */
START_TEST(lays_files_out_for_people) {
    stand s;
    int64_t size;
    ck_assert(stand_up(&s, ON_DIRECTORY));
    OK(&s, put(s.registry, "orders/a-value", INT, NULL, &s.err));
    OK(&s, pln_schema_registry_set_level(s.registry, "orders/a-value", PLN_COMPAT_FULL, &s.err));
    char *subject = scratch_read(&s.dir, "schemas/subjects/orders%2fa-value.json", &size);
    ck_assert_ptr_nonnull(subject);
    ck_assert_str_eq(subject, "{\n  \"subject\": \"orders/a-value\",\n  \"level\": \"FULL\",\n"
                              "  \"versions\": [\n    {\"version\": 1, \"id\": 1}\n  ]\n}\n");
    free(subject);
    /* md5sum of "int" with its quotes */
    char *schema =
        scratch_read(&s.dir, "schemas/schemas/1-ef524ea1b91e73173d938ade36c1db32.avsc", &size);
    ck_assert_ptr_nonnull(schema);
    ck_assert_str_eq(schema, "\"int\"\n");
    free(schema);
    stand_down(&s);
}
END_TEST

static void sql(const char *location, const char *text) {
    sqlite3 *db = NULL;
    char *message = NULL;
    ck_assert_int_eq(sqlite3_open(location + strlen("sqlite:"), &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &message) == SQLITE_OK, "%s", message);
    sqlite3_close(db);
}

START_TEST(finds_damage_in_a_file) {
    stand s;
    pln_schema_entry out = entry_new();
    ck_assert(stand_up(&s, ON_FILE));
    OK(&s, put(s.registry, "s", INT, NULL, &s.err));
    sql(s.location, "UPDATE registry_schema SET text='\"long\"'");
    FAILS(&s, PLN_ECORRUPT, 0, pln_schema_registry_id(s.registry, 1, &out, &s.err));
    sql(s.location, "UPDATE registry_schema SET text='\"int\"', refs='{'");
    FAILS(&s, PLN_ECORRUPT, 0, pln_schema_registry_id(s.registry, 1, &out, &s.err));
    sql(s.location, "INSERT INTO registry_level VALUES('', 'SIDEWARD')");
    int32_t level;
    FAILS(&s, PLN_ECORRUPT, 0, pln_schema_registry_level(s.registry, NULL, 0, &level, &s.err));
    stand_down(&s);
}
END_TEST

START_TEST(shares_the_state_file_of_runs) {
    stand s;
    pln_schema_registry *out;
    char path[512];
    ck_assert(stand_up(&s, ON_FILE));
    sql(s.location, "INSERT INTO run VALUES('p', 'k', 1, 0, x'', 'state', NULL, 0, 0)");
    stand_again(&s);
    OK(&s, put(s.registry, "s", INT, NULL, &s.err));
    /* A database of somebody else is refused. */
    snprintf(path, sizeof path, "sqlite:%s/other.db", s.dir.path);
    sql(path, "CREATE TABLE photos(x)");
    FAILS(&s, PLN_EINVAL, 0, pln_schema_registry_open(s.rt, path, NULL, &out, &s.err));
    stand_down(&s);
}
END_TEST

/* ---- lost memory ---- */

static pln_status scenario(pln_runtime *rt, const char *location, pln_error *err) {
    pln_schema_registry *registry = NULL;
    pln_avro_schema *schema = NULL;
    int32_t fits = 0;
    int64_t id = 0;
    pln_schema_draft bad = draft_of("s", "\"string\"");
    pln_status status = pln_schema_registry_open(rt, location, NULL, &registry, err);
    if (status >= 0)
        status = put(registry, "s", INT, &id, err);
    if (status >= 0)
        status = put(registry, "s", LONG, NULL, err);
    if (status >= 0)
        status = pln_schema_registry_check(registry, &bad, PLN_SCHEMA_EVERY, &fits, err);
    if (status >= 0)
        status = pln_schema_registry_schema(registry, id, &schema, err);
    if (status >= 0)
        status = pln_schema_registry_delete(registry, "s", 1, 0, err);
    if (status >= 0)
        status = pln_schema_registry_delete(registry, "s", 1, 1, err);
    pln_avro_schema_free(schema);
    pln_schema_registry_close(registry);
    return status;
}

START_TEST(survives_loss_of_memory) {
    stand s;
    ck_assert(stand_up(&s, _i));
    int64_t step = getenv("PLN_TORTURE") == NULL ? 13 : 1;
    for (int64_t n = 0;; n += step) {
        fail_alloc f;
        pln_runtime_options options;
        pln_runtime *rt = NULL;
        pln_error err = {0};
        char location[512];
        snprintf(location, sizeof location, _i == ON_FILE ? "sqlite:%s/%d.db" : "%s/%d/",
                 s.dir.path, (int)n);
        pln_runtime_options_init(&options, sizeof options);
        options.allocator = fail_alloc_init(&f, n);
        pln_status status = pln_runtime_new(&options, &rt, &err);
        if (status >= 0)
            status = scenario(rt, location, &err);
        pln_runtime_free(rt);
        ck_assert_int_eq(fail_alloc_live(&f), 0);
        if (!f.failed) {
            ck_assert_msg(status >= 0, "%s", err.message);
            break;
        }
        ck_assert_msg(status == PLN_ENOMEM, "%d: %s %s", (int)n, pln_status_name(status),
                      err.message);
    }
    stand_down(&s);
}
END_TEST

Suite *suite_registry_embedded(void);
Suite *suite_registry_embedded(void) {
    Suite *suite = suite_create("registry/embedded");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 120);
    tcase_add_loop_test(all, writers_take_turns, 0, ON_SERVER);
    tcase_add_loop_test(all, survives_loss_of_memory, 0, ON_SERVER);
    tcase_add_test(all, survives_loss_of_power);
    tcase_add_test(all, reports_failing_files);
    tcase_add_test(all, finds_damage_in_a_directory);
    tcase_add_test(all, leaves_other_directories_alone);
    tcase_add_test(all, lays_files_out_for_people);
    tcase_add_test(all, finds_damage_in_a_file);
    tcase_add_test(all, shares_the_state_file_of_runs);
    suite_add_tcase(suite, all);
    return suite;
}
