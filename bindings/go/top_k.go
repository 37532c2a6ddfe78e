package pln

/*
#include "bridge.h"
*/
import "C"

import "unsafe"

// TopKForm is a serialized form of a sketch.
type TopKForm int

// TopKLongs and TopKStrings are images of Apache DataSketches' frequent items, of 64-bit numbers and of texts.
const (
	TopKNative  TopKForm = C.PLN_TOP_K_NATIVE
	TopKLongs   TopKForm = C.PLN_TOP_K_DATASKETCHES_LONGS
	TopKStrings TopKForm = C.PLN_TOP_K_DATASKETCHES_STRINGS
)

// TopKGuarantee is which items a list has.
type TopKGuarantee int

// NoFalsePositives: all that are listed came more often than the threshold. NoFalseNegatives: all that did are listed.
const (
	NoFalsePositives TopKGuarantee = C.PLN_TOP_K_NO_FALSE_POSITIVES
	NoFalseNegatives TopKGuarantee = C.PLN_TOP_K_NO_FALSE_NEGATIVES
)

// TopKOptions; what is zero has its default.
type TopKOptions struct {
	Capacity       int64  // entries; 1024
	ItemBytesLimit int64  // of the longest item; 4096
	Seed           uint64 // of the places of entries: random and secret where items come from strangers
}

func (o TopKOptions) raw() C.pln_top_k_options {
	var raw C.pln_top_k_options
	C.pln_top_k_options_init(&raw, C.sizeof_pln_top_k_options)
	if o.Capacity != 0 {
		raw.capacity = C.int64_t(o.Capacity)
	}
	if o.ItemBytesLimit != 0 {
		raw.item_bytes_limit = C.int64_t(o.ItemBytesLimit)
	}
	raw.seed = C.uint64_t(o.Seed)
	return raw
}

// TopK holds the heaviest of many items with bounds that hold, in a fixed number of entries: lower <= count <= upper always, and no item
// without an entry has a count above Error; pln-sketches(7).
type TopK struct{ owned[*C.pln_top_k] }

// NewTopK makes an empty sketch.
func NewTopK(options TopKOptions) (*TopK, error) {
	raw := options.raw()
	return newTopK(func(out **C.pln_top_k, cerr *C.pln_error) C.pln_status { return C.pln_top_k_new(nil, &raw, out, cerr) })
}

// ReadTopK makes a sketch out of bytes, which may come from anybody. Of the options (nil: the defaults) only the seed counts.
func ReadTopK(form TopKForm, data []byte, options *TopKOptions) (*TopK, error) {
	var raw *C.pln_top_k_options
	if options != nil {
		given := options.raw()
		raw = &given
	}
	return newTopK(func(out **C.pln_top_k, cerr *C.pln_error) C.pln_status {
		return C.pln_top_k_read(nil, C.int32_t(form), raw, start(data), C.int64_t(len(data)), out, cerr)
	})
}

func newTopK(fill func(out **C.pln_top_k, cerr *C.pln_error) C.pln_status) (*TopK, error) {
	s := &TopK{}
	if err := s.own("TopK", func(c *C.pln_top_k) { C.pln_top_k_free(c) }, fill); err != nil {
		return nil, err
	}
	return s, nil
}

// Copy makes a second sketch that answers the same.
func (s *TopK) Copy() (made *TopK, err error) {
	s.with(func(c *C.pln_top_k) {
		made, err = newTopK(func(out **C.pln_top_k, cerr *C.pln_error) C.pln_status { return C.pln_top_k_copy(c, out, cerr) })
	})
	return made, err
}

// Clear forgets all items.
func (s *TopK) Clear() { s.with(func(c *C.pln_top_k) { C.pln_top_k_clear(c) }) }

// TopKInfo is what a sketch is and holds.
type TopKInfo struct {
	Capacity, ItemBytesLimit, Entries, Total, Error, MemoryBytes int64
}

// Info tells what the sketch is and holds.
func (s *TopK) Info() TopKInfo {
	raw := C.pln_top_k_info{struct_size: C.sizeof_pln_top_k_info}
	s.with(func(c *C.pln_top_k) { C.pln_top_k_info_get(c, &raw) })
	return TopKInfo{int64(raw.capacity), int64(raw.item_bytes_limit), int64(raw.entries), int64(raw.total), int64(raw.error), int64(raw.memory_bytes)}
}

// Memory is the bytes that the sketch holds.
func (s *TopK) Memory() (n int64) {
	s.with(func(c *C.pln_top_k) { n = int64(C.pln_top_k_memory(c)) })
	return n
}

