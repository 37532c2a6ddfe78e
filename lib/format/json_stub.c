#include "format/format.h"
__attribute__((weak)) pln_status pln__json_row(const struct ArrowSchema *schema, const struct ArrowArray *rows, int64_t row, pln__text *out) { (void)schema; (void)rows; pln__text_printf(out, "{\"row\":%lld}", (long long)row); return PLN_OK; }
