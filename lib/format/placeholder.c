#include "format/format.h"
/* Stands in until CSV and gzip land; a real definition wins. */
__attribute__((weak)) void pln__csv_dialect_default(pln__csv_dialect *d) { memset(d, 0, sizeof *d); }
__attribute__((weak)) const pln__decoder_table pln__csv_decoder = {0};
__attribute__((weak)) const pln__encoder_table pln__csv_encoder = {0};
__attribute__((weak)) pln_status pln__gunzip_new(const pln_allocator *mem, int64_t r, pln__gunzip **out, pln_error *err) { (void)mem; (void)r; (void)out; return pln__error_set(err, PLN_EUNSUPPORTED, "gzip"); }
__attribute__((weak)) pln_status pln__gunzip_run(pln__gunzip *s, const uint8_t *in, int64_t n, bool f, int64_t *u, uint8_t *o, int64_t on, int64_t *ou, pln_error *err) { (void)s; (void)in; (void)n; (void)f; (void)u; (void)o; (void)on; (void)ou; return pln__error_set(err, PLN_EUNSUPPORTED, "gzip"); }
__attribute__((weak)) void pln__gunzip_free(pln__gunzip *s) { (void)s; }
__attribute__((weak)) pln_status pln__gzip_member(const pln_allocator *mem, int32_t l, const uint8_t *b, int64_t n, pln__buffer *o, pln_error *err) { (void)mem; (void)l; (void)b; (void)n; (void)o; return pln__error_set(err, PLN_EUNSUPPORTED, "gzip"); }
