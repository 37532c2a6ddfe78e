/*
 * The version of the headers and of the library that was loaded.
 */
#ifndef PLN_VERSION_H
#define PLN_VERSION_H

#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PLN_VERSION_MAJOR 0
#define PLN_VERSION_MINOR 1
#define PLN_VERSION_PATCH 0
#define PLN_VERSION "0.1.0"
#define PLN_ABI_VERSION 0

/*
 * The version of the loaded library as "major.minor.patch". Compare it with PLN_VERSION to see which
 * headers a program was compiled against.
 *
 * Errors: none.
 * Owner: the library; static text.
 * Threads: any.
 * Blocks: no.
 */
PLN_API const char *pln_version(void);

/*
 * The ABI generation of the loaded library: the number in its SONAME. A binding that loads the library at
 * run time must refuse one whose answer differs from PLN_ABI_VERSION.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API int32_t pln_abi_version(void);

#ifdef __cplusplus
}
#endif

#endif
