package pln

/*
#include "bridge.h"
*/
import "C"

import (
	"math"
	"time"
)

// MonitorMethod is how a value is judged by those before it.
type MonitorMethod int

const (
	MonitorZScore   MonitorMethod = C.PLN_MONITOR_ZSCORE
	MonitorMAD      MonitorMethod = C.PLN_MONITOR_MAD
	MonitorIQR      MonitorMethod = C.PLN_MONITOR_IQR
	MonitorRelative MonitorMethod = C.PLN_MONITOR_RELATIVE
	MonitorAbsolute MonitorMethod = C.PLN_MONITOR_ABSOLUTE
	MonitorCliff    MonitorMethod = C.PLN_MONITOR_CLIFF // only in a verdict
)

// MonitorSeason is which values are compared with each other.
type MonitorSeason int

const (
	MonitorNoSeason   MonitorSeason = C.PLN_MONITOR_NO_SEASON
	MonitorHourOfDay  MonitorSeason = C.PLN_MONITOR_HOUR_OF_DAY
	MonitorWeekday    MonitorSeason = C.PLN_MONITOR_WEEKDAY
	MonitorHourOfWeek MonitorSeason = C.PLN_MONITOR_HOUR_OF_WEEK
	MonitorDayOfMonth MonitorSeason = C.PLN_MONITOR_DAY_OF_MONTH
)

// MonitorDirection is which way a value must go to be an anomaly.
type MonitorDirection int

const (
	MonitorBoth  MonitorDirection = C.PLN_MONITOR_BOTH
	MonitorDrop  MonitorDirection = C.PLN_MONITOR_DROP
	MonitorSpike MonitorDirection = C.PLN_MONITOR_SPIKE
)

// MonitorStatus is a verdict; alert for MonitorAnomaly and for nothing else.
type MonitorStatus int

const (
	MonitorTraining MonitorStatus = C.PLN_MONITOR_TRAINING
	MonitorNormal   MonitorStatus = C.PLN_MONITOR_NORMAL
	MonitorAnomaly  MonitorStatus = C.PLN_MONITOR_ANOMALY
	MonitorStill    MonitorStatus = C.PLN_MONITOR_STILL
	MonitorResolved MonitorStatus = C.PLN_MONITOR_RESOLVED
)

func (s MonitorStatus) String() string {
	return word(int(s), "training", "normal", "anomaly", "still", "resolved")
}

// Alarm is how grave what a monitor, a drift or freshness has found is.
type Alarm int

const (
	AlarmNone    Alarm = C.PLN_MONITOR_FINE
	AlarmWarning Alarm = C.PLN_MONITOR_WARNING
	AlarmError   Alarm = C.PLN_MONITOR_ERROR
)

func (a Alarm) String() string { return word(int(a), "none", "warning", "error") }

// MonitorOptions; what is zero has its default, in pln_monitor_options of pln/monitor.h.
type MonitorOptions struct {
	Method                                 MonitorMethod
	Season                                 MonitorSeason
	Direction                              MonitorDirection
	MinHistory, Lookback                   int
	Offset                                 time.Duration // of local time from UTC, in minutes
	MonthEndDays                           int
	Plain, KeepAnomalies                   bool
	RelearnAfter                           int
	Error, Warning                         float64
	Cliff                                  float64 // -1: never
	IgnoreChange, IgnoreBelow, SpreadFloor float64
	Training, Cooldown, Repeat             time.Duration
}

func (o MonitorOptions) raw() C.pln_monitor_options {
	var raw C.pln_monitor_options
	C.pln_monitor_options_init(&raw, C.sizeof_pln_monitor_options)
	if o.Method != 0 {
		raw.method = narrow(int(o.Method))
	}
	raw.season, raw.direction = narrow(int(o.Season)), narrow(int(o.Direction))
	raw.min_history, raw.lookback = narrow(o.MinHistory), narrow(o.Lookback)
	raw.offset_minutes, raw.month_end_days = narrow(int(o.Offset/time.Minute)), narrow(o.MonthEndDays)
	raw.plain, raw.keep_anomalies, raw.relearn_after = flag(o.Plain), flag(o.KeepAnomalies), narrow(o.RelearnAfter)
	raw.error, raw.warning = C.double(o.Error), C.double(o.Warning)
	if o.Cliff == -1 {
		raw.cliff = 0
	} else if o.Cliff != 0 {
		raw.cliff = C.double(o.Cliff)
	}
	raw.ignore_change, raw.ignore_below, raw.spread_floor = C.double(o.IgnoreChange), C.double(o.IgnoreBelow), C.double(o.SpreadFloor)
	raw.training_us, raw.cooldown_us, raw.repeat_us = micros(o.Training), micros(o.Cooldown), micros(o.Repeat)
	return raw
}

func flag(on bool) C.int32_t {
	if on {
		return 1
	}
	return 0
}

