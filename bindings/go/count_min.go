package pln

/*
#include "bridge.h"
*/
import "C"

// CountMinUpdate is how counters are raised.
type CountMinUpdate int

// CountMinConservative errs less, but takes nothing away and depends on the order.
const (
	CountMinPlain        CountMinUpdate = C.PLN_COUNT_MIN_PLAIN
	CountMinConservative CountMinUpdate = C.PLN_COUNT_MIN_CONSERVATIVE
)

// CountMinOptions; what is zero has its default.
type CountMinOptions struct {
	Epsilon     float64        // the error is at most so much of the total; 0.001
	Delta       float64        // but with this probability; 0.01
	Rows        int            // 1 to 32; the least that is enough for Delta
	Columns     int64          // a power of two, 2 to 2^26; the least that is enough for Epsilon
	CounterBits int            // 32 or 64; 64
	Update      CountMinUpdate // CountMinPlain
	Panes       int            // pieces of time that are held, 1 to 1024; 1
	Seed        uint64         // random and secret where values come from strangers
}

func (o CountMinOptions) raw() C.pln_count_min_options {
	var raw C.pln_count_min_options
	C.pln_count_min_options_init(&raw, C.sizeof_pln_count_min_options)
	if o.Epsilon != 0 {
		raw.epsilon = C.double(o.Epsilon)
	}
	if o.Delta != 0 {
		raw.delta = C.double(o.Delta)
	}
	if o.CounterBits != 0 {
		raw.counter_bits = narrow(o.CounterBits)
	}
	if o.Update != 0 {
		raw.update = C.int32_t(o.Update)
	}
	if o.Panes != 0 {
		raw.panes = narrow(o.Panes)
	}
	raw.rows, raw.columns, raw.seed = narrow(o.Rows), C.int64_t(o.Columns), C.uint64_t(o.Seed)
	return raw
}

// CountMin tells how often a value came: never too low, and too high by a stated share of the total; pln-sketches(7).
type CountMin struct{ owned[*C.pln_count_min] }

// NewCountMin makes an empty sketch, with all the memory that it will ever need.
func NewCountMin(options CountMinOptions) (*CountMin, error) {
	raw := options.raw()
	return newCountMin(func(out **C.pln_count_min, cerr *C.pln_error) C.pln_status {
		return C.pln_count_min_new(nil, &raw, out, cerr)
	})
}

// ReadCountMin makes a sketch out of bytes, which may come from anybody. Of the options only the seed counts; nil: any seed, without which a
// sketch can be merged and written, but takes no values and no questions.
func ReadCountMin(data []byte, options *CountMinOptions) (*CountMin, error) {
	var raw *C.pln_count_min_options
	if options != nil {
		given := options.raw()
		raw = &given
	}
	return newCountMin(func(out **C.pln_count_min, cerr *C.pln_error) C.pln_status {
		return C.pln_count_min_read(nil, raw, start(data), C.int64_t(len(data)), out, cerr)
	})
}

func newCountMin(fill func(out **C.pln_count_min, cerr *C.pln_error) C.pln_status) (*CountMin, error) {
	s := &CountMin{}
	if err := s.own("CountMin", func(c *C.pln_count_min) { C.pln_count_min_free(c) }, fill); err != nil {
		return nil, err
	}
	return s, nil
}

// Copy makes a second sketch of the same values, pane by pane.
func (s *CountMin) Copy() (made *CountMin, err error) {
	s.with(func(c *C.pln_count_min) {
		made, err = newCountMin(func(out **C.pln_count_min, cerr *C.pln_error) C.pln_status { return C.pln_count_min_copy(c, out, cerr) })
	})
	return made, err
}

// Clear forgets all values, of all panes.
func (s *CountMin) Clear() { s.with(func(c *C.pln_count_min) { C.pln_count_min_clear(c) }) }

// Rotate begins a new pane and forgets the oldest.
func (s *CountMin) Rotate() { s.with(func(c *C.pln_count_min) { C.pln_count_min_rotate(c) }) }

// CountMinInfo is what a sketch is and holds, of all panes together.
type CountMinInfo struct {
	Rows           int
	Columns        int64
	Epsilon, Delta float64
	CounterBits    int
	Update         CountMinUpdate
	Panes          int
	Fingerprint    uint64 // of the seed
	Added, Removed int64  // the sums of the positive and of the negative weights
	Saturated      int64  // counters at an end
	CounterMost    int64  // an answer of so much or more may be too low
	MemoryBytes    int64
}

