#include "contract/rules.h"

typedef pln__rule_field field;

static const char *const kinds[] = {"DataContract", NULL};
static const char *const api_versions[] = {"v3.1.0", "v3.0.2", "v3.0.1", "v3.0.0",
                                           "v2.2.2", "v2.2.1", "v2.2.0", NULL};
static const char *const api_versions_302[] = {"v3.0.2", "v3.0.1", "v3.0.0", "v2.2.2",
                                               "v2.2.1", "v2.2.0", NULL};
static const char *const object_types[] = {"object", NULL};
static const char *const logical_types[] = {"string", "date",   "timestamp", "time",    "number",
                                            "integer", "object", "array",     "boolean", NULL};
static const char *const logical_types_302[] = {"string", "date",  "number",  "integer",
                                                "object", "array", "boolean", NULL};
static const char *const dimensions[] = {"accuracy", "completeness", "conformity", "consistency",
                                         "coverage", "timeliness",   "uniqueness", NULL};
static const char *const quality_types[] = {"text", "library", "sql", "custom", NULL};
static const char *const relationship_types[] = {"foreignKey", NULL};

/* ---- small objects ---- */

static const field custom_fields[] = {
    {"id", T_ID, V310, 0, NULL},
    {"property", T_STRING, BOTH, V310, NULL},
    {"value", T_ANY, BOTH, V310, NULL},
    {"description", T_STRING, V310, 0, NULL},
    {0}};
static const pln__rules custom = {
    .what = "a custom property", .fields = custom_fields, .open = V302};

static const field definition_fields[] = {
    {"id", T_ID, V310, 0, NULL},
    {"url", T_STRING, BOTH, BOTH, NULL},
    {"type", T_STRING, BOTH, BOTH, NULL},
    {"description", T_STRING, V310, 0, NULL},
    {0}};
static const pln__rules definition = {
    .what = "an authoritative definition", .fields = definition_fields, .open = V302};

static const field description_fields[] = {
    {"usage", T_STRING, BOTH, 0, NULL},
    {"purpose", T_STRING, BOTH, 0, NULL},
    {"limitations", T_STRING, BOTH, 0, NULL},
    {"authoritativeDefinitions", T_LIST, BOTH, 0, &definition},
    {"customProperties", T_LIST, BOTH, 0, &custom},
    {0}};
static const pln__rules description = {
    .what = "a description", .fields = description_fields, .open = BOTH};

static const field support_fields[] = {
    {"id", T_ID, V310, 0, NULL},
    {"channel", T_STRING, BOTH, BOTH, NULL},
    {"url", T_STRING, BOTH, V302, NULL},
    {"description", T_STRING, BOTH, 0, NULL},
    {"tool", T_STRING, BOTH, 0, NULL},
    {"scope", T_STRING, BOTH, 0, NULL},
    {"invitationUrl", T_STRING, BOTH, 0, NULL},
    {"customProperties", T_LIST, V310, 0, &custom},
    {0}};
static const pln__rules support = {
    .what = "a support channel", .fields = support_fields, .open = V302};

static const field price_fields[] = {
    {"id", T_ID, V310, 0, NULL},
    {"priceAmount", T_NUMBER, BOTH, 0, NULL},
    {"priceCurrency", T_STRING, BOTH, 0, NULL},
    {"priceUnit", T_STRING, BOTH, 0, NULL},
    {0}};
static const pln__rules price = {.what = "a price", .fields = price_fields, .open = V302};

static const field role_fields[] = {
    {"id", T_ID, V310, 0, NULL},
    {"role", T_STRING, BOTH, BOTH, NULL},
    {"description", T_STRING, BOTH, 0, NULL},
    {"access", T_STRING, BOTH, 0, NULL},
    {"firstLevelApprovers", T_STRING, BOTH, 0, NULL},
    {"secondLevelApprovers", T_STRING, BOTH, 0, NULL},
    {"customProperties", T_LIST, BOTH, 0, &custom},
    {0}};
static const pln__rules role = {.what = "a role", .fields = role_fields, .open = V302};

static const field member_fields[] = {
    {"id", T_ID, V310, 0, NULL},
    {"username", T_STRING, BOTH, V310, NULL},
    {"name", T_STRING, BOTH, 0, NULL},
    {"description", T_STRING, BOTH, 0, NULL},
    {"role", T_STRING, BOTH, 0, NULL},
    {"dateIn", T_DATE, BOTH, 0, NULL},
    {"dateOut", T_DATE, BOTH, 0, NULL},
    {"replacedByUsername", T_STRING, BOTH, 0, NULL},
    {"tags", T_TEXTS, V310, 0, NULL},
    {"customProperties", T_LIST, V310, 0, &custom},
    {"authoritativeDefinitions", T_LIST, V310, 0, &definition},
    {0}};
