/*
 * A runtime: the memory, clock, randomness, files and stages that graphs share. A program has one, or one a thread.
 *
 *     pln_runtime *rt;
 *     pln_runtime_new(NULL, &rt, &err);         the C library's malloc, no limit, the system's clock and files
 *
 * Nothing is global: two runtimes know nothing of each other.
 */
#ifndef PLN_RUNTIME_H
#define PLN_RUNTIME_H

#include <pln/allocator.h>
#include <pln/file.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A descriptor that a run waits for; `events` is a set of PLN_READABLE (1) and PLN_WRITABLE (2). */
typedef struct pln_wait_fd {
    int32_t fd;
    uint32_t events;
} pln_wait_fd;

/*
 * Time as the host sees it. `wait` returns when a descriptor is ready or the wall clock reads until_us (INT64_MAX: never); it is used only by calls that
 * may block (pln_run_finish, pln_graph_run). NULL members are the system's.
 */
typedef struct pln_clock {
    uint32_t struct_size;
    uint32_t reserved;
    void *user;
    int64_t (*now_us)(void *user);       /* since 1970 UTC */
    int64_t (*monotonic_us)(void *user); /* never goes back */
    void (*wait)(void *user, const pln_wait_fd *fds, int32_t n, int64_t until_us);
} pln_clock;

/* Secret seeds and names of temporary files come from here; NULL: getrandom(2). */
typedef struct pln_random {
    uint32_t struct_size;
    uint32_t reserved;
    void *user;
    void (*fill)(void *user, void *bytes, uint64_t size);
} pln_random;

/* `level` is PLN_LOG_DEBUG 0, INFO 1, WARNING 2, ERROR 3; `where` a node path or "". Called on the thread that is in the library. */
typedef void (*pln_log_fn)(void *user, int32_t level, const char *where, const char *message);

typedef struct pln_runtime_options {
    uint32_t struct_size;
    uint32_t reserved;
    const pln_allocator *allocator; /* copied */
    int64_t memory_limit_bytes;     /* 0: none. Beyond it: PLN_ENOMEM and a clean stop */
    const pln_clock *clock;         /* copied */
    const pln_random *random;       /* copied */
    const pln_file_ops *files;      /* copied; must be whole */
    pln_log_fn log;                 /* NULL: nothing is logged */
    void *log_user;
} pln_runtime_options;

typedef struct pln_memory {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t live_bytes;
    int64_t peak_bytes;
    int64_t pooled_bytes; /* kept for reuse, not live */
    int64_t limit_bytes;
    int64_t live_blocks;
    int64_t allocations; /* since the runtime was made */
} pln_memory;

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_runtime_options_init(pln_runtime_options *options, uint32_t size);

/*
 * A runtime with the built-in stages. `options` NULL: defaults.
 *
 * Errors: PLN_EINVAL names the option; PLN_ENOMEM.
 * Owner: `options` is copied; *out is yours, free it with pln_runtime_free.
 * Threads: any.
 * Blocks: no.
 */
PLN_API pln_status pln_runtime_new(const pln_runtime_options *options, pln_runtime **out,
                                   pln_error *err);

/*
 * Free a runtime. Graphs and runs made from it must be freed before; batches and exported Arrow structs may live on. NULL is allowed.
 *
 * Errors: none.
 * Owner: the runtime is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_runtime_free(pln_runtime *runtime);

/*
 * What the runtime holds now and held at most. SQLite and JSON documents keep some memory of their own besides.
 *
 * Errors: none.
 * Owner: set out->struct_size first.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_runtime_memory(const pln_runtime *runtime, pln_memory *out);

/*
 * Load a plugin: open the shared object at an absolute path and let it register its stages. It is never unloaded.
 *
 * Errors: PLN_EINVAL if the path is not absolute or others may write the file; PLN_EIO with the loader's words; PLN_EABI if it exports no
 * pln_plugin_init_v1; PLN_EEXIST names a stage that is there already; what the plugin answers.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: on the file system.
 */
PLN_API pln_status pln_runtime_load(pln_runtime *runtime, const char *path, pln_error *err);

/*
 * Register a stage of the program itself, so that graphs can name it with options in JSON. `kind` is PLN_SOURCE, PLN_TRANSFORM or PLN_SINK; `table` a pln_source,
 * pln_transform or pln_sink of <pln/plugin.h>. Or a kind of schema registry: PLN_SCHEMA_REGISTRY and a pln_schema_registry_table.
 *
 * Errors: PLN_EABI, PLN_EINVAL name the table's fault; PLN_EEXIST; PLN_ENOMEM.
 * Owner: the table is copied, its texts and options are borrowed for ever. `user` is passed to open; free_user(user), if not NULL, is called
 * with the runtime's end, also on failure of this call.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_runtime_register(pln_runtime *runtime, int32_t kind, const void *table,
                                        void *user, void (*free_user)(void *user), pln_error *err);

/*
 * The name of stage number `index` in order of registration, or NULL past the last one.
 *
 * Errors: none.
 * Owner: the runtime's; valid while it lives.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API const char *pln_runtime_stage(const pln_runtime *runtime, int32_t index);

/*
 * A stage as JSON: name, kind, summary, ports, capabilities and options with type, default, help. It is what the manual is made from.
 *
 * Errors: PLN_ENAME with the nearest name; PLN_ENOMEM.
 * Owner: *json is yours; free it with pln_text_free on the same runtime.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_runtime_stage_json(const pln_runtime *runtime, const char *name, char **json,
                                          pln_error *err);

/*
 * Free a text that the library gave away. NULL is allowed.
 *
 * Errors: none.
 * Owner: the text is gone.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_text_free(pln_runtime *runtime, char *text);

#ifdef __cplusplus
}
#endif

#endif
