package pln

/*
#include "bridge.h"
#include <stdlib.h>
*/
import "C"

import (
	"errors"
	"sync/atomic"
	"unsafe"
)

// Severity is what the failure of a check is worth; below SeverityError it is a warning.
type Severity int

const (
	SeverityInfo     Severity = C.PLN_SEVERITY_INFO
	SeverityWarn     Severity = C.PLN_SEVERITY_WARN
	SeverityError    Severity = C.PLN_SEVERITY_ERROR
	SeverityCritical Severity = C.PLN_SEVERITY_CRITICAL
)

// SuiteOptions; the zero value has the defaults.
type SuiteOptions struct {
	Seed uint64 // of the keys of uniqueness and references: random and secret where values come from strangers
}

// Suite is what the rows of a table must be like, as a list of checks; pln-checks(7).
type Suite struct {
	owned[*C.pln_suite]
	shared *sharedSuite
}

// sharedSuite is C's suite, which validations borrow: the last of all frees it.
type sharedSuite struct {
	c     *C.pln_suite
	holds atomic.Int32
}

func (s *sharedSuite) drop() {
	if s.holds.Add(-1) == 0 {
		C.pln_suite_free(s.c)
	}
}

var errSuiteInUse = errors.New("this suite has a validation: it cannot change now")

// NewSuite makes a suite of its JSON text.
func NewSuite(text string, options SuiteOptions) (*Suite, error) {
	var raw C.pln_suite_options
	C.pln_suite_options_init(&raw, C.sizeof_pln_suite_options)
	raw.seed = C.uint64_t(options.Seed)
	ctext := C.CString(text)
	defer C.free(unsafe.Pointer(ctext))
	shared := &sharedSuite{}
	s := &Suite{shared: shared}
	err := s.own("Suite", func(*C.pln_suite) { shared.drop() }, func(out **C.pln_suite, cerr *C.pln_error) C.pln_status {
		return C.pln_suite_new(nil, ctext, &raw, out, cerr)
	})
	if err != nil {
		return nil, err
	}
	shared.c = s.c
	shared.holds.Store(1)
	return s, nil
}

// Suggest is the text of a suite that the rows of the profile pass: a beginning for a person to edit.
func (p *Profile) Suggest(name string) (string, error) {
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	return p.text(func(c *C.pln_profile, text **C.char, size *C.int64_t, cerr *C.pln_error) C.pln_status {
		return C.pln_suite_suggest(c, cname, text, size, cerr)
	})
}

// Add adds a check, the text of a JSON object, while there is no validation.
func (s *Suite) Add(check string) error {
	if s.shared.holds.Load() > 1 {
		return errSuiteInUse
	}
	ctext := C.CString(check)
	defer C.free(unsafe.Pointer(ctext))
	return s.call(func(c *C.pln_suite, cerr *C.pln_error) C.pln_status { return C.pln_suite_add(c, ctext, cerr) })
}

// Reference brings the table that checks refer to by this name, while there is no validation. It is read at once.
func (s *Suite) Reference(name string, rows ...*Batch) error {
	if s.shared.holds.Load() > 1 {
		return errSuiteInUse
	}
	if len(rows) == 0 {
		return errors.New("reference " + name + ": there is no batch to take the columns from")
	}
	cname := C.CString(name)
	defer C.free(unsafe.Pointer(cname))
	batches := (**C.pln_batch)(C.calloc(C.size_t(len(rows)), C.size_t(unsafe.Sizeof(uintptr(0))))) // in C's memory: it holds pointers
	defer C.free(unsafe.Pointer(batches))
	for i, batch := range rows {
		need(batch.c != nil, "Batch")
		unsafe.Slice(batches, len(rows))[i] = batch.c
	}
	stream := (*C.struct_ArrowArrayStream)(C.calloc(1, C.sizeof_struct_ArrowArrayStream))
	defer C.free(unsafe.Pointer(stream))
	return s.call(func(c *C.pln_suite, cerr *C.pln_error) C.pln_status {
		if status := C.pln_go_stream(batches, C.int64_t(len(rows)), stream); status < 0 {
			return status
		}
		return C.pln_suite_reference(c, cname, stream, cerr)
	})
}

// Name is the suite's, "" if it has none.
func (s *Suite) Name() (name string) {
	s.with(func(c *C.pln_suite) { name = C.GoString(C.pln_suite_name(c)) })
	return name
}

// Check is a check as it stands in its suite.
type Check struct {
	ID, Kind, Columns string
	Severity          Severity
	ByRow             bool   // it says of each row whether it is right
	JSON              string // as it was given, with the names of this library
}

// Checks are the checks of the suite, in its order.
func (s *Suite) Checks() (checks []Check) {
	s.with(func(c *C.pln_suite) {
		checks = make([]Check, int(C.pln_suite_count(c)))
		for i := range checks {
			raw := C.pln_check{struct_size: C.sizeof_pln_check}
			C.pln_suite_check(c, C.int32_t(i), &raw)
			checks[i] = Check{C.GoString(raw.id), C.GoString(raw.kind), C.GoString(raw.columns), Severity(raw.severity), raw.by_row != 0, C.GoString(raw.json)}
		}
	})
	return checks
}

// Validate holds the rows of batches of one schema to the suite.
func (s *Suite) Validate(options ValidationOptions, rows ...*Batch) (*Validation, error) {
	if len(rows) == 0 {
		return nil, errors.New("there is no batch to take the columns from")
	}
	schema, err := rows[0].Schema()
	if err != nil {
		return nil, err
	}
	defer schema.Close()
	v, err := s.NewValidation(schema, options)
	if err != nil {
		return nil, err
	}
	for _, batch := range rows {
		if err := v.Add(batch); err != nil {
			v.Close()
			return nil, err
		}
	}
	return v, nil
}