const pln__rules pln__rules_member = {
    .what = "a member of a team", .fields = member_fields, .open = V302};

static const field team_fields[] = {
    {"id", T_ID, V310, 0, NULL},
    {"name", T_STRING, V310, 0, NULL},
    {"description", T_STRING, V310, 0, NULL},
    {"members", T_LIST, V310, 0, &pln__rules_member},
    {"tags", T_TEXTS, V310, 0, NULL},
    {"customProperties", T_LIST, V310, 0, &custom},
    {"authoritativeDefinitions", T_LIST, V310, 0, &definition},
    {0}};
const pln__rules pln__rules_team = {.what = "a team", .fields = team_fields, .open = V302};

static const field sla_fields[] = {
    {"id", T_ID, V310, 0, NULL},
    {"property", T_STRING, BOTH, BOTH, NULL},
    {"value", T_SCALAR, BOTH, BOTH, NULL},
    {"valueExt", T_SCALAR, BOTH, 0, NULL},
    {"unit", T_STRING, BOTH, 0, NULL},
    {"element", T_STRING, BOTH, 0, NULL},
    {"driver", T_STRING, BOTH, 0, NULL},
    {"description", T_STRING, V310, 0, NULL},
    {"scheduler", T_STRING, V310, 0, NULL},
    {"schedule", T_STRING, V310, 0, NULL},
    {0}};
static const pln__rules sla = {.what = "a service level", .fields = sla_fields, .open = V302};

static const field server_fields[] = {
    {"id", T_ID, V310, 0, NULL},
    {"server", T_STRING, BOTH, BOTH, NULL},
    {"type", T_ENUM, V310, V310, pln__server_types_310},
    {"type", T_ENUM, V302, V302, pln__server_types_302},
    {"description", T_STRING, BOTH, 0, NULL},
    {"environment", T_STRING, BOTH, 0, NULL},
    {"roles", T_LIST, BOTH, 0, &role},
    {"customProperties", T_LIST, BOTH, 0, &custom},
    {0}};
static const pln__rules server = {.what = "a server",
                                  .fields = server_fields,
                                  .open = V302,
                                  .member = pln__server_member,
                                  .whole = pln__server_whole};

/* ---- quality and relationships ---- */

static const field quality_fields[] = {
    {"id", T_ID, V310, 0, NULL},
    {"authoritativeDefinitions", T_LIST, BOTH, 0, &definition},
    {"businessImpact", T_STRING, BOTH, 0, NULL},
    {"customProperties", T_LIST, BOTH, 0, &custom},
    {"description", T_STRING, BOTH, 0, NULL},
    {"dimension", T_ENUM, BOTH, 0, dimensions},
    {"method", T_STRING, BOTH, 0, NULL},
    {"name", T_STRING, BOTH, 0, NULL},
    {"schedule", T_STRING, BOTH, 0, NULL},
    {"scheduler", T_STRING, BOTH, 0, NULL},
    {"severity", T_STRING, BOTH, 0, NULL},
    {"tags", T_TEXTS, BOTH, 0, NULL},
    {"type", T_ENUM, BOTH, 0, quality_types},
    {"unit", T_STRING, BOTH, 0, NULL},
    {0}};
static const pln__rules quality = {.what = "a quality rule",
                                   .fields = quality_fields,
                                   .open = V302,
                                   .member = pln__quality_member,
                                   .whole = pln__quality_whole};

static const field relationship_fields[] = {
    {"type", T_ENUM, V310, 0, relationship_types},
    {"from", T_REFERENCES, V310, V310, NULL},
    {"to", T_REFERENCES, V310, V310, NULL},
    {"customProperties", T_LIST, V310, 0, &custom},
    {0}};
static const pln__rules relationship = {
    .what = "a relationship", .fields = relationship_fields, .whole = pln__relationship_whole};

/* Of a property, whose own place is its "from". */
static const field reference_fields[] = {
    {"type", T_ENUM, V310, 0, relationship_types},
    {"to", T_REFERENCES, V310, V310, NULL},
    {"customProperties", T_LIST, V310, 0, &custom},
    {0}};
static const pln__rules reference = {.what = "a relationship of a property, which has no 'from',",
                                     .fields = reference_fields};

/* ---- schema ---- */

static const field element_fields[] = {
    {"id", T_ID, V310, 0, NULL},
    {"physicalType", T_STRING, BOTH, 0, NULL},
    {"description", T_STRING, BOTH, 0, NULL},
    {"businessName", T_STRING, BOTH, 0, NULL},
    {"authoritativeDefinitions", T_LIST, BOTH, 0, &definition},
    {"tags", T_TEXTS, BOTH, 0, NULL},
    {"customProperties", T_LIST, BOTH, 0, &custom},
    {"physicalName", T_STRING, BOTH, 0, NULL},
    {"quality", T_LIST, BOTH, 0, &quality},
    {0}};

