package pln

/*
#include "bridge.h"
*/
import "C"

import "unsafe"

// HllHash is the hash of a sketch; sketches mix only within one.
type HllHash int

// HllRedis and HllDataSketches are for sketches that those read.
const (
	HllXXH3         HllHash = C.PLN_HLL_XXH3
	HllRedis        HllHash = C.PLN_HLL_REDIS
	HllDataSketches HllHash = C.PLN_HLL_DATASKETCHES
)

// HllForm is a serialized form of a sketch.
type HllForm int

// HllRedisString is what GET gives for a key of PFADD, HllDataSketchesImage an HLL sketch of Apache DataSketches.
const (
	HllNative            HllForm = C.PLN_HLL_NATIVE
	HllRedisString       HllForm = C.PLN_HLL_REDIS_STRING
	HllDataSketchesImage HllForm = C.PLN_HLL_DATASKETCHES_IMAGE
)

// HllOptions; what is zero has its default.
type HllOptions struct {
	Precision int     // 4 to 18; 14
	Hash      HllHash // HllXXH3
	Seed      uint64  // of HllXXH3; random and secret where values come from strangers
}

func (o HllOptions) raw() C.pln_hll_options {
	var raw C.pln_hll_options
	C.pln_hll_options_init(&raw, C.sizeof_pln_hll_options)
	if o.Precision != 0 {
		raw.precision = C.int32_t(o.Precision)
	}
	if o.Hash != 0 {
		raw.hash = C.int32_t(o.Hash)
	}
	raw.seed = C.uint64_t(o.Seed)
	return raw
}

// Hll is a HyperLogLog sketch: how many different values there are, from a few kilobytes; pln-sketches(7). Its standard error is
// 1.039 / sqrt(2^precision): 0.8 % at 14, in 16 KiB at most. It needs no runtime.
type Hll struct{ c *C.pln_hll }

// NewHll makes an empty sketch.
func NewHll(options HllOptions) (*Hll, error) {
	if err := checkABI(); err != nil {
		return nil, err
	}
	raw := options.raw()
	return newHll(func(out **C.pln_hll, cerr *C.pln_error) C.pln_status { return C.pln_hll_new(nil, &raw, out, cerr) })
}

// ReadHll makes a sketch out of bytes, which may come from anybody. options nil: any hash and seed; without its seed a sketch can be
// merged, asked and written, but takes no values.
func ReadHll(form HllForm, data []byte, options *HllOptions) (*Hll, error) {
	if err := checkABI(); err != nil {
		return nil, err
	}
	var raw *C.pln_hll_options
	if options != nil {
		given := options.raw()
		raw = &given
	}
	return newHll(func(out **C.pln_hll, cerr *C.pln_error) C.pln_status {
		return C.pln_hll_read(nil, C.int32_t(form), raw, start(data), C.int64_t(len(data)), out, cerr)
	})
}

func newHll(fill func(out **C.pln_hll, cerr *C.pln_error) C.pln_status) (*Hll, error) {
	h := &Hll{}
	var cerr C.pln_error
	if err := check(fill(&h.c, &cerr), &cerr); err != nil {
		return nil, err
	}
	return h, nil
}

func (h *Hll) handle() *C.pln_hll {
	need(h.c != nil, "Hll")
	return h.c
}

// Close frees the sketch.
func (h *Hll) Close() {
	C.pln_hll_free(h.c)
	h.c = nil
}

// Copy makes a second sketch of the same values.
func (h *Hll) Copy() (*Hll, error) {
	return newHll(func(out **C.pln_hll, cerr *C.pln_error) C.pln_status { return C.pln_hll_copy(h.handle(), out, cerr) })
}

// Clear forgets all values.
func (h *Hll) Clear() { C.pln_hll_clear(h.handle()) }

// HllInfo is what a sketch is and holds.
type HllInfo struct {
	Precision              int
	Hash                   HllHash
	Sparse                 bool
	Fingerprint            uint64 // of the seed
	Registers, MemoryBytes int64
}

