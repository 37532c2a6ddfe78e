#include "contract/rules.h"
#include <stdio.h>

/* What a server has by its type: names of fields. Ports are integers, and some texts are meant as URIs. */
typedef struct server_type {
    const char *type;
    const char *required, *optional; /* names, a blank between two */
} server_type;

static const server_type types[] = {
    {"api", "location", ""},
    {"athena", "stagingDir schema", "catalog regionName"},
    {"azure", "location format", "delimiter"},
    {"bigquery", "project dataset", ""},
    {"clickhouse", "host port database", ""},
    {"cloudsql", "host port database schema", ""},
    {"custom", "", "account catalog database dataset delimiter endpointUrl format host location path port project "
                   "region regionName schema serviceName stagingDir warehouse stream"},
    {"databricks", "catalog schema", "host"},
    {"db2", "host port database", "schema"},
    {"denodo", "host port", "database"},
    {"dremio", "host port", "schema"},
    {"duckdb", "database", "schema"},
    {"glue", "account database", "location format"},
    {"hive", "host database", "port"},
    {"impala", "host database", "port"},
    {"informix", "host database", "port"},
    {"kafka", "host", "format"},
    {"kinesis", "", "region format"},
    {"local", "path format", ""},
    {"mysql", "host port database", ""},
    {"oracle", "host port serviceName", ""},
    {"postgres", "host port database schema", ""},
    {"postgresql", "host port database schema", ""},
    {"presto", "host", "catalog schema"},
    {"pubsub", "project", ""},
    {"redshift", "database schema", "host region account"},
    {"s3", "location", "endpointUrl format delimiter"},
    {"sftp", "location", "format delimiter"},
    {"snowflake", "account database schema", "host port warehouse"},
    {"sqlserver", "host database schema", "port"},
    {"synapse", "host port database", ""},
    {"trino", "host port catalog schema", ""},
    {"vertica", "host port database schema", ""},
    {"zen", "host database", "port"}};

const char *const pln__server_types_310[] = {
    "api",      "athena",     "azure",    "bigquery",  "clickhouse", "databricks", "denodo",
    "dremio",   "duckdb",     "glue",     "cloudsql",  "db2",        "hive",       "impala",
    "informix", "kafka",      "kinesis",  "local",     "mysql",      "oracle",     "postgresql",
    "postgres", "presto",     "pubsub",   "redshift",  "s3",         "sftp",       "snowflake",
    "sqlserver", "synapse",   "trino",    "vertica",   "zen",        "custom",     NULL};
const char *const pln__server_types_302[] = {
    "api",      "athena",     "azure",    "bigquery",  "clickhouse", "databricks", "denodo",
    "dremio",   "duckdb",     "glue",     "cloudsql",  "db2",        "informix",   "kafka",
    "kinesis",  "local",      "mysql",    "oracle",    "postgresql", "postgres",   "presto",
    "pubsub",   "redshift",   "s3",       "sftp",      "snowflake",  "sqlserver",  "synapse",
    "trino",    "vertica",    "custom",   NULL};

static const char *const formats[] = {"parquet", "delta", "json", "csv", NULL};
static const char *const delimiters[] = {"new_line", "array", NULL};
static const pln__rule_field text_field = {"", T_STRING, BOTH, 0, NULL};
static const pln__rule_field int_field = {"", T_INT, BOTH, 0, NULL};
static const pln__rule_field uri_field = {"", T_URI, BOTH, 0, NULL};
static const pln__rule_field format_field = {"", T_ENUM, V302, 0, formats};
static const pln__rule_field delimiter_field = {"", T_ENUM, V302, 0, delimiters};

static const server_type *type_of(const json *object) {
    const char *type = pln__contract_text(object, "type");
    for (int i = 0; type != NULL && i < PLN__COUNT(types); i++)
        if (strcmp(types[i].type, type) == 0)
            return &types[i];
    return NULL;
}

/* The next name of a list into `out`; where it ends, or NULL at the end of the list. */
static const char *next_name(const char *list, char out[32]) {
    size_t n = strcspn(list, " ");
    if (n == 0 || n >= 32)
        return NULL;
    memcpy(out, list, n);
    out[n] = '\0';
    return list + n + (list[n] == ' ');
}

static bool is_listed(const char *list, const json *member) {
    char name[32];
    while ((list = next_name(list, name)) != NULL)
        if (pln__doc_is(member, name))
            return true;
    return false;
}

static const pln__rule_field *field_of(const pln__rules_check *c, const char *type,
                                       const json *member) {
    bool file = strcmp(type, "s3") == 0 || strcmp(type, "azure") == 0 || strcmp(type, "sftp") == 0;
    if (pln__doc_is(member, "port") ||
        (c->version == V302 && strcmp(type, "duckdb") == 0 && pln__doc_is(member, "schema")))
        return &int_field;
    if (c->version == V302 && file && pln__doc_is(member, "format"))
        return &format_field;
    if (c->version == V302 && file && pln__doc_is(member, "delimiter"))
        return &delimiter_field;
    bool staging = strcmp(type, "athena") == 0 && pln__doc_is(member, "stagingDir");
    return staging || pln__doc_is(member, "location") || pln__doc_is(member, "endpointUrl")
               ? &uri_field
               : &text_field;
}

bool pln__server_member(pln__rules_check *c, const json *object, const json *member) {
    const server_type *type = type_of(object);
    /* A type that is none has been said; what goes with it cannot be known. */
    if (type == NULL)
        return pln__doc_get(object, "type") != NULL;
    bool stream = c->version == V302 && pln__doc_is(member, "stream");
    if (stream || (!is_listed(type->required, member) && !is_listed(type->optional, member)))
        return false;
    pln__rules_value(c, member, field_of(c, type->type, member));
    const char *text = pln__doc_string(member);
    if (strcmp(type->type, "sftp") == 0 && pln__doc_is(member, "location") && text != NULL &&
        strncmp(text, "sftp://", 7) != 0)
        pln__rules_say(c, PLN_CONTRACT_ERROR, member,
                       "the location of an sftp server begins with sftp://");
    return true;
}

void pln__server_whole(pln__rules_check *c, const json *object) {
    const server_type *type = type_of(object);
    char name[32], what[64];
    for (const char *list = type == NULL ? "" : type->required;
         (list = next_name(list, name)) != NULL;) {
        (void)snprintf(what, sizeof what, "a server of type %s", type->type);
        pln__rules_missing(c, object, name, what);
    }
}
