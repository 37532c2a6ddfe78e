/*
 * What the sources of room file share: dialects, lists of files, byte input, the reader of records, output files.
 */
#ifndef PLN__CONNECT_FILE_PARTS_H
#define PLN__CONNECT_FILE_PARTS_H

#include "base/base.h"
#include "format/avro.h"
#include "format/format.h"
#include <pln/plugin.h>

/* ---- formats and their options (dialect.c) ---- */

/* One per format; the `user` of its stages. */
typedef struct pln__file_dialect pln__file_dialect;
typedef struct pln__file_format {
    const char *name; /* "csv" */
    const pln__decoder_table *decoder;
    const pln__encoder_table *encoder;
    pln_status (*read_options)(pln__file_dialect *out, const pln_host *host,
                               const pln_config *config, pln_error *err);
    pln_status (*write_options)(pln__file_dialect *out, const pln_host *host,
                                const pln_config *config, pln_error *err);
    /* What follows is NULL or 0 for text formats. The schema of the configuration, for reading (its columns are then `out`) or writing (out NULL). */
    pln_status (*take_schema)(pln__file_dialect *dialect, const char *text, int64_t size,
                              struct ArrowSchema *out, pln_error *err);
    /* The schema of the first file takes the place of the configuration's. */
    pln_status (*learn)(pln__file_dialect *dialect, const uint8_t *bytes, int64_t size, bool whole,
                        struct ArrowSchema *out, pln_error *err);
    int64_t sample_bytes;     /* what learn needs at most */
    int64_t record_bytes_max; /* of what must be at hand in one piece */
} pln__file_format;

struct pln__file_dialect {
    const pln_allocator *mem;
    const pln__file_format *format;
    pln__csv_dialect csv;
    pln__json_dialect json;
    pln__avro_read_dialect avro_read;
    pln__avro_write_dialect avro_write;
    pln__avro_schema *avro_schema; /* the one that avro_read or avro_write points to */
    const void *options; /* one of these */
    char **texts;        /* what the dialect points to; NULL-terminated lists are parts of it */
    int64_t n_texts;
    int64_t texts_capacity;
    const char **nulls;
    int64_t nulls_capacity;
    const char **columns;
    int64_t columns_capacity;
};
extern const pln__file_format pln__csv_format;
extern const pln__file_format pln__ndjson_format;
extern const pln__file_format pln__avro_format; /* avro.c */
void pln__file_dialect_init(pln__file_dialect *dialect, const pln_allocator *mem,
                            const pln__file_format *format);
void pln__file_dialect_free(pln__file_dialect *dialect);

enum { PLN__COMPRESSION_AUTO = 0, PLN__COMPRESSION_NONE = 1, PLN__COMPRESSION_GZIP = 2 };
int32_t pln__file_compression(const pln_host *host, const pln_config *config);

/* Texts that the dialect points to, and that go with it. */
pln_status pln__file_dialect_text(pln__file_dialect *dialect, const char *text, const char **out,
                                  pln_error *err);
/* Option `schema`: JSON text in the configuration, or of the file that it names. */
typedef struct pln__config_schema {
    const char *text;
    int64_t size; /* -1: up to NUL */
    const char *path; /* NULL: in the configuration */
    char *loaded;
} pln__config_schema;
pln_status pln__config_schema_open(pln__config_schema *out, const pln_allocator *mem,
                                   pln_context *ctx, const pln_config *config, pln_error *err);
void pln__config_schema_free(pln__config_schema *self, const pln_allocator *mem);

/* The options of the stages (options.c). */
extern const pln_option pln__csv_read_options[], pln__ndjson_read_options[];
extern const pln_option pln__csv_write_options[], pln__ndjson_write_options[];
extern const pln_option pln__avro_read_options[], pln__avro_write_options[];

/* The tables of source.c and sink.c. */
extern const pln_source pln__csv_read, pln__ndjson_read, pln__avro_read;
extern const pln_sink pln__csv_write, pln__ndjson_write, pln__avro_write;

/* ---- which files (list.c, glob.c) ---- */

