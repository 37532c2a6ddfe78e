/* A registry in a directory: what directory.c and directory_name.c share. */
#ifndef PLN__REGISTRY_DIRECTORY_H
#define PLN__REGISTRY_DIRECTORY_H

#include "registry/local.h"

/*
 * The file name of a subject, without its ending: letters, digits, '-', '_', '+' and inner dots stay, all other bytes become %XX. What would be too long is cut
 * and ends with '~' and the SHA-256 of the subject.
 */
void pln__directory_encode(const char *subject, pln__text *out);
/* The subject of such a name of `size` bytes; false if it is none, or was cut. */
bool pln__directory_decode(const char *name, int64_t size, pln__text *out);
/* "12-<32 hex digits>.avsc", or "12.deleted" (guid zeroed); false: neither. */
bool pln__directory_schema_name(const char *name, int64_t *id, uint8_t guid[16], bool *deleted);
void pln__directory_hex(const uint8_t *bytes, int64_t size, pln__text *out);

#endif
