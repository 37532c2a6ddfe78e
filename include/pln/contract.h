/*
 * Data contracts: what the makers and the users of a table have agreed on, read, checked, and made into a schema and a suite of checks.
 *
 *     pln_contract *contract;
 *     pln_contract_parse(rt, bytes, size, NULL, &contract, &err);          JSON or YAML
 *     pln_contract_schema(contract, "orders", &columns, &err);             the columns that it promises
 *     pln_contract_suite(contract, "orders", &suite, &n, &left, &err);     the checks that hold data to it; and what no check says
 *     pln_contract_free(contract);
 *
 * The form is the Open Data Contract Standard (ODCS) of Bitol, versions 3.1.0 and 3.0.2: https://bitol-io.github.io/open-data-contract-standard. A contract is a
 * document such as
 *
 *     apiVersion: v3.1.0
 *     kind: DataContract
 *     id: orders
 *     version: 1.0.0
 *     status: active
 *     schema:
 *       - name: orders
 *         properties:
 *           - {name: order_id, logicalType: integer, required: true, primaryKey: true}
 *           - {name: amount, logicalType: number, logicalTypeOptions: {minimum: 0}}
 *         quality:
 *           - {metric: rowCount, mustBeGreaterThan: 0}
 *
 * Every rule of the standard's JSON schemas is checked, and what is wrong is listed whole, each with a JSON pointer (RFC 6901) to its place and the reason; the
 * first stands in the error. "v3.1.0" is held to 3.1.0; an older apiVersion is taken if the document keeps the rules of 3.1.0, which admit
 * it, or of 3.0.2. The values of a JSON schema's "format" (date, date-time, uri) and what the standard says in words only (ids and names
 * that are there twice) are warnings, as they are for other readers.
 *
 * YAML is that of libyaml with the core schema of YAML 1.2, so that `no` is a text and `1.0` a number: one document, keys that are texts and unique, no tags but
 * the standard ones, aliases copied. Without libyaml (pln_contract_has_yaml) a contract in YAML is refused; JSON always works.
 *
 * A document may come from anybody: size, nesting, what aliases make of it and the length of the list of problems are limited before memory is taken.
 * Memory is at most about seventy times size_max, and that of libyaml, which is not the runtime's.
 *
 * What changed between two contracts, and whom it breaks, is in <pln/contract_diff.h>. pln-contracts(7) has the tables of both.
 */
#ifndef PLN_CONTRACT_H
#define PLN_CONTRACT_H

#include <pln/arrow.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_contract pln_contract;
/* An object of `schema`, a property, or the items of an array. */
typedef struct pln_contract_element pln_contract_element;

/* Of pln_contract_options.format. AUTO: JSON if the first character is {, otherwise YAML. */
enum { PLN_CONTRACT_AUTO = 0, PLN_CONTRACT_JSON = 1, PLN_CONTRACT_YAML = 2 };

/* Of pln_contract_options.flags. */
enum {
    PLN_CONTRACT_KEEP_INVALID = 1,   /* a document with problems is returned, to be looked at */
    PLN_CONTRACT_PHYSICAL_NAMES = 2, /* columns bear their physicalName where there is one */
    PLN_CONTRACT_SQL_CHECKS = 4      /* queries become checks of kind sql, for who runs them: pln_suite_new does not */
};

typedef struct pln_contract_options {
    uint32_t struct_size;
    uint32_t flags;
    int32_t format;       /* PLN_CONTRACT_* [AUTO] */
    int32_t problems_max; /* how many are listed, 1 to 10,000 [1,000] */
    int64_t size_max;     /* bytes of a document, and of what aliases make of it, 1 to 2^24 [2^20] */
} pln_contract_options;

/* Of pln_contract_problem.level: an error refuses the document, a warning does not. */
enum { PLN_CONTRACT_ERROR = 1, PLN_CONTRACT_WARNING = 2 };

