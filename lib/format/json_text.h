/*
 * Private to NDJSON: values that stand as strings - instants beyond the years 0001 to 9999, and bytes that are no text.
 */
#ifndef PLN__JSON_TEXT_H
#define PLN__JSON_TEXT_H

#include "base/time.h"

/*
 * ISO 8601 with expanded years: "+292277-01-09T04:00:54.775807Z", "-000001-12-31". As many digits as the year has, at least six, always with
 * a sign. The plain form is base's.
 */
#define PLN__JSON_INSTANT_SIZE 64
int64_t pln__json_format_instant(char *out, int64_t value, int32_t unit, bool utc);
int64_t pln__json_format_day(char *out, int64_t days);
/* Not `zoned`: "Z" and offsets are none of its business. */
pln__parsed pln__json_parse_instant(const char *text, int64_t size, int32_t unit, bool zoned,
                                    int64_t *out);
pln__parsed pln__json_parse_day(const char *text, int64_t size, int32_t *out);

/* RFC 4648 with padding. decode: false unless the text is what encode writes; `out` has room for size / 4 * 3. */
int64_t pln__json_base64_size(int64_t size);
void pln__json_base64_encode(const uint8_t *bytes, int64_t size, char *out);
bool pln__json_base64_decode(const uint8_t *text, int64_t size, uint8_t *out, int64_t *out_size);

#endif
