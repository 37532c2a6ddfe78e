/*
 * All of libpipeline: data pipelines inside your program. Start with <pln/graph.h> and <pln/run.h>; pln(7) is the overview.
 */
#ifndef PLN_PLN_H
#define PLN_PLN_H

#include <pln/allocator.h>
#include <pln/arrow.h>
#include <pln/avro_builder.h>
#include <pln/avro_codec.h>
#include <pln/avro_schema.h>
#include <pln/batch.h>
#include <pln/bloom.h>
#include <pln/builder.h>
#include <pln/compat.h>
#include <pln/contract.h>
#include <pln/contract_diff.h>
#include <pln/count_min.h>
#include <pln/dedup.h>
#include <pln/drift.h>
#include <pln/file.h>
#include <pln/freshness.h>
#include <pln/graph.h>
#include <pln/hll.h>
#include <pln/host.h>
#include <pln/key.h>
#include <pln/monitor.h>
#include <pln/plugin.h>
#include <pln/profile.h>
#include <pln/quantiles.h>
#include <pln/report.h>
#include <pln/reservoir.h>
#include <pln/run.h>
#include <pln/runtime.h>
#include <pln/schema.h>
#include <pln/schema_diff.h>
#include <pln/schema_entry.h>
#include <pln/schema_registry.h>
#include <pln/sketch.h>
#include <pln/status.h>
#include <pln/suite.h>
#include <pln/table.h>
#include <pln/top_k.h>
#include <pln/validation.h>
#include <pln/version.h>

#endif
