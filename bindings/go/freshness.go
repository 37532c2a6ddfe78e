package pln

/*
#include "bridge.h"
#include <stdlib.h>
*/
import "C"

import (
	"time"
	"unsafe"
)

// FreshnessStatus is a verdict; alert for FreshnessLate and for nothing else.
type FreshnessStatus int

const (
	FreshnessFresh    FreshnessStatus = C.PLN_FRESHNESS_FRESH
	FreshnessLate     FreshnessStatus = C.PLN_FRESHNESS_LATE
	FreshnessStill    FreshnessStatus = C.PLN_FRESHNESS_STILL
	FreshnessResolved FreshnessStatus = C.PLN_FRESHNESS_RESOLVED
)

func (s FreshnessStatus) String() string { return word(int(s), "fresh", "late", "still", "resolved") }

// FreshnessReason is what is wrong.
type FreshnessReason int

const (
	FreshnessAge FreshnessReason = C.PLN_FRESHNESS_AGE
	FreshnessDue FreshnessReason = C.PLN_FRESHNESS_DUE
)

// FreshnessOptions; what is zero has its default, in pln_freshness_options of pln/freshness.h.
type FreshnessOptions struct {
	Daily                 bool          // data is due at a time of the day:
	Due                   time.Duration // after midnight, in minutes
	Offset, Window        time.Duration // of local time from UTC; before the time: in minutes
	Weekdays, DaysOfMonth uint32        // bit 0 Monday; bits 1 to 31, bit 0 the last day of a month. 0: every day
	Partitions            int
	WarningAge, ErrorAge  time.Duration
}

func (o FreshnessOptions) raw() C.pln_freshness_options {
	var raw C.pln_freshness_options
	C.pln_freshness_options_init(&raw, C.sizeof_pln_freshness_options)
	if o.Daily {
		raw.due_minutes = narrow(int(o.Due / time.Minute))
	}
	raw.offset_minutes, raw.window_minutes = narrow(int(o.Offset/time.Minute)), narrow(int(o.Window/time.Minute))
	raw.weekdays, raw.days_of_month = C.uint32_t(o.Weekdays), C.uint32_t(o.DaysOfMonth)
	if o.Partitions != 0 {
		raw.partitions = narrow(o.Partitions)
	}
	raw.warning_age_us, raw.error_age_us = micros(o.WarningAge), micros(o.ErrorAge)
	return raw
}

// Freshness is when data landed, of a data set as a whole ("") and of its partitions; pln-monitors(7).
type Freshness struct{ owned[*C.pln_freshness] }

// NewFreshness knows nothing yet.
func NewFreshness(options FreshnessOptions) (*Freshness, error) {
	raw := options.raw()
	return newFreshness(func(out **C.pln_freshness, cerr *C.pln_error) C.pln_status {
		return C.pln_freshness_new(nil, &raw, out, cerr)
	})
}

// ReadFreshness is out of bytes, which may come from anybody. Options are not in them.
func ReadFreshness(data []byte, options FreshnessOptions) (*Freshness, error) {
	raw := options.raw()
	return newFreshness(func(out **C.pln_freshness, cerr *C.pln_error) C.pln_status {
		return C.pln_freshness_read(nil, &raw, start(data), C.int64_t(len(data)), out, cerr)
	})
}

func newFreshness(fill func(out **C.pln_freshness, cerr *C.pln_error) C.pln_status) (*Freshness, error) {
	f := &Freshness{}
	if err := f.own("Freshness", func(c *C.pln_freshness) { C.pln_freshness_free(c) }, fill); err != nil {
		return nil, err
	}
	return f, nil
}

// Expect says that from this time on it must be fresh, though nothing of it has landed.
func (f *Freshness) Expect(partition string, at time.Time) error {
	name := cstring(partition)
	defer C.free(unsafe.Pointer(name))
	return f.call(func(c *C.pln_freshness, cerr *C.pln_error) C.pln_status {
		return C.pln_freshness_expect(c, name, C.int64_t(at.UnixMicro()), cerr)
	})
}

// Landed says that data has landed.
func (f *Freshness) Landed(partition string, at time.Time) error {
	name := cstring(partition)
	defer C.free(unsafe.Pointer(name))
	return f.call(func(c *C.pln_freshness, cerr *C.pln_error) C.pln_status {
		return C.pln_freshness_landed(c, name, C.int64_t(at.UnixMicro()), cerr)
	})
}

// FreshnessVerdict is what pln_freshness_verdict of pln/freshness.h says; times that there are not are zero.
type FreshnessVerdict struct {
	Status             FreshnessStatus
	Severity           Alarm
	Reason             FreshnessReason // 0: none
	Age, Overdue       time.Duration
	Landed, Due, Since time.Time
	Incident           int64
	JSON               string // unless it is fresh
}

// Check asks whether it is there, now.
func (f *Freshness) Check(partition string, now time.Time) (FreshnessVerdict, error) {
	name := cstring(partition)
	defer C.free(unsafe.Pointer(name))
	var out FreshnessVerdict
	raw := C.pln_freshness_verdict{struct_size: C.sizeof_pln_freshness_verdict}
	err := f.call(func(c *C.pln_freshness, cerr *C.pln_error) C.pln_status {
		status := C.pln_freshness_check(c, name, C.int64_t(now.UnixMicro()), &raw, cerr)
		if status >= 0 {
			out = FreshnessVerdict{FreshnessStatus(raw.status), Alarm(raw.severity), FreshnessReason(raw.reason),
				time.Duration(raw.age_us) * time.Microsecond, time.Duration(raw.overdue_us) * time.Microsecond, timeOf(raw.landed_us),
				timeOf(raw.due_us), timeOf(raw.since_us), int64(raw.incident), C.GoString(raw.json)}
		}
		return status
	})
	return out, err
}

// Forget forgets a partition, and its incident.
func (f *Freshness) Forget(partition string) {
	name := cstring(partition)
	defer C.free(unsafe.Pointer(name))
	f.with(func(c *C.pln_freshness) { C.pln_freshness_forget(c, name) })
}

// Partitions are the names of all that is known, "" for the data set as a whole.
func (f *Freshness) Partitions() (names []string) {
	f.with(func(c *C.pln_freshness) {
		for i := C.int64_t(0); ; i++ {
			name := C.pln_freshness_partition(c, i)
			if name == nil {
				return
			}
			names = append(names, C.GoString(name))
		}
	})
	return names
}

// Bytes writes the serialized form.
func (f *Freshness) Bytes() ([]byte, error) {
	return f.written(func(c *C.pln_freshness) C.int64_t { return C.pln_freshness_size(c) },
		func(c *C.pln_freshness, out *C.uint8_t, capacity C.int64_t, size *C.int64_t, cerr *C.pln_error) C.pln_status {
			return C.pln_freshness_write(c, out, capacity, size, cerr)
		})
}
