package pln

/*
#include "bridge.h"
*/
import "C"

// QuantilesKind is what the numbers are.
type QuantilesKind int

// QuantilesInt64 is for integers, dates and times that must stay exact.
const (
	QuantilesFloat64 QuantilesKind = C.PLN_QUANTILES_FLOAT64
	QuantilesInt64   QuantilesKind = C.PLN_QUANTILES_INT64
)

// QuantilesOptions; what is zero has its default.
type QuantilesOptions struct {
	K    int // 8 to 65535; 200
	Kind QuantilesKind
	Seed uint64 // of the coin: random and secret where numbers come from strangers
}

// Quantiles is a sketch of numbers: median, percentiles, ranks and histograms. The rank of a quantile is off by at most 2.296 / K^0.9723 of
// all, 1.33 % at 200, with a probability of 99 %; pln-sketches(7).
type Quantiles struct{ owned[*C.pln_quantiles] }

// NewQuantiles makes an empty sketch.
func NewQuantiles(options QuantilesOptions) (*Quantiles, error) {
	var raw C.pln_quantiles_options
	C.pln_quantiles_options_init(&raw, C.sizeof_pln_quantiles_options)
	if options.K != 0 {
		raw.k = narrow(options.K)
	}
	if options.Kind != 0 {
		raw.kind = C.int32_t(options.Kind)
	}
	raw.seed = C.uint64_t(options.Seed)
	return newQuantiles(func(out **C.pln_quantiles, cerr *C.pln_error) C.pln_status {
		return C.pln_quantiles_new(nil, &raw, out, cerr)
	})
}

// ReadQuantiles makes a sketch out of bytes, which may come from anybody. It goes on as the one that was written.
func ReadQuantiles(data []byte) (*Quantiles, error) {
	return newQuantiles(func(out **C.pln_quantiles, cerr *C.pln_error) C.pln_status {
		return C.pln_quantiles_read(nil, nil, start(data), C.int64_t(len(data)), out, cerr)
	})
}

func newQuantiles(fill func(out **C.pln_quantiles, cerr *C.pln_error) C.pln_status) (*Quantiles, error) {
	q := &Quantiles{}
	if err := q.own("Quantiles", func(c *C.pln_quantiles) { C.pln_quantiles_free(c) }, fill); err != nil {
		return nil, err
	}
	return q, nil
}

// Copy makes a second sketch of the same numbers.
func (q *Quantiles) Copy() (made *Quantiles, err error) {
	q.with(func(c *C.pln_quantiles) {
		made, err = newQuantiles(func(out **C.pln_quantiles, cerr *C.pln_error) C.pln_status { return C.pln_quantiles_copy(c, out, cerr) })
	})
	return made, err
}

// Clear forgets all numbers. The coin goes on where it is.
func (q *Quantiles) Clear() { q.with(func(c *C.pln_quantiles) { C.pln_quantiles_clear(c) }) }

// QuantilesInfo is what a sketch is and holds.
type QuantilesInfo struct {
	K, KLeast                  int
	Kind                       QuantilesKind
	Exact                      bool // every number is held
	Levels                     int
	N, NaNs, Retained          int64
	Minimum, Maximum           float64 // NaN if N is 0
	MinimumInt64, MaximumInt64 int64   // of QuantilesInt64
	MemoryBytes                int64
}

// Info tells what the sketch is and holds.
func (q *Quantiles) Info() QuantilesInfo {
	raw := C.pln_quantiles_info{struct_size: C.sizeof_pln_quantiles_info}
	q.with(func(c *C.pln_quantiles) { C.pln_quantiles_info_get(c, &raw) })
	return QuantilesInfo{int(raw.k), int(raw.k_least), QuantilesKind(raw.kind), raw.exact != 0, int(raw.levels), int64(raw.n), int64(raw.nans),
		int64(raw.retained), float64(raw.minimum), float64(raw.maximum), int64(raw.minimum_int64), int64(raw.maximum_int64),
		int64(raw.memory_bytes)}
}

// Memory is the bytes that the sketch holds.
func (q *Quantiles) Memory() (n int64) {
	q.with(func(c *C.pln_quantiles) { n = int64(C.pln_quantiles_memory(c)) })
	return n
}

// AddFloat64 adds numbers.
func (q *Quantiles) AddFloat64(values []float64) error {
	return q.call(func(c *C.pln_quantiles, cerr *C.pln_error) C.pln_status {
		return C.pln_quantiles_add_float64(c, doubles(values), C.int64_t(len(values)), nil, 0, cerr)
	})
}

