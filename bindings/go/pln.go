// Package pln is libpipeline for Go.
//
// A graph takes rows from sources through transforms to sinks. Keys of rows (Keys), sketches of columns (Hll, CountMin, TopK, Quantiles, Bloom),
// samples (Reservoir), indexes of keys (Dedup) and profiles of tables (Profile) need no graph, and take a whole batch or column in a call.
// Whether rows are as they should be says a Validation of a Suite; as they were before, a Monitor, Freshness and the functions of drift; as it was
// agreed, a Contract.
//
// A function or a source of the program is called once for each batch, never for a row. Columns are slices of Arrow memory that C holds;
// nothing of Go's memory stays with C. An error that a function returns ends the run, and Run returns that very error; a panic comes
// out of Run as a *PanicError. Handles are used by one goroutine at a time and closed explicitly: batches, builders and tables before
// the runtime, tables after the graphs that use them, contracts before the runtime. Sketches, samples, indexes, profiles, suites, validations and
// monitors know no runtime; one that is not closed goes with the garbage.
package pln

/*
#include "bridge.h"
#include <stdlib.h>
*/
import "C"

import (
	"encoding/json"
	"fmt"
	"runtime/cgo"
	"unsafe"
)

// Error is an error of the library.
type Error struct {
	Status         int
	Name           string // "PLN_ENOENT"
	Where, Message string
	Retryable      bool
}

func (e *Error) Error() string {
	if e.Where == "" {
		return e.Message
	}
	return e.Where + ": " + e.Message
}

func check(status C.pln_status, cerr *C.pln_error) error {
	if status >= 0 {
		return nil
	}
	e := &Error{int(status), C.GoString(C.pln_status_name(status)), C.GoString(&cerr.where[0]), C.GoString(&cerr.message[0]), cerr.flags&1 != 0}
	if e.Message == "" {
		e.Message = C.GoString(C.pln_status_text(status))
	}
	return e
}

// Version is that of the loaded library.
func Version() string { return C.GoString(C.pln_version()) }

func checkABI() error {
	if found := int(C.pln_abi_version()); found != C.PLN_ABI_VERSION {
		return fmt.Errorf("the loaded library has ABI %d, this program needs %d", found, int(C.PLN_ABI_VERSION))
	}
	return nil
}

// need panics over a handle that was closed, which C would follow to nowhere.
func need(open bool, what string) {
	if !open {
		panic("pln: this " + what + " is closed")
	}
}

// start is where the bytes of a slice are, nil for none of them.
func start(data []byte) *C.uint8_t {
	if len(data) == 0 {
		return nil
	}
	return (*C.uint8_t)(&data[0])
}

// Runtime holds what graphs share.
type Runtime struct{ c *C.pln_runtime }

// NewRuntime makes a runtime with the built-in stages.
func NewRuntime() (*Runtime, error) {
	if err := checkABI(); err != nil {
		return nil, err
	}
	var cerr C.pln_error
	rt := &Runtime{}
	return rt, check(C.pln_runtime_new(nil, &rt.c, &cerr), &cerr)
}

// Close frees the runtime, after all that was made from it.
func (rt *Runtime) Close() { C.pln_runtime_free(rt.c) }

// text is a text that C has given away, and is freed here.
func (rt *Runtime) text(raw *C.char) string {
	text := C.GoString(raw)
	C.pln_text_free(rt.c, raw)
	return text
}

// Schema is the columns of rows. It is closed before the runtime, and after the graphs that it is bound to.
type Schema struct{ c *C.struct_ArrowSchema }

// Close frees the schema.
func (s *Schema) Close() {
	if s.c != nil {
		C.pln_go_release_schema(s.c)
		C.free(unsafe.Pointer(s.c))
		s.c = nil
	}
}

