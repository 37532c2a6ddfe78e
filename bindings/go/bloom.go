package pln

/*
#include "bridge.h"
*/
import "C"

// BloomOptions; what is zero has its default.
type BloomOptions struct {
	Expected int64   // different values; 1000000
	Error    float64 // the probability of a false yes once they are in, 1e-7 to 0.5; 0.01
	Bytes    int64   // of the filter, instead of the two above
	Seed     uint64  // random and secret where values come from strangers
}

func (o BloomOptions) raw() C.pln_bloom_options {
	var raw C.pln_bloom_options
	C.pln_bloom_options_init(&raw, C.sizeof_pln_bloom_options)
	if o.Expected != 0 {
		raw.expected = C.int64_t(o.Expected)
	}
	if o.Error != 0 {
		raw.error = C.double(o.Error)
	}
	raw.bytes, raw.seed = C.int64_t(o.Bytes), C.uint64_t(o.Seed)
	return raw
}

// BloomBytesFor is the bytes that a filter for so many values and this error has; -1 for what cannot be.
func BloomBytesFor(expected int64, err float64) int64 {
	return int64(C.pln_bloom_bytes_for(C.int64_t(expected), C.double(err)))
}

// BloomErrorFor is the probability of a false yes of a filter of so many bytes with so many values in it.
func BloomErrorFor(bytes, values int64) float64 {
	return float64(C.pln_bloom_error_for(C.int64_t(bytes), C.int64_t(values)))
}

// Bloom is a filter: was this value added? No is certain, yes is wrong with a probability that is known; pln-sketches(7).
type Bloom struct{ owned[*C.pln_bloom] }

// NewBloom makes an empty filter.
func NewBloom(options BloomOptions) (*Bloom, error) {
	raw := options.raw()
	return newBloom(func(out **C.pln_bloom, cerr *C.pln_error) C.pln_status { return C.pln_bloom_new(nil, &raw, out, cerr) })
}

// ReadBloom makes a filter out of bytes, which may come from anybody. Of the options only the seed counts; nil: any seed, without which a
// filter can be merged and written, but takes no values and no questions.
func ReadBloom(data []byte, options *BloomOptions) (*Bloom, error) {
	var raw *C.pln_bloom_options
	if options != nil {
		given := options.raw()
		raw = &given
	}
	return newBloom(func(out **C.pln_bloom, cerr *C.pln_error) C.pln_status {
		return C.pln_bloom_read(nil, raw, start(data), C.int64_t(len(data)), out, cerr)
	})
}

func newBloom(fill func(out **C.pln_bloom, cerr *C.pln_error) C.pln_status) (*Bloom, error) {
	b := &Bloom{}
	if err := b.own("Bloom", func(c *C.pln_bloom) { C.pln_bloom_free(c) }, fill); err != nil {
		return nil, err
	}
	return b, nil
}

// Copy makes a second filter of the same values.
func (b *Bloom) Copy() (made *Bloom, err error) {
	b.with(func(c *C.pln_bloom) {
		made, err = newBloom(func(out **C.pln_bloom, cerr *C.pln_error) C.pln_status { return C.pln_bloom_copy(c, out, cerr) })
	})
	return made, err
}

// Clear forgets all values.
func (b *Bloom) Clear() { b.with(func(c *C.pln_bloom) { C.pln_bloom_clear(c) }) }

// BloomInfo is what a filter is and holds.
type BloomInfo struct {
	Blocks      int64
	Fingerprint uint64  // of the seed
	Fill        float64 // the part of the bits that is set
	Estimate    float64 // of how many different values were added
	Error       float64
	MemoryBytes int64
}

// Info tells what the filter is and holds. It reads all of it.
func (b *Bloom) Info() BloomInfo {
	raw := C.pln_bloom_info{struct_size: C.sizeof_pln_bloom_info}
	b.with(func(c *C.pln_bloom) { C.pln_bloom_info_get(c, &raw) })
	return BloomInfo{int64(raw.blocks), uint64(raw.fingerprint), float64(raw.fill), float64(raw.estimate), float64(raw.error),
		int64(raw.memory_bytes)}
}

// Memory is the bytes that the filter holds.
func (b *Bloom) Memory() (n int64) {
	b.with(func(c *C.pln_bloom) { n = int64(C.pln_bloom_memory(c)) })
	return n
}

// Add adds one value by its bytes. A column at a time is many times faster.
func (b *Bloom) Add(data []byte) error {
	return b.call(func(c *C.pln_bloom, cerr *C.pln_error) C.pln_status {
		return C.pln_bloom_add(c, value(data), C.int64_t(len(data)), cerr)
	})
}

