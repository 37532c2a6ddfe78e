/* A zlib stream that takes its memory from an allocator of ours (gzip.c). */
#ifndef PLN__FORMAT_ZLIB_STREAM_H
#define PLN__FORMAT_ZLIB_STREAM_H

#include "base/base.h"

struct z_stream_s;
void pln__zlib_stream_init(struct z_stream_s *stream, const pln_allocator *mem);

#endif
