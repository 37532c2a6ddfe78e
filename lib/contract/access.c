#include "contract/contract.h"
#include "base/number.h"
#include <math.h>

static const json *nth(const json *list, int64_t index) {
    const json *item = list != NULL && list->kind == J_ARRAY && index >= 0 ? list->first : NULL;
    for (; item != NULL && index > 0; index--)
        item = item->next;
    return item;
}

static int64_t count(const json *list) {
    return list != NULL && list->kind == J_ARRAY ? list->size : 0;
}

bool pln__contract_number(const json *value, double *out) {
    return value != NULL && value->kind == J_NUMBER &&
           pln__parse_double(value->text, value->size, PLN__DOUBLE_JSON, out) == PLN__PARSED;
}

/* A caller's struct may be older and shorter, or younger and longer, than ours. */
static void hand_out(void *out, const void *mine, uint32_t size, uint32_t theirs) {
    memset((char *)out + sizeof theirs, 0, theirs > sizeof theirs ? theirs - sizeof theirs : 0);
    memcpy(out, mine, theirs < size ? theirs : size);
    memcpy(out, &theirs, sizeof theirs);
}

/* ---- the top ---- */

void pln_contract_info_get(const pln_contract *contract, pln_contract_info *out) {
    const json *top = contract->document;
    pln_contract_info info = {
        .struct_size = sizeof info,
        .valid = contract->errors == 0,
        .id = pln__contract_text(top, "id"),
        .version = pln__contract_text(top, "version"),
        .api_version = pln__contract_text(top, "apiVersion"),
        .rules = contract->rules == V310 ? "3.1.0" : "3.0.2",
        .status = pln__contract_text(top, "status"),
        .name = pln__contract_text(top, "name"),
        .tenant = pln__contract_text(top, "tenant"),
        .domain = pln__contract_text(top, "domain"),
        .data_product = pln__contract_text(top, "dataProduct"),
        .purpose = pln__contract_text(pln__doc_get(top, "description"), "purpose"),
        .n_objects = count(pln__doc_get(top, "schema")),
        .n_servers = count(pln__doc_get(top, "servers")),
        .n_sla = count(pln__doc_get(top, "slaProperties"))};
    hand_out(out, &info, sizeof info, out->struct_size);
}

const pln_contract_element *pln_contract_object(const pln_contract *contract, int64_t index) {
    return pln__element_of(nth(pln__doc_get(contract->document, "schema"), index));
}

static bool says(const json *element, const char *key, const char *name, int64_t size) {
    const json *text = pln__doc_get(element, key);
    return text != NULL && text->kind == J_STRING && text->size == size &&
           memcmp(text->text, name, (size_t)size) == 0;
}

bool pln__contract_is_named(const json *element, const char *name, int64_t size) {
    return says(element, "name", name, size) || says(element, "physicalName", name, size);
}

const pln_contract_element *pln_contract_find(const pln_contract *contract, const char *object) {
    static const char *const keys[] = {"name", "physicalName", "id"};
    const json *list = pln__doc_get(contract->document, "schema");
    if (object == NULL)
        return count(list) == 1 ? pln__element_of(list->first) : NULL;
    for (int i = 0; i < PLN__COUNT(keys); i++)
        for (const json *item = nth(list, 0); item != NULL; item = item->next)
            if (says(item, keys[i], object, (int64_t)strlen(object)))
                return pln__element_of(item);
    return NULL;
}

pln_status pln__contract_object(const pln_contract *contract, const char *name, const json **out,
                                pln_error *err) {
    const json *list = pln__doc_get(contract->document, "schema");
    const char *names[65];
    int n = 0;
    pln_status status = pln__contract_usable(contract, err);
    if (status < 0)
        return status;
    *out = pln__element_json(pln_contract_find(contract, name));
    if (*out != NULL)
        return PLN_OK;
    if (name == NULL)
        return pln__error_set(err, PLN_ENAME,
                              "contract: it has %lld objects, name the one that is meant",
                              (long long)count(list));
    for (const json *item = nth(list, 0); item != NULL && n < 64; item = item->next)
        if (pln__contract_text(item, "name") != NULL)
            names[n++] = pln__contract_text(item, "name");
    names[n] = NULL;
    const char *near = pln__nearest(name, names);
    if (near == NULL)
        return pln__error_set(err, PLN_ENAME, "contract: no object '%s'", name);
    return pln__error_set(err, PLN_ENAME, "contract: no object '%s' (did you mean '%s'?)", name,
                          near);
}

