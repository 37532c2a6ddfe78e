/* What every kind of schema registry must do; the answers are those of the REST calls that all of them are held to. */
#include "registry_stand.h"
#include <stddef.h>
#include <stdio.h>

static const char ORDER_1[] = "{\"type\":\"record\",\"name\":\"Order\",\"namespace\":\"shop\","
                              "\"fields\":[{\"name\":\"id\",\"type\":\"long\"}]}";
static const char ORDER_2[] = "{\"type\":\"record\",\"name\":\"Order\",\"namespace\":\"shop\","
                              "\"fields\":[{\"name\":\"id\",\"type\":\"long\"},"
                              "{\"name\":\"note\",\"type\":\"string\",\"default\":\"\"}]}";
/* Cannot read what ORDER_1 wrote; ORDER_1 can read this. */
static const char ORDER_3[] = "{\"type\":\"record\",\"name\":\"Order\",\"namespace\":\"shop\","
                              "\"fields\":[{\"name\":\"id\",\"type\":\"long\"},"
                              "{\"name\":\"price\",\"type\":\"double\"}]}";
static const char ITEM[] = "{\"type\":\"record\",\"name\":\"Item\",\"namespace\":\"shop\","
                           "\"fields\":[{\"name\":\"sku\",\"type\":\"string\"}]}";
static const char BASKET[] = "{\"type\":\"record\",\"name\":\"Basket\",\"namespace\":\"shop\","
                             "\"fields\":[{\"name\":\"items\",\"type\":"
                             "{\"type\":\"array\",\"items\":\"shop.Item\"}}]}";

static pln_schema_entry put(stand *s, const char *subject, const char *schema) {
    pln_schema_draft draft = draft_of(subject, schema);
    pln_schema_entry out = entry_new();
    OK(s, pln_schema_registry_register(s->registry, &draft, &out, &s->err));
    return out;
}

static pln_status try_put(stand *s, const char *subject, const char *schema) {
    pln_schema_draft draft = draft_of(subject, schema);
    pln_schema_entry out = entry_new();
    return pln_schema_registry_register(s->registry, &draft, &out, &s->err);
}

static pln_status try_version(stand *s, const char *subject, int32_t version) {
    pln_schema_entry out = entry_new();
    return pln_schema_registry_version(s->registry, subject, version, 0, &out, &s->err);
}

static pln_status try_find(stand *s, const char *subject, const char *schema) {
    pln_schema_draft draft = draft_of(subject, schema);
    pln_schema_entry out = entry_new();
    return pln_schema_registry_lookup(s->registry, &draft, &out, &s->err);
}

static pln_status try_delete(stand *s, const char *subject, int32_t version, int32_t permanent) {
    return pln_schema_registry_delete(s->registry, subject, version, permanent, &s->err);
}

/* Names and numbers, joined by blanks. */
static pln_status add_name(void *arg, const char *name) {
    strcat(arg, name);
    strcat(arg, "|");
    return PLN_OK;
}
static pln_status add_number(void *arg, int32_t version) {
    char text[16];
    snprintf(text, sizeof text, "%d ", (int)version);
    strcat(arg, text);
    return PLN_OK;
}
static const char *subjects(stand *s, uint32_t flags) {
    static char text[4096];
    text[0] = '\0';
    OK(s, pln_schema_registry_subjects(s->registry, flags, add_name, text, &s->err));
    return text;
}
static const char *versions(stand *s, const char *subject, uint32_t flags) {
    static char text[256];
    text[0] = '\0';
    OK(s, pln_schema_registry_versions(s->registry, subject, flags, add_number, text, &s->err));
    return text;
}

static bool says(stand *s, const char *words) {
    const char *message;
    for (int64_t i = 0; (message = pln_schema_registry_message(s->registry, i)) != NULL; i++)
        if (strstr(message, words) != NULL)
            return true;
    return false;
}

