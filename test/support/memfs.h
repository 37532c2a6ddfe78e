/*
 * Files in memory that fail and lose power.
 *
 * Each inode has bytes that are durable and writes that are not yet; each directory entry operation waits until its directory is synced. A power
 * loss keeps any subset of the waiting writes of a file, each whole, by half or not at all, and any subset of the waiting operations on
 * entries, in their order: what a weak but honest file system may do. memfs_states enumerates every such state.
 *
 * A path's directory is what stands before its last slash; directories exist from the start and are durable.
 */
#ifndef TEST_MEMFS_H
#define TEST_MEMFS_H

#include <pln/file.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct memfs memfs;

enum {
    MEMFS_OPEN = 1, /* that creates */
    MEMFS_WRITE = 2,
    MEMFS_TRUNCATE = 4,
    MEMFS_SYNC = 8,
    MEMFS_SYNC_DIRECTORY = 16,
    MEMFS_RENAME = 32,
    MEMFS_LINK = 64,
    MEMFS_UNLINK = 128,
    MEMFS_CHANGES = 255,
    MEMFS_READ = 256,
    MEMFS_INFO = 512,
    MEMFS_LIST = 1024,
    MEMFS_ALL = 2047
};

memfs *memfs_new(void);
void memfs_free(memfs *fs);
const pln_file_ops *memfs_ops(memfs *fs);

/*
 * The `at`-th operation from now on (from 1) of one of `kinds` fails, and all after it if `sticky`, with PLN_EIO (PLN_ELIMIT for ENOSPC).
 * `partial`: a write that fails has written half. at 0: none.
 */
typedef struct memfs_fault {
    uint32_t kinds;
    int64_t at;
    bool sticky;
    bool partial;
    int native; /* an errno */
} memfs_fault;
void memfs_fail(memfs *fs, const memfs_fault *fault);
/* Bytes that may still be written before ENOSPC; -1: any. */
void memfs_space(memfs *fs, int64_t bytes);
/* These operations answer PLN_OK and do nothing: what a device does whose syncs lie. */
void memfs_lie(memfs *fs, uint32_t kinds);
/* The power goes before the `at`-th change from now on (from 1): it and everything after it fail. 0: never. */
void memfs_power(memfs *fs, int64_t at);
bool memfs_is_off(const memfs *fs);
int64_t memfs_changes(const memfs *fs); /* so far */

/* A copy of what is there now, all of it durable, with nothing open and no faults. */
memfs *memfs_copy(const memfs *fs);
/* Calls `each` with every different state that a loss of power could leave; it may use the state as it likes, which is then freed. Returns their number. */
int64_t memfs_states(const memfs *fs, void (*each)(void *arg, memfs *state), void *arg);

/* As the operating system shows it now. Bytes are lent, NULL if there is no such file. */
const char *memfs_bytes(const memfs *fs, const char *path, int64_t *size);
void memfs_put(memfs *fs, const char *path, const void *bytes, int64_t size); /* durable */
int64_t memfs_count(const memfs *fs); /* entries */
const char *memfs_name(const memfs *fs, int64_t i);
int64_t memfs_open_count(const memfs *fs);

#endif
