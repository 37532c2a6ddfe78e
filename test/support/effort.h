/*
 * How much a test does: its plain amount, the long form's (PLN_TORTURE, see `make torture`), or a third of the plain one in a build with a sanitizer,
 * which makes each step ten times as dear and is there for the kinds of step, not for their number.
 */
#ifndef TEST_EFFORT_H
#define TEST_EFFORT_H

#include <stdlib.h>

static inline long effort(long plain, long torture) {
    if (getenv("PLN_TORTURE") != NULL)
        return torture;
    return getenv("SANITIZE") != NULL && getenv("SANITIZE")[0] != '\0' ? plain / 3 : plain;
}

#endif
