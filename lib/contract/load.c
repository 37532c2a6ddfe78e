#include "contract/rules.h"
#include "base/number.h"
#include "base/utf8.h"

/* ---- options ---- */

void pln_contract_options_init(pln_contract_options *options, uint32_t size) {
    pln_contract_options defaults = {
        .struct_size = size, .problems_max = 1000, .size_max = 1 << 20};
    memset(options, 0, size);
    memcpy(options, &defaults, size < sizeof defaults ? size : sizeof defaults);
}

static pln_status read_options(const pln_contract_options *given, pln_contract_options *out,
                               pln_error *err) {
    pln_contract_options_init(out, sizeof *out);
    if (given == NULL)
        return PLN_OK;
    if (given->struct_size < sizeof *given)
        return pln__error_set(err, PLN_EINVAL,
                              "contract options: struct_size is %u, at least %u are needed",
                              given->struct_size, (unsigned)sizeof *given);
    memcpy(out, given, sizeof *out);
    if ((out->flags & ~(uint32_t)(PLN_CONTRACT_KEEP_INVALID | PLN_CONTRACT_PHYSICAL_NAMES |
                                  PLN_CONTRACT_SQL_CHECKS)) != 0)
        return pln__error_set(err, PLN_EINVAL, "contract options: unknown flags 0x%x", out->flags);
    if (out->format < PLN_CONTRACT_AUTO || out->format > PLN_CONTRACT_YAML)
        return pln__error_set(err, PLN_EINVAL, "contract options: %d is no format", out->format);
    if (out->problems_max < 1 || out->problems_max > 10000)
        return pln__error_set(err, PLN_EINVAL,
                              "contract options: problems_max is %d, expected 1 to 10000",
                              out->problems_max);
    if (out->size_max < 1 || out->size_max > 1 << 24)
        return pln__error_set(err, PLN_EINVAL,
                              "contract options: size_max is %lld, expected 1 to 16777216",
                              (long long)out->size_max);
    return PLN_OK;
}

/* ---- reading ---- */

/* Nesting, and that keys are texts that C can hold: accessors look for them by their names. */
static pln_status check_nesting(const json *node, int depth, pln_error *err) {
    if (depth > PLN__CONTRACT_NESTING_MAX)
        return pln__error_set(err, PLN_ELIMIT, "contract: nested deeper than %d",
                              PLN__CONTRACT_NESTING_MAX);
    for (const json *child = node->kind >= J_ARRAY ? node->first : NULL; child != NULL;
         child = child->next) {
        pln_status status = check_nesting(child, depth + 1, err);
        if (status < 0)
            return status;
    }
    return PLN_OK;
}

static pln_status read_document(pln_contract *contract, const char *bytes, int64_t size,
                                const pln_contract_options *options, pln_error *err) {
    json *document = NULL;
    int64_t at = 0;
    pln_status status;
    if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
        bytes += 3;
        size -= 3;
    }
    while (at < size &&
           (bytes[at] == ' ' || bytes[at] == '\t' || bytes[at] == '\n' || bytes[at] == '\r'))
        at++;
    bool yaml = options->format == PLN_CONTRACT_YAML ||
                (options->format == PLN_CONTRACT_AUTO && (at == size || bytes[at] != '{'));
    status = yaml
                 ? pln__yaml_parse(&contract->arena, bytes, size, options->size_max, &document, err)
                 : pln__doc_parse(&contract->arena, "contract", bytes, size, &document, err);
    contract->document = document;
    return status < 0 ? status : check_nesting(document, 0, err);
}

/* ---- checking ---- */

static pln_status check_version(pln_contract *contract, int32_t version, pln_error *err) {
    pln__rules_check c = {.contract = contract, .err = err, .version = version};
    contract->n = contract->errors = 0;
    contract->rules = version;
    pln__rules_object(&c, contract->document, &pln__rules_contract);
    return c.status;
}

