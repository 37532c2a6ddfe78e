// top_pages in Go: the pages with most edits of a stream of events, from a fixed number of entries, however many pages there are.
//
// Each count has bounds that hold, and no page that is not listed can have more than the last line says. It prints what examples/top_pages.c
// prints.
//
//	go run ./top_pages [FILE [N [ENTRIES]]]    NDJSON, plain or gzip, with a page in each line; without a file, or with "-", rows are made
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"libpipeline/pln"
)

const (
	longest = 1000
	event   = `{"type": "record", "name": "event", "fields": [{"name": "page", "type": "string"}]}`
	made    = `{"page": {"text": [1, 2]}}`
)

// read counts pages by the batch. A line without a page ends the run; a reject port would take it.
func read(rt *pln.Runtime, path string, top *pln.TopK) error {
	kept, err := rt.NewTable() // nothing comes here: count gives no rows
	if err != nil {
		return err
	}
	defer kept.Close()
	g, err := rt.NewGraph("top_pages")
	if err != nil {
		return err
	}
	defer g.Close()
	count := func(_ *pln.Context, rows *pln.Batch) (*pln.Batch, error) {
		column, err := rows.Column("page")
		if err != nil {
			return nil, err
		}
		return nil, top.AddColumn(column, nil)
	}
	stage, options := "generate", pln.Options{"rows": 50000, "seed": 7, "columns": json.RawMessage(made)}
	if path != "-" {
		stage, options = "ndjson.read", pln.Options{"path": path, "schema": json.RawMessage(event)}
	}
	for _, step := range []func() error{
		func() error { return g.Add("read", stage, options) },
		func() error { return g.Map("count", count, "", false) },
		func() error { return g.Add("end", "memory.write", pln.Options{"table": kept}) },
		func() error { return g.Wire("read > count > end") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	_, err = g.Run(pln.RunOptions{})
	return err
}

func table(top *pln.TopK, wanted int64) error {
	best, err := top.List(pln.NoFalsePositives, 0, wanted)
	if err != nil {
		return err
	}
	fmt.Printf("%10s%10s  %s\n", "at least", "at most", "page")
	for _, page := range best {
		fmt.Printf("%10d%10d  %s\n", page.Lower, page.Upper, page.Item)
	}
	// What has no entry has at most the error; what has one and is not listed no more than the last that is.
	fmt.Printf("of %d edits; a page that came no more often than %d times may be missing\n", top.Total(), top.Error())
	return nil
}

func run(path string, wanted, entries int64) error {
	rt, err := pln.NewRuntime()
	if err != nil {
		return err
	}
	defer rt.Close()
	top, err := pln.NewTopK(pln.TopKOptions{Capacity: entries})
	if err != nil {
		return err
	}
	defer top.Close()
	if err := read(rt, path, top); err != nil {
		return err
	}
	return table(top, wanted)
}

// number is 0 for what is no number from 1.
func number(text string, most int64) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > most {
		return 0
	}
	return n
}

func main() {
	arguments := []string{"-", "10", "8192"}
	copy(arguments, os.Args[1:])
	path, wanted, entries := arguments[0], number(arguments[1], longest), number(arguments[2], 1<<20)
	if len(os.Args) > 4 || wanted == 0 || entries == 0 || (path != "-" && strings.HasPrefix(path, "-")) {
		fmt.Fprintln(os.Stderr, "usage: top_pages [FILE [N [ENTRIES]]]")
		os.Exit(2)
	}
	if err := run(path, wanted, entries); err != nil {
		fmt.Fprintln(os.Stderr, "top_pages:", err)
		os.Exit(3)
	}
}