START_TEST(registers_and_finds) {
    stand s;
    if (!stand_up(&s, _i))
        return;
    ck_assert_str_eq(subjects(&s, 0), "");
    pln_schema_entry first = put(&s, "orders-value", ORDER_1);
    ck_assert_int_ge(first.id, 1);
    int64_t id = first.id;
    ck_assert_int_eq(put(&s, "orders-value", ORDER_1).id, id);
    ck_assert_str_eq(versions(&s, "orders-value", 0), "1 ");
    pln_schema_entry second = put(&s, "orders-value", ORDER_2);
    ck_assert_int_ne(second.id, id);
    ck_assert_str_eq(versions(&s, "orders-value", 0), "1 2 ");

    /* The same schema has the same id everywhere. */
    ck_assert_int_eq(put(&s, "other-value", ORDER_1).id, id);
    ck_assert_str_eq(subjects(&s, 0), "orders-value|other-value|");

    stand_again(&s);
    pln_schema_entry out = entry_new();
    OK(&s, pln_schema_registry_id(s.registry, id, &out, &s.err));
    ck_assert_str_eq(out.schema, ORDER_1);
    ck_assert_str_eq(out.type, "AVRO");
    OK(&s,
       pln_schema_registry_version(s.registry, "orders-value", PLN_SCHEMA_LATEST, 0, &out, &s.err));
    ck_assert_int_eq(out.version, 2);
    ck_assert_str_eq(out.schema, ORDER_2);
    ck_assert_str_eq(out.subject, "orders-value");
    OK(&s, pln_schema_registry_version(s.registry, out.subject, 1, 0, &out, &s.err));
    ck_assert_int_eq(out.id, id);
    /* What was lent may be handed in. */
    pln_schema_draft draft = draft_of(out.subject, out.schema);
    OK(&s, pln_schema_registry_lookup(s.registry, &draft, &out, &s.err));
    ck_assert_int_eq(out.id, id);
    ck_assert_int_eq(out.version, 1);
    stand_down(&s);
}
END_TEST

START_TEST(what_is_not_there) {
    stand s;
    if (!stand_up(&s, _i))
        return;
    pln_schema_entry out = entry_new();
    FAILS(&s, PLN_ENOENT, 40403, pln_schema_registry_id(s.registry, 17, &out, &s.err));
    FAILS(&s, PLN_ENOENT, 40401, try_version(&s, "orders-value", 1));
    ck_assert_ptr_nonnull(strstr(s.err.message, "orders-value"));
    FAILS(&s, PLN_ENOENT, 40401, try_version(&s, "orders-value", PLN_SCHEMA_LATEST));
    FAILS(&s, PLN_ENOENT, 40401, try_find(&s, "orders-value", ORDER_1));
    FAILS(&s, PLN_ENOENT, 40401, try_delete(&s, "orders-value", 0, 0));
    FAILS(&s, PLN_ENOENT, 40401, try_delete(&s, "orders-value", 1, 0));
    char text[64] = "";
    FAILS(&s, PLN_ENOENT, 40401,
          pln_schema_registry_versions(s.registry, "orders-value", 0, add_number, text, &s.err));
    put(&s, "orders-value", ORDER_1);
    FAILS(&s, PLN_ENOENT, 40402, try_version(&s, "orders-value", 2));
    FAILS(&s, PLN_ENOENT, 40402, try_delete(&s, "orders-value", 2, 0));
    FAILS(&s, PLN_ENOENT, 40403, try_find(&s, "orders-value", ORDER_2));
    FAILS(&s, PLN_EINVAL, 42202, try_version(&s, "orders-value", -7));
    FAILS(&s, PLN_EINVAL, 42202, try_version(&s, "orders-value", 0));
    stand_down(&s);
}
END_TEST

START_TEST(refuses_what_does_not_fit) {
    stand s;
    if (!stand_up(&s, _i))
        return;
    put(&s, "orders-value", ORDER_1);
    put(&s, "orders-value", ORDER_2);
    FAILS(&s, PLN_ETYPE, 40901, try_put(&s, "orders-value", ORDER_3));
    ck_assert(says(&s, "READER_FIELD_MISSING_DEFAULT_VALUE"));
    ck_assert(says(&s, "price"));
    ck_assert(says(&s, "{oldSchemaVersion: 2}"));
    ck_assert(says(&s, "BACKWARD"));
    ck_assert_ptr_nonnull(strstr(s.err.message, "price"));
    ck_assert_str_eq(versions(&s, "orders-value", 0), "1 2 ");
    FAILS(&s, PLN_ENOENT, 40403, try_find(&s, "orders-value", ORDER_3));
    /* A message is of the last call that could have one. */
    put(&s, "orders-value", ORDER_1);
    ck_assert_ptr_null(pln_schema_registry_message(s.registry, 0));
    stand_down(&s);
}
END_TEST

