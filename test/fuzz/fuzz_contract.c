/* A contract in JSON; fuzz_contract.h says what must hold. */
#include "fuzz_contract.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    return check_contract(data, size, PLN_CONTRACT_JSON);
}