/* A text of the document is one of 3.1.0 if it keeps its rules, whatever older version it names, for they admit that. */
static pln_status check(pln_contract *contract, pln_error *err) {
    static const char *const older[] = {"v3.0.2", "v3.0.1", "v3.0.0", "v2.2.2", "v2.2.1", "v2.2.0"};
    const char *said = pln__contract_text(contract->document, "apiVersion");
    pln_status status = check_version(contract, V310, err);
    for (int i = 0; i < PLN__COUNT(older) && said != NULL; i++)
        if (status >= 0 && contract->errors > 0 && contract->rules == V310 &&
            strcmp(said, older[i]) == 0)
            status = check_version(contract, V302, err);
    return status;
}

static pln_status refuse(const pln_contract *contract, pln_error *err) {
    const pln_contract_problem *first = NULL;
    for (int64_t i = 0; i < contract->n && first == NULL; i++)
        if (contract->problems[i].level == PLN_CONTRACT_ERROR)
            first = &contract->problems[i];
    const char *pointer = first == NULL || first->pointer[0] == '\0' ? "(top)" : first->pointer;
    const char *reason = first == NULL ? "more warnings than are listed" : first->reason;
    if (contract->errors == 1)
        return pln__error_set(err, PLN_ESYNTAX, "contract, %s: %s", pointer, reason);
    return pln__error_set(err, PLN_ESYNTAX, "contract, %s: %s; and %lld more", pointer, reason,
                          (long long)contract->errors - 1);
}

pln_status pln_contract_parse(pln_runtime *runtime, const char *bytes, int64_t size,
                              const pln_contract_options *options, pln_contract **out,
                              pln_error *err) {
    return pln__contract_read(pln__runtime_allocator(runtime), bytes, size, options, out, err);
}

pln_status pln__contract_read(const pln_allocator *mem, const char *bytes, int64_t size,
                              const pln_contract_options *options, pln_contract **out,
                              pln_error *err) {
    pln_contract_options mine;
    pln_contract *contract = NULL;
    pln_status status;
    *out = NULL;
    PLN__TRY(read_options(options, &mine, err));
    size = size < 0 ? (int64_t)strlen(bytes) : size;
    if (size > mine.size_max)
        PLN__FAIL(err, PLN_ELIMIT, "contract: %lld bytes, at most %lld are taken", (long long)size,
                  (long long)mine.size_max);
    contract = pln__calloc(mem, 1, sizeof *contract);
    if (contract == NULL) {
        status = pln__error_memory(err, sizeof *contract);
        goto out;
    }
    contract->mem = contract->arena.mem = mem;
    contract->most = mine.problems_max;
    contract->flags = mine.flags;
    PLN__TRY(read_document(contract, bytes, size, &mine, err));
    PLN__TRY(check(contract, err));
    if (contract->errors > 0 && (mine.flags & PLN_CONTRACT_KEEP_INVALID) == 0)
        PLN__TRY(refuse(contract, err));
    *out = contract;
    return PLN_OK;
out:
    pln_contract_free(contract);
    return status;
}

void pln_contract_free(pln_contract *contract) {
    if (contract == NULL)
        return;
    const pln_allocator *mem = contract->mem;
    pln__free(mem, contract->problems, (uint64_t)contract->capacity * sizeof *contract->problems);
    pln__arena_free(&contract->arena);
    pln__free(mem, contract, sizeof *contract);
}

int64_t pln_contract_problem_count(const pln_contract *contract) {
    return contract->n;
}

const pln_contract_problem *pln_contract_problem_at(const pln_contract *contract, int64_t index) {
    return index >= 0 && index < contract->n ? &contract->problems[index] : NULL;
}

pln_status pln__contract_usable(const pln_contract *contract, pln_error *err) {
    if (contract->errors == 0)
        return PLN_OK;
    (void)refuse(contract, err);
    if (err != NULL)
        err->status = PLN_ESTATE;
    return PLN_ESTATE;
}