START_TEST(tries_without_changing) {
    stand s;
    int32_t fits = -1;
    if (!stand_up(&s, _i))
        return;
    pln_schema_draft good = draft_of("orders-value", ORDER_2),
                     bad = draft_of("orders-value", ORDER_3);
    OK(&s, pln_schema_registry_check(s.registry, &bad, PLN_SCHEMA_EVERY, &fits, &s.err));
    ck_assert_int_eq(fits, 1);
    put(&s, "orders-value", ORDER_1);
    OK(&s, pln_schema_registry_check(s.registry, &good, PLN_SCHEMA_LATEST, &fits, &s.err));
    ck_assert_int_eq(fits, 1);
    ck_assert_ptr_null(pln_schema_registry_message(s.registry, 0));
    OK(&s, pln_schema_registry_check(s.registry, &bad, PLN_SCHEMA_LATEST, &fits, &s.err));
    ck_assert_int_eq(fits, 0);
    ck_assert(says(&s, "READER_FIELD_MISSING_DEFAULT_VALUE"));
    OK(&s, pln_schema_registry_check(s.registry, &bad, PLN_SCHEMA_EVERY, &fits, &s.err));
    ck_assert_int_eq(fits, 0);
    OK(&s, pln_schema_registry_check(s.registry, &bad, 1, &fits, &s.err));
    ck_assert_int_eq(fits, 0);
    FAILS(&s, PLN_ENOENT, 40402, pln_schema_registry_check(s.registry, &good, 9, &fits, &s.err));
    ck_assert_str_eq(versions(&s, "orders-value", 0), "1 ");
    stand_down(&s);
}
END_TEST

static int32_t level_of(stand *s, const char *subject, uint32_t flags) {
    int32_t level = -2;
    OK(s, pln_schema_registry_level(s->registry, subject, flags, &level, &s->err));
    return level;
}

START_TEST(keeps_levels) {
    stand s;
    int32_t level;
    if (!stand_up(&s, _i))
        return;
    ck_assert_int_eq(level_of(&s, NULL, 0), PLN_COMPAT_BACKWARD);
    FAILS(&s, PLN_ENOENT, 40408,
          pln_schema_registry_level(s.registry, "orders-value", 0, &level, &s.err));
    ck_assert_int_eq(level_of(&s, "orders-value", PLN_SCHEMA_DEFAULT), PLN_COMPAT_BACKWARD);
    OK(&s, pln_schema_registry_set_level(s.registry, NULL, PLN_COMPAT_FORWARD, &s.err));
    put(&s, "orders-value", ORDER_1);
    put(&s, "orders-value", ORDER_3); /* FORWARD: ORDER_1 reads it */
    OK(&s, pln_schema_registry_set_level(s.registry, "orders-value", PLN_COMPAT_FULL_TRANSITIVE,
                                         &s.err));
    stand_again(&s);
    ck_assert_int_eq(level_of(&s, "orders-value", 0), PLN_COMPAT_FULL_TRANSITIVE);
    ck_assert_int_eq(level_of(&s, "orders-value", PLN_SCHEMA_DEFAULT), PLN_COMPAT_FULL_TRANSITIVE);
    ck_assert_int_eq(level_of(&s, NULL, 0), PLN_COMPAT_FORWARD);
    FAILS(&s, PLN_ETYPE, 40901, try_put(&s, "orders-value", ORDER_2));
    OK(&s, pln_schema_registry_set_level(s.registry, "orders-value", PLN_COMPAT_NONE, &s.err));
    put(&s, "orders-value", ORDER_2);
    OK(&s, pln_schema_registry_set_level(s.registry, "orders-value", -1, &s.err));
    FAILS(&s, PLN_ENOENT, 40408,
          pln_schema_registry_level(s.registry, "orders-value", 0, &level, &s.err));
    ck_assert_int_eq(level_of(&s, "orders-value", PLN_SCHEMA_DEFAULT), PLN_COMPAT_FORWARD);
    OK(&s, pln_schema_registry_set_level(s.registry, NULL, -1, &s.err));
    ck_assert_int_eq(level_of(&s, NULL, 0), PLN_COMPAT_BACKWARD);
    FAILS(&s, PLN_EINVAL, 42203, pln_schema_registry_set_level(s.registry, NULL, 99, &s.err));
    stand_down(&s);
}
END_TEST