// AddUint64 adds numbers, as a column of them would be added.
func (b *Bloom) AddUint64(values []uint64) error {
	return b.call(func(c *C.pln_bloom, cerr *C.pln_error) C.pln_status {
		return C.pln_bloom_add_uint64(c, words(values), C.int64_t(len(values)), nil, 0, cerr)
	})
}

// AddKeys adds keys of rows.
func (b *Bloom) AddKeys(keys []Key) error {
	return b.call(func(c *C.pln_bloom, cerr *C.pln_error) C.pln_status {
		return C.pln_bloom_add_keys(c, keyBytes(keys), C.int64_t(len(keys)), cerr)
	})
}

// AddColumn adds the values of a column and leaves nulls out.
func (b *Bloom) AddColumn(column Column) error {
	schema, array := column.lent()
	return b.call(func(c *C.pln_bloom, cerr *C.pln_error) C.pln_status {
		return C.pln_bloom_add_column(c, schema, array, cerr)
	})
}

// Contains tells whether a value was added: no is certain.
func (b *Bloom) Contains(data []byte) (bool, error) {
	var found C.int32_t
	err := b.call(func(c *C.pln_bloom, cerr *C.pln_error) C.pln_status {
		return C.pln_bloom_contains(c, value(data), C.int64_t(len(data)), &found, cerr)
	})
	return found != 0, err
}

// ContainsUint64 is the same for many numbers.
func (b *Bloom) ContainsUint64(values []uint64) ([]bool, error) {
	return b.answers(len(values), func(c *C.pln_bloom, found *C.uint8_t, cerr *C.pln_error) C.pln_status {
		return C.pln_bloom_contains_uint64(c, words(values), C.int64_t(len(values)), nil, 0, found, cerr)
	})
}

// ContainsKeys is the same for many keys.
func (b *Bloom) ContainsKeys(keys []Key) ([]bool, error) {
	return b.answers(len(keys), func(c *C.pln_bloom, found *C.uint8_t, cerr *C.pln_error) C.pln_status {
		return C.pln_bloom_contains_keys(c, keyBytes(keys), C.int64_t(len(keys)), found, cerr)
	})
}

// ContainsColumn is the same for each row of a column; no for a null.
func (b *Bloom) ContainsColumn(column Column) ([]bool, error) {
	schema, array := column.lent()
	return b.answers(column.Len(), func(c *C.pln_bloom, found *C.uint8_t, cerr *C.pln_error) C.pln_status {
		return C.pln_bloom_contains_column(c, schema, array, found, cerr)
	})
}

// PutKeys tells for each key whether it was there, be it from a key before it in this call, and adds those that were not.
func (b *Bloom) PutKeys(keys []Key) ([]bool, error) {
	return b.answers(len(keys), func(c *C.pln_bloom, found *C.uint8_t, cerr *C.pln_error) C.pln_status {
		return C.pln_bloom_put_keys(c, keyBytes(keys), C.int64_t(len(keys)), found, cerr)
	})
}

func (b *Bloom) answers(n int, ask func(c *C.pln_bloom, found *C.uint8_t, cerr *C.pln_error) C.pln_status) ([]bool, error) {
	packed := bits(n)
	if err := b.call(func(c *C.pln_bloom, cerr *C.pln_error) C.pln_status { return ask(c, start(packed), cerr) }); err != nil {
		return nil, err
	}
	return bools(packed, n), nil
}

// Error is the probability of a false yes now, counted from the bits that are set.
func (b *Bloom) Error() (p float64) {
	b.with(func(c *C.pln_bloom) { p = float64(C.pln_bloom_error(c)) })
	return p
}

// Merge adds all values of another filter of the same size and seed.
func (b *Bloom) Merge(other *Bloom) error {
	return b.both(&other.owned, func(c, from *C.pln_bloom, cerr *C.pln_error) C.pln_status { return C.pln_bloom_merge(c, from, cerr) })
}

// Bytes writes the serialized form.
func (b *Bloom) Bytes() ([]byte, error) {
	return b.written(func(c *C.pln_bloom) C.int64_t { return C.pln_bloom_size(c) },
		func(c *C.pln_bloom, out *C.uint8_t, capacity C.int64_t, size *C.int64_t, cerr *C.pln_error) C.pln_status {
			return C.pln_bloom_write(c, out, capacity, size, cerr)
		})
}
