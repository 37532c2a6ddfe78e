/*
 * Freshness: has the data come that should be there by now? Of a data set as a whole, and of each of its partitions.
 *
 *     options.due_minutes = 7 * 60;                                  by 07:00
 *     options.weekdays = 0x1f;                                       Monday to Friday
 *     options.error_age_us = INT64_C(4) * 86400 * 1000000;           and never older than four days
 *     pln_freshness_new(rt, &options, &f, &err);
 *     pln_freshness_landed(f, NULL, time_us, &err);                  whenever data has come
 *     pln_freshness_landed(f, "region=eu", time_us, &err);           of a partition; for the data set as a whole it says nothing
 *     pln_freshness_check(f, "region=eu", now_us, &verdict, &err);   as often as you like
 *     if (verdict.status == PLN_FRESHNESS_LATE)
 *         puts(verdict.json);
 *
 * Times of the day are those of a fixed offset from UTC. A day is due if it is one of `weekdays` and one of `days_of_month`; a set that is 0 is every day. What
 * has landed since that day began, or within window_minutes before its time, is what was due; later it is late, but there. What was due before the partition was known is not missed.
 *
 * The age is counted from the last landing, or from when the partition became known if there was none.
 *
 * One alert for an incident: PLN_FRESHNESS_LATE is said once, and again if a warning grows to an error; then PLN_FRESHNESS_STILL, and once PLN_FRESHNESS_RESOLVED.
 *
 * Filling an old partition again makes that one fresh, and no other. A partition that will not come again is to be forgotten (pln_freshness_forget), or it gets old.
 *
 * Memory is some 100 bytes and the name for each partition, of which there are at most `partitions`.
 *
 * The serialized form, of little-endian numbers; the options are not in it:
 *
 *      0  "PLNW"
 *      4  u8   version, 1
 *      5  u8   0, three times
 *      8  u32  number of partitions
 *     12       for each, in the order of the bytes of their names, "" for the data set as a whole:
 *              u8 severity of its open incident, u8 length of its name, the name, and i64 since when it is known, i64 its last landing (INT64_MIN: none), i64 since when the
 *              incident is open (INT64_MIN: it is not), i64 incidents so far
 *    end  u64  XXH3_64bits, seed 0, of all before it
 */
#ifndef PLN_FRESHNESS_H
#define PLN_FRESHNESS_H

#include <pln/allocator.h>
#include <pln/arrow.h>
#include <pln/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pln_freshness pln_freshness;

enum {
    PLN_FRESHNESS_FRESH = 0,
    PLN_FRESHNESS_LATE = 1, /* the only one to alert for */
    PLN_FRESHNESS_STILL = 2,
    PLN_FRESHNESS_RESOLVED = 3 /* fresh, and the incident is over */
};

enum { PLN_FRESHNESS_FINE = 0, PLN_FRESHNESS_WARNING = 1, PLN_FRESHNESS_ERROR = 2 };

/* What is wrong. */
enum { PLN_FRESHNESS_NOTHING = 0, PLN_FRESHNESS_AGE = 1, PLN_FRESHNESS_DUE = 2 };

typedef struct pln_freshness_options {
    uint32_t struct_size;
    int32_t due_minutes;    /* of the local day, 0 to 1439; -1: at no time [-1] */
    int32_t offset_minutes; /* of local time from UTC, -1439 to 1439 [0] */
    int32_t window_minutes; /* 0 to 44640; 0: since that midnight, for midnight itself since the one before [0] */
    uint32_t weekdays;      /* bit 0 Monday ... bit 6 Sunday [0: every day] */
    uint32_t days_of_month; /* bits 1 to 31; bit 0 is the last day of a month [0: every day] */
    int32_t partitions;     /* 1 to 65536, the data set among them [1000] */
    int32_t reserved;
    int64_t warning_age_us; /* 0: none [0] */
    int64_t error_age_us;   /* 0: none [0] */
    const pln_allocator *allocator; /* copied; NULL: the runtime's */
} pln_freshness_options;