START_TEST(deletes_in_two_steps) {
    stand s;
    if (!stand_up(&s, _i))
        return;
    int64_t id = put(&s, "orders-value", ORDER_1).id, other = put(&s, "orders-value", ORDER_2).id;
    FAILS(&s, PLN_ENOENT, 40407, try_delete(&s, "orders-value", 1, 1));
    OK(&s, try_delete(&s, "orders-value", 1, 0));
    FAILS(&s, PLN_ENOENT, 40406, try_delete(&s, "orders-value", 1, 0));
    ck_assert_str_eq(versions(&s, "orders-value", 0), "2 ");
    ck_assert_str_eq(versions(&s, "orders-value", PLN_SCHEMA_DELETED), "1 2 ");
    FAILS(&s, PLN_ENOENT, 40402, try_version(&s, "orders-value", 1));
    FAILS(&s, PLN_ENOENT, 40403, try_find(&s, "orders-value", ORDER_1));
    /* What was written with it can still be read. */
    pln_schema_entry out = entry_new();
    OK(&s, pln_schema_registry_id(s.registry, id, &out, &s.err));
    ck_assert_str_eq(out.schema, ORDER_1);
    /* Registered again it is a new version of the same schema. */
    ck_assert_int_eq(put(&s, "orders-value", ORDER_1).id, id);
    ck_assert_str_eq(versions(&s, "orders-value", 0), "2 3 ");
    OK(&s, try_delete(&s, "orders-value", 1, 1));
    ck_assert_str_eq(versions(&s, "orders-value", PLN_SCHEMA_DELETED), "2 3 ");
    OK(&s, pln_schema_registry_id(s.registry, id, &out, &s.err));

    FAILS(&s, PLN_ENOENT, 40405, try_delete(&s, "orders-value", PLN_SCHEMA_EVERY, 1));
    OK(&s, try_delete(&s, "orders-value", PLN_SCHEMA_EVERY, 0));
    FAILS(&s, PLN_ENOENT, 40404, try_delete(&s, "orders-value", PLN_SCHEMA_EVERY, 0));
    FAILS(&s, PLN_ENOENT, 40401, try_version(&s, "orders-value", PLN_SCHEMA_LATEST));
    ck_assert_str_eq(subjects(&s, 0), "");
    ck_assert_str_eq(subjects(&s, PLN_SCHEMA_DELETED), "orders-value|");
    OK(&s, try_delete(&s, "orders-value", PLN_SCHEMA_EVERY, 1));
    ck_assert_str_eq(subjects(&s, PLN_SCHEMA_DELETED), "");
    FAILS(&s, PLN_ENOENT, 40403, pln_schema_registry_id(s.registry, other, &out, &s.err));
    /* An id never means another schema. */
    ck_assert_int_gt(put(&s, "orders-value", ORDER_3).id, other);
    stand_down(&s);
}
END_TEST

START_TEST(uses_types_of_other_subjects) {
    stand s;
    if (!stand_up(&s, _i))
        return;
    FAILS(&s, PLN_ESYNTAX, 42201, try_put(&s, "basket-value", BASKET));
    put(&s, "item-value", ITEM);
    pln_schema_reference reference = {"shop.Item", "item-value", 1, 0};
    pln_schema_draft draft = draft_of("basket-value", BASKET);
    pln_schema_entry out = entry_new();
    draft.references = &reference;
    draft.n_references = 1;
    OK(&s, pln_schema_registry_register(s.registry, &draft, &out, &s.err));
    int64_t id = out.id;
    OK(&s, pln_schema_registry_lookup(s.registry, &draft, &out, &s.err));
    ck_assert_int_eq(out.id, id);
    FAILS(&s, PLN_ESTATE, 42206, try_delete(&s, "item-value", 1, 0));
    FAILS(&s, PLN_ESTATE, 42206, try_delete(&s, "item-value", PLN_SCHEMA_EVERY, 0));

    stand_again(&s);
    OK(&s, pln_schema_registry_id(s.registry, id, &out, &s.err));
    ck_assert_int_eq(out.n_references, 1);
    ck_assert_str_eq(out.references[0].name, "shop.Item");
    ck_assert_str_eq(out.references[0].subject, "item-value");
    ck_assert_int_eq(out.references[0].version, 1);
    ck_assert_str_eq(out.schema, BASKET);
    OK(&s, try_delete(&s, "basket-value", PLN_SCHEMA_EVERY, 0));
    OK(&s, try_delete(&s, "item-value", PLN_SCHEMA_EVERY, 0));
    stand_down(&s);
}
END_TEST

