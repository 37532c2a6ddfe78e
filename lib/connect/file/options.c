#include "connect/file/parts.h"

#define PATH_OPTIONS                                                                               \
    {"path", PLN_OPT_TEXT, 0, NULL, NULL,                                                          \
     "A file, a directory (its files but those whose names begin with . "                          \
     "or _), or a pattern with * ? [a-z]; files are read in bytewise "                             \
     "order of their names."},                                                                     \
    {"paths", PLN_OPT_TEXTS, 0, NULL, NULL,                                                        \
     "Several of them, read in the given order; a file named twice is "                            \
     "read once."},                                                                                \
    {"fd", PLN_OPT_HANDLE, 0, NULL, NULL,                                                          \
     "An open descriptor to read to its end, cast to a pointer: (void "                            \
     "*)(intptr_t)fd. It stays the host's."}

#define INPUT_OPTIONS                                                                              \
    PATH_OPTIONS,                                                                                  \
    {"replay", PLN_OPT_TEXT, 0, NULL, NULL,                                                        \
     "A reject file in NDJSON (or a directory or pattern of them): the "                           \
     "`original` bytes of its rows are read again, each as one record "                            \
     "without a header."},                                                                         \
    {"replay_node", PLN_OPT_TEXT, 0, NULL, NULL,                                                   \
     "Of the reject file, only the rows of this node."},                                           \
    {"schema", PLN_OPT_JSON, 0, NULL, NULL,                                                        \
     "An Avro record schema: inline, or the path of its file. Without "                            \
     "one it is inferred."},                                                                       \
    {"schema_handle", PLN_OPT_HANDLE, 0, NULL, NULL,                                               \
     "The schema as a pointer to a struct ArrowSchema; copied."},                                  \
    {"sample_bytes", PLN_OPT_BYTES, 0, "\"16MiB\"", NULL,                                          \
     "How much of the first file that has a record is looked at to "                               \
     "infer a schema."},                                                                           \
    {"compression", PLN_OPT_ENUM, 0, "\"auto\"", "auto|none|gzip",                                 \
     "auto looks at the first two bytes of each file."},                                           \
    {"record_bytes_max", PLN_OPT_BYTES, 0, "\"1MiB\"", NULL,                                       \
     "A longer record is rejected; at most 64MiB."}

const pln_option pln__csv_read_options[] = {
    INPUT_OPTIONS,
    {"delimiter", PLN_OPT_TEXT, 0, "\",\"", NULL, "The character between two fields."},
    {"quote", PLN_OPT_TEXT, 0, "\"\\\"\"", NULL,
     "The character around a field; empty: quotes mean nothing."},
    {"escape", PLN_OPT_TEXT, 0, NULL, NULL,
     "A character that takes the next one literally; unset: a quote inside quotes is doubled."},
    {"comment", PLN_OPT_TEXT, 0, NULL, NULL, "Lines that begin with this character are skipped."},
    {"header", PLN_OPT_BOOL, 0, "true", NULL, "The first record of each file names the columns."},
    {"columns", PLN_OPT_COLUMNS, 0, NULL, NULL, "Names of the fields of files without a header."},
    {"skip_lines", PLN_OPT_INT, 0, "0", NULL, "Lines to skip at the start of each file."},
    {"nulls", PLN_OPT_TEXTS, 0, NULL, NULL, "Texts that mean null; default: the empty field."},
    {"quoted_null", PLN_OPT_BOOL, 0, "false", NULL, "A quoted field may be null, too."},
    {"trim", PLN_OPT_BOOL, 0, "false", NULL, "Blanks and tabs around unquoted fields are dropped."},
    {"ragged", PLN_OPT_BOOL, 0, "false", NULL,
     "Short records are filled with nulls and extra fields dropped; default: such records are "
     "rejected."},
    {"skip_blank", PLN_OPT_BOOL, 0, "true", NULL, "Blank lines are no records."},
    {NULL, 0, 0, NULL, NULL, NULL},
};

const pln_option pln__ndjson_read_options[] = {
    INPUT_OPTIONS,
    {"duplicates", PLN_OPT_ENUM, 0, "\"reject\"", "reject|first|last",
     "What a member that comes twice in an object does."},
    {"unknown", PLN_OPT_ENUM, 0, "\"skip\"", "skip|reject",
     "What a member that is no column does."},
    {"missing", PLN_OPT_ENUM, 0, "\"null\"", "null|reject",
     "What the absence of a nullable column does; that of a required one always rejects."},
    {"float_to_int", PLN_OPT_BOOL, 0, "false", NULL, "3.0 may stand in an integer column."},
    {"text_to_number", PLN_OPT_BOOL, 0, "false", NULL, "\"3\" may stand in a column of numbers."},
    {"number_to_text", PLN_OPT_BOOL, 0, "false", NULL, "3 may stand in a column of texts."},
    {"nesting_max", PLN_OPT_INT, 0, "64", NULL, "Deeper records are rejected; at most 64."},
    {NULL, 0, 0, NULL, NULL, NULL},
};