const char *pln__contract_column(const pln_contract *contract, const json *property) {
    const char *physical = pln__contract_text(property, "physicalName");
    return (contract->flags & PLN_CONTRACT_PHYSICAL_NAMES) != 0 && physical != NULL
               ? physical
               : pln__contract_text(property, "name");
}

/* ---- elements ---- */

const pln_contract_element *pln_contract_element_child(const pln_contract_element *element,
                                                       int64_t index) {
    const json *node = pln__element_json(element), *items = pln__doc_get(node, "items");
    if (items != NULL && items->kind == J_OBJECT && pln__doc_get(node, "properties") == NULL)
        return index == 0 ? pln__element_of(items) : NULL;
    return pln__element_of(nth(pln__doc_get(node, "properties"), index));
}

void pln_contract_element_info_get(const pln_contract_element *element,
                                   pln_contract_element_info *out) {
    const json *node = pln__element_json(element), *items = pln__doc_get(node, "items"),
               *properties = pln__doc_get(node, "properties");
    int64_t position = -1;
    (void)pln__doc_int(pln__doc_get(node, "primaryKeyPosition"), &position);
    pln_contract_element_info info = {
        .struct_size = sizeof info,
        .required = pln__contract_flag(node, "required"),
        .unique = pln__contract_flag(node, "unique"),
        .primary_key = pln__contract_flag(node, "primaryKey"),
        .primary_key_position = position < 0 || position > INT32_MAX ? -1 : (int32_t)position,
        .partitioned = pln__contract_flag(node, "partitioned"),
        .n_children = properties == NULL && items != NULL && items->kind == J_OBJECT
                          ? 1
                          : count(properties),
        .id = pln__contract_text(node, "id"),
        .name = pln__contract_text(node, "name"),
        .physical_name = pln__contract_text(node, "physicalName"),
        .logical_type = pln__contract_text(node, "logicalType"),
        .physical_type = pln__contract_text(node, "physicalType"),
        .business_name = pln__contract_text(node, "businessName"),
        .description = pln__contract_text(node, "description"),
        .classification = pln__contract_text(node, "classification")};
    hand_out(out, &info, sizeof info, out->struct_size);
}

/* ---- servers and service levels ---- */

pln_status pln_contract_server_at(const pln_contract *contract, int64_t index,
                                  pln_contract_server *out) {
    const json *node = nth(pln__doc_get(contract->document, "servers"), index);
    if (node == NULL)
        return PLN_EINVAL;
    pln_contract_server server = {.struct_size = sizeof server,
                                  .server = pln__contract_text(node, "server"),
                                  .type = pln__contract_text(node, "type"),
                                  .environment = pln__contract_text(node, "environment"),
                                  .description = pln__contract_text(node, "description")};
    hand_out(out, &server, sizeof server, out->struct_size);
    return PLN_OK;
}

int64_t pln__contract_seconds(const json *sla) {
    static const struct {
        const char *names;
        double seconds;
    } units[] = {{"s sec second seconds", 1},
                 {"min minute minutes", 60},
                 {"h hr hour hours", 3600},
                 {"d day days", 86400},
                 {"w wk week weeks", 604800},
                 {"y yr year years", 31536000}};
    const char *unit = pln__contract_text(sla, "unit");
    double value, seconds;
    if (unit == NULL || !pln__contract_number(pln__doc_get(sla, "value"), &value) || value < 0)
        return -1;
    for (int i = 0; i < PLN__COUNT(units); i++)
        for (const char *at = units[i].names; at != NULL && *at != '\0';
             at += strcspn(at, " "), at += *at == ' ')
            if (strcspn(at, " ") == strlen(unit) && memcmp(at, unit, strlen(unit)) == 0) {
                seconds = value * units[i].seconds;
                return seconds < 1e15 ? (int64_t)ceil(seconds) : -1;
            }
    return -1;
}