// AddInt64 adds integers; a sketch of QuantilesFloat64 takes the nearest float64 of each.
func (q *Quantiles) AddInt64(values []int64) error {
	return q.call(func(c *C.pln_quantiles, cerr *C.pln_error) C.pln_status {
		return C.pln_quantiles_add_int64(c, longs(values), C.int64_t(len(values)), nil, 0, cerr)
	})
}

// AddColumn adds the numbers of a column and leaves nulls out.
func (q *Quantiles) AddColumn(column Column) error {
	schema, array := column.lent()
	return q.call(func(c *C.pln_quantiles, cerr *C.pln_error) C.pln_status {
		return C.pln_quantiles_add_column(c, schema, array, cerr)
	})
}

// Quantile is the number whose rank is that part of all: 0.5 the median, 0 the minimum, 1 the maximum.
func (q *Quantiles) Quantile(fraction float64) (float64, error) {
	found, err := q.Quantiles([]float64{fraction})
	return found[0], err
}

// Quantiles is the same for each of many, in any order.
func (q *Quantiles) Quantiles(fractions []float64) ([]float64, error) {
	out := make([]float64, len(fractions))
	return out, q.call(func(c *C.pln_quantiles, cerr *C.pln_error) C.pln_status {
		return C.pln_quantiles_quantiles(c, doubles(fractions), C.int64_t(len(fractions)), doubles(out), cerr)
	})
}

// QuantilesInt64 is the same, exactly, of a sketch of that kind.
func (q *Quantiles) QuantilesInt64(fractions []float64) ([]int64, error) {
	out := make([]int64, len(fractions))
	return out, q.call(func(c *C.pln_quantiles, cerr *C.pln_error) C.pln_status {
		return C.pln_quantiles_quantiles_int64(c, doubles(fractions), C.int64_t(len(fractions)), longs(out), cerr)
	})
}

// Bounds are what the quantile is between with a probability of 99 %.
func (q *Quantiles) Bounds(fraction float64) (low, high float64, err error) {
	var a, b C.double
	err = q.call(func(c *C.pln_quantiles, cerr *C.pln_error) C.pln_status {
		return C.pln_quantiles_bounds(c, C.double(fraction), &a, &b, cerr)
	})
	return float64(a), float64(b), err
}

// Ranks gives for each value the part of all numbers that are less or equal.
func (q *Quantiles) Ranks(values []float64) ([]float64, error) {
	out := make([]float64, len(values))
	return out, q.call(func(c *C.pln_quantiles, cerr *C.pln_error) C.pln_status {
		return C.pln_quantiles_ranks(c, doubles(values), C.int64_t(len(values)), doubles(out), cerr)
	})
}

// Histogram gives about how many numbers are at most splits[0]; above it and at most splits[1]; ... above the last.
func (q *Quantiles) Histogram(splits []float64) ([]int64, error) {
	out := make([]int64, len(splits)+1)
	return out, q.call(func(c *C.pln_quantiles, cerr *C.pln_error) C.pln_status {
		return C.pln_quantiles_histogram(c, doubles(splits), C.int64_t(len(splits)), longs(out), cerr)
	})
}

// Error is that of one rank and of the part between two numbers, as parts of all, with a probability of 99 %; 0 while every number is held.
func (q *Quantiles) Error() (oneRank, between float64) {
	var a, b C.double
	q.with(func(c *C.pln_quantiles) { C.pln_quantiles_error(c, &a, &b) })
	return float64(a), float64(b)
}

// Merge adds all numbers of another sketch of the same kind and any K.
func (q *Quantiles) Merge(other *Quantiles) error {
	return q.both(&other.owned, func(c, from *C.pln_quantiles, cerr *C.pln_error) C.pln_status {
		return C.pln_quantiles_merge(c, from, cerr)
	})
}

// Bytes writes the serialized form.
func (q *Quantiles) Bytes() ([]byte, error) {
	return q.written(func(c *C.pln_quantiles) C.int64_t { return C.pln_quantiles_size(c) },
		func(c *C.pln_quantiles, out *C.uint8_t, capacity C.int64_t, size *C.int64_t, cerr *C.pln_error) C.pln_status {
			return C.pln_quantiles_write(c, out, capacity, size, cerr)
		})
}