typedef struct pln_contract_problem {
    uint32_t struct_size;
    int32_t level;
    const char *pointer; /* "/schema/0/properties/2/logicalType"; "" is the document */
    const char *reason;  /* "'text' is none of string, date, ..." */
} pln_contract_problem;

/* Texts are NULL where the document has none. */
typedef struct pln_contract_info {
    uint32_t struct_size;
    int32_t valid; /* 1: without errors */
    const char *id;
    const char *version;
    const char *api_version; /* "v3.1.0" */
    const char *rules;       /* of the standard that it was held to: "3.1.0" or "3.0.2" */
    const char *status;
    const char *name;
    const char *tenant;
    const char *domain;
    const char *data_product;
    const char *purpose; /* of the description */
    int64_t n_objects;
    int64_t n_servers;
    int64_t n_sla;
} pln_contract_info;

typedef struct pln_contract_element_info {
    uint32_t struct_size;
    int32_t required;
    int32_t unique;
    int32_t primary_key;
    int32_t primary_key_position; /* -1: not said */
    int32_t partitioned;
    int64_t n_children; /* properties; 1 of an array that has items */
    const char *id;
    const char *name; /* NULL of the items of an array */
    const char *physical_name;
    const char *logical_type; /* "integer" */
    const char *physical_type;
    const char *business_name;
    const char *description;
    const char *classification;
} pln_contract_element_info;

typedef struct pln_contract_server {
    uint32_t struct_size;
    uint32_t reserved;
    const char *server; /* its name */
    const char *type;   /* "postgres" */
    const char *environment;
    const char *description;
} pln_contract_server;

typedef struct pln_contract_sla {
    uint32_t struct_size;
    int32_t is_number;
    double number;        /* the value, where it is a number; otherwise NaN */
    const char *property; /* "latency" */
    const char *text;     /* the value, where it is a text */
    const char *unit;
    const char *element; /* that of the property, or slaDefaultElement */
    const char *driver;
    int64_t seconds; /* the value as a duration, where its unit is one: d, h, min, s, w, y and their names; -1: none */
} pln_contract_sla;

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_contract_options_init(pln_contract_options *options, uint32_t size);

