/* How often avro.decode asks its registry, which here is the test's own and counts: bad ids must not become a question a row. */
#include "fake_host.h"
#include "json_rows.h"
#include "schema/avro.h"
#include "stage/stage.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char TEXT[] =
    "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"id\",\"type\":\"int\"}]}";

/* ---- a registry that knows ids below `known`, all of the same schema, and 1000 as a string ---- */

static struct { int64_t known, asked; } counts;

static pln_status find(pln_schema_registry *registry, int64_t id, pln_avro_schema **out,
                       pln_error *err) {
    (void)registry;
    counts.asked++;
    if (id >= counts.known && id != 1000)
        return pln__error_set(err, PLN_ENOENT, "schema %d: not found", (int)id);
    return pln__avro_parse(pln__system_allocator(), id == 1000 ? "\"string\"" : TEXT, -1, NULL, out,
                           err);
}

static const pln_schema_registry_calls calls = {.struct_size = sizeof calls, .schema = find};

/* ---- one batch at a time ---- */

static fake_host *host;
static fake_node *node;
static pln_error err;

static void setup(void) {
    char config[400];
    struct ArrowSchema schema;
    counts.known = counts.asked = 0;
    host = fake_host_new(NULL);
    host->host.schema_registry = &calls;
    ck_assert_int_eq(pln__stage_register(&host->host, &host->runtime->registry, &err), PLN_OK);
    snprintf(config, sizeof config, "{\"column\": \"v\", \"frame\": \"confluent\", \"schema\": %s}",
             "\"{\\\"type\\\":\\\"record\\\",\\\"name\\\":\\\"R\\\",\\\"fields\\\":[{\\\"name\\\":"
             "\\\"id\\\",\\\"type\\\":\\\"int\\\"}]}\"");
    node = fake_node_new(host, "avro.decode", config);
    fake_bind(node, "registry_handle", &counts);
    ck_assert_msg(fake_open(node, &err) == PLN_OK, "%s", err.message);
    json_schema("v z", &schema);
    fake_in(node, 0, &schema);
    ck_assert_msg(fake_schema(node, &err) == PLN_OK, "%s", err.message);
    schema.release(&schema);
}

static void teardown(void) {
    fake_node_free(node);
    ck_assert_int_eq(fake_host_free(host), 0);
}

/* n rows of ids first, first + step, ... with one byte of data; how many were rejected. */
static int64_t rejected(int64_t first, int64_t step, int64_t n) {
    struct ArrowSchema schema;
    struct ArrowArray rows;
    pln__column column;
    json_schema("v z", &schema);
    ck_assert_int_eq(pln__column_init(host->mem, &schema, &column, NULL), PLN_OK);
    for (int64_t i = 0; i < n; i++) {
        uint32_t id = (uint32_t)(first + i * step);
        uint8_t datum[] = {
            0, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id, 2};
        ck_assert_int_eq(pln_column_bytes(&column.children[0], datum, sizeof datum, NULL), PLN_OK);
        ck_assert_int_eq(pln_column_end(&column, NULL), PLN_OK);
    }
    ck_assert_int_eq(pln__column_finish(&column, &rows, NULL), PLN_OK);
    pln__column_free(&column);
    fake_forget(node);
    pln_batch *batch = fake_batch(host, &schema, &rows);
    ck_assert_msg(fake_process(node, 0, batch, &err) == PLN_OK, "%s", err.message);
    pln_batch_unref(batch);
    schema.release(&schema);
    return node->n_rejects;
}

START_TEST(known_ids_cost_one_question) {
    counts.known = 10;
    ck_assert_int_eq(rejected(7, 0, 100), 0);
    ck_assert_int_eq(rejected(7, 0, 100), 0);
    ck_assert_int_eq(counts.asked, 1);
}
END_TEST

START_TEST(unknown_ids_are_asked_again_after_a_while) {
    ck_assert_int_eq(rejected(7, 0, 1000), 1000);
    ck_assert_str_eq(node->rejects[999].message, "schema 7: not found");
    counts.known = 10;
    host->now_us += 4999999;
    ck_assert_int_eq(rejected(7, 0, 1000), 1000);
    ck_assert_int_eq(counts.asked, 1);
    host->now_us += 1;
    ck_assert_int_eq(rejected(7, 0, 1000), 0);
    ck_assert_int_eq(counts.asked, 2);
}
END_TEST

START_TEST(schemas_that_do_not_fit_never_will) {
    ck_assert_int_eq(rejected(1000, 0, 10), 10);
    host->now_us += INT64_C(1000000) * 3600;
    ck_assert_int_eq(rejected(1000, 0, 10), 10);
    ck_assert_int_eq(counts.asked, 1);
}
END_TEST

/* Memory is bounded, and a decoder that was forgotten is made anew. */
START_TEST(made_up_ids_are_forgotten) {
    counts.known = 10;
    ck_assert_int_eq(rejected(7, 0, 1), 0);
    int64_t before = host->live_blocks;
    for (int64_t i = 0; i < 30; i++)
        ck_assert_int_eq(rejected(2000 + i * 1000, 1, 1000), 1000);
    ck_assert_int_eq(counts.asked, 30001);
    ck_assert_int_lt(host->live_blocks - before, 25000);
    ck_assert_int_eq(rejected(7, 0, 1), 0);
    ck_assert_int_eq(counts.asked, 30002);
}
END_TEST

Suite *suite_stage_avro_ask(void);
Suite *suite_stage_avro_ask(void) {
    Suite *suite = suite_create("stage/avro_ask");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, known_ids_cost_one_question);
    tcase_add_test(tc, unknown_ids_are_asked_again_after_a_while);
    tcase_add_test(tc, schemas_that_do_not_fit_never_will);
    tcase_add_test(tc, made_up_ids_are_forgotten);
    suite_add_tcase(suite, tc);
    return suite;
}