#define TARGET_OPTIONS                                                                             \
    {"path", PLN_OPT_TEXT, 0, NULL, NULL,                                                          \
     "The file, which appears whole at the end of input; with {n} in "                             \
     "its name a file appears for each epoch that has rows, {n} being "                            \
     "the epoch in 20 digits."},                                                                   \
    {"fd", PLN_OPT_HANDLE, 0, NULL, NULL,                                                          \
     "An open descriptor to write to instead, cast to a pointer: (void "                           \
     "*)(intptr_t)fd. It stays the host's; rows are written at least "                             \
     "once."},                                                                                     \
    {"mkdir", PLN_OPT_BOOL, 0, "false", NULL,                                                      \
     "Missing directories of the path are made."}

#define EMPTY_OPTION                                                                               \
    {"empty", PLN_OPT_ENUM, 0, "\"write\"", "write|skip",                                          \
     "Whether a run without rows makes a file without rows. skip leaves "                          \
     "a file that is there as it is."}

#define OUTPUT_OPTIONS                                                                             \
    TARGET_OPTIONS,                                                                                \
    {"compression", PLN_OPT_ENUM, 0, "\"auto\"", "auto|none|gzip",                                 \
     "auto is gzip for a path that ends in .gz."},                                                 \
    {"compression_level", PLN_OPT_INT, 0, "6", NULL,                                               \
     "1 (fast) to 9 (small)."},                                                                    \
    EMPTY_OPTION

const pln_option pln__csv_write_options[] = {
    OUTPUT_OPTIONS,
    {"header", PLN_OPT_BOOL, 0, "true", NULL, "The first record names the columns."},
    {"delimiter", PLN_OPT_TEXT, 0, "\",\"", NULL, "The character between two fields."},
    {"quote", PLN_OPT_TEXT, 0, "\"\\\"\"", NULL, "The character around a field."},
    {"quoting", PLN_OPT_ENUM, 0, "\"minimal\"", "minimal|all|text",
     "Which fields are quoted: those that need it, all, or all that are no numbers."},
    {"null_text", PLN_OPT_TEXT, 0, "\"\"", NULL,
     "What stands for null; a text that reads the same is quoted."},
    {"newline", PLN_OPT_ENUM, 0, "\"lf\"", "lf|crlf", "What ends a record."},
    {"formula_guard", PLN_OPT_BOOL, 0, "false", NULL,
     "A text that begins with = + - @ gets a ' in front, so that no spreadsheet runs it."},
    {NULL, 0, 0, NULL, NULL, NULL},
};

const pln_option pln__ndjson_write_options[] = {
    OUTPUT_OPTIONS,
    {"write_nulls", PLN_OPT_BOOL, 0, "true", NULL,
     "Null members are written; else they are left out."},
    {NULL, 0, 0, NULL, NULL, NULL},
};

const pln_option pln__avro_read_options[] = {
    PATH_OPTIONS,
    {"schema", PLN_OPT_JSON, 0, NULL, NULL,
     "The reader's schema: inline, or the path of its file. It gives the columns, and each file's "
     "own schema is resolved against it. Without one the schema of the first file is it."},
    {"compression", PLN_OPT_ENUM, 0, "\"auto\"", "auto|none|gzip",
     "Of the file as a whole; auto looks at its first two bytes. The codec of its blocks stands in "
     "the file."},
    {NULL, 0, 0, NULL, NULL, NULL},
};

const pln_option pln__avro_write_options[] = {
    TARGET_OPTIONS,
    EMPTY_OPTION,
    {"schema", PLN_OPT_JSON, 0, NULL, NULL,
     "The schema to write: inline, or the path of its file. Columns go to its fields by name. "
     "Without one it is made from the columns."},
    {"name", PLN_OPT_TEXT, 0, "\"row\"", NULL, "The name of the record that is made."},
    {"namespace", PLN_OPT_TEXT, 0, NULL, NULL, "Its namespace."},
    {"codec", PLN_OPT_ENUM, 0, "\"deflate\"", "null|deflate|snappy|zstandard",
     "How blocks are compressed. zstandard is there if the library was built with libzstd."},
    {"level", PLN_OPT_INT, 0, "0", NULL,
     "1 (fast) to 9 (small) for deflate, to 19 for zstandard; 0 is the usual one, 6 and 3."},
    {"block_rows", PLN_OPT_INT, 0, "1000000", NULL, "A block ends with so many rows, at most 1000000,"},
    {"block_bytes", PLN_OPT_BYTES, 0, "\"64KiB\"", NULL,
     "or with the row by which it reaches this size before compression; at most 16MiB."},
    {NULL, 0, 0, NULL, NULL, NULL},
};