func newSchema(fill func(out *C.struct_ArrowSchema, cerr *C.pln_error) C.pln_status) (*Schema, error) {
	s := &Schema{(*C.struct_ArrowSchema)(C.calloc(1, C.sizeof_struct_ArrowSchema))}
	var cerr C.pln_error
	if err := check(fill(s.c, &cerr), &cerr); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// NewSchema reads columns such as "id int64 not null, name utf8".
func (rt *Runtime) NewSchema(columns string) (*Schema, error) {
	text := C.CString(columns)
	defer C.free(unsafe.Pointer(text))
	return newSchema(func(out *C.struct_ArrowSchema, cerr *C.pln_error) C.pln_status {
		return C.pln_schema_parse(rt.c, text, out, cerr)
	})
}

// Schema is the batch's, a copy.
func (b *Batch) Schema() (*Schema, error) {
	return newSchema(func(out *C.struct_ArrowSchema, cerr *C.pln_error) C.pln_status {
		return C.pln_batch_export(b.c, out, nil, cerr)
	})
}

// Table holds batches in memory: output of memory.write, input of memory.read.
type Table struct{ c *C.pln_table }

// NewTable makes an empty table that takes the columns of what is written to it.
func (rt *Runtime) NewTable() (*Table, error) {
	var cerr C.pln_error
	t := &Table{}
	return t, check(C.pln_table_new(rt.c, nil, &t.c, &cerr), &cerr)
}

// Close frees the table.
func (t *Table) Close() { C.pln_table_free(unsafe.Pointer(t.c)) }

// Rows is the number of rows of all batches.
func (t *Table) Rows() int { return int(C.pln_table_rows(t.c)) }

// Batches are the table's batches, each one's own to close.
func (t *Table) Batches() []*Batch {
	out := make([]*Batch, int(C.pln_table_count(t.c)))
	for i := range out {
		out[i] = own(C.pln_batch_ref(C.pln_table_batch(t.c, C.int64_t(i))))
	}
	return out
}

// cstring is a text for C, nil for none of it; free it with C.free.
func cstring(text string) *C.char {
	if text == "" {
		return nil
	}
	return C.CString(text)
}

// Context is what a function may ask while it is called.
type Context struct{ c *C.pln_context }

// Count adds to a counter of the node; it is in the report.
func (ctx *Context) Count(metric string, n int64) {
	text := C.CString(metric)
	defer C.free(unsafe.Pointer(text))
	C.pln_go_count(ctx.c, text, C.int64_t(n))
}

// MapFunc makes a batch of a batch; nil: no rows. `in` is lent for the call and may be returned.
type MapFunc func(ctx *Context, in *Batch) (*Batch, error)

// SourceFunc gives the next batch, io.EOF at the end. A batch of more than maxRows rows is cut.
type SourceFunc func(ctx *Context, maxRows int) (*Batch, error)

// Graph is a pipeline.
type Graph struct {
	c       *C.pln_graph
	rt      *Runtime
	pending error
}

// NewGraph makes an empty graph.
func (rt *Runtime) NewGraph(name string) (*Graph, error) {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	var cerr C.pln_error
	g := &Graph{rt: rt}
	return g, check(C.pln_graph_new(rt.c, text, &g.c, &cerr), &cerr)
}

// Close frees the graph.
func (g *Graph) Close() { C.pln_graph_free(g.c) }

// Options of a stage; they become JSON. A *Table, a *Schema (of schema_handle), a *Suite or a *Validation is bound; the program keeps it until the
// graph is closed.
type Options map[string]any

// Add adds a node of a registered stage.
func (g *Graph) Add(node, stage string, options Options) error {
	plain, bound := Options{}, map[string]unsafe.Pointer{}
	for key, value := range options {
		switch handle := value.(type) {
		case *Table:
			bound[key] = unsafe.Pointer(handle.c)
		case *Schema:
			bound[key] = unsafe.Pointer(handle.c)
		case *Suite:
			need(handle.c != nil, "Suite")
			bound[key] = unsafe.Pointer(handle.c)
		case *Validation:
			need(handle.c != nil, "Validation")
			bound[key] = unsafe.Pointer(handle.c)
		default:
			plain[key] = value
		}
	}
	config, err := json.Marshal(plain)
	if err != nil {
		return err
	}
	cnode, cstage, cconfig := C.CString(node), C.CString(stage), C.CString(string(config))
	defer C.free(unsafe.Pointer(cnode))
	defer C.free(unsafe.Pointer(cstage))
	defer C.free(unsafe.Pointer(cconfig))
	var cerr C.pln_error
	if err := check(C.pln_graph_add(g.c, cnode, cstage, cconfig, &cerr), &cerr); err != nil {
		return err
	}
	for key, handle := range bound {
		ckey := C.CString(key)
		status := C.pln_graph_bind(g.c, cnode, ckey, handle, nil, &cerr)
		C.free(unsafe.Pointer(ckey))
		if err := check(status, &cerr); err != nil {
			return err
		}
	}
	return nil
}

// Map adds a function of every batch. columns: those that come out, "" for those that go in. A rowwise function makes row i from row i.
func (g *Graph) Map(node string, function MapFunc, columns string, rowwise bool) error {
	cnode := C.CString(node)
	defer C.free(unsafe.Pointer(cnode))
	var made *C.struct_ArrowSchema
	if columns != "" {
		s, err := g.rt.NewSchema(columns)
		if err != nil {
			return err
		}
		defer s.Close()
		made = s.c
	}
	var flags C.uint32_t
	if rowwise {
		flags = C.PLN_MAP_ROWWISE
	}
	var cerr C.pln_error
	handle := cgo.NewHandle(&mapCallback{g, function}) // C gives it back with plnGoFree, also if this fails
	return check(C.pln_go_add_map(g.c, cnode, C.uintptr_t(handle), made, flags, &cerr), &cerr)
}

// Source adds a source of the program: batches of the given columns.
func (g *Graph) Source(node, columns string, next SourceFunc) error {
	cnode, ccolumns := C.CString(node), C.CString(columns)
	defer C.free(unsafe.Pointer(cnode))
	defer C.free(unsafe.Pointer(ccolumns))
	var cerr C.pln_error
	handle := cgo.NewHandle(&sourceCallback{graph: g, next: next})
	return check(C.pln_go_add_source(g.c, cnode, C.uintptr_t(handle), ccolumns, &cerr), &cerr)
}

// Wire draws edges: "a > b > c; b.reject > d".
func (g *Graph) Wire(edges string) error {
	text := C.CString(edges)
	defer C.free(unsafe.Pointer(text))
	var cerr C.pln_error
	return check(C.pln_graph_wire(g.c, text, &cerr), &cerr)
}

// Progress of a run.
type Progress struct {
	RowsIn, RowsOut, Rejected int64
	Done                      bool
}

// RunOptions; the zero value is a batch run without a state file.
type RunOptions struct {
	Mode         int // 0 batch, 1 micro-batch, 2 stream
	ExactlyOnce  bool
	State        string // path of the state file
	RunKey       string
	EpochRows    int64
	MaxBatchRows int64
	Progress     func(Progress)
}

// Report says what a run did.
type Report struct {
	Status   string `json:"status"`
	RowsIn   int64  `json:"rows_in"`
	RowsOut  int64  `json:"rows_out"`
	Rejected int64  `json:"rejected"`
	Epochs   int64  `json:"epochs"`
	Skipped  bool   `json:"skipped"`
	Nodes    []struct {
		Name     string           `json:"name"`
		RowsIn   int64            `json:"rows_in"`
		RowsOut  int64            `json:"rows_out"`
		Rejected int64            `json:"rejected"`
		Filtered int64            `json:"filtered"`
		Counters map[string]int64 `json:"counters"`
	} `json:"nodes"`
	JSON string `json:"-"`
}

// Counter is a node's own counter.
func (r *Report) Counter(node, metric string) int64 {
	for _, n := range r.Nodes {
		if n.Name == node {
			return n.Counters[metric]
		}
	}
	return 0
}

// Run runs the graph to the end of input. The report may be there although the run failed.
func (g *Graph) Run(options RunOptions) (*Report, error) {
	raw := (*C.pln_run_options)(C.calloc(1, C.sizeof_pln_run_options)) // in C's memory: it holds pointers
	defer C.free(unsafe.Pointer(raw))
	C.pln_run_options_init(raw, C.sizeof_pln_run_options)
	raw.mode, raw.epoch_rows = C.int32_t(options.Mode), C.int64_t(options.EpochRows)
	if options.MaxBatchRows > 0 {
		raw.max_batch_rows = C.int64_t(options.MaxBatchRows)
	}
	if options.ExactlyOnce {
		raw.guarantee = C.PLN_EXACTLY_ONCE
	}
	if options.State != "" {
		raw.state = C.CString(options.State)
		defer C.free(unsafe.Pointer(raw.state))
	}
	if options.RunKey != "" {
		raw.run_key = C.CString(options.RunKey)
		defer C.free(unsafe.Pointer(raw.run_key))
	}
	if options.Progress != nil {
		handle := cgo.NewHandle(&progressCallback{g, options.Progress})
		defer handle.Delete()
		C.pln_go_progress(raw, C.uintptr_t(handle))
		raw.progress_us = 100000
	}
	var made *C.pln_report
	var cerr C.pln_error
	g.pending = nil
	err := check(C.pln_graph_run(g.c, raw, &made, &cerr), &cerr)
	if g.pending != nil {
		err = g.pending
	}
	if made == nil {
		return nil, err
	}
	defer C.pln_report_free(made)
	report := &Report{JSON: C.GoString(C.pln_report_json(made))}
	if wrong := json.Unmarshal([]byte(report.JSON), report); wrong != nil && err == nil {
		err = wrong
	}
	return report, err
}
