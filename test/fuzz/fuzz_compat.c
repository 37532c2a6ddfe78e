/*
 * Two schema texts with a NUL between them. Where both are schemas: the verdict is the same twice, does not hang on the length of the list, has a reason
 * exactly if data cannot be read, and the changes of a diff break whom the verdicts say.
 */
#include "fuzz.h"
#include <pln/pln.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int32_t verdict(pln_runtime *rt, const pln_avro_schema *r, const pln_avro_schema *w,
                       int32_t mode, int32_t issues_max) {
    pln_compat_options options = {
        .struct_size = sizeof options, .mode = mode, .issues_max = issues_max};
    pln_compat *answer = NULL;
    pln_error err = {0};
    char *json = NULL;
    pln_status status = pln_compat_check(rt, r, w, &options, &answer, &err);
    REQUIRE(status == PLN_OK || status == PLN_ELIMIT);
    if (status == PLN_ELIMIT)
        return -1;
    int32_t fits = pln_compat_compatible(answer);
    REQUIRE(pln_compat_truncated(answer) || (pln_compat_count(answer) == 0) == fits);
    REQUIRE(pln_compat_json(answer, &json, &err) == PLN_OK && json[0] == '{');
    pln_text_free(rt, json);
    pln_compat_free(answer);
    return fits;
}

static void hold(pln_runtime *rt, const pln_avro_schema *r, const pln_avro_schema *w) {
    int32_t fits = verdict(rt, r, w, PLN_COMPAT_SOUND, 0),
            back = verdict(rt, w, r, PLN_COMPAT_SOUND, 0);
    pln_schema_diff *diff = NULL;
    pln_error err = {0};
    REQUIRE(fits == verdict(rt, r, w, PLN_COMPAT_SOUND, 1));
    (void)verdict(rt, r, w, PLN_COMPAT_JAVA_PARITY, 0);
    REQUIRE(verdict(rt, r, r, PLN_COMPAT_SOUND, 0) != 0 || fits >= 0);
    if (fits < 0 || back < 0 || pln_schema_diff_new(rt, w, r, NULL, &diff, &err) < 0)
        return;
    int32_t together = 0,
            expected = (fits ? 0 : PLN_BREAKS_NEW_READERS) | (back ? 0 : PLN_BREAKS_OLD_READERS);
    for (int64_t i = 0; i < pln_schema_diff_count(diff); i++)
        together |= pln_schema_diff_at(diff, i)->breaks;
    REQUIRE(pln_schema_diff_breaks(diff) == expected);
    REQUIRE(pln_schema_diff_truncated(diff) || together == expected);
    pln_schema_diff_free(diff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static pln_runtime *rt;
    const uint8_t *cut = memchr(data, 0, size);
    pln_avro_schema *r = NULL, *w = NULL;
    if (rt == NULL && pln_runtime_new(NULL, &rt, NULL) < 0)
        abort();
    if (cut == NULL || size > 1 << 14)
        return 0;
    if (pln_avro_schema_parse(rt, (const char *)data, cut - data, NULL, &r, NULL) == PLN_OK &&
        pln_avro_schema_parse(rt, (const char *)cut + 1, (int64_t)size - (cut - data) - 1, NULL, &w,
                              NULL) == PLN_OK)
        hold(rt, r, w);
    pln_avro_schema_free(r);
    pln_avro_schema_free(w);
    return 0;
}
