package pln

/*
#include "bridge.h"
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// Batch holds rows, column by column, in Arrow memory. A batch that a function is given is lent for the call (Retain makes it one's own);
// all others are the program's until it closes them or gives them away by returning them. There is no finalizer, for slices from Values
// do not keep their batch alive: a batch that is never closed is a leak, not a crash.
type Batch struct {
	c     *C.pln_batch
	owned bool
}

func own(c *C.pln_batch) *Batch {
	return &Batch{c, true}
}

// Close gives the rows back; slices from Values are then no longer valid.
func (b *Batch) Close() {
	if b != nil && b.owned && b.c != nil {
		C.pln_batch_unref(b.c)
		b.c = nil
	}
}

// take hands the batch over to C.
func (b *Batch) take() *C.pln_batch {
	c := b.c
	if b.owned {
		b.c = nil
	}
	return c
}

// Retain returns one's own hold of the same rows.
func (b *Batch) Retain() *Batch { return own(C.pln_batch_ref(b.c)) }

// Rows is the number of rows.
func (b *Batch) Rows() int { return int(C.pln_batch_rows(b.c)) }

// Slice shares rows [offset, offset+length).
func (b *Batch) Slice(offset, length int) (*Batch, error) {
	var out *C.pln_batch
	var cerr C.pln_error
	if err := check(C.pln_batch_slice(b.c, C.int64_t(offset), C.int64_t(length), &out, &cerr), &cerr); err != nil {
		return nil, err
	}
	return own(out), nil
}

// Columns are the names of the columns.
func (b *Batch) Columns() []string {
	schema := C.pln_batch_schema(b.c)
	names := make([]string, int(schema.n_children))
	for i := range names {
		names[i] = C.GoString(C.pln_go_field(schema, C.int64_t(i)).name)
	}
	return names
}

// Column is a view of one column, valid while its batch is.
type Column struct {
	Name, Format string
	batch        *Batch
	schema       *C.struct_ArrowSchema
	array        *C.struct_ArrowArray
}

// Column finds a column by name.
func (b *Batch) Column(name string) (Column, error) {
	for i, found := range b.Columns() {
		if found == name {
			field := C.pln_go_field(C.pln_batch_schema(b.c), C.int64_t(i))
			return Column{name, C.GoString(field.format), b, field, C.pln_go_child(C.pln_batch_array(b.c), C.int64_t(i))}, nil
		}
	}
	return Column{}, fmt.Errorf("no column %q", name)
}

// Len is the number of values.
func (c Column) Len() int { return int(c.array.length) }

// Valid tells whether the value of a row is there.
func (c Column) Valid(row int) bool {
	bits := (*byte)(C.pln_go_buffer(c.array, 0))
	if bits == nil || c.array.null_count == 0 {
		return true
	}
	at := row + int(c.array.offset)
	return *(*byte)(unsafe.Add(unsafe.Pointer(bits), at/8))>>(at%8)&1 != 0
}

// Text is the text or the bytes of a row, copied.
func (c Column) Text(row int) string {
	if (c.Format != "u" && c.Format != "z") || row < 0 || row >= c.Len() {
		panic(fmt.Sprintf("column %s of format %s has no text in row %d", c.Name, c.Format, row))
	}
	at := row + int(c.array.offset)
	offsets := unsafe.Slice((*int32)(C.pln_go_buffer(c.array, 1)), at+2)
	if offsets[at] == offsets[at+1] {
		return ""
	}
	start := unsafe.Add(C.pln_go_buffer(c.array, 2), offsets[at])
	return string(unsafe.Slice((*byte)(start), offsets[at+1]-offsets[at]))
}

// Number is what lies in a column of fixed width.
type Number interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64
}

var formats = map[string]string{"c": "int8", "s": "int16", "i": "int32", "l": "int64", "C": "uint8", "S": "uint16", "I": "uint32",
	"L": "uint64", "f": "float32", "g": "float64", "tdD": "int32", "tts": "int32", "ttm": "int32", "ttu": "int64", "ttn": "int64"}

func fits[T Number](format string) bool {
	var zero T
	if len(format) > 2 && format[:2] == "ts" {
		format = "l"
	}
	return formats[format] == fmt.Sprintf("%T", zero)
}

// Values is the column's own memory as a slice: nothing is copied, nothing may be written, and it is valid until the batch is closed.
// What stands at a null is not defined.
func Values[T Number](c Column) ([]T, error) {
	if !fits[T](c.Format) {
		return nil, fmt.Errorf("column %s of format %s is read as another type", c.Name, c.Format)
	}
	if c.Len() == 0 {
		return nil, nil
	}
	all := unsafe.Slice((*T)(C.pln_go_buffer(c.array, 1)), int(c.array.offset)+c.Len())
	return all[c.array.offset:], nil
}

// Builder makes batches; a column goes across the border in one call.
type Builder struct {
	c       *C.pln_builder
	columns map[string]int
	formats map[string]string
	err     error
}

// NewBuilder makes a builder for columns such as "id int64 not null, name utf8".
func (rt *Runtime) NewBuilder(columns string) (*Builder, error) {
	schema, err := rt.NewSchema(columns)
	if err != nil {
		return nil, err
	}
	defer schema.Close()
	b := &Builder{columns: map[string]int{}, formats: map[string]string{}}
	var cerr C.pln_error
	if err := check(C.pln_builder_new(rt.c, schema.c, &b.c, &cerr), &cerr); err != nil {
		return nil, err
	}
	for i := 0; i < int(schema.c.n_children); i++ {
		field := C.pln_go_field(schema.c, C.int64_t(i))
		b.columns[C.GoString(field.name)] = i
		b.formats[C.GoString(field.name)] = C.GoString(field.format)
	}
	runtime.SetFinalizer(b, (*Builder).Close)
	return b, nil
}

// Close frees the builder.
func (b *Builder) Close() {
	C.pln_builder_free(b.c)
	b.c = nil
	runtime.SetFinalizer(b, nil)
}

// column lends a column of C's, which lives as long as the builder: who asks for it keeps the builder alive, for it has a finalizer.
func (b *Builder) column(name string) *C.pln_column {
	need(b.c != nil, "Builder")
	index, ok := b.columns[name]
	if !ok && b.err == nil {
		b.err = fmt.Errorf("no column %q", name)
	}
	if b.err != nil {
		return nil
	}
	return C.pln_builder_column(b.c, C.int64_t(index))
}

// Append adds values to a column of that very type; valid may be nil. The first error stays until Finish.
func Append[T Number](b *Builder, name string, values []T, valid []bool) *Builder {
	defer runtime.KeepAlive(b)
	column := b.column(name)
	if column == nil || len(values) == 0 {
		return b
	}
	if !fits[T](b.formats[name]) || (valid != nil && len(valid) != len(values)) {
		b.err = fmt.Errorf("column %s of format %s: values of another type, or of another length than their validity", name, b.formats[name])
		return b
	}
	var bits *C.uint8_t
	if valid != nil {
		packed := make([]byte, (len(valid)+7)/8)
		for i, ok := range valid {
			if ok {
				packed[i/8] |= 1 << (i % 8)
			}
		}
		bits = (*C.uint8_t)(unsafe.Pointer(&packed[0]))
	}
	var cerr C.pln_error
	b.err = check(C.pln_column_values(column, unsafe.Pointer(&values[0]), bits, C.int64_t(len(values)), &cerr), &cerr)
	return b
}

// AppendText adds texts (or numbers, dates, times and decimals as text); valid may be nil.
func (b *Builder) AppendText(name string, values []string, valid []bool) *Builder {
	defer runtime.KeepAlive(b)
	column := b.column(name)
	if column == nil || len(values) == 0 {
		return b
	}
	if valid != nil && len(valid) != len(values) {
		b.err = fmt.Errorf("column %s: %d values, validity of %d", name, len(values), len(valid))
		return b
	}
	bytes, ends := make([]byte, 0, 16*len(values)+1), make([]int64, len(values))
	flags := make([]byte, len(values))
	for i, value := range values {
		bytes = append(bytes, value...)
		ends[i] = int64(len(bytes))
		if valid == nil || valid[i] {
			flags[i] = 1
		}
	}
	bytes = append(bytes, 0)
	var cerr C.pln_error
	b.err = check(C.pln_go_texts(column, (*C.char)(unsafe.Pointer(&bytes[0])), (*C.int64_t)(unsafe.Pointer(&ends[0])),
		(*C.uint8_t)(unsafe.Pointer(&flags[0])), C.int64_t(len(values)), &cerr), &cerr)
	return b
}

// Finish makes a batch of what was appended; the builder goes on empty.
func (b *Builder) Finish() (*Batch, error) {
	defer runtime.KeepAlive(b)
	need(b.c != nil, "Builder")
	if b.err != nil {
		return nil, b.err
	}
	var out *C.pln_batch
	var cerr C.pln_error
	if err := check(C.pln_builder_finish(b.c, &out, &cerr), &cerr); err != nil {
		return nil, err
	}
	return own(out), nil
}
