#include "inner.h"
#include <stdio.h>
#include <string.h>

static void spell(const place *at, char *out, size_t size) {
    size_t used = 0;
    if (at == NULL)
        return;
    if (at->up != NULL) {
        spell(at->up, out, size);
        used = strlen(out);
    }
    (void)snprintf(out + used, size - used, "%s%.60s", used > 0 ? "." : "", at->name);
}

pln_status bridge_fail(pln_error *err, pln_status status, const place *at, const char *words) {
    char column[160] = "";
    if (err == NULL)
        return status;
    spell(at, column, sizeof column);
    memset(err, 0, sizeof *err);
    err->status = status;
    err->flags = status == PLN_EDATA ? PLN_ERR_DATA : 0;
    (void)snprintf(err->message, sizeof err->message, "column %s: %.180s", column, words);
    return status;
}

static bool one_of(const char *format, const char *formats) {
    return format[0] != '\0' && format[1] == '\0' && strchr(formats, format[0]) != NULL;
}

static bool is_time(const char *format, bool wide) {
    if (format[0] != 't')
        return false;
    if (format[1] == 's') /* timestamps */
        return wide;
    bool short_time = strcmp(format, "tdD") == 0 || strcmp(format, "tts") == 0 ||
                      strcmp(format, "ttm") == 0;
    return wide || short_time;
}

bool bridge_fits(const struct ArrowSchema *column, avro_schema_t schema) {
    const char *f = column->format;
    avro_type_t type = avro_typeof(schema);
    if (column->dictionary != NULL)
        return type == AVRO_ENUM || type == AVRO_STRING;
    switch (type) {
    case AVRO_NULL: return one_of(f, "n");
    case AVRO_BOOLEAN: return one_of(f, "b");
    case AVRO_INT32: return one_of(f, "cCsSi") || is_time(f, false);
    case AVRO_INT64: return one_of(f, "cCsSiIlL") || is_time(f, true);
    case AVRO_FLOAT: return one_of(f, "f");
    case AVRO_DOUBLE: return one_of(f, "fg");
    case AVRO_STRING: return one_of(f, "u");
    case AVRO_ENUM: return one_of(f, "u");
    case AVRO_BYTES: return one_of(f, "z") || strncmp(f, "d:", 2) == 0;
    case AVRO_FIXED: return strncmp(f, "w:", 2) == 0 || strncmp(f, "d:", 2) == 0;
    case AVRO_ARRAY: return strcmp(f, "+l") == 0;
    case AVRO_MAP: return strcmp(f, "+m") == 0;
    case AVRO_RECORD: return strcmp(f, "+s") == 0;
    case AVRO_LINK: return bridge_fits(column, avro_schema_link_target(schema));
    default: return false;
    }
}

int bridge_branch(avro_schema_t schema, const struct ArrowSchema *column) {
    size_t n = avro_schema_union_size(schema);
    for (size_t i = 0; i < n; i++) {
        avro_schema_t branch = avro_schema_union_branch(schema, (int)i);
        if (column == NULL ? avro_typeof(branch) == AVRO_NULL
                           : avro_typeof(branch) != AVRO_NULL && bridge_fits(column, branch))
            return (int)i;
    }
    return -1;
}