typedef struct pln__file_item {
    char *name;
    int64_t size_bytes;
    int64_t group; /* of which path it came */
} pln__file_item;
typedef struct pln__file_list {
    const pln_allocator *mem;
    const pln_file_ops *files;
    pln__file_item *items; /* by group, then by name bytewise; no name twice */
    int64_t count;
    int64_t capacity;
    int64_t groups;
} pln__file_list;
void pln__file_list_init(pln__file_list *list, const pln_allocator *mem, const pln_file_ops *files);
/* One more path: a file, a directory (its visible regular files) or a pattern. PLN_ENOENT if nothing is there. */
pln_status pln__file_list_add(pln__file_list *list, const char *path, pln_error *err);
/* After the last add: repeated names go. */
pln_status pln__file_list_done(pln__file_list *list, uint64_t seed, pln_error *err);
/* Index of the first item after (group, name) in the order of the list; `found`: that name itself is at index - 1. */
int64_t pln__file_list_after(const pln__file_list *list, int64_t group, const char *name,
                             bool *found);
void pln__file_list_free(pln__file_list *list);
bool pln__glob_is_pattern(const char *text);
/* *, ?, [a-z], [!a-z], backslash; a leading dot is matched by a dot only. */
bool pln__glob_match(const char *pattern, const char *name);

/* ---- bytes (input.c, descriptor.c) ---- */

/* PLN_AGAIN if nothing is there within timeout_us; PLN_EOS at the end. */
pln_status pln__descriptor_read(int32_t fd, int64_t timeout_us, void *bytes, int64_t size,
                                int64_t *got, pln_error *err);
/* All bytes; waits where the descriptor does. A reader that is gone is PLN_EIO, never a signal. */
pln_status pln__descriptor_write(pln_context *ctx, int32_t fd, const uint8_t *bytes, int64_t size,
                                 int64_t *done, pln_error *err);
bool pln__descriptor_seekable(int32_t fd);

/* A file's or descriptor's bytes, uncompressed, from front to back. */
typedef struct pln__input {
    const pln_allocator *mem;
    const pln_file_ops *files;
    const char *name;   /* for messages; borrowed */
    int64_t fd;         /* of the table, -1 if none */
    int32_t descriptor; /* of the host, -1 if none */
    int64_t timeout_us;
    int64_t raw_offset; /* bytes taken from the file or descriptor */
    pln__gunzip *gunzip;
    pln__buffer raw; /* compressed, or read ahead; raw_at says how far it is used */
    int64_t raw_at;
    bool raw_end;
    bool end;
    int32_t wanted;      /* the compression that was asked for */
    int32_t compression; /* AUTO until the first bytes were seen */
    pln__buffer sample;  /* uncompressed bytes kept for the second reading */
    int64_t sample_at;
} pln__input;
void pln__input_init(pln__input *input, const pln_allocator *mem, const pln_file_ops *files,
                     int32_t compression);
pln_status pln__input_open_file(pln__input *input, const char *name, pln_error *err);
void pln__input_open_descriptor(pln__input *input, int32_t fd);
/* 1 to `size` bytes: PLN_OK; PLN_EOS; PLN_AGAIN (descriptors). */
pln_status pln__input_read(pln__input *input, uint8_t *out, int64_t size, int64_t *got,
                           pln_error *err);
/* Go to an offset of the uncompressed bytes, from the start. PLN_EDATALOSS if there are fewer. */
pln_status pln__input_skip(pln__input *input, int64_t offset, pln_context *ctx, pln_error *err);
/* Read up to `size` bytes ahead into input->sample, from which later reads take them first. *whole: that was all. */
pln_status pln__input_sample(pln__input *input, int64_t size, bool *whole, pln_error *err);
void pln__input_close(pln__input *input);

/* ---- records (reader.c) ---- */

/* A counted run of bytes: origins of batches keep it alive. */
typedef struct pln__block {
    int64_t refs;
    const pln_allocator *mem;
    uint8_t *data; /* with PLN__PADDING readable bytes after capacity */
    int64_t capacity;
} pln__block;
pln_status pln__block_new(const pln_allocator *mem, int64_t capacity, pln__block **out,
                          pln_error *err);
pln__block *pln__block_ref(pln__block *block);
void pln__block_unref(pln__block *block);
bool pln__block_shared(const pln__block *block);