typedef struct pln_freshness_verdict {
    uint32_t struct_size;
    int32_t status;
    int32_t severity;
    int32_t reason;    /* PLN_FRESHNESS_AGE or DUE, the graver one, DUE if they are alike */
    int64_t age_us;
    int64_t landed_us; /* INT64_MIN: never */
    int64_t due_us;    /* the last due time that is past, since it is known; INT64_MIN: none */
    int64_t overdue_us; /* for so long what was due then has not been there; 0: it is */
    int64_t incident;  /* number of the one that is open or was just resolved; 0: none */
    int64_t since_us;  /* when it was found; INT64_MIN: none */
    const char *json;  /* unless it is fresh: {"status":"late","partition":"region=eu","reason":"due",...}, else "" */
} pln_freshness_verdict;

/*
 * Defaults for all options known to a caller whose struct has `size` bytes.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: any.
 * Blocks: no.
 */
PLN_API void pln_freshness_options_init(pln_freshness_options *options, uint32_t size);

/*
 * Nothing is known yet. `options` NULL: the defaults, by which nothing is ever late. `runtime` may be NULL: memory is the allocator's of the options then, or the C library's.
 *
 * Errors: PLN_EINVAL names the option and its value; PLN_ENOMEM.
 * Owner: *out is yours, free it with pln_freshness_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_freshness_new(pln_runtime *runtime, const pln_freshness_options *options,
                                     pln_freshness **out, pln_error *err);

/*
 * Free it. NULL is allowed.
 *
 * Errors: none.
 * Owner: it is gone, with the texts that it lent.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_freshness_free(pln_freshness *freshness);

/*
 * From this time on the partition must be fresh, though nothing of it has landed. One that is known stays as it is. `partition` NULL is the data set as a whole, here and below.
 *
 * Errors: PLN_EINVAL for a name of more than 255 bytes; PLN_ELIMIT for more partitions than the option says; PLN_ENOMEM.
 * Owner: the name is copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_freshness_expect(pln_freshness *freshness, const char *partition,
                                        int64_t time_us, pln_error *err);

/*
 * Data has landed; a partition that was not known is from now on. An earlier landing than the last one changes nothing.
 *
 * Errors: as pln_freshness_expect.
 * Owner: the name is copied.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_freshness_landed(pln_freshness *freshness, const char *partition,
                                        int64_t time_us, pln_error *err);

/*
 * Is it there, now?
 *
 * Errors: PLN_ENOENT names a partition that is not known; PLN_EINVAL for out->struct_size.
 * Owner: set out->struct_size first; out->json is lent until the handle is used again.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_freshness_check(pln_freshness *freshness, const char *partition,
                                       int64_t now_us, pln_freshness_verdict *out, pln_error *err);

/*
 * Forget a partition, and its incident. One that is not known is forgotten already.
 *
 * Errors: none.
 * Owner: its name is gone.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API void pln_freshness_forget(pln_freshness *freshness, const char *partition);

/*
 * The name of partition number i, from 0, in the order of their bytes; "" is the data set as a whole. NULL behind the last one.
 *
 * Errors: none.
 * Owner: lent until the handle is used again.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API const char *pln_freshness_partition(const pln_freshness *freshness, int64_t i);

/* ---- bytes ---- */

/*
 * How many bytes the serialized form has.
 *
 * Errors: none.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API int64_t pln_freshness_size(const pln_freshness *freshness);

/*
 * Write the serialized form to out[0, capacity); *size is how long it is.
 *
 * Errors: PLN_ELIMIT if capacity is less than pln_freshness_size.
 * Owner: nothing.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_freshness_write(const pln_freshness *freshness, uint8_t *out,
                                       int64_t capacity, int64_t *size, pln_error *err);

/*
 * Out of bytes, which may come from anybody; it goes on by these options.
 *
 * Errors: PLN_EDATA names field and value; PLN_ELIMIT for more partitions than the option says; PLN_EINVAL names the option; PLN_ENOMEM.
 * Owner: `bytes` is borrowed for the call; *out is yours, free it with pln_freshness_free.
 * Threads: one at a time.
 * Blocks: no.
 */
PLN_API pln_status pln_freshness_read(pln_runtime *runtime, const pln_freshness_options *options,
                                      const uint8_t *bytes, int64_t size, pln_freshness **out,
                                      pln_error *err);

#ifdef __cplusplus
}
#endif

#endif
