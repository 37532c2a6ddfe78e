/*
 * Files and SQLite databases whose changes pass through a hook of the test, which may let them fail or end the process there.
 */
#ifndef TEST_HOOKED_H
#define TEST_HOOKED_H

#include <pln/file.h>
#include <stdbool.h>

/* Changes of a run's files, and of SQLite's. */
enum {
    HOOKED_OPEN, HOOKED_WRITE, HOOKED_TRUNCATE, HOOKED_SYNC, HOOKED_SYNC_DIRECTORY, HOOKED_RENAME, HOOKED_LINK, HOOKED_UNLINK,
    HOOKED_DB_OPEN, HOOKED_DB_WRITE, HOOKED_DB_TRUNCATE, HOOKED_DB_SYNC, HOOKED_DB_DELETE,
    HOOKED_OPS
};
extern const char *const hooked_names[HOOKED_OPS];

/* Called before each change, and after it. A true before it lets the change fail, undone. */
typedef bool (*hooked_fn)(int op, bool after);

/* Makes a VFS of this kind SQLite's default; for the whole process, once. */
void hooked_install(hooked_fn hook);
/* File operations of the system that pass through the hook; hooked_install comes first. */
const pln_file_ops *hooked_files(void);

#endif
