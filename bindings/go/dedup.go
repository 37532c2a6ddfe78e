package pln

/*
#include "bridge.h"
*/
import "C"

import "math"

// DedupOptions; the zero value is an index without payloads and limits.
type DedupOptions struct {
	Payload     bool   // a number beside each key
	Expected    int64  // keys that room is made for at once
	MemoryLimit int64  // bytes, beyond which keys are refused; 0: none
	Seed        uint64 // of where keys stand: secret if keys come from strangers
}

// Dedup is an index of keys: has this one been seen? It is exact, in some 21 bytes a key.
type Dedup struct {
	owned[*C.pln_dedup]
	payload bool
}

// NewDedup makes an empty index.
func NewDedup(options DedupOptions) (*Dedup, error) {
	var raw C.pln_dedup_options
	C.pln_dedup_options_init(&raw, C.sizeof_pln_dedup_options)
	if options.Payload {
		raw.payload = 1
	}
	raw.expected, raw.memory_limit, raw.seed = C.int64_t(options.Expected), C.int64_t(options.MemoryLimit), C.uint64_t(options.Seed)
	d := &Dedup{payload: options.Payload}
	if err := d.own("Dedup", func(c *C.pln_dedup) { C.pln_dedup_free(c) },
		func(out **C.pln_dedup, cerr *C.pln_error) C.pln_status { return C.pln_dedup_new(nil, &raw, out, cerr) }); err != nil {
		return nil, err
	}
	return d, nil
}

// Clear forgets all keys.
func (d *Dedup) Clear() { d.with(func(c *C.pln_dedup) { C.pln_dedup_clear(c) }) }

// Len is how many keys are in memory.
func (d *Dedup) Len() (n int64) {
	d.with(func(c *C.pln_dedup) { n = int64(C.pln_dedup_count(c)) })
	return n
}

// Memory is the bytes that the index holds.
func (d *Dedup) Memory() (n int64) {
	d.with(func(c *C.pln_dedup) { n = int64(C.pln_dedup_memory(c)) })
	return n
}

// Add tells for each key whether it is new: the first of its kind, in this call and before.
func (d *Dedup) Add(keys []Key) ([]bool, error) {
	fresh, _, err := d.batch(keys, nil, nil)
	return fresh, err
}

// AddWith is Add for an index with payloads. It tells besides what is beside each key from now on: its own payload, or that of the first.
func (d *Dedup) AddWith(keys []Key, payloads []int64) (fresh []bool, held []int64, err error) {
	if payloads == nil {
		payloads = []int64{}
	}
	if err := fit("payloads", payloads, len(keys)); err != nil {
		return nil, nil, err
	}
	return d.batch(keys, payloads, make([]int64, len(keys)))
}

func (d *Dedup) batch(keys []Key, payloads, held []int64) ([]bool, []int64, error) {
	packed := bits(len(keys))
	if err := d.call(func(c *C.pln_dedup, cerr *C.pln_error) C.pln_status {
		return C.pln_dedup_batch(c, keyBytes(keys), longs(payloads), C.int64_t(len(keys)), start(packed), longs(held), cerr)
	}); err != nil {
		return nil, nil, err
	}
	return bools(packed, len(keys)), held, nil
}

// Expire forgets all keys whose payload is less; it never goes back.
func (d *Dedup) Expire(before int64) error {
	return d.call(func(c *C.pln_dedup, cerr *C.pln_error) C.pln_status {
		return C.pln_dedup_expire(c, C.int64_t(before), cerr)
	})
}

// Sweep gives back the memory of forgotten keys, and tells how many went.
func (d *Dedup) Sweep() (int64, error) {
	var removed C.int64_t
	err := d.call(func(c *C.pln_dedup, cerr *C.pln_error) C.pln_status {
		return C.pln_dedup_sweep(c, math.MaxInt64, &removed, cerr)
	})
	return int64(removed), err
}

// Pieces hands what is in memory to a function, in pieces of so many bytes at most; each is valid until the function returns. The index must
// not change meanwhile. Read takes them, in any order.
func (d *Dedup) Pieces(most int, each func(piece []byte) error) error {
	var room []byte
	if most > 0 {
		room = make([]byte, most)
	}
	for cursor := C.int64_t(0); ; {
		var size C.int64_t
		if err := d.call(func(c *C.pln_dedup, cerr *C.pln_error) C.pln_status {
			return C.pln_dedup_write(c, &cursor, start(room), C.int64_t(most), &size, cerr)
		}); err != nil || size == 0 {
			return err
		}
		if err := each(room[:size]); err != nil {
			return err
		}
	}
}

// Read adds the keys of a piece, which may come from anybody. A key that is there keeps its payload.
func (d *Dedup) Read(piece []byte) error {
	return d.call(func(c *C.pln_dedup, cerr *C.pln_error) C.pln_status {
		return C.pln_dedup_read(c, start(piece), C.int64_t(len(piece)), cerr)
	})
}

// Merge adds the keys of another index.
func (d *Dedup) Merge(other *Dedup) error {
	if other == d { // which must not change while it is written
		return nil
	}
	return other.Pieces(1<<20, d.Read)
}

// Bytes is all in one piece; none if there are no keys.
func (d *Dedup) Bytes() (data []byte, err error) {
	width := int64(C.PLN_KEY_SIZE)
	if d.payload {
		width += 8
	}
	err = d.Pieces(int(C.PLN_DEDUP_PIECE_MIN+d.Len()*width), func(piece []byte) error {
		data = piece
		return nil
	})
	return data, err
}
