/*
 * The rules of the standard as tables (rules.c), and the walk that holds a document to them (check.c). A rule that is no table is a function of
 * rules_parts.c or rules_server.c.
 */
#ifndef PLN__CONTRACT_RULES_H
#define PLN__CONTRACT_RULES_H

#include "contract/contract.h"

/* What a value must be. `more` of a field says further: names of an enum, rules of objects. */
enum {
    T_ANY = 0,
    T_STRING,
    T_BOOL,
    T_INT,
    T_COUNT,    /* an integer from 0 on */
    T_NUMBER,
    T_POSITIVE, /* a number above 0 */
    T_SCALAR,   /* no array, no object */
    T_MAP,      /* any object */
    T_ANYS,     /* an array of anything */
    T_TEXTS,    /* an array of strings */
    T_NAMES,    /* the same, of at least one, all different */
    T_PAIR,     /* two different numbers */
    T_TEXT_OR_MAP,
    T_ENUM,     /* more: names, NULL behind them */
    T_ID,
    T_DATE,
    T_DATE_TIME,
    T_URI,
    T_REFERENCES, /* a reference, or an array of at least one */
    T_OBJECT,     /* more: its rules */
    T_LIST,       /* more: the rules of its objects */
    T_TEAM        /* an object, or an array of members */
};

typedef struct pln__rule_field {
    const char *name;
    int8_t type;
    int8_t versions; /* V310, V302: in which it is known */
    int8_t required; /* in which it must be there */
    const void *more;
} pln__rule_field;

typedef struct pln__rules_check pln__rules_check;
typedef struct pln__rules {
    const char *what; /* for messages: "a server" */
    const pln__rule_field *fields;
    const pln__rule_field *shared; /* more fields, or NULL */
    int8_t open; /* versions in which other fields may be there */
    bool named; /* two of one name in a list are worth a warning */
    /* A member that no field names, by what else stands in the object: true if it belongs there (and was checked). */
    bool (*member)(pln__rules_check *c, const json *object, const json *member);
    /* What goes over several members. */
    void (*whole)(pln__rules_check *c, const json *object);
} pln__rules;

struct pln__rules_check {
    pln_contract *contract;
    pln_error *err;
    pln_status status; /* once below 0, nothing is listed any more */
    int32_t version;
};

extern const pln__rules pln__rules_contract, pln__rules_team, pln__rules_member;

/* One problem at a node. */
void pln__rules_say(pln__rules_check *c, int32_t level, const json *node, const char *format, ...)
    PLN__PRINTF(4, 5);
void pln__rules_object(pln__rules_check *c, const json *node, const pln__rules *rules);
void pln__rules_value(pln__rules_check *c, const json *node, const pln__rule_field *field);
/* The field of that name in a table that ends with a NULL name. */
const pln__rule_field *pln__rules_find(const pln__rules_check *c, const pln__rule_field *fields,
                                       const json *member);
/* Says so if `what`, the object, lacks the member. */
void pln__rules_missing(pln__rules_check *c, const json *object, const char *name,
                        const char *what);

/* The parts that depend on what else stands in the object (rules_parts.c, rules_server.c). */
bool pln__property_member(pln__rules_check *c, const json *object, const json *member);
bool pln__items_member(pln__rules_check *c, const json *object, const json *member);
bool pln__quality_member(pln__rules_check *c, const json *object, const json *member);
void pln__quality_whole(pln__rules_check *c, const json *object);
void pln__relationship_whole(pln__rules_check *c, const json *object);
bool pln__server_member(pln__rules_check *c, const json *object, const json *member);
void pln__server_whole(pln__rules_check *c, const json *object);

extern const pln__rules pln__rules_property, pln__rules_items;
/* The types of servers of a version, NULL behind them. */
extern const char *const pln__server_types_310[], *const pln__server_types_302[];

#endif
