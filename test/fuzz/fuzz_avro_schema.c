/*
 * A schema text. Whatever it is, it is taken or refused with a message; what is taken prints in each form to a text that is taken again and says
 * the same, has bytes for each of its defaults, and has columns or a reason why not, from which the same columns come again.
 */
#include "fuzz.h"
#include "schema/avro.h"
#include <pln/pln.h>
#include <stdlib.h>

static const pln_allocator *mem;

static pln__avro_schema *parse(const char *text, int64_t size,
                               const pln__avro_parse_options *options) {
    pln_error err = {0};
    pln__avro_schema *schema = NULL;
    pln_status status = pln__avro_parse(mem, text, size, options, &schema, &err);
    REQUIRE((status == PLN_OK) == (schema != NULL));
    if (status != PLN_OK)
        REQUIRE((status == PLN_ESYNTAX || status == PLN_ELIMIT) && err.message[0] != '\0');
    return schema;
}

static char *print(const pln__avro_schema *schema, int form) {
    pln__text out;
    pln__text_init(&out, mem);
    pln__avro_text(schema, form, &out);
    char *text = pln__text_take(&out);
    REQUIRE(text != NULL);
    return text;
}

/* The canonical form cannot say that a type inside a namespace has none. */
static bool spaces_mix(const pln_avro_type *type, int depth, int *with, int *without) {
    pln_avro_type_info info = {.struct_size = sizeof info};
    pln_avro_type_info_get(type, &info);
    if (info.name_space != NULL)
        *(info.name_space[0] == '\0' ? without : with) = 1;
    for (int32_t i = 0; depth < 6 && i < info.n_children && i < 20; i++)
        (void)spaces_mix(pln_avro_type_child(type, i), depth + 1, with, without);
    return depth == 6 || (*with && *without);
}

static void check_form(const pln__avro_schema *schema, int form) {
    int with = 0, without = 0;
    bool canonical = form == PLN__AVRO_TEXT_CANONICAL;
    if (canonical && spaces_mix(pln_avro_schema_root(schema), 0, &with, &without))
        return;
    char *text = print(schema, form);
    pln__avro_schema *again = parse(text, -1, NULL);
    REQUIRE(again != NULL);
    char *twice = print(again, form);
    REQUIRE(strcmp(text, twice) == 0);
    REQUIRE(canonical || pln_avro_schema_equal(schema, again));
    pln__avro_schema_unref(again);
    pln__strfree(mem, text);
    pln__strfree(mem, twice);
}

static void check_defaults(const pln__avro_type *type, int depth) {
    pln__buffer bytes = {0};
    for (int32_t i = 0; i < type->n_fields && i < 50; i++) {
        const pln__avro_field *field = &type->fields[i];
        if (field->fallback != NULL)
            REQUIRE(pln__avro_default_binary(mem, field->type, field->fallback, &bytes, NULL) ==
                    PLN_OK);
        if (depth < 4)
            check_defaults(field->type, depth + 1);
    }
    pln__buffer_free(mem, &bytes);
}

/* Children of a union bear the names of types, of which a schema made from columns has each only once. */
static bool has_union(const struct ArrowSchema *column) {
    bool found = column->format[0] == '+' && column->format[1] == 'u';
    for (int64_t i = 0; i < column->n_children && !found; i++)
        found = has_union(column->children[i]);
    return found;
}

static void check_columns(const pln__avro_schema *schema) {
    struct ArrowSchema columns, again;
    pln__avro_schema *back = NULL;
    pln_error err = {0};
    if (pln__avro_to_arrow(mem, schema, &columns, &err) < 0) {
        REQUIRE(err.message[0] != '\0' && columns.release == NULL);
        return;
    }
    pln_status status = pln__avro_from_arrow(mem, &columns, "back.Row", &back, &err);
    if (status == PLN_OK) {
        REQUIRE(pln__avro_to_arrow(mem, back, &again, &err) == PLN_OK);
        REQUIRE(has_union(&columns) || pln__schema_equal(&columns, &again));
        again.release(&again);
    }
    pln__avro_schema_unref(back);
    columns.release(&columns);
}

static void check_known(const pln__avro_schema *schema) {
    const pln__avro_schema *known[] = {schema};
    pln__avro_parse_options options = {.known = known, .n_known = 1};
    pln__text text;
    const char *name = pln__avro_root(schema)->full_name;
    if (name == NULL)
        return;
    pln__text_init(&text, mem);
    pln__text_printf(&text, "[\"null\",\"%s\"]", name);
    pln__avro_schema *user = parse(text.data, text.size, &options);
    if (user != NULL)
        check_form(user, PLN__AVRO_TEXT_FULL);
    pln__avro_schema_unref(user);
    pln__text_free(&text);
}

static void check_lint(const pln__avro_schema *schema) {
    pln_runtime *rt;
    pln_avro_lint *lint;
    pln_error err = {0};
    if (pln_runtime_new(NULL, &rt, &err) < 0 || pln_avro_schema_lint(rt, schema, &lint, &err) < 0)
        abort();
    pln_avro_lint_free(lint);
    pln_runtime_free(rt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mem = pln__system_allocator();
    pln__avro_parse_options lax = {.lax_names = true, .lax_defaults = true};
    pln__avro_schema *schema = parse((const char *)data, (int64_t)size, &lax);
    if (schema != NULL) {
        check_lint(schema);
        pln__strfree(mem, print(schema, PLN__AVRO_TEXT_PRETTY));
        pln__strfree(mem, print(schema, PLN__AVRO_TEXT_CANONICAL));
    }
    pln__avro_schema_unref(schema);
    schema = parse((const char *)data, (int64_t)size, NULL);
    if (schema == NULL)
        return 0;
    for (int form = PLN__AVRO_TEXT_FULL; form <= PLN__AVRO_TEXT_PRETTY; form++)
        check_form(schema, form);
    check_defaults(pln__avro_root(schema), 0);
    check_columns(schema);
    check_known(schema);
    pln__avro_schema_unref(schema);
    return 0;
}
