/* What a server may do wrong, and who may ask it. */
#include "registry_stand.h"
#include <stdio.h>

static pln_status open_at(stand *s, const char *below, const char *config,
                          pln_schema_registry **out) {
    char location[1024];
    snprintf(location, sizeof location, "%s/%s", s->location, below);
    memset(&s->err, 0, sizeof s->err);
    return pln_schema_registry_open(s->rt, location, config, out, &s->err);
}

START_TEST(survives_broken_replies) {
    static const struct {
        const char *kind;
        pln_status status;
        uint32_t flags;
        const char *words;
    } cases[] = {
        {"redirect", PLN_EIO, 0, "redirects are not followed"},
        {"large", PLN_ELIMIT, 0, "reply_max"},
        {"silent", PLN_ETIMEOUT, PLN_ERR_RETRYABLE, "timed out"},
        {"short", PLN_EIO, PLN_ERR_RETRYABLE, ""},
        {"hang-up", PLN_EIO, PLN_ERR_RETRYABLE, "Empty reply"},
        {"text", PLN_EIO, 0, "<html>"},
        {"empty", PLN_EIO, 0, "no schema"},
        {"many", PLN_ELIMIT, 0, "300 references"},
        {"500", PLN_EIO, PLN_ERR_RETRYABLE, "as asked"},
        {"503", PLN_EBUSY, PLN_ERR_RETRYABLE, "as asked"},
        {"504", PLN_ETIMEOUT, PLN_ERR_RETRYABLE, "as asked"},
        {"429", PLN_EBUSY, PLN_ERR_RETRYABLE, "as asked"},
        {"401", PLN_EIO, 0, "does not take"},
        {"403", PLN_EIO, 0, "does not take"},
        {"404", PLN_ENOENT, 0, "as asked"},
        {"415", PLN_EUNSUPPORTED, 0, "as asked"},
    };
    stand s;
    if (!stand_up(&s, ON_SERVER))
        return;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char below[64];
        pln_schema_registry *broken;
        pln_schema_entry out = entry_new();
        snprintf(below, sizeof below, "broken/%s", cases[i].kind);
        bool silent = strcmp(cases[i].kind, "silent") == 0;
        OK(&s, open_at(&s, below, silent ? "{\"timeout\": \"200ms\"}" : NULL, &broken));
        memset(&s.err, 0, sizeof s.err);
        pln_status status = pln_schema_registry_id(broken, 1, &out, &s.err);
        ck_assert_msg(status == cases[i].status && s.err.flags == cases[i].flags &&
                          strstr(s.err.message, cases[i].words) != NULL,
                      "%s: %s %u %s", cases[i].kind, pln_status_name(status), (unsigned)s.err.flags,
                      s.err.message);
        pln_schema_registry_close(broken);
    }
    stand_down(&s);
}
END_TEST

START_TEST(nobody_listens) {
    stand s;
    pln_schema_registry *nobody;
    pln_schema_entry out = entry_new();
    if (!stand_up(&s, ON_SERVER))
        return;
    OK(&s, pln_schema_registry_open(s.rt, "http://127.0.0.1:1", NULL, &nobody, &s.err));
    ck_assert_int_eq(pln_schema_registry_id(nobody, 1, &out, &s.err), PLN_EIO);
    ck_assert_uint_eq(s.err.flags, PLN_ERR_RETRYABLE);
    ck_assert_ptr_nonnull(strstr(s.err.message, "127.0.0.1:1/schemas/ids/1"));
    ck_assert_str_eq(s.err.where, "http://127.0.0.1:1");
    pln_schema_registry_close(nobody);
    stand_down(&s);
}
END_TEST

START_TEST(says_who_it_is) {
    stand s;
    pln_schema_registry *secret;
    int32_t level;
    static const char *const right[] = {"{\"user\": \"ann\", \"password\": \"secret\"}",
                                        "{\"token\": \"let-me-in\"}"};
    static const char *const wrong[] = {NULL, "{\"user\": \"ann\", \"password\": \"Secret\"}",
                                        "{\"token\": \"no\"}"};
    if (!stand_up(&s, ON_SERVER))
        return;
    for (int i = 0; i < 2; i++) {
        OK(&s, open_at(&s, "secret", right[i], &secret));
        OK(&s, pln_schema_registry_level(secret, NULL, 0, &level, &s.err));
        pln_schema_registry_close(secret);
    }
    for (int i = 0; i < 3; i++) {
        OK(&s, open_at(&s, "secret", wrong[i], &secret));
        FAILS(&s, PLN_EIO, 401, pln_schema_registry_level(secret, NULL, 0, &level, &s.err));
        ck_assert_ptr_null(strstr(s.err.message, "Secret"));
        pln_schema_registry_close(secret);
    }
    stand_down(&s);
}
END_TEST

START_TEST(refuses_wrong_locations) {
    stand s;
    pln_schema_registry *out;
    if (!stand_up(&s, ON_SERVER))
        return;
    FAILS(&s, PLN_EINVAL, 0,
          pln_schema_registry_open(s.rt, "http://ann:secret@host/", NULL, &out, &s.err));
    ck_assert_ptr_null(strstr(s.err.message, "secret"));
    ck_assert_ptr_null(strstr(s.err.where, "secret"));
    FAILS(&s, PLN_EINVAL, 0, pln_schema_registry_open(s.rt, "http:///x", NULL, &out, &s.err));
    FAILS(&s, PLN_EINVAL, 0, pln_schema_registry_open(s.rt, "http://h/?a=b", NULL, &out, &s.err));
    FAILS(&s, PLN_EOPTION, 0,
          pln_schema_registry_open(s.rt, "http://h/", "{\"tokn\": \"x\"}", &out, &s.err));
    FAILS(&s, PLN_EOPTION, 0,
          pln_schema_registry_open(s.rt, "http://h/", "{\"token\": \"x\", \"user\": \"y\"}", &out,
                                   &s.err));
    FAILS(&s, PLN_ENAME, 0, pln_schema_registry_open(s.rt, "ftp://h/", NULL, &out, &s.err));
    FAILS(&s, PLN_EINVAL, 0, pln_schema_registry_open(s.rt, "", NULL, &out, &s.err));
    stand_down(&s);
    OK(&s, pln_runtime_new(NULL, &s.rt, &s.err));
    FAILS(&s, PLN_ENAME, 0, pln_schema_registry_open(s.rt, "https://h/", NULL, &out, &s.err));
    ck_assert_ptr_nonnull(strstr(s.err.message, "pln-http"));
    pln_runtime_free(s.rt);
}
END_TEST

Suite *suite_registry_http(void);
Suite *suite_registry_http(void) {
    Suite *suite = suite_create("registry/http");
    TCase *all = tcase_create("all");
    tcase_set_timeout(all, 60);
    tcase_add_test(all, survives_broken_replies);
    tcase_add_test(all, nobody_listens);
    tcase_add_test(all, says_who_it_is);
    tcase_add_test(all, refuses_wrong_locations);
    suite_add_tcase(suite, all);
    return suite;
}
