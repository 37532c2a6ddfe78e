#include <pln/version.h>

const char *pln_version(void) {
    return PLN_VERSION;
}

int32_t pln_abi_version(void) {
    return PLN_ABI_VERSION;
}
