package pln

/*
#include "bridge.h"
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"time"
	"unsafe"
)

// CheckStatus is what came of a check, or the worst of all.
type CheckStatus int

const (
	CheckPassed CheckStatus = C.PLN_CHECK_PASSED
	CheckWarned CheckStatus = C.PLN_CHECK_WARNED
	CheckFailed CheckStatus = C.PLN_CHECK_FAILED
)

func (s CheckStatus) String() string { return word(int(s), "passed", "warned", "failed") }

// word is the word for a number of C.
func word(n int, words ...string) string {
	if n < 0 || n >= len(words) {
		return fmt.Sprint(n)
	}
	return words[n]
}

// ValidationOptions; the zero value has the defaults.
type ValidationOptions struct {
	Now time.Time // for checks that ask for the time; zero: when the validation is made
}

// Validation is a suite over the rows of one table, batch by batch, and what came of it.
type Validation struct {
	owned[*C.pln_validation]
	shape  string
	checks []Check
}

// NewValidation makes a validation of rows with this schema, which is copied. The suite may be closed before it.
func (s *Suite) NewValidation(schema *Schema, options ValidationOptions) (*Validation, error) {
	need(schema.c != nil, "Schema")
	var raw C.pln_validation_options
	C.pln_validation_options_init(&raw, C.sizeof_pln_validation_options)
	now := options.Now
	if now.IsZero() {
		now = time.Now()
	}
	raw.now_us = C.int64_t(now.UnixMicro())
	v, shared := &Validation{shape: shapeOf(schema.c), checks: s.Checks()}, s.shared
	var err error
	s.with(func(suite *C.pln_suite) {
		shared.holds.Add(1)
		err = v.own("Validation", func(c *C.pln_validation) {
			C.pln_validation_free(c)
			shared.drop()
		}, func(out **C.pln_validation, cerr *C.pln_error) C.pln_status {
			return C.pln_validation_new(suite, schema.c, &raw, out, cerr)
		})
	})
	if err != nil {
		shared.drop()
		return nil, err
	}
	return v, nil
}

// Add adds the rows of a batch, which has the columns of the schema.
func (v *Validation) Add(rows *Batch) error {
	need(rows.c != nil, "Batch")
	// The library sees an array and no schema, so the schema is held to the validation's own here.
	if found := shapeOf(C.pln_batch_schema(rows.c)); found != v.shape {
		return fmt.Errorf("the rows have the columns %s; the validation is of %s", found, v.shape)
	}
	return v.call(func(c *C.pln_validation, cerr *C.pln_error) C.pln_status {
		return C.pln_validation_add(c, C.pln_batch_array(rows.c), cerr)
	})
}

// Rows is how many rows were added.
func (v *Validation) Rows() (n int64) {
	v.with(func(c *C.pln_validation) { n = int64(C.pln_validation_count(c)) })
	return n
}

// Status is the worst of all checks. CheckFailed: one of severity SeverityError and above has failed.
func (v *Validation) Status() (CheckStatus, error) {
	var status C.int32_t
	err := v.call(func(c *C.pln_validation, cerr *C.pln_error) C.pln_status {
		return C.pln_validation_status(c, &status, cerr)
	})
	return CheckStatus(status), err
}

// CheckResult is what came of a check. What does not apply is NaN, "" or -1.
type CheckResult struct {
	Check
	Status                               CheckStatus
	Rows, Missing, Evaluated, Unexpected int64
	Observed                             float64
	ObservedText, Message                string
	Groups, GroupsFailed                 int64 // of a check with group_by
}

// Results are what came of each check, of all rows so far.
func (v *Validation) Results() ([]CheckResult, error) {
	results := make([]CheckResult, len(v.checks))
	for i, check := range v.checks {
		raw := C.pln_check_result{struct_size: C.sizeof_pln_check_result}
		if err := v.call(func(c *C.pln_validation, cerr *C.pln_error) C.pln_status {
			status := C.pln_validation_check(c, C.int32_t(i), &raw, cerr)
			if status >= 0 {
				results[i] = CheckResult{check, CheckStatus(raw.status), int64(raw.rows), int64(raw.missing), int64(raw.evaluated), int64(raw.unexpected),
					float64(raw.observed), C.GoString(raw.observed_text), C.GoString(raw.message), int64(raw.groups), int64(raw.groups_failed)}
			}
			return status
		}); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// Verdict is which rows of a batch some check by row says are wrong, of SeverityError and above.
type Verdict struct {
	Rows, Failed int
	Bitmap       []byte  // bit i is row i; nil if there is no such check
	First        []int32 // of a row that is wrong the number of the first such check; undefined for others
}

// Wrong tells whether a row is wrong.
func (v Verdict) Wrong(row int) bool { return v.Bitmap != nil && v.Bitmap[row/8]>>(row%8)&1 != 0 }

// Verdict is that of the batch that was added last, a copy.
func (v *Validation) Verdict() (out Verdict) {
	v.with(func(c *C.pln_validation) {
		raw := C.pln_validation_verdict{struct_size: C.sizeof_pln_validation_verdict}
		C.pln_validation_rows(c, &raw)
		out.Rows, out.Failed = int(raw.rows), int(raw.n_failed)
		if raw.failed != nil {
			out.Bitmap = append([]byte{}, unsafe.Slice((*byte)(raw.failed), (out.Rows+7)/8)...)
			out.First = append([]int32{}, unsafe.Slice((*int32)(raw.first), out.Rows)...)
		}
	})
	return out
}

// Bitmap is which rows of the batch that was added last check i says are wrong, whatever its severity, a copy; nil for a check that says nothing of rows.
func (v *Validation) Bitmap(i int) (bitmap []byte) {
	v.with(func(c *C.pln_validation) {
		raw := C.pln_validation_verdict{struct_size: C.sizeof_pln_validation_verdict}
		C.pln_validation_rows(c, &raw)
		if bits := C.pln_validation_bits(c, narrow(i)); bits != nil {
			bitmap = append([]byte{}, unsafe.Slice((*byte)(bits), (int(raw.rows)+7)/8)...)
		}
	})
	return bitmap
}

// Merge adds all rows of another validation, of a suite of the same text and of the same columns; they count as what came after.
func (v *Validation) Merge(other *Validation) error {
	return v.both(&other.owned, func(c, from *C.pln_validation, cerr *C.pln_error) C.pln_status {
		return C.pln_validation_merge(c, from, cerr)
	})
}

// Bytes is all that the validation knows, for Read of another one.
func (v *Validation) Bytes() ([]byte, error) {
	return v.bytes(func(c *C.pln_validation, data **C.uint8_t, size *C.int64_t, cerr *C.pln_error) C.pln_status {
		return C.pln_validation_write(c, data, size, cerr)
	})
}

// Read adds what another validation wrote, as Merge does. The bytes may come from anybody.
func (v *Validation) Read(data []byte) error {
	return v.call(func(c *C.pln_validation, cerr *C.pln_error) C.pln_status {
		return C.pln_validation_read(c, start(data), C.int64_t(len(data)), cerr)
	})
}

// JSON is all results, with the names of Great Expectations.
func (v *Validation) JSON() ([]byte, error) {
	text, err := v.text(func(c *C.pln_validation, text **C.char, size *C.int64_t, cerr *C.pln_error) C.pln_status {
		return C.pln_validation_json(c, text, size, cerr)
	})
	return []byte(text), err
}

// Text is all results for people, a line for each check and the values behind those that fail.
func (v *Validation) Text() (string, error) {
	return v.text(func(c *C.pln_validation, text **C.char, size *C.int64_t, cerr *C.pln_error) C.pln_status {
		return C.pln_validation_text(c, text, size, cerr)
	})
}

// HTML is all results as a page that needs nothing else.
func (v *Validation) HTML() (string, error) {
	return v.text(func(c *C.pln_validation, text **C.char, size *C.int64_t, cerr *C.pln_error) C.pln_status {
		return C.pln_validation_html(c, text, size, cerr)
	})
}

// Facet is all results as the dataQualityAssertions facet of OpenLineage; producer is the URI that names the program.
func (v *Validation) Facet(producer string) ([]byte, error) {
	cproducer := C.CString(producer)
	defer C.free(unsafe.Pointer(cproducer))
	text, err := v.text(func(c *C.pln_validation, text **C.char, size *C.int64_t, cerr *C.pln_error) C.pln_status {
		return C.pln_validation_facet(c, cproducer, text, size, cerr)
	})
	return []byte(text), err
}