// Info tells what the sketch is and holds.
func (h *Hll) Info() HllInfo {
	raw := C.pln_hll_info{struct_size: C.sizeof_pln_hll_info}
	C.pln_hll_info_get(h.handle(), &raw)
	return HllInfo{int(raw.precision), HllHash(raw.hash), raw.sparse != 0, uint64(raw.fingerprint), int64(raw.registers), int64(raw.memory_bytes)}
}

// Add adds one value by its bytes. A column at a time is many times faster.
func (h *Hll) Add(value []byte) error {
	var cerr C.pln_error
	return check(C.pln_hll_add(h.handle(), unsafe.Pointer(start(value)), C.int64_t(len(value)), &cerr), &cerr)
}

// AddHash adds one value by its 64-bit hash.
func (h *Hll) AddHash(hash uint64) error {
	var cerr C.pln_error
	return check(C.pln_hll_add_hash(h.handle(), C.uint64_t(hash), &cerr), &cerr)
}

// AddUint64 adds numbers, as a column of them would be added.
func (h *Hll) AddUint64(values []uint64) error {
	if len(values) == 0 {
		return nil
	}
	var cerr C.pln_error
	return check(C.pln_hll_add_uint64(h.handle(), (*C.uint64_t)(&values[0]), C.int64_t(len(values)), nil, 0, &cerr), &cerr)
}

// AddColumn adds the values of a column and leaves nulls out. Numbers of different widths that are equal are one value.
func (h *Hll) AddColumn(column Column) error {
	need(column.batch.c != nil, "Batch")
	var cerr C.pln_error
	return check(C.pln_hll_add_column(h.handle(), column.schema, column.array, &cerr), &cerr)
}

// Estimate is how many different values were added.
func (h *Hll) Estimate() float64 { return float64(C.pln_hll_estimate(h.handle())) }

// StandardError is relative to the number.
func (h *Hll) StandardError() float64 { return float64(C.pln_hll_standard_error(h.handle())) }

// Interval holds the true number if the estimate is off by so many standard errors at most: 2 for 95 % of sketches.
func (h *Hll) Interval(errors float64) (low, high float64) {
	var a, b C.double
	C.pln_hll_interval(h.handle(), C.double(errors), &a, &b)
	return float64(a), float64(b)
}

// Merge adds all values of another sketch of the same hash and seed; of different precisions the lower one remains.
func (h *Hll) Merge(other *Hll) error {
	var cerr C.pln_error
	return check(C.pln_hll_merge(h.handle(), other.handle(), &cerr), &cerr)
}

// Fold brings the sketch down to a lower precision.
func (h *Hll) Fold(precision int) error {
	var cerr C.pln_error
	return check(C.pln_hll_fold(h.handle(), C.int32_t(precision), &cerr), &cerr)
}

// HllOverlap is two sets by inclusion and exclusion; errors are standard errors, absolute.
type HllOverlap struct {
	Union, Intersection, IntersectionError, Jaccard, JaccardError float64
}

// Intersect gives union, intersection and Jaccard index with another sketch.
func (h *Hll) Intersect(other *Hll) (HllOverlap, error) {
	raw := C.pln_hll_overlap{struct_size: C.sizeof_pln_hll_overlap}
	var cerr C.pln_error
	err := check(C.pln_hll_intersect(h.handle(), other.handle(), &raw, &cerr), &cerr)
	return HllOverlap{float64(raw.union_size), float64(raw.intersection), float64(raw.intersection_error), float64(raw.jaccard),
		float64(raw.jaccard_error)}, err
}

// Bytes writes a serialized form.
func (h *Hll) Bytes(form HllForm) ([]byte, error) {
	size := C.pln_hll_size(h.handle(), C.int32_t(form))
	if size < 0 {
		size = 0 // no such form: the call says why
	}
	data := make([]byte, int(size))
	var cerr C.pln_error
	return data, check(C.pln_hll_write(h.c, C.int32_t(form), start(data), size, &size, &cerr), &cerr)
}
