package pln

/*
#include "bridge.h"
*/
import "C"

import (
	"encoding/json"
	"fmt"
)

// DriftOptions; what is zero has its default, in pln_drift_options of pln/drift.h.
type DriftOptions struct {
	Bins                         int
	Error, Warning, Alpha, Floor float64
	Plain                        bool
}

func (o DriftOptions) raw() C.pln_drift_options {
	var raw C.pln_drift_options
	C.pln_drift_options_init(&raw, C.sizeof_pln_drift_options)
	if o.Bins != 0 {
		raw.bins = narrow(o.Bins)
	}
	raw.error, raw.warning, raw.plain = C.double(o.Error), C.double(o.Warning), flag(o.Plain)
	if o.Alpha != 0 {
		raw.alpha = C.double(o.Alpha)
	}
	if o.Floor != 0 {
		raw.floor = C.double(o.Floor)
	}
	return raw
}

// Drift is how far a distribution is from its reference. What does not apply is NaN or -1.
type Drift struct {
	Severity                                                                 Alarm
	Statistic, WarningLimit, ErrorLimit, Probability, Noise, SketchError, At float64
	Bins, Bin                                                                int
	Reference, Current                                                       int64
}

func drift(options DriftOptions, measure func(given *C.pln_drift_options, out *C.pln_drift, cerr *C.pln_error) C.pln_status) (Drift, error) {
	given, raw := options.raw(), C.pln_drift{struct_size: C.sizeof_pln_drift}
	var cerr C.pln_error
	if err := check(measure(&given, &raw, &cerr), &cerr); err != nil {
		return Drift{}, err
	}
	return Drift{Alarm(raw.severity), float64(raw.statistic), float64(raw.warning_limit), float64(raw.error_limit), float64(raw.probability),
		float64(raw.noise), float64(raw.sketch_error), float64(raw.at), int(raw.bins), int(raw.bin), int64(raw.reference), int64(raw.current)}, nil
}

func sameBins(reference, current []int64) error {
	if len(reference) != len(current) {
		return fmt.Errorf("there are %d counts in the reference and %d in the current", len(reference), len(current))
	}
	return nil
}

// DriftPSI is the population stability index of counts of the same bins or categories.
func DriftPSI(reference, current []int64, options DriftOptions) (Drift, error) {
	if err := sameBins(reference, current); err != nil {
		return Drift{}, err
	}
	return drift(options, func(given *C.pln_drift_options, out *C.pln_drift, cerr *C.pln_error) C.pln_status {
		return C.pln_drift_psi(longs(reference), longs(current), C.int64_t(len(current)), given, out, cerr)
	})
}

// DriftKS is the distance of Kolmogorov and Smirnov of counts of bins that are in order.
func DriftKS(reference, current []int64, options DriftOptions) (Drift, error) {
	if err := sameBins(reference, current); err != nil {
		return Drift{}, err
	}
	return drift(options, func(given *C.pln_drift_options, out *C.pln_drift, cerr *C.pln_error) C.pln_status {
		return C.pln_drift_ks(longs(reference), longs(current), C.int64_t(len(current)), given, out, cerr)
	})
}

// DriftPSI is the population stability index of these numbers, as the reference, and others.
func (q *Quantiles) DriftPSI(current *Quantiles, options DriftOptions) (out Drift, err error) {
	q.with(func(reference *C.pln_quantiles) {
		current.with(func(now *C.pln_quantiles) {
			out, err = drift(options, func(given *C.pln_drift_options, out *C.pln_drift, cerr *C.pln_error) C.pln_status {
				return C.pln_drift_psi_quantiles(reference, now, given, out, cerr)
			})
		})
	})
	return out, err
}

// DriftKS is the distance of Kolmogorov and Smirnov of these numbers, as the reference, and others.
func (q *Quantiles) DriftKS(current *Quantiles, options DriftOptions) (out Drift, err error) {
	q.with(func(reference *C.pln_quantiles) {
		current.with(func(now *C.pln_quantiles) {
			out, err = drift(options, func(given *C.pln_drift_options, out *C.pln_drift, cerr *C.pln_error) C.pln_status {
				return C.pln_drift_ks_quantiles(reference, now, given, out, cerr)
			})
		})
	})
	return out, err
}

// DriftPSI is the population stability index of these categories, as the reference, and others.
func (t *TopK) DriftPSI(current *TopK, options DriftOptions) (out Drift, err error) {
	t.with(func(reference *C.pln_top_k) {
		current.with(func(now *C.pln_top_k) {
			out, err = drift(options, func(given *C.pln_drift_options, out *C.pln_drift, cerr *C.pln_error) C.pln_status {
				return C.pln_drift_psi_top_k(reference, now, given, out, cerr)
			})
		})
	})
	return out, err
}

// SchemaChange is what changed of a column: "added", "removed", "type", "nullability", or "order" of the columns of a struct.
type SchemaChange struct {
	Column, Change, Before, After string
}

// DriftSchema is what changed between two schemas; nothing if they are alike.
func (rt *Runtime) DriftSchema(before, after *Schema) ([]SchemaChange, error) {
	need(before.c != nil && after.c != nil, "Schema")
	var text *C.char
	var n C.int64_t
	var cerr C.pln_error
	if err := check(C.pln_drift_schema(rt.c, before.c, after.c, &text, &n, &cerr), &cerr); err != nil {
		return nil, err
	}
	var changes []SchemaChange
	return changes, json.Unmarshal([]byte(rt.text(text)), &changes)
}