/* Where to go on: in the middle of `file`, or behind it if `done`. */
typedef struct pln__position {
    bool set;
    bool done;
    int64_t group;
    char *file;
    int64_t offset; /* uncompressed */
    int64_t line;   /* lines before it */
    int64_t within; /* bytes used of the record there (replay) */
    int64_t size_bytes; /* of the file when it was saved */
    uint8_t *header;
    int64_t header_size;
} pln__position;
void pln__position_free(const pln_allocator *mem, pln__position *position);
pln_status pln__position_encode(const pln_allocator *mem, const pln__position *position,
                                pln__buffer *out, pln_error *err);
pln_status pln__position_decode(const pln_allocator *mem, const pln_piece *piece,
                                pln__position *out, pln_error *err);

typedef struct pln__reader {
    const pln_allocator *mem;
    const pln__decoder_table *table;
    pln__decoder *decoder;
    int64_t record_bytes_max;
    pln__file_list list; /* empty if a descriptor is read */
    int32_t descriptor;  /* -1: none */
    int64_t current;     /* the file being read, or the next one */
    bool open;           /* `input` has a file and the decoder has begun */
    pln__input input;
    pln__block *block;
    int64_t start; /* block bytes [start, end) are not decoded yet */
    int64_t end;
    bool last;        /* nothing follows `end` */
    bool decoded;     /* the decoder has seen this file */
    bool delivered;   /* a record of this file has left */
    bool discarding;  /* the rest of a line beyond the record limit is still to come */
    int64_t offset;   /* of `start` in the uncompressed file */
    int64_t line;     /* lines before `start` */
    int64_t done_bytes; /* sizes of the files that are finished */
    const char *done_file; /* the last one finished, NULL if none */
    int64_t done_group;
    pln__position resume;
} pln__reader;

/* Rows, or bad rows, of one file. All but `decoded.array` and its buffers is lent until the next call. */
typedef struct pln__chunk {
    pln__decoded decoded;
    pln__block *block;
    const uint8_t *bytes; /* what the offsets of `decoded` count from */
    int64_t offset;       /* of `bytes` in the file */
    int64_t line;         /* lines before `bytes` */
    const char *file;
} pln__chunk;
void pln__reader_init(pln__reader *reader, const pln_allocator *mem, const pln_file_ops *files,
                      int32_t compression);
pln_status pln__reader_start(pln__reader *reader, const pln__decoder_table *table,
                             const void *dialect, const pln__decode_options *options,
                             pln_error *err);
/* PLN_OK with rows or bad rows, PLN_AGAIN (descriptors), PLN_EOS. `ctx` is asked whether to stop. */
pln_status pln__reader_next(pln__reader *reader, pln_context *ctx, int64_t max_rows,
                            pln__chunk *out, pln_error *err);
/* Where the next chunk begins; `set` is false before the first record. To be freed. */
pln_status pln__reader_position(pln__reader *reader, pln__position *out, pln_error *err);
/* Before the first next; takes the position (moved, also on failure). */
pln_status pln__reader_resume(pln__reader *reader, pln__position *position, pln_error *err);
void pln__reader_estimate(const pln__reader *reader, int64_t *done, int64_t *total);
void pln__reader_free(pln__reader *reader);
void pln__decoded_free(const pln_allocator *mem, pln__decoded *decoded);

/* ---- rejected records read again (replay.c) ---- */

/* Gives the `original` bytes of a reject file's rows, each to be decoded for itself. */
typedef struct pln__replay {
    pln__reader reader;
    struct ArrowSchema schema;
    pln__json_dialect dialect;
    char *node; /* NULL: all */
    pln__chunk chunk;
    int64_t next; /* row of the chunk to look at */
    int64_t at;   /* row of the chunk whose record this is */
    pln__block *record;
    int64_t start; /* record bytes [start, end) are not decoded yet */
    int64_t end;
    bool in_record;
    int64_t skip; /* bytes of the first record that an earlier attempt has decoded */
} pln__replay;
pln_status pln__replay_init(pln__replay *replay, const pln_allocator *mem,
                            const pln_file_ops *files, const char *path, const char *node,
                            pln_error *err);
