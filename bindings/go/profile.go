package pln

/*
#include "bridge.h"
*/
import "C"

import (
	"encoding/binary"
	"fmt"
	"runtime"
)

// ProfileOptions; what is zero has its default.
type ProfileOptions struct {
	Precision int    // of the distinct values, 4 to 18; 12
	K         int    // of the quantiles, 8 to 65535; 200
	Top       int    // frequent values in a report, to 1000; 5. -1: they are not looked for
	Seed      uint64 // of all sketches: random and secret where values come from strangers
}

func (o ProfileOptions) raw() C.pln_profile_options {
	var raw C.pln_profile_options
	C.pln_profile_options_init(&raw, C.sizeof_pln_profile_options)
	if o.Precision != 0 {
		raw.precision = narrow(o.Precision)
	}
	if o.K != 0 {
		raw.k = narrow(o.K)
	}
	if o.Top == -1 {
		raw.top = 0
	} else if o.Top != 0 {
		raw.top = narrow(o.Top)
	}
	raw.seed = C.uint64_t(o.Seed)
	return raw
}

// Profile is what is in the columns of a table, from one pass over its rows and a few kilobytes a column.
type Profile struct {
	owned[*C.pln_profile]
	shape string
	names []string
}

// NewProfile makes an empty profile of rows with this schema, which is copied.
func NewProfile(schema *Schema, options ProfileOptions) (*Profile, error) {
	need(schema.c != nil, "Schema")
	raw := options.raw()
	return newProfile(schema, func(out **C.pln_profile, cerr *C.pln_error) C.pln_status {
		return C.pln_profile_new(nil, schema.c, &raw, out, cerr)
	})
}

// ReadProfile makes a profile out of bytes, which may come from anybody. The options are those that it was made with.
func (rt *Runtime) ReadProfile(data []byte, options ProfileOptions) (*Profile, error) {
	raw := options.raw()
	p, err := newProfile(nil, func(out **C.pln_profile, cerr *C.pln_error) C.pln_status {
		return C.pln_profile_read(nil, &raw, start(data), C.int64_t(len(data)), out, cerr)
	})
	if err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(data[32:]) // of the schema's text
	schema, err := rt.NewSchema(string(data[36 : 36+size]))
	if err != nil {
		p.Close()
		return nil, err
	}
	defer schema.Close()
	p.of(schema)
	return p, nil
}

func newProfile(schema *Schema, fill func(out **C.pln_profile, cerr *C.pln_error) C.pln_status) (*Profile, error) {
	p := &Profile{}
	if err := p.own("Profile", func(c *C.pln_profile) { C.pln_profile_free(c) }, fill); err != nil {
		return nil, err
	}
	if schema != nil {
		p.of(schema)
	}
	return p, nil
}

func (p *Profile) of(schema *Schema) {
	p.shape, p.names = shapeOf(schema.c), make([]string, int(schema.c.n_children))
	for i := range p.names {
		p.names[i] = C.GoString(C.pln_go_field(schema.c, C.int64_t(i)).name)
	}
}

// Add adds the rows of a batch, which has the columns of the schema.
func (p *Profile) Add(rows *Batch) error {
	need(rows.c != nil, "Batch")
	// The library sees an array and no schema, so the schema is held to the profile's own here.
	if found := shapeOf(C.pln_batch_schema(rows.c)); found != p.shape {
		return fmt.Errorf("the rows have the columns %s; the profile is of %s", found, p.shape)
	}
	return p.call(func(c *C.pln_profile, cerr *C.pln_error) C.pln_status {
		return C.pln_profile_add(c, C.pln_batch_array(rows.c), cerr)
	})
}

// Merge adds all rows of another profile of the same schema, seed and options.
func (p *Profile) Merge(other *Profile) error {
	return p.both(&other.owned, func(c, from *C.pln_profile, cerr *C.pln_error) C.pln_status {
		return C.pln_profile_merge(c, from, cerr)
	})
}

// Rows is how many rows were added.
func (p *Profile) Rows() (n int64) {
	p.with(func(c *C.pln_profile) { n = int64(C.pln_profile_rows(c)) })
	return n
}

// Memory is the bytes that the profile holds.
func (p *Profile) Memory() (n int64) {
	p.with(func(c *C.pln_profile) { n = int64(C.pln_profile_memory(c)) })
	return n
}