func micros(d time.Duration) C.int64_t { return C.int64_t(d / time.Microsecond) }

// timeOf is a time of C's, zero where there is none.
func timeOf(us C.int64_t) time.Time {
	if us == math.MinInt64 {
		return time.Time{}
	}
	return time.UnixMicro(int64(us)).UTC()
}

// Monitor is the history of a number, once for each run, and a verdict on the newest; pln-monitors(7).
type Monitor struct{ owned[*C.pln_monitor] }

// NewMonitor makes a monitor without a history.
func NewMonitor(options MonitorOptions) (*Monitor, error) {
	raw := options.raw()
	return newMonitor(func(out **C.pln_monitor, cerr *C.pln_error) C.pln_status {
		return C.pln_monitor_new(nil, &raw, out, cerr)
	})
}

// ReadMonitor makes a monitor out of bytes, which may come from anybody. Options are not in them.
func ReadMonitor(data []byte, options MonitorOptions) (*Monitor, error) {
	raw := options.raw()
	return newMonitor(func(out **C.pln_monitor, cerr *C.pln_error) C.pln_status {
		return C.pln_monitor_read(nil, &raw, start(data), C.int64_t(len(data)), out, cerr)
	})
}

func newMonitor(fill func(out **C.pln_monitor, cerr *C.pln_error) C.pln_status) (*Monitor, error) {
	m := &Monitor{}
	if err := m.own("Monitor", func(c *C.pln_monitor) { C.pln_monitor_free(c) }, fill); err != nil {
		return nil, err
	}
	return m, nil
}

// MonitorFlags say what sort of a value it is.
type MonitorFlags uint32

const (
	MonitorPartial  MonitorFlags = C.PLN_MONITOR_PARTIAL   // of a run that failed or did not see all: judged, and never in the history
	MonitorNewLevel MonitorFlags = C.PLN_MONITOR_NEW_LEVEL // right whatever it looks like: the history before it is forgotten
)

// MonitorVerdict is what pln_monitor_verdict of pln/monitor.h says.
type MonitorVerdict struct {
	Status                               MonitorStatus
	Severity                             Alarm
	Method                               MonitorMethod
	Bucket                               int // of the season; -1: judged by the whole
	Learned                              bool
	History, Incident                    int64
	Since                                time.Time // the incident's first anomaly; zero: none
	Score, Limit, Expected, Lower, Upper float64
	JSON                                 string // of anomalies, those still there, and when it is resolved
}

// Observe judges a value by those before it, and adds it to them if it is to enter. The time is that of what is measured.
func (m *Monitor) Observe(at time.Time, value float64, flags MonitorFlags) (MonitorVerdict, error) {
	var out MonitorVerdict
	raw := C.pln_monitor_verdict{struct_size: C.sizeof_pln_monitor_verdict}
	err := m.call(func(c *C.pln_monitor, cerr *C.pln_error) C.pln_status {
		status := C.pln_monitor_observe(c, C.int64_t(at.UnixMicro()), C.double(value), C.uint32_t(flags), &raw, cerr)
		if status >= 0 {
			out = MonitorVerdict{MonitorStatus(raw.status), Alarm(raw.severity), MonitorMethod(raw.method), int(raw.bucket), raw.learned != 0,
				int64(raw.n_history), int64(raw.incident), timeOf(raw.since_us), float64(raw.score), float64(raw.limit), float64(raw.expected),
				float64(raw.lower), float64(raw.upper), C.GoString(raw.json)}
		}
		return status
	})
	return out, err
}

// MonitorPoint is a value of the history.
type MonitorPoint struct {
	Time  time.Time
	Value float64
}

// History is what the next value is judged by, oldest first.
func (m *Monitor) History() (points []MonitorPoint) {
	m.with(func(c *C.pln_monitor) {
		raw := make([]C.pln_monitor_point, int(C.pln_monitor_history(c, 0, 0, nil))+1)
		n := int(C.pln_monitor_history(c, 0, C.int64_t(len(raw)), &raw[0]))
		for _, point := range raw[:n] {
			points = append(points, MonitorPoint{timeOf(point.time_us), float64(point.value)})
		}
	})
	return points
}

// Memory is the bytes that the monitor holds.
func (m *Monitor) Memory() (n int64) {
	m.with(func(c *C.pln_monitor) { n = int64(C.pln_monitor_memory(c)) })
	return n
}

// Bytes writes the serialized form.
func (m *Monitor) Bytes() ([]byte, error) {
	return m.written(func(c *C.pln_monitor) C.int64_t { return C.pln_monitor_size(c) },
		func(c *C.pln_monitor, out *C.uint8_t, capacity C.int64_t, size *C.int64_t, cerr *C.pln_error) C.pln_status {
			return C.pln_monitor_write(c, out, capacity, size, cerr)
		})
}