/*
 * Read a contract and hold it to the standard. `size` -1: up to a NUL. options NULL: the defaults.
 *
 * Errors: PLN_ESYNTAX gives line and column of what is no JSON or YAML, or the JSON pointer of the first thing that is wrong, the reason, and how many more there
 * are; PLN_ELIMIT for a document that is too large, nested deeper than 100, or grows too large by its aliases; PLN_EUNSUPPORTED for YAML without libyaml;
 * PLN_EINVAL for options; PLN_ENOMEM.
 * Owner: `bytes` is borrowed; *out is yours, free it with pln_contract_free before the runtime goes. With KEEP_INVALID a document that breaks rules is PLN_OK.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_contract_parse(pln_runtime *runtime, const char *bytes, int64_t size,
                                      const pln_contract_options *options, pln_contract **out,
                                      pln_error *err);

/*
 * Free a contract and all that it lent. NULL is allowed.
 *
 * Errors: none.
 * Owner: the contract is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_contract_free(pln_contract *contract);

/*
 * Whether this library reads YAML: 1 or 0.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int32_t pln_contract_has_yaml(void);

/*
 * How many problems are listed, errors and warnings.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int64_t pln_contract_problem_count(const pln_contract *contract);

/*
 * Problem number `index`, from 0, in the order of the document; NULL past the end.
 *
 * Errors: none.
 * Owner: lent; valid while the contract is.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const pln_contract_problem *pln_contract_problem_at(const pln_contract *contract,
                                                            int64_t index);

/*
 * What stands at the top. Set out->struct_size first.
 *
 * Errors: none.
 * Owner: the texts are the contract's.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_contract_info_get(const pln_contract *contract, pln_contract_info *out);

/*
 * Object number `index` of `schema`, or NULL.
 *
 * Errors: none.
 * Owner: the contract's.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const pln_contract_element *pln_contract_object(const pln_contract *contract,
                                                        int64_t index);

/*
 * The object of that name, physical name or id; with NULL the only one there is. NULL if there is none.
 *
 * Errors: none.
 * Owner: the contract's.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const pln_contract_element *pln_contract_find(const pln_contract *contract,
                                                      const char *object);

/*
 * Property number `index` of an object or of a property that is one; of an array its items (index 0). NULL past the end.
 *
 * Errors: none.
 * Owner: the contract's.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const pln_contract_element *pln_contract_element_child(const pln_contract_element *element,
                                                               int64_t index);

/*
 * What an object or property is. Set out->struct_size first. Its options, quality rules and all else come with pln_contract_element_value.
 *
 * Errors: none.
 * Owner: the texts are the contract's.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_contract_element_info_get(const pln_contract_element *element,
                                           pln_contract_element_info *out);

/*
 * What server number `index` is. Set out->struct_size first.
 *
 * Errors: PLN_EINVAL past the end.
 * Owner: the texts are the contract's.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_contract_server_at(const pln_contract *contract, int64_t index,
                                          pln_contract_server *out);

/*
 * What service level number `index` says. Set out->struct_size first.
 *
 * Errors: PLN_EINVAL past the end.
 * Owner: the texts are the contract's.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_contract_sla_at(const pln_contract *contract, int64_t index,
                                       pln_contract_sla *out);

/*
 * What stands at a JSON pointer, as JSON text: "" is the whole document, "/servers/0/location" a part. *out is NULL where nothing does.
 *
 * Errors: PLN_EINVAL for what is no pointer; PLN_ENOMEM.
 * Owner: *out is yours; free it with pln_text_free of the runtime that parsed.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_contract_value(const pln_contract *contract, const char *pointer, char **out,
                                      pln_error *err);

/*
 * The same below an object or property: "/logicalTypeOptions", "/quality/0".
 *
 * Errors: PLN_EINVAL for what is no pointer; PLN_ENOMEM.
 * Owner: *out is yours; free it with pln_text_free of the runtime that parsed.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_contract_element_value(const pln_contract *contract,
                                              const pln_contract_element *element,
                                              const char *pointer, char **out, pln_error *err);

/*
 * The columns of an object (its name; NULL: the only one), a struct. A property that is required or part of the primary key has no nulls. pln-contracts(7) has
 * the table of types.
 *
 * Errors: PLN_ENAME for an object that is not there; PLN_EUNSUPPORTED names the pointer of what has no column type, and how many there are; PLN_ESTATE for a
 * contract with errors; PLN_EINVAL for names that no table can have, such as two that are the same; PLN_ELIMIT; PLN_ENOMEM.
 * Owner: *out is yours; call its release.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_contract_schema(const pln_contract *contract, const char *object,
                                       struct ArrowSchema *out, pln_error *err);

/*
 * The Avro record, of the object's name, that holds rows of those columns.
 *
 * Errors: those of pln_contract_schema; PLN_EINVAL for a name that is none in Avro.
 * Owner: *out is yours; free it with pln_avro_schema_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_contract_avro_schema(const pln_contract *contract, const char *object,
                                            pln_avro_schema **out, pln_error *err);

/*
 * The checks that hold rows of an object to the contract, as the JSON text of a suite (<pln/suite.h>): {"name", "checks": [...]}. Each check has an id that stays when other rules
 * come and go ("amount.minimum"), and in its meta the pointer of the rule. *unsupported is a JSON list of {"pointer", "rule", "reason"}: every rule that
 * no check of the suite evaluates. A rule is in one of the two, always; types are held by the schema.
 *
 * Errors: PLN_ENAME for an object that is not there; PLN_ESTATE for a contract with errors; PLN_ENOMEM.
 * Owner: *text (of *size bytes, and a NUL) and *unsupported are yours; free them with pln_text_free of the runtime that parsed.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_contract_suite(const pln_contract *contract, const char *object, char **text,
                                      int64_t *size, char **unsupported, pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