// Columns are the names of the columns.
func (p *Profile) Columns() []string { return append([]string(nil), p.names...) }

// ProfileColumn is what is known of a column. What does not apply is NaN, "" or -1.
type ProfileColumn struct {
	Name, Type                                             string
	Rows, Nulls, NaNs, Zeros, Negatives, Shortest, Longest int64
	MeanLength, Mean, Deviation, Distinct, DistinctError   float64
	Minimum, Maximum                                       string // as text
}

// Column tells what is known of a column.
func (p *Profile) Column(name string) (ProfileColumn, error) {
	var out ProfileColumn
	err := p.column(name, func(raw *C.pln_profile_column) error {
		out = ProfileColumn{C.GoString(raw.name), C.GoString(raw._type), int64(raw.rows), int64(raw.nulls), int64(raw.nans), int64(raw.zeros),
			int64(raw.negatives), int64(raw.shortest), int64(raw.longest), float64(raw.mean_length), float64(raw.mean), float64(raw.deviation),
			float64(raw.distinct), float64(raw.distinct_error), C.GoString(raw.minimum), C.GoString(raw.maximum)}
		return nil
	})
	return out, err
}

// Hll is a copy of the sketch of a column's distinct values; nil where there is none.
func (p *Profile) Hll(column string) (made *Hll, err error) {
	err = p.column(column, func(raw *C.pln_profile_column) (err error) {
		if raw.hll != nil {
			made, err = newHll(func(out **C.pln_hll, cerr *C.pln_error) C.pln_status { return C.pln_hll_copy(raw.hll, out, cerr) })
		}
		return err
	})
	return made, err
}

// Quantiles is a copy of the sketch of a column's quantiles; nil where there is none.
func (p *Profile) Quantiles(column string) (made *Quantiles, err error) {
	err = p.column(column, func(raw *C.pln_profile_column) (err error) {
		if raw.quantiles != nil {
			made, err = newQuantiles(func(out **C.pln_quantiles, cerr *C.pln_error) C.pln_status {
				return C.pln_quantiles_copy(raw.quantiles, out, cerr)
			})
		}
		return err
	})
	return made, err
}

// Top is a copy of the sketch of a column's frequent values; nil where there is none.
func (p *Profile) Top(column string) (made *TopK, err error) {
	err = p.column(column, func(raw *C.pln_profile_column) (err error) {
		if raw.top != nil {
			made, err = newTopK(func(out **C.pln_top_k, cerr *C.pln_error) C.pln_status { return C.pln_top_k_copy(raw.top, out, cerr) })
		}
		return err
	})
	return made, err
}

// column lends what the profile has of a column, which is gone with the profile.
func (p *Profile) column(name string, read func(raw *C.pln_profile_column) error) error {
	for i, found := range p.names {
		if found != name {
			continue
		}
		raw := C.pln_profile_column{struct_size: C.sizeof_pln_profile_column}
		if err := p.call(func(c *C.pln_profile, cerr *C.pln_error) C.pln_status {
			return C.pln_profile_column_get(c, C.int64_t(i), &raw, cerr)
		}); err != nil {
			return err
		}
		err := read(&raw)
		runtime.KeepAlive(p)
		return err
	}
	return fmt.Errorf("no column %q", name)
}

// Report is a batch with a row for each column; pln_profile_schema(3) names what it has.
func (p *Profile) Report() (*Batch, error) {
	var out *C.pln_batch
	if err := p.call(func(c *C.pln_profile, cerr *C.pln_error) C.pln_status { return C.pln_profile_report(c, &out, cerr) }); err != nil {
		return nil, err
	}
	return own(out), nil
}

// JSON is the report as text.
func (p *Profile) JSON() ([]byte, error) {
	text, err := p.text(func(c *C.pln_profile, text **C.char, size *C.int64_t, cerr *C.pln_error) C.pln_status {
		return C.pln_profile_json(c, text, size, cerr)
	})
	return []byte(text), err
}

// Bytes writes the serialized form.
func (p *Profile) Bytes() ([]byte, error) {
	return p.bytes(func(c *C.pln_profile, data **C.uint8_t, size *C.int64_t, cerr *C.pln_error) C.pln_status {
		return C.pln_profile_write(c, data, size, cerr)
	})
}