START_TEST(parses_and_keeps) {
    stand s;
    pln_avro_schema *schema = NULL, *again = NULL;
    if (!stand_up(&s, _i))
        return;
    put(&s, "item-value", ITEM);
    pln_schema_reference reference = {"shop.Item", "item-value", 1, 0};
    pln_schema_draft draft = draft_of("basket-value", BASKET);
    pln_schema_entry out = entry_new();
    draft.references = &reference;
    draft.n_references = 1;
    OK(&s, pln_schema_registry_register(s.registry, &draft, &out, &s.err));
    int64_t id = out.id;
    stand_again(&s);
    OK(&s, pln_schema_registry_schema(s.registry, id, &schema, &s.err));
    ck_assert_ptr_nonnull(pln_avro_schema_find(schema, "shop.Item"));
    OK(&s, pln_schema_registry_schema(s.registry, id, &again, &s.err));
    ck_assert_ptr_eq(schema, again);
    pln_avro_schema_free(again);
    OK(&s, pln_schema_registry_version(s.registry, "item-value", 1, 0, &out, &s.err));
    ck_assert_int_eq(out.has_guid, 1);
    uint8_t guid[16];
    memcpy(guid, out.guid, 16);
    OK(&s, pln_schema_registry_guid(s.registry, guid, &out, &s.err));
    ck_assert_str_eq(out.schema, ITEM);
    OK(&s, pln_schema_registry_guid_schema(s.registry, guid, &again, &s.err));
    ck_assert_ptr_nonnull(pln_avro_schema_find(again, "shop.Item"));
    pln_avro_schema_free(again);
    guid[3] ^= 1;
    FAILS(&s, PLN_ENOENT, 40403, pln_schema_registry_guid(s.registry, guid, &out, &s.err));
    FAILS(&s, PLN_ENOENT, 40403, pln_schema_registry_schema(s.registry, 99, &again, &s.err));

    stand_down(&s); /* a schema may outlive its registry */
    ck_assert_ptr_nonnull(pln_avro_schema_find(schema, "shop.Basket"));
    pln_avro_schema_free(schema);
}
END_TEST

START_TEST(names_subjects) {
    stand s;
    char *name;
    pln_avro_schema *record = NULL, *plain = NULL;
    if (!stand_up(&s, ON_DIRECTORY))
        return;
    OK(&s, pln_avro_schema_parse(s.rt, ORDER_1, -1, NULL, &record, &s.err));
    OK(&s, pln_avro_schema_parse(s.rt, "\"int\"", -1, NULL, &plain, &s.err));
    static const struct {
        int32_t strategy, is_key;
        const char *topic, *name;
    } cases[] = {{PLN_SUBJECT_TOPIC, 0, "orders", "orders-value"},
                 {PLN_SUBJECT_TOPIC, 1, "orders", "orders-key"},
                 {PLN_SUBJECT_RECORD, 0, NULL, "shop.Order"},
                 {PLN_SUBJECT_RECORD, 1, "orders", "shop.Order"},
                 {PLN_SUBJECT_TOPIC_RECORD, 0, "orders", "orders-shop.Order"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OK(&s, pln_subject_name(s.rt, cases[i].strategy, cases[i].topic, cases[i].is_key, record,
                                &name, &s.err));
        ck_assert_str_eq(name, cases[i].name);
        pln_text_free(s.rt, name);
    }
    FAILS(&s, PLN_EINVAL, 0, pln_subject_name(s.rt, 0, NULL, 0, record, &name, &s.err));
    FAILS(&s, PLN_EINVAL, 0, pln_subject_name(s.rt, 3, "t", 0, record, &name, &s.err));
    FAILS(&s, PLN_EINVAL, 0, pln_subject_name(s.rt, 1, "t", 0, NULL, &name, &s.err));
    FAILS(&s, PLN_ETYPE, 0, pln_subject_name(s.rt, 1, "t", 0, plain, &name, &s.err));
    pln_avro_schema_free(record);
    pln_avro_schema_free(plain);
    stand_down(&s);
}
END_TEST

START_TEST(refuses_what_is_no_schema) {
    static const char *const texts[] = {"", "{", "{\"type\":\"nothing\"}", "{\"type\":\"record\"}",
                                        "{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"A\"]}"};
    stand s;
    if (!stand_up(&s, _i))
        return;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        FAILS(&s, PLN_ESYNTAX, 42201, try_put(&s, "orders-value", texts[i]));
        ck_assert_str_ne(s.err.message, "");
    }
    ck_assert_str_eq(subjects(&s, PLN_SCHEMA_DELETED), "");
    stand_down(&s);
}
END_TEST

