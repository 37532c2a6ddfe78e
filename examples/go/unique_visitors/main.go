// unique_visitors in Go: how many different users there were in each hour of a stream of events, and in all of them.
//
// A sketch of a few kilobytes holds the users of an hour, however many they are; the sketches of hours merge to that of the day, which a
// sum of counts could not give: users come back. It prints what examples/unique_visitors.c prints.
//
//	go run ./unique_visitors [FILE]    NDJSON, plain or gzip, with a time and a user in each line; without one rows are made
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"libpipeline/pln"
)

const event = `{"type": "record", "name": "event", "fields": [
	{"name": "time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
	{"name": "user", "type": ["null", "string"]}]}`

const made = `{"time": {"time": "2024-01-01T00:00:00Z", "step": "2s"}, "user": {"text": [2, 3]}}`

// hours are the sketches by the second that each hour starts with.
type hours map[int64]*pln.Hll

func (h hours) close() {
	for _, users := range h {
		users.Close()
	}
}

// add adds rows [from, to), which are of one hour.
func (h hours) add(start int64, rows *pln.Batch, from, to int) error {
	if h[start] == nil {
		users, err := pln.NewHll(pln.HllOptions{})
		if err != nil {
			return err
		}
		h[start] = users
	}
	part, err := rows.Slice(from, to-from)
	if err != nil {
		return err
	}
	defer part.Close()
	column, err := part.Column("user")
	if err != nil {
		return err
	}
	return h[start].AddColumn(column)
}

// count is called for every batch. Events of one hour that follow each other are added in one call: the same column, from another place on.
func (h hours) count(_ *pln.Context, rows *pln.Batch) (*pln.Batch, error) {
	column, err := rows.Column("hour")
	if err != nil {
		return nil, err
	}
	starts, err := pln.Values[int64](column)
	if err != nil {
		return nil, err
	}
	for from, to := 0, 0; from < len(starts); from = to {
		for to = from + 1; to < len(starts) && starts[to] == starts[from]; {
			to++
		}
		if err := h.add(starts[from], rows, from, to); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (h hours) read(rt *pln.Runtime, path string) error {
	kept, err := rt.NewTable() // nothing comes here: count gives no rows
	if err != nil {
		return err
	}
	defer kept.Close()
	g, err := rt.NewGraph("unique_visitors")
	if err != nil {
		return err
	}
	defer g.Close()
	stage, options := "generate", pln.Options{"rows": 20000, "seed": 7, "columns": json.RawMessage(made)}
	if path != "" {
		stage, options = "ndjson.read", pln.Options{"path": path, "schema": json.RawMessage(event)}
	}
	for _, step := range []func() error{
		func() error { return g.Add("read", stage, options) },
		func() error {
			return g.Add("hour", "derive", pln.Options{"columns": map[string]string{"hour": "epoch(date_trunc('hour', time))"}})
		},
		func() error { return g.Map("count", h.count, "", false) },
		func() error { return g.Add("end", "memory.write", pln.Options{"table": kept}) },
		func() error { return g.Wire("read > hour > count > end") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	_, err = g.Run(pln.RunOptions{})
	return err
}

func told(users *pln.Hll) string {
	low, high := users.Interval(3) // three standard errors: 99.7 % of sketches
	return fmt.Sprintf("%10.0f%10.0f to %6.0f", users.Estimate(), low, high)
}

func (h hours) print() error {
	seen, err := pln.NewHll(pln.HllOptions{})
	if err != nil {
		return err
	}
	defer seen.Close()
	starts := make([]int64, 0, len(h))
	for start := range h {
		starts = append(starts, start)
	}
	sort.Slice(starts, func(i, j int) bool { return starts[i] < starts[j] })
	fmt.Printf("%-16s%10s%20s%10s%20s\n", "hour (UTC)", "users", "between", "so far", "between")
	for _, start := range starts {
		if err := seen.Merge(h[start]); err != nil {
			return err
		}
		fmt.Println(time.Unix(start, 0).UTC().Format("2006-01-02 15:04") + told(h[start]) + told(seen))
	}
	return nil
}

func run(path string) error {
	rt, err := pln.NewRuntime()
	if err != nil {
		return err
	}
	defer rt.Close()
	users := hours{}
	defer users.close()
	if err := users.read(rt, path); err != nil {
		return err
	}
	return users.print()
}

func main() {
	if len(os.Args) > 2 || (len(os.Args) == 2 && strings.HasPrefix(os.Args[1], "-")) {
		fmt.Fprintln(os.Stderr, "usage: unique_visitors [FILE]")
		os.Exit(2)
	}
	if err := run(append(os.Args, "")[1]); err != nil {
		fmt.Fprintln(os.Stderr, "unique_visitors:", err)
		os.Exit(3)
	}
}
