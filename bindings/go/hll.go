package pln

/*
#include "bridge.h"
*/
import "C"

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
		raw.precision = narrow(o.Precision)
	}
	if o.Hash != 0 {
		raw.hash = C.int32_t(o.Hash)
	}
	raw.seed = C.uint64_t(o.Seed)
	return raw
}

// Hll is a HyperLogLog sketch: how many different values there are, from a few kilobytes; pln-sketches(7). Its standard error is
// 1.039 / sqrt(2^precision): 0.8 % at 14, in 16 KiB at most. It needs no runtime.
type Hll struct{ owned[*C.pln_hll] }

// NewHll makes an empty sketch.
func NewHll(options HllOptions) (*Hll, error) {
	raw := options.raw()
	return newHll(func(out **C.pln_hll, cerr *C.pln_error) C.pln_status { return C.pln_hll_new(nil, &raw, out, cerr) })
}

// ReadHll makes a sketch out of bytes, which may come from anybody. options nil: any hash and seed; without its seed a sketch can be
// merged, asked and written, but takes no values.
func ReadHll(form HllForm, data []byte, options *HllOptions) (*Hll, error) {
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
	if err := h.own("Hll", func(c *C.pln_hll) { C.pln_hll_free(c) }, fill); err != nil {
		return nil, err
	}
	return h, nil
}

// Copy makes a second sketch of the same values.
func (h *Hll) Copy() (made *Hll, err error) {
	h.with(func(c *C.pln_hll) {
		made, err = newHll(func(out **C.pln_hll, cerr *C.pln_error) C.pln_status { return C.pln_hll_copy(c, out, cerr) })
	})
	return made, err
}

// Clear forgets all values.
func (h *Hll) Clear() { h.with(func(c *C.pln_hll) { C.pln_hll_clear(c) }) }

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
	h.with(func(c *C.pln_hll) { C.pln_hll_info_get(c, &raw) })
	return HllInfo{int(raw.precision), HllHash(raw.hash), raw.sparse != 0, uint64(raw.fingerprint), int64(raw.registers), int64(raw.memory_bytes)}
}

// Memory is the bytes that the sketch holds.
func (h *Hll) Memory() (n int64) {
	h.with(func(c *C.pln_hll) { n = int64(C.pln_hll_memory(c)) })
	return n
}

// Add adds one value by its bytes. A column at a time is many times faster.
func (h *Hll) Add(data []byte) error {
	return h.call(func(c *C.pln_hll, cerr *C.pln_error) C.pln_status {
		return C.pln_hll_add(c, value(data), C.int64_t(len(data)), cerr)
	})
}

// AddHash adds one value by its 64-bit hash.
func (h *Hll) AddHash(hash uint64) error {
	return h.call(func(c *C.pln_hll, cerr *C.pln_error) C.pln_status {
		return C.pln_hll_add_hash(c, C.uint64_t(hash), cerr)
	})
}

// AddUint64 adds numbers, as a column of them would be added.
func (h *Hll) AddUint64(values []uint64) error {
	return h.call(func(c *C.pln_hll, cerr *C.pln_error) C.pln_status {
		return C.pln_hll_add_uint64(c, words(values), C.int64_t(len(values)), nil, 0, cerr)
	})
}

// AddColumn adds the values of a column and leaves nulls out. Numbers of different widths that are equal are one value.
func (h *Hll) AddColumn(column Column) error {
	schema, array := column.lent()
	return h.call(func(c *C.pln_hll, cerr *C.pln_error) C.pln_status {
		return C.pln_hll_add_column(c, schema, array, cerr)
	})
}

// Estimate is how many different values were added.
func (h *Hll) Estimate() (n float64) {
	h.with(func(c *C.pln_hll) { n = float64(C.pln_hll_estimate(c)) })
	return n
}

// StandardError is relative to the number.
func (h *Hll) StandardError() (e float64) {
	h.with(func(c *C.pln_hll) { e = float64(C.pln_hll_standard_error(c)) })
	return e
}

// Interval holds the true number if the estimate is off by so many standard errors at most: 2 for 95 % of sketches.
func (h *Hll) Interval(errors float64) (low, high float64) {
	var a, b C.double
	h.with(func(c *C.pln_hll) { C.pln_hll_interval(c, C.double(errors), &a, &b) })
	return float64(a), float64(b)
}

// Merge adds all values of another sketch of the same hash and seed; of different precisions the lower one remains.
func (h *Hll) Merge(other *Hll) error {
	return h.both(&other.owned, func(c, from *C.pln_hll, cerr *C.pln_error) C.pln_status { return C.pln_hll_merge(c, from, cerr) })
}

// Fold brings the sketch down to a lower precision.
func (h *Hll) Fold(precision int) error {
	return h.call(func(c *C.pln_hll, cerr *C.pln_error) C.pln_status {
		return C.pln_hll_fold(c, narrow(precision), cerr)
	})
}

// HllOverlap is two sets by inclusion and exclusion; errors are standard errors, absolute.
type HllOverlap struct {
	Union, Intersection, IntersectionError, Jaccard, JaccardError float64
}

// Intersect gives union, intersection and Jaccard index with another sketch.
func (h *Hll) Intersect(other *Hll) (HllOverlap, error) {
	raw := C.pln_hll_overlap{struct_size: C.sizeof_pln_hll_overlap}
	err := h.both(&other.owned, func(c, from *C.pln_hll, cerr *C.pln_error) C.pln_status {
		return C.pln_hll_intersect(c, from, &raw, cerr)
	})
	return HllOverlap{float64(raw.union_size), float64(raw.intersection), float64(raw.intersection_error), float64(raw.jaccard),
		float64(raw.jaccard_error)}, err
}

// Bytes writes a serialized form.
func (h *Hll) Bytes(form HllForm) ([]byte, error) {
	return h.written(func(c *C.pln_hll) C.int64_t { return C.pln_hll_size(c, C.int32_t(form)) },
		func(c *C.pln_hll, out *C.uint8_t, capacity C.int64_t, size *C.int64_t, cerr *C.pln_error) C.pln_status {
			return C.pln_hll_write(c, C.int32_t(form), out, capacity, size, cerr)
		})
}
