package pln

/*
#include "bridge.h"
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"unsafe"
)

// owned is what all sketches have: P is a pointer to C. Each call keeps its sketch alive, so that the finalizer cannot free it meanwhile.
type owned[P comparable] struct {
	c    P
	free func(P)
	noun string
}

// own makes the handle. A sketch knows no runtime and no other sketch, so that it may be freed at any time and on any thread.
func (o *owned[P]) own(noun string, free func(P), fill func(out *P, cerr *C.pln_error) C.pln_status) error {
	if err := checkABI(); err != nil {
		return err
	}
	var made P
	var cerr C.pln_error
	if err := check(fill(&made, &cerr), &cerr); err != nil {
		return err
	}
	o.c, o.free, o.noun = made, free, noun
	runtime.SetFinalizer(o, (*owned[P]).Close)
	return nil
}

// Close frees it now; without this it goes some time after its last use.
func (o *owned[P]) Close() {
	var none P
	if o.c != none {
		o.free(o.c)
		o.c = none
		runtime.SetFinalizer(o, nil)
	}
}

// with lends the handle to a function that does not fail.
func (o *owned[P]) with(f func(c P)) {
	var none P
	need(o.c != none, o.noun)
	f(o.c)
	runtime.KeepAlive(o)
}

// call lends the handle to a function that may fail.
func (o *owned[P]) call(f func(c P, cerr *C.pln_error) C.pln_status) error {
	var cerr C.pln_error
	var status C.pln_status
	o.with(func(c P) { status = f(c, &cerr) })
	return check(status, &cerr)
}

// both lends the handles of two of a kind, which may be one.
func (o *owned[P]) both(other *owned[P], f func(c, from P, cerr *C.pln_error) C.pln_status) error {
	return o.call(func(c P, cerr *C.pln_error) (status C.pln_status) {
		other.with(func(from P) { status = f(c, from, cerr) })
		return status
	})
}

// written fills as many bytes as size says; -1: the call says why there is no such form.
func (o *owned[P]) written(size func(c P) C.int64_t, write func(c P, out *C.uint8_t, capacity C.int64_t, size *C.int64_t, cerr *C.pln_error) C.pln_status) ([]byte, error) {
	var data []byte
	err := o.call(func(c P, cerr *C.pln_error) C.pln_status {
		n := size(c)
		if n > 0 {
			data = make([]byte, int(n))
		}
		return write(c, start(data), C.int64_t(len(data)), &n, cerr)
	})
	if err != nil {
		return nil, err
	}
	return data, nil
}

// text copies what a call lends.
func (o *owned[P]) text(f func(c P, text **C.char, size *C.int64_t, cerr *C.pln_error) C.pln_status) (text string, err error) {
	err = o.call(func(c P, cerr *C.pln_error) C.pln_status {
		var lent *C.char
		var size C.int64_t
		status := f(c, &lent, &size, cerr)
		if status >= 0 {
			text = string(unsafe.Slice((*byte)(unsafe.Pointer(lent)), int(size)))
		}
		return status
	})
	return text, err
}

// bytes copies what a call lends.
func (o *owned[P]) bytes(f func(c P, data **C.uint8_t, size *C.int64_t, cerr *C.pln_error) C.pln_status) (data []byte, err error) {
	err = o.call(func(c P, cerr *C.pln_error) C.pln_status {
		var lent *C.uint8_t
		var size C.int64_t
		status := f(c, &lent, &size, cerr)
		if status >= 0 {
			data = append(data, unsafe.Slice((*byte)(lent), int(size))...)
		}
		return status
	})
	return data, err
}

// narrow is a number as C takes it. One that does not fit becomes the nearest that does, which no option allows.
func narrow(n int) C.int32_t {
	if n > math.MaxInt32 {
		return math.MaxInt32
	}
	if n < math.MinInt32 {
		return math.MinInt32
	}
	return C.int32_t(n)
}

// ---- slices that C reads or fills ----

func words(values []uint64) *C.uint64_t {
	if len(values) == 0 {
		return nil
	}
	return (*C.uint64_t)(&values[0])
}

func longs(values []int64) *C.int64_t {
	if len(values) == 0 {
		return nil
	}
	return (*C.int64_t)(&values[0])
}

func doubles(values []float64) *C.double {
	if len(values) == 0 {
		return nil
	}
	return (*C.double)(&values[0])
}

func keyBytes(keys []Key) *C.uint8_t {
	if len(keys) == 0 {
		return nil
	}
	return (*C.uint8_t)(&keys[0][0])
}

// fit holds numbers that go with rows to how many there are; nil goes with any.
func fit[T any](noun string, values []T, n int) error {
	if values != nil && len(values) != n {
		return fmt.Errorf("%s: there are %d for %d rows", noun, len(values), n)
	}
	return nil
}

// bits has room for n truth values that C fills.
func bits(n int) []byte { return make([]byte, (n+7)/8) }

func bools(packed []byte, n int) []bool {
	out := make([]bool, n)
	for i := range out {
		out[i] = packed[i/8]>>(i%8)&1 != 0
	}
	return out
}

// lent is the column as C sees it, while its batch is open.
func (c Column) lent() (*C.struct_ArrowSchema, *C.struct_ArrowArray) {
	need(c.batch != nil && c.batch.c != nil, "Batch")
	return c.schema, c.array
}

// texts are texts in C's memory, for it holds pointers; and what frees them.
func texts(values []string) (**C.char, func()) {
	at := (**C.char)(C.calloc(C.size_t(len(values)+1), C.size_t(unsafe.Sizeof(uintptr(0)))))
	all := unsafe.Slice(at, len(values))
	for i, value := range values {
		all[i] = C.CString(value)
	}
	return at, func() {
		for _, text := range all {
			C.free(unsafe.Pointer(text))
		}
		C.free(unsafe.Pointer(at))
	}
}

// value is where the bytes of a value are.
func value(data []byte) unsafe.Pointer { return unsafe.Pointer(start(data)) }
