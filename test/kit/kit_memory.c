#include "kit_inner.h"
#include <stdlib.h>
#include <string.h>

/* In front of each block. All are kept to the end of the run, so that a second free is seen and not suffered. */
struct kit_block {
    uint64_t size;
    uint64_t mark;
    kit_block *next;
    uint64_t pad;
};
#define LIVE 0x6b69742d6c697665u
#define GONE 0x6b69742d676f6e65u

static void give_back(kit_memory *memory, void *ptr, uint64_t size) {
    kit_block *block = (kit_block *)ptr - 1;
    if (block->mark != LIVE || block->size != size) {
        memory->wrong++;
        if (block->mark != LIVE)
            return;
    }
    block->mark = GONE;
    memset(ptr, 0xdd, (size_t)block->size);
    memory->blocks--;
}

static void *request(kit_memory *memory, uint64_t size) {
    memory->requests++;
    if (memory->fail_at > 0 && (memory->requests == memory->fail_at ||
                                (!memory->once && memory->requests > memory->fail_at))) {
        memory->failed = true;
        return NULL;
    }
    kit_block *block = malloc(sizeof *block + size);
    if (block == NULL)
        abort();
    *block = (kit_block){size, LIVE, memory->all, 0};
    memory->all = block;
    memset(block + 1, 0xa5, (size_t)size);
    memory->blocks++;
    return block + 1;
}

static void *resize(void *user, void *ptr, uint64_t old_size, uint64_t new_size) {
    kit_memory *memory = user;
    if (new_size == 0) {
        if (ptr != NULL)
            give_back(memory, ptr, old_size);
        return NULL;
    }
    void *now = request(memory, new_size);
    if (now != NULL && ptr != NULL) {
        memcpy(now, ptr, (size_t)(old_size < new_size ? old_size : new_size));
        give_back(memory, ptr, old_size);
    }
    return now;
}

void kit_memory_init(kit_memory *memory, int64_t fail_at, bool once) {
    *memory = (kit_memory){.fail_at = fail_at, .once = once};
    memory->allocator =
        (pln_allocator){.struct_size = sizeof memory->allocator, .user = memory, .resize = resize};
}

void kit_memory_end(kit_memory *memory) {
    while (memory->all != NULL) {
        kit_block *next = memory->all->next;
        free(memory->all);
        memory->all = next;
    }
}
