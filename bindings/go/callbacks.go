package pln

/*
#include <pln/pln.h>
*/
import "C"

import (
	"fmt"
	"io"
	"runtime/cgo"
	"runtime/debug"
)

// PanicError is what Run returns if a function of the program panicked. No panic passes through C.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string {
	return fmt.Sprintf("panic in a function of the graph: %v", e.Value)
}

// border runs a function that C has called. What goes wrong is kept for Run and becomes a status.
func border(g *Graph, cerr *C.pln_error, body func() (C.pln_status, error)) (status C.pln_status) {
	fail := func(err error) {
		g.pending = err
		status = C.PLN_ECALLBACK
		fillError(cerr, status, err.Error())
	}
	defer func() {
		if value := recover(); value != nil {
			fail(&PanicError{value, debug.Stack()})
		}
	}()
	status, err := body()
	if err != nil {
		fail(err)
	}
	return status
}

func fillError(cerr *C.pln_error, status C.pln_status, message string) {
	if cerr == nil {
		return
	}
	cerr.status = status
	if len(message) > len(cerr.message)-1 {
		message = message[:len(cerr.message)-1]
	}
	for i := 0; i < len(message); i++ {
		cerr.message[i] = C.char(message[i])
	}
	cerr.message[len(message)] = 0
}

type mapCallback struct {
	graph    *Graph
	function MapFunc
}

//export plnGoMap
func plnGoMap(handle C.uintptr_t, ctx *C.pln_context, in *C.pln_batch, out **C.pln_batch, cerr *C.pln_error) C.pln_status {
	me := cgo.Handle(handle).Value().(*mapCallback)
	return border(me.graph, cerr, func() (C.pln_status, error) {
		lent := &Batch{c: in}
		made, err := me.function(&Context{ctx}, lent)
		if err == nil && made != nil {
			if made == lent {
				C.pln_batch_ref(in)
			}
			*out = made.take()
		}
		lent.c = nil
		return C.PLN_OK, err
	})
}

type sourceCallback struct {
	graph *Graph
	next  SourceFunc
	rest  *Batch
}

// A batch larger than what is wanted is cut, without a copy.
func (s *sourceCallback) poll(ctx *Context, max int64) (*Batch, error) {
	rows := s.rest
	s.rest = nil
	if rows == nil {
		made, err := s.next(ctx, int(max))
		if err != nil {
			return nil, err
		}
		rows = made
	}
	if rows == nil || int64(rows.Rows()) <= max {
		return rows, nil
	}
	defer rows.Close()
	rest, err := rows.Slice(int(max), rows.Rows()-int(max))
	if err != nil {
		return nil, err
	}
	s.rest = rest
	return rows.Slice(0, int(max))
}

//export plnGoPoll
func plnGoPoll(handle C.uintptr_t, ctx *C.pln_context, max C.int64_t, out **C.pln_batch, cerr *C.pln_error) C.pln_status {
	me := cgo.Handle(handle).Value().(*sourceCallback)
	return border(me.graph, cerr, func() (C.pln_status, error) {
		rows, err := me.poll(&Context{ctx}, int64(max))
		if err == io.EOF {
			return C.PLN_EOS, nil
		}
		if err == nil && rows != nil {
			*out = rows.take()
		}
		return C.PLN_OK, err
	})
}

//export plnGoFree
func plnGoFree(handle C.uintptr_t) {
	h := cgo.Handle(handle)
	if source, ok := h.Value().(*sourceCallback); ok {
		source.rest.Close()
	}
	h.Delete()
}

type progressCallback struct {
	graph    *Graph
	function func(Progress)
}

//export plnGoProgress
func plnGoProgress(handle C.uintptr_t, rowsIn, rowsOut, rejected C.int64_t, done C.int32_t) {
	me := cgo.Handle(handle).Value().(*progressCallback)
	border(me.graph, nil, func() (C.pln_status, error) {
		me.function(Progress{int64(rowsIn), int64(rowsOut), int64(rejected), done != 0})
		return C.PLN_OK, nil
	})
}
