package pln

/*
#include "bridge.h"
*/
import "C"

// ReservoirOptions; what is zero has its default.
type ReservoirOptions struct {
	K        int    // rows, 1 to 1048576; 1000
	Seed     uint64 // of the coin: random and secret where rows come from strangers
	FirstRow int64  // the number of the first row
}

// Reservoir is a sample of K rows of a stream of unknown length, every set of K equally likely. It keeps the bytes that rows are added with, or
// Offer says which rows of a batch go to which slots of the program's own; pln-sketches(7).
type Reservoir struct{ owned[*C.pln_reservoir] }

// NewReservoir makes an empty reservoir.
func NewReservoir(options ReservoirOptions) (*Reservoir, error) {
	var raw C.pln_reservoir_options
	C.pln_reservoir_options_init(&raw, C.sizeof_pln_reservoir_options)
	if options.K != 0 {
		raw.k = narrow(options.K)
	}
	raw.seed, raw.first_row = C.uint64_t(options.Seed), C.int64_t(options.FirstRow)
	return newReservoir(func(out **C.pln_reservoir, cerr *C.pln_error) C.pln_status {
		return C.pln_reservoir_new(nil, &raw, out, cerr)
	})
}

// ReadReservoir makes a reservoir out of bytes, which may come from anybody. It goes on as the one that was written.
func ReadReservoir(data []byte) (*Reservoir, error) {
	return newReservoir(func(out **C.pln_reservoir, cerr *C.pln_error) C.pln_status {
		return C.pln_reservoir_read(nil, nil, start(data), C.int64_t(len(data)), out, cerr)
	})
}

func newReservoir(fill func(out **C.pln_reservoir, cerr *C.pln_error) C.pln_status) (*Reservoir, error) {
	r := &Reservoir{}
	if err := r.own("Reservoir", func(c *C.pln_reservoir) { C.pln_reservoir_free(c) }, fill); err != nil {
		return nil, err
	}
	return r, nil
}

// Copy makes a second reservoir of the same rows.
func (r *Reservoir) Copy() (made *Reservoir, err error) {
	r.with(func(c *C.pln_reservoir) {
		made, err = newReservoir(func(out **C.pln_reservoir, cerr *C.pln_error) C.pln_status { return C.pln_reservoir_copy(c, out, cerr) })
	})
	return made, err
}

// Clear forgets all rows. The coin and the numbers of the rows go on where they are.
func (r *Reservoir) Clear() { r.with(func(c *C.pln_reservoir) { C.pln_reservoir_clear(c) }) }

// ReservoirInfo is what a reservoir is and holds.
type ReservoirInfo struct {
	K                                        int
	N, Held, NextRow, ItemBytes, MemoryBytes int64
}

// Info tells what the reservoir is and holds.
func (r *Reservoir) Info() ReservoirInfo {
	raw := C.pln_reservoir_info{struct_size: C.sizeof_pln_reservoir_info}
	r.with(func(c *C.pln_reservoir) { C.pln_reservoir_info_get(c, &raw) })
	return ReservoirInfo{int(raw.k), int64(raw.n), int64(raw.held), int64(raw.next_row), int64(raw.item_bytes), int64(raw.memory_bytes)}
}

// Memory is the bytes that the reservoir holds.
func (r *Reservoir) Memory() (n int64) {
	r.with(func(c *C.pln_reservoir) { n = int64(C.pln_reservoir_memory(c)) })
	return n
}

// Add lets one row come by, of which the bytes are kept if it comes in. Offer is many times faster.
func (r *Reservoir) Add(row []byte) error {
	return r.call(func(c *C.pln_reservoir, cerr *C.pln_error) C.pln_status {
		return C.pln_reservoir_add(c, value(row), C.int64_t(len(row)), cerr)
	})
}

// ReservoirPick says that a row goes to a slot, whatever is there.
type ReservoirPick struct{ Row, Slot int }

// Offer lets n rows come by and says, in order, which of them go to which slots: one that comes later may take the slot of one before.
func (r *Reservoir) Offer(n int) ([]ReservoirPick, error) {
	var picks []ReservoirPick
	var raw [256]C.pln_reservoir_pick
	for at := 0; ; {
		var count, taken C.int64_t
		if err := r.call(func(c *C.pln_reservoir, cerr *C.pln_error) C.pln_status {
			return C.pln_reservoir_offer(c, C.int64_t(n-at), &raw[0], C.int64_t(len(raw)), &count, &taken, cerr)
		}); err != nil {
			return nil, err
		}
		for _, pick := range raw[:count] {
			picks = append(picks, ReservoirPick{at + int(pick.row), int(pick.slot)})
		}
		at += int(taken)
		if at >= n {
			return picks, nil
		}
	}
}

// ReservoirItem is the row in a slot: its number, and the bytes that it was added with.
type ReservoirItem struct {
	Number int64
	Bytes  []byte
}

// Items are the rows in all slots.
func (r *Reservoir) Items() ([]ReservoirItem, error) {
	info := r.Info()
	numbers, sizes, data := make([]int64, info.Held), make([]int64, info.Held), make([]byte, info.ItemBytes)
	if err := r.call(func(c *C.pln_reservoir, cerr *C.pln_error) C.pln_status {
		return C.pln_go_items(c, C.int64_t(info.Held), longs(numbers), longs(sizes), start(data), cerr)
	}); err != nil {
		return nil, err
	}
	items := make([]ReservoirItem, info.Held)
	for i := range items {
		items[i] = ReservoirItem{numbers[i], data[:sizes[i]:sizes[i]]}
		data = data[sizes[i]:]
	}
	return items, nil
}

// Error is the standard error of a share of rows that was seen in the sample; 0 while every row is held.
func (r *Reservoir) Error(share float64) (e float64) {
	r.with(func(c *C.pln_reservoir) { e = float64(C.pln_reservoir_error(c, C.double(share))) })
	return e
}

// Merge makes it a sample of the rows of both. The picks say which slots of the other (as Row) went to which slots here.
func (r *Reservoir) Merge(other *Reservoir) ([]ReservoirPick, error) {
	raw := make([]C.pln_reservoir_pick, r.Info().K)
	var count C.int64_t
	if err := r.both(&other.owned, func(c, from *C.pln_reservoir, cerr *C.pln_error) C.pln_status {
		return C.pln_reservoir_merge(c, from, &raw[0], &count, cerr)
	}); err != nil {
		return nil, err
	}
	picks := make([]ReservoirPick, int(count))
	for i := range picks {
		picks[i] = ReservoirPick{int(raw[i].row), int(raw[i].slot)}
	}
	return picks, nil
}

// Bytes writes the serialized form.
func (r *Reservoir) Bytes() ([]byte, error) {
	return r.written(func(c *C.pln_reservoir) C.int64_t { return C.pln_reservoir_size(c) },
		func(c *C.pln_reservoir, out *C.uint8_t, capacity C.int64_t, size *C.int64_t, cerr *C.pln_error) C.pln_status {
			return C.pln_reservoir_write(c, out, capacity, size, cerr)
		})
}