// Info tells what the sketch is and holds. It looks at every counter.
func (s *CountMin) Info() CountMinInfo {
	raw := C.pln_count_min_info{struct_size: C.sizeof_pln_count_min_info}
	s.with(func(c *C.pln_count_min) { C.pln_count_min_info_get(c, &raw) })
	return CountMinInfo{int(raw.rows), int64(raw.columns), float64(raw.epsilon), float64(raw.delta), int(raw.counter_bits),
		CountMinUpdate(raw.update), int(raw.panes), uint64(raw.fingerprint), int64(raw.added), int64(raw.removed), int64(raw.saturated),
		int64(raw.counter_most), int64(raw.memory_bytes)}
}

// Memory is the bytes that the sketch holds.
func (s *CountMin) Memory() (n int64) {
	s.with(func(c *C.pln_count_min) { n = int64(C.pln_count_min_memory(c)) })
	return n
}

// Add adds one value by its bytes, so many times. A column at a time is many times faster.
func (s *CountMin) Add(data []byte, weight int64) error {
	return s.call(func(c *C.pln_count_min, cerr *C.pln_error) C.pln_status {
		return C.pln_count_min_add(c, value(data), C.int64_t(len(data)), C.int64_t(weight), cerr)
	})
}

// AddUint64 adds numbers, as a column of them would be added, each with its weight; nil: 1 for each.
func (s *CountMin) AddUint64(values []uint64, weights []int64) error {
	if err := fit("weights", weights, len(values)); err != nil {
		return err
	}
	return s.call(func(c *C.pln_count_min, cerr *C.pln_error) C.pln_status {
		return C.pln_count_min_add_uint64(c, words(values), longs(weights), C.int64_t(len(values)), nil, 0, cerr)
	})
}

// AddColumn adds the values of a column, each with its weight (nil: 1 for each), and leaves nulls out.
func (s *CountMin) AddColumn(column Column, weights []int64) error {
	schema, array := column.lent()
	if err := fit("weights", weights, column.Len()); err != nil {
		return err
	}
	return s.call(func(c *C.pln_count_min, cerr *C.pln_error) C.pln_status {
		return C.pln_count_min_add_column(c, schema, array, longs(weights), cerr)
	})
}

// Query tells how often a value came: at least its count, and at most so much more as Error says.
func (s *CountMin) Query(data []byte) (int64, error) {
	var count C.int64_t
	err := s.call(func(c *C.pln_count_min, cerr *C.pln_error) C.pln_status {
		return C.pln_count_min_query(c, value(data), C.int64_t(len(data)), &count, cerr)
	})
	return int64(count), err
}

// QueryUint64 is the same for many numbers.
func (s *CountMin) QueryUint64(values []uint64) ([]int64, error) {
	counts := make([]int64, len(values))
	return counts, s.call(func(c *C.pln_count_min, cerr *C.pln_error) C.pln_status {
		return C.pln_count_min_query_uint64(c, words(values), C.int64_t(len(values)), longs(counts), cerr)
	})
}

// QueryColumn is the same for each row of a column; 0 for a null.
func (s *CountMin) QueryColumn(column Column) ([]int64, error) {
	schema, array := column.lent()
	counts := make([]int64, column.Len())
	return counts, s.call(func(c *C.pln_count_min, cerr *C.pln_error) C.pln_status {
		return C.pln_count_min_query_column(c, schema, array, longs(counts), cerr)
	})
}

// Total is the sum of all weights.
func (s *CountMin) Total() (n int64) {
	s.with(func(c *C.pln_count_min) { n = int64(C.pln_count_min_total(c)) })
	return n
}

// Error is how much an answer may be above the true count, and with what probability it is not more.
func (s *CountMin) Error() (most, confidence float64) {
	var p C.double
	s.with(func(c *C.pln_count_min) { most = float64(C.pln_count_min_error(c, &p)) })
	return most, float64(p)
}

// InnerProduct is the sum over all values of the product of both counts, the size of a join, and how much it may be above the true one.
func (s *CountMin) InnerProduct(other *CountMin) (product, most float64, err error) {
	var a, b C.double
	err = s.both(&other.owned, func(c, with *C.pln_count_min, cerr *C.pln_error) C.pln_status {
		return C.pln_count_min_inner_product(c, with, &a, &b, cerr)
	})
	return float64(a), float64(b), err
}

// Merge adds all values of another sketch of the same shape and seed, pane by pane.
func (s *CountMin) Merge(other *CountMin) error {
	return s.both(&other.owned, func(c, from *C.pln_count_min, cerr *C.pln_error) C.pln_status {
		return C.pln_count_min_merge(c, from, cerr)
	})
}

// Bytes writes the serialized form.
func (s *CountMin) Bytes() ([]byte, error) {
	return s.written(func(c *C.pln_count_min) C.int64_t { return C.pln_count_min_size(c) },
		func(c *C.pln_count_min, out *C.uint8_t, capacity C.int64_t, size *C.int64_t, cerr *C.pln_error) C.pln_status {
			return C.pln_count_min_write(c, out, capacity, size, cerr)
		})
}