pln_status pln_contract_sla_at(const pln_contract *contract, int64_t index, pln_contract_sla *out) {
    const json *node = nth(pln__doc_get(contract->document, "slaProperties"), index);
    if (node == NULL)
        return PLN_EINVAL;
    const char *element = pln__contract_text(node, "element");
    pln_contract_sla sla = {
        .struct_size = sizeof sla,
        .number = NAN,
        .property = pln__contract_text(node, "property"),
        .text = pln__contract_text(node, "value"),
        .unit = pln__contract_text(node, "unit"),
        .element = element != NULL ? element
                                   : pln__contract_text(contract->document, "slaDefaultElement"),
        .driver = pln__contract_text(node, "driver"),
        .seconds = pln__contract_seconds(node)};
    sla.is_number = pln__contract_number(pln__doc_get(node, "value"), &sla.number);
    hand_out(out, &sla, sizeof sla, out->struct_size);
    return PLN_OK;
}

/* ---- values by pointers ---- */

/* One step, with ~1 and ~0 undone; false for a bad escape. */
static bool unescape_token(const char *from, size_t size, char *out, size_t *length) {
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        out[n] = from[i];
        if (from[i] == '~') {
            if (i + 1 == size || (from[i + 1] != '0' && from[i + 1] != '1'))
                return false;
            out[n] = from[++i] == '0' ? '~' : '/';
        }
        n++;
    }
    *length = n;
    return true;
}

static const json *step(const json *node, const char *token, size_t size) {
    int64_t index;
    if (node->kind == J_ARRAY) {
        bool plain = size == 1 || (size > 1 && token[0] != '0');
        for (size_t i = 0; i < size; i++)
            plain = plain && token[i] >= '0' && token[i] <= '9';
        return plain && pln__parse_int64(token, (int64_t)size, &index) == PLN__PARSED
                   ? nth(node, index)
                   : NULL;
    }
    for (const json *m = node->kind == J_OBJECT ? node->first : NULL; m != NULL; m = m->next)
        if ((size_t)m->key_size == size && memcmp(m->key, token, size) == 0)
            return m;
    return NULL;
}

static pln_status find_pointer(const pln_allocator *mem, const char *pointer, const json **node,
                               pln_error *err) {
    size_t room = strlen(pointer) + 1, length;
    bool good = *pointer == '\0' || *pointer == '/';
    char *token = pln__alloc(mem, room);
    if (token == NULL)
        return pln__error_memory(err, room);
    for (const char *at = pointer; good && *at == '/';) {
        size_t size = strcspn(++at, "/");
        good = unescape_token(at, size, token, &length);
        if (good && *node != NULL)
            *node = step(*node, token, length);
        at += size;
    }
    pln__free(mem, token, room);
    return good ? PLN_OK
                : pln__error_set(err, PLN_EINVAL, "contract: '%s' is no JSON pointer", pointer);
}

static pln_status value_at(const pln_contract *contract, const json *node, const char *pointer,
                           char **out, pln_error *err) {
    pln__text text;
    *out = NULL;
    pln_status status = find_pointer(contract->mem, pointer, &node, err);
    if (status < 0 || node == NULL)
        return status;
    pln__text_init(&text, contract->mem);
    pln__avro_json_text(node, &text);
    *out = pln__text_take(&text);
    return pln__text_status(&text, err);
}

pln_status pln_contract_value(const pln_contract *contract, const char *pointer, char **out,
                              pln_error *err) {
    return value_at(contract, contract->document, pointer, out, err);
}

pln_status pln_contract_element_value(const pln_contract *contract,
                                      const pln_contract_element *element, const char *pointer,
                                      char **out, pln_error *err) {
    return value_at(contract, pln__element_json(element), pointer, out, err);
}