/* logicalTypeOptions, properties and items go by the logical type: rules_parts.c. */
#define PROPERTY_FIELDS                                                                            \
    {"logicalType", T_ENUM, V310, 0, logical_types},                                               \
    {"logicalType", T_ENUM, V302, 0, logical_types_302},                                           \
    {"primaryKey", T_BOOL, BOTH, 0, NULL},                                                         \
    {"primaryKeyPosition", T_INT, BOTH, 0, NULL},                                                  \
    {"required", T_BOOL, BOTH, 0, NULL},                                                           \
    {"unique", T_BOOL, BOTH, 0, NULL},                                                             \
    {"partitioned", T_BOOL, BOTH, 0, NULL},                                                        \
    {"partitionKeyPosition", T_INT, BOTH, 0, NULL},                                                \
    {"classification", T_STRING, BOTH, 0, NULL},                                                   \
    {"encryptedName", T_STRING, BOTH, 0, NULL},                                                    \
    {"transformSourceObjects", T_TEXTS, BOTH, 0, NULL},                                            \
    {"transformLogic", T_STRING, BOTH, 0, NULL},                                                   \
    {"transformDescription", T_STRING, BOTH, 0, NULL},                                             \
    {"examples", T_ANYS, BOTH, 0, NULL},                                                           \
    {"criticalDataElement", T_BOOL, BOTH, 0, NULL},                                                \
    {"relationships", T_LIST, V310, 0, &reference},                                                \
    {0}

static const field property_fields[] = {{"name", T_STRING, BOTH, BOTH, NULL}, PROPERTY_FIELDS};
const pln__rules pln__rules_property = {.what = "a property",
                                        .fields = property_fields,
                                        .shared = element_fields,
                                        .named = true,
                                        .member = pln__property_member};
static const field items_fields[] = {{"name", T_STRING, BOTH, 0, NULL}, PROPERTY_FIELDS};
const pln__rules pln__rules_items = {.what = "the items of an array",
                                     .fields = items_fields,
                                     .shared = element_fields,
                                     .member = pln__items_member};

static const field object_fields[] = {
    {"name", T_STRING, BOTH, BOTH, NULL},
    {"logicalType", T_ENUM, BOTH, 0, object_types},
    {"dataGranularityDescription", T_STRING, BOTH, 0, NULL},
    {"properties", T_LIST, BOTH, 0, &pln__rules_property},
    {"relationships", T_LIST, V310, 0, &relationship},
    {0}};
static const pln__rules object = {
    .what = "an object of the schema", .fields = object_fields, .shared = element_fields, .named = true};

/* ---- the contract ---- */

static const field contract_fields[] = {
    {"version", T_STRING, BOTH, BOTH, NULL},
    {"kind", T_ENUM, BOTH, BOTH, kinds},
    {"apiVersion", T_ENUM, V310, V310, api_versions},
    {"apiVersion", T_ENUM, V302, V302, api_versions_302},
    {"id", T_STRING, BOTH, BOTH, NULL},
    {"name", T_STRING, BOTH, 0, NULL},
    {"tenant", T_STRING, BOTH, 0, NULL},
    {"tags", T_TEXTS, BOTH, 0, NULL},
    {"status", T_STRING, BOTH, BOTH, NULL},
    {"servers", T_LIST, BOTH, 0, &server},
    {"dataProduct", T_STRING, BOTH, 0, NULL},
    {"description", T_OBJECT, BOTH, 0, &description},
    {"domain", T_STRING, BOTH, 0, NULL},
    {"schema", T_LIST, BOTH, 0, &object},
    {"support", T_LIST, BOTH, 0, &support},
    {"price", T_OBJECT, BOTH, 0, &price},
    {"team", T_TEAM, V310, 0, NULL},
    {"team", T_LIST, V302, 0, &pln__rules_member},
    {"roles", T_LIST, BOTH, 0, &role},
    {"slaDefaultElement", T_STRING, BOTH, 0, NULL},
    {"slaProperties", T_LIST, BOTH, 0, &sla},
    {"authoritativeDefinitions", T_LIST, BOTH, 0, &definition},
    {"customProperties", T_LIST, BOTH, 0, &custom},
    {"contractCreatedTs", T_DATE_TIME, BOTH, 0, NULL},
    {0}};
const pln__rules pln__rules_contract = {.what = "a contract", .fields = contract_fields};
