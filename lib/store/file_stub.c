#include "store/store.h"
static const pln_file_ops none = {.struct_size = sizeof none};
__attribute__((weak)) const pln_file_ops *pln__file_posix(void) { return &none; }