START_TEST(takes_any_subject_name) {
    static const char *const names[] = {
        " ", "%00", "%2e%2e", ".", "..", "../../etc/passwd", "../x", "/", "\\", "a b", "a/b", "a?b=c&d#e",
        "con.json", "lock", "orders-value.json", "\xc3\xbc\xe4\xb8\xad\xf0\x9f\x8d\x92", "~", "~root", "'; DROP TABLE x; --", "\""};
    char longest[1025], all[4096];
    stand s;
    if (!stand_up(&s, _i))
        return;
    memset(longest, '/', 1024);
    longest[1024] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put(&s, names[i], ORDER_1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        pln_schema_entry out = entry_new();
        OK(&s, pln_schema_registry_version(s.registry, names[i], 1, 0, &out, &s.err));
        ck_assert_str_eq(out.subject, names[i]);
    }
    put(&s, longest, ORDER_1);
    longest[1023] = 'x';
    FAILS(&s, PLN_ENOENT, 40401, try_version(&s, longest, 1));
    longest[1023] = '/';
    OK(&s, try_version(&s, longest, 1));
    snprintf(all, sizeof all, "%s", subjects(&s, 0));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_msg(strstr(all, names[i]) != NULL, "%s", names[i]);
    /* A slash sorts between a dot and a letter. */
    ck_assert_ptr_nonnull(strstr(all, longest));
    if (_i != ON_SERVER)
        ck_assert_int_le(scratch_count(&s.dir, ""), 3); /* nothing went elsewhere; WAL and its index */
    stand_down(&s);
}
END_TEST

START_TEST(refuses_bad_subject_names) {
    static const char *const names[] = {"", "a\nb", "a\x7f", "\x01", "a\xc2\x85"};
    stand s;
    if (!stand_up(&s, _i))
        return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        FAILS(&s, PLN_EINVAL, 42208, try_put(&s, names[i], ORDER_1));
    FAILS(&s, PLN_EINVAL, 42208, try_put(&s, "bad\xff", ORDER_1));
    ck_assert_str_eq(subjects(&s, PLN_SCHEMA_DELETED), "");
    stand_down(&s);
}
END_TEST

START_TEST(normalizes_if_asked) {
    static const char other_order[] =
        "{ \"fields\": [ {\"type\": \"long\", \"name\": \"id\"} ],\n \"namespace\": \"shop\", "
        "\"name\": \"Order\", \"type\": \"record\" }";
    stand s;
    if (!stand_up(&s, _i))
        return;
    pln_schema_draft draft = draft_of("orders-value", ORDER_1);
    pln_schema_entry out = entry_new();
    draft.flags = PLN_SCHEMA_NORMALIZE;
    OK(&s, pln_schema_registry_register(s.registry, &draft, &out, &s.err));
    int64_t id = out.id;
    draft.schema = other_order;
    OK(&s, pln_schema_registry_register(s.registry, &draft, &out, &s.err));
    ck_assert_int_eq(out.id, id);
    OK(&s, pln_schema_registry_lookup(s.registry, &draft, &out, &s.err));
    ck_assert_int_eq(out.id, id);
    ck_assert_str_eq(versions(&s, "orders-value", 0), "1 ");
    stand_down(&s);
}
END_TEST

/* ---- a backend of the program's own ---- */

static int opened, asked;

