/* For every processor. */
#define TARGET
#define ADD pln__top_k_add_plain
#define TAKEN pln__top_k_taken

#include "sketch/top_k_kernel.h"
