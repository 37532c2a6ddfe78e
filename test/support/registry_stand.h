/*
 * A schema registry to test, of each kind that there is: the same tests run on all of them.
 */
#ifndef TEST_REGISTRY_STAND_H
#define TEST_REGISTRY_STAND_H

#include "scratch.h"
#include <check.h>
#include <pln/pln.h>
#include <string.h>

enum { ON_FILE, ON_DIRECTORY, ON_SERVER, REGISTRY_KINDS };

typedef struct stand {
    pln_runtime *rt;
    pln_schema_registry *registry;
    scratch dir;
    char location[512];
    pln_error err;
    int kind;
    int server; /* its process */
    int talk;   /* closing it ends the server */
} stand;

/* False: this kind cannot be had here, and why has been said. */
bool stand_up(stand *s, int kind);
void stand_down(stand *s);
/* Close the registry and open it again, in a runtime of its own. */
void stand_again(stand *s);
/* Where a plugin was built, or NULL. */
const char *built_plugin(const char *name);

#define OK(s, call) ck_assert_msg((call) >= 0, "%s: %s", #call, (s)->err.message)
/* A call that must fail with this status and code. */
#define FAILS(s, status, code, call)                                                               \
    do {                                                                                           \
        memset(&(s)->err, 0, sizeof(s)->err);                                                      \
        pln_status got_ = (call);                                                                  \
        ck_assert_msg(got_ == (status) && (s)->err.native == (code), "%s: %s %d %s", #call,        \
                      pln_status_name(got_), (int)(s)->err.native, (s)->err.message);              \
    } while (0)

static inline pln_schema_entry entry_new(void) {
    return (pln_schema_entry){.struct_size = sizeof(pln_schema_entry)};
}
static inline pln_schema_draft draft_of(const char *subject, const char *schema) {
    return (pln_schema_draft){
        .struct_size = sizeof(pln_schema_draft), .subject = subject, .schema = schema};
}

#endif