/* The next record is in `record`, or PLN_EOS. A row without original bytes, or that is no JSON, is rejected. */
pln_status pln__replay_next(pln__replay *replay, pln_context *ctx, pln_error *err);
/* Where the record comes from: offset of its row in the reject file, lines before it, that file. */
void pln__replay_place(const pln__replay *replay, pln__chunk *out);
pln_status pln__replay_position(pln__replay *replay, pln__position *out, pln_error *err);
/* Takes the position, also on failure. */
pln_status pln__replay_resume(pln__replay *replay, pln__position *position, pln_error *err);
void pln__replay_free(pln__replay *replay);

/* To ctx's reject port, with the places of `chunk`; `schema` names the columns; `blocks` as the decoder's table has it. */
pln_status pln__file_reject(pln_context *ctx, const struct ArrowSchema *schema, bool blocks,
                            const pln__chunk *chunk, pln_error *err);

/* ---- output files (output.c, handle.c) ---- */

enum { PLN__HANDLE_FINAL = 1, PLN__HANDLE_NUMBERED = 2, PLN__HANDLE_NOTHING = 4 };
/* What a commit needs to know of a prepared file. Texts are the handle's own once decoded. */
typedef struct pln__file_handle {
    uint32_t flags;
    int64_t length;
    uint64_t inode;
    char *temp;
    char *target;
} pln__file_handle;
pln_status pln__file_handle_encode(const pln_allocator *mem, const pln__file_handle *handle,
                                   pln__buffer *out, pln_error *err);
/* PLN_EDATALOSS for bytes that no prepare of ours has written. */
pln_status pln__file_handle_decode(const pln_allocator *mem, const void *bytes, int64_t size,
                                   pln__file_handle *out, pln_error *err);
void pln__file_handle_free(const pln_allocator *mem, pln__file_handle *handle);

/*
 * A file that is written under a hidden name and appears by one rename, or one file an epoch where the path has {n}. Positions: [0, committed) is
 * what the last commit point names, [committed, length) is not part of anything yet.
 */
typedef struct pln__output {
    const pln_allocator *mem;
    const pln_file_ops *files;
    char *path;
    char *directory;
    bool numbered;
    int64_t owner; /* 0: nobody remembers this run, `nonce` tells it apart */
    uint64_t hash; /* of pipeline, run key and node */
    int64_t fd;
    char *temp; /* NULL: no temporary file yet */
    uint64_t inode;
    int64_t length;
    int64_t committed;
    int64_t synced;     /* -1: nothing was synced yet */
    int64_t prepared_n; /* the epoch whose handle names `temp`, 0: none */
    int64_t prepared;   /* how much of it that handle counts */
    bool entry_synced;  /* the name `temp` is durable */
    bool named;         /* by the handle of a committed epoch, perhaps the last one */
    char *retired;      /* temporary file of an earlier owner, named by the last committed handle */
    bool superseded;    /* it is not named by it any more */
    bool poisoned;
} pln__output;
typedef struct pln__output_options {
    const char *path;
    const pln_identity *identity;
    bool make_directories;
} pln__output_options;
pln_status pln__output_init(pln__output *output, const pln_allocator *mem,
                            const pln_file_ops *files, const pln__output_options *options,
                            pln_error *err);
/* Appends up to `size` of the first bytes of what was committed. */
pln_status pln__output_head(pln__output *output, int64_t size, pln__buffer *out, pln_error *err);
pln_status pln__output_append(pln__output *output, pln_context *ctx, const uint8_t *bytes,
                              int64_t size, pln_error *err);
/* Makes the temporary file though nothing was written. */
pln_status pln__output_ensure(pln__output *output, pln_context *ctx, pln_error *err);
/* Everything appended is durable; `out` says what commit will need. PLN_EEXIST if epoch n's file is there already. */
pln_status pln__output_prepare(pln__output *output, int64_t n, bool final, pln__buffer *out,
                               pln_error *err);
pln_status pln__output_commit(pln__output *output, const void *handle, int64_t size,
                              pln_error *err);
/* Forget what belongs to epoch n. An epoch before n has passed its commit point, whether or not its commit was called. */
pln_status pln__output_abort(pln__output *output, int64_t n, const void *handle, int64_t size,
                             pln_error *err);
pln_status pln__output_recover(pln__output *output, pln_context *ctx, const void *handle,
                               int64_t size, pln_error *err);
void pln__output_free(pln__output *output);

#endif