static pln_status own_open(void *user, pln_context *ctx, const pln_config *config, void **self,
                           pln_error *err) {
    (void)err;
    ck_assert_str_eq(ctx->host->config_text(config, "location"), "own:there");
    ck_assert_ptr_nonnull(ctx->host->allocator(ctx));
    ck_assert_int_gt(ctx->host->now_us(ctx), 0);
    opened++;
    *self = user;
    return PLN_OK;
}

static void own_close(void *self, pln_context *ctx) {
    (void)self;
    (void)ctx;
    opened--;
}

static pln_status own_by_id(void *self, pln_context *ctx, int64_t id, pln_schema_entry *out,
                            pln_error *err) {
    (void)ctx;
    (void)err;
    asked++;
    out->id = id;
    out->schema = self;
    return PLN_OK;
}

static const pln_option own_options[] = {
    {"location", PLN_OPT_TEXT, 1, NULL, NULL, "anything"}, {0}};

START_TEST(takes_a_backend_of_ones_own) {
    pln_schema_registry_table table = {.struct_size =
                                           offsetof(pln_schema_registry_table, by_version),
                                       .abi = PLN_PLUGIN_ABI,
                                       .name = "registry.own",
                                       .options = own_options,
                                       .option_size = sizeof(pln_option),
                                       .open = own_open,
                                       .close = own_close,
                                       .by_id = own_by_id};
    stand s;
    pln_graph *g;
    pln_schema_registry *own;
    pln_avro_schema *schema;
    if (!stand_up(&s, ON_DIRECTORY))
        return;
    OK(&s, pln_runtime_register(s.rt, PLN_SCHEMA_REGISTRY, &table, (void *)(uintptr_t) "\"int\"",
                                NULL, &s.err));
    FAILS(&s, PLN_EOPTION, 0,
          pln_schema_registry_open(s.rt, "own:there", "{\"x\": 1}", &own, &s.err));
    OK(&s, pln_schema_registry_open(s.rt, "own:there", NULL, &own, &s.err));
    ck_assert_int_eq(opened, 1);
    for (int i = 0; i < 3; i++) {
        OK(&s, pln_schema_registry_schema(own, 7, &schema, &s.err));
        pln_avro_schema_free(schema);
    }
    ck_assert_int_eq(asked, 1);
    pln_schema_entry out = entry_new();
    FAILS(&s, PLN_EUNSUPPORTED, 0, pln_schema_registry_version(own, "s", 1, 0, &out, &s.err));
    ck_assert_ptr_nonnull(strstr(s.err.message, "registry.own"));
    pln_schema_registry_close(own);
    ck_assert_int_eq(opened, 0);
    /* It is no node of a graph. */
    OK(&s, pln_graph_new(s.rt, "t", &g, &s.err));
    FAILS(&s, PLN_EINVAL, 0, pln_graph_add(g, "x", "registry.own", NULL, &s.err));
    pln_graph_free(g);
    stand_down(&s);
}
END_TEST

Suite *suite_registry_registry(void);
Suite *suite_registry_registry(void) {
    Suite *suite = suite_create("registry/registry");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, registers_and_finds, 0, REGISTRY_KINDS);
    tcase_add_loop_test(all, what_is_not_there, 0, REGISTRY_KINDS);
    tcase_add_loop_test(all, refuses_what_does_not_fit, 0, REGISTRY_KINDS);
    tcase_add_loop_test(all, tries_without_changing, 0, REGISTRY_KINDS);
    tcase_add_loop_test(all, keeps_levels, 0, REGISTRY_KINDS);
    tcase_add_loop_test(all, deletes_in_two_steps, 0, REGISTRY_KINDS);
    tcase_add_loop_test(all, uses_types_of_other_subjects, 0, REGISTRY_KINDS);
    tcase_add_loop_test(all, refuses_what_is_no_schema, 0, REGISTRY_KINDS);
    tcase_add_loop_test(all, takes_any_subject_name, 0, REGISTRY_KINDS);
    tcase_add_loop_test(all, refuses_bad_subject_names, 0, REGISTRY_KINDS);
    tcase_add_loop_test(all, normalizes_if_asked, 0, REGISTRY_KINDS);
    tcase_add_loop_test(all, parses_and_keeps, 0, REGISTRY_KINDS);
    tcase_add_test(all, names_subjects);
    tcase_add_test(all, takes_a_backend_of_ones_own);
    suite_add_tcase(suite, all);
    return suite;
}