// Add adds one item by its bytes, so many times. A column at a time is many times faster.
func (s *TopK) Add(item []byte, weight int64) error {
	return s.call(func(c *C.pln_top_k, cerr *C.pln_error) C.pln_status {
		return C.pln_top_k_add(c, value(item), C.int64_t(len(item)), C.int64_t(weight), cerr)
	})
}

// AddUint64 adds numbers, as a column of them would be added, each with its weight; nil: 1 for each.
func (s *TopK) AddUint64(values []uint64, weights []int64) error {
	if err := fit("weights", weights, len(values)); err != nil {
		return err
	}
	return s.call(func(c *C.pln_top_k, cerr *C.pln_error) C.pln_status {
		return C.pln_top_k_add_uint64(c, words(values), longs(weights), C.int64_t(len(values)), nil, 0, cerr)
	})
}

// AddColumn adds the values of a column, each with its weight (nil: 1 for each), and leaves nulls out.
func (s *TopK) AddColumn(column Column, weights []int64) error {
	schema, array := column.lent()
	if err := fit("weights", weights, column.Len()); err != nil {
		return err
	}
	return s.call(func(c *C.pln_top_k, cerr *C.pln_error) C.pln_status {
		return C.pln_top_k_add_column(c, schema, array, longs(weights), cerr)
	})
}

// Estimate is the count of an item: its bounds, and their middle.
func (s *TopK) Estimate(item []byte) (estimate, lower, upper int64) {
	var low, high C.int64_t
	s.with(func(c *C.pln_top_k) {
		estimate = int64(C.pln_top_k_estimate(c, value(item), C.int64_t(len(item)), &low, &high))
	})
	return estimate, int64(low), int64(high)
}

// Error is how far bounds are apart at most, and the greatest count that an item without an entry can have.
func (s *TopK) Error() (n int64) {
	s.with(func(c *C.pln_top_k) { n = int64(C.pln_top_k_error(c)) })
	return n
}

// Total is the sum of all weights.
func (s *TopK) Total() (n int64) {
	s.with(func(c *C.pln_top_k) { n = int64(C.pln_top_k_total(c)) })
	return n
}

// TopKEntry is an item and its count. A number is its 8 little-endian bytes.
type TopKEntry struct {
	Item                   []byte
	Lower, Estimate, Upper int64
}

// List gives the heaviest items over a threshold, by falling estimate, so many of them at most. With NoFalseNegatives the threshold is
// Error or more.
func (s *TopK) List(guarantee TopKGuarantee, threshold, wanted int64) ([]TopKEntry, error) {
	room := wanted
	if entries := s.Info().Entries; room > entries {
		room = entries
	}
	var raw []C.pln_top_k_entry
	var first *C.pln_top_k_entry
	if room > 0 {
		raw = make([]C.pln_top_k_entry, room)
		raw[0].struct_size = C.sizeof_pln_top_k_entry
		first = &raw[0]
	}
	var listed []TopKEntry
	err := s.call(func(c *C.pln_top_k, cerr *C.pln_error) C.pln_status {
		var found C.int64_t
		status := C.pln_top_k_list(c, C.int32_t(guarantee), C.int64_t(threshold), C.int64_t(room), first, &found, cerr)
		for i := 0; status >= 0 && i < len(raw) && i < int(found); i++ {
			item := append([]byte{}, unsafe.Slice((*byte)(raw[i].bytes), int(raw[i].size))...)
			listed = append(listed, TopKEntry{item, int64(raw[i].lower), int64(raw[i].estimate), int64(raw[i].upper)})
		}
		return status
	})
	return listed, err
}

// Merge adds all that was added to another sketch: bounds hold for both together, and errors add up.
func (s *TopK) Merge(other *TopK) error {
	return s.both(&other.owned, func(c, from *C.pln_top_k, cerr *C.pln_error) C.pln_status { return C.pln_top_k_merge(c, from, cerr) })
}

// Bytes writes a serialized form.
func (s *TopK) Bytes(form TopKForm) ([]byte, error) {
	return s.written(func(c *C.pln_top_k) C.int64_t { return C.pln_top_k_size(c, C.int32_t(form)) },
		func(c *C.pln_top_k, out *C.uint8_t, capacity C.int64_t, size *C.int64_t, cerr *C.pln_error) C.pln_status {
			return C.pln_top_k_write(c, C.int32_t(form), out, capacity, size, cerr)
		})
}
