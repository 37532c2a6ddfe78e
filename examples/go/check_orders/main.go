// check_orders in Go: are the orders of a file as they should be, and as many as usual? For the end of a job that makes them, or the start of one
// that uses them.
//
// Rows are held to a suite of checks while they are read; those that are wrong go to check_orders-rejected.ndjson with their reasons, all others to
// the program. STATE keeps how many rows there were in each run, and the newest number is judged by those before it. It prints what
// examples/python/check_orders.py prints.
//
//	go run ./check_orders [FILE [STATE]]    CSV, plain or gzip, with the columns below; without a file, or with "-", rows are made
//
// It ends with 0 if the orders can be used, 1 if not, 2 for wrong use, 3 if it failed.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"libpipeline/pln"
)

const columns = "order_id int64, customer utf8, amount decimal(12, 2), country utf8"

const checks = `{"name": "orders", "checks": [
	{"check": "row_count", "min": 1},
	{"check": "not_null", "column": "order_id"},
	{"check": "unique", "column": "order_id"},
	{"check": "between", "column": "amount", "min": "0.00", "max": "10000.00", "mostly": 0.99},
	{"check": "in_set", "column": "country", "values": ["DE", "FR", "US"]},
	{"check": "completeness", "column": "customer", "min": 0.9, "severity": "warn"}
]}`

// Ten runs like the last ones are needed before a number is judged; ten percent more or less are no surprise then.
var rowsBefore = pln.MonitorOptions{MinHistory: 10, IgnoreChange: 0.1}

// made gives orders of the program's own, two in a hundred without a customer.
func made(rt *pln.Runtime) pln.SourceFunc {
	done := false
	return func(*pln.Context, int) (*pln.Batch, error) {
		if done {
			return nil, io.EOF
		}
		done = true
		builder, err := rt.NewBuilder(columns)
		if err != nil {
			return nil, err
		}
		defer builder.Close()
		var ids []int64
		var customers, amounts, countries []string
		var known []bool
		for i := 0; i < 5000; i++ {
			ids = append(ids, int64(i))
			customers, known = append(customers, fmt.Sprint("customer ", i)), append(known, i%50 != 0)
			amounts = append(amounts, fmt.Sprintf("%d.%02d", i%1000, i%100))
			countries = append(countries, []string{"DE", "FR", "US"}[i%3])
		}
		pln.Append(builder, "order_id", ids, nil).AppendText("customer", customers, known)
		return builder.AppendText("amount", amounts, nil).AppendText("country", countries, nil).Finish()
	}
}

// newValidation is of rows with the columns; the suite goes with it.
func newValidation(schema *pln.Schema) (*pln.Validation, error) {
	suite, err := pln.NewSuite(checks, pln.SuiteOptions{})
	if err != nil {
		return nil, err
	}
	defer suite.Close()
	return suite.NewValidation(schema, pln.ValidationOptions{})
}

// validate runs the graph, and returns the validation of all rows and how many do not even fit the columns.
func validate(rt *pln.Runtime, path string) (v *pln.Validation, unread int64, err error) {
	schema, err := rt.NewSchema(columns)
	if err != nil {
		return nil, 0, err
	}
	defer schema.Close()
	if v, err = newValidation(schema); err != nil {
		return nil, 0, err
	}
	end, err := rt.NewTable() // nothing comes here: use gives no rows
	if err != nil {
		return nil, 0, err
	}
	defer end.Close()
	g, err := rt.NewGraph("check_orders")
	if err != nil {
		return nil, 0, err
	}
	defer g.Close()
	good := 0
	// Orders that are right, a batch at a time: here they are only counted.
	use := func(_ *pln.Context, rows *pln.Batch) (*pln.Batch, error) {
		good += rows.Rows()
		return nil, nil
	}
	read, edges := func() error { return g.Source("read", columns, made(rt)) }, "read > check > use > end; check.reject > bad"
	if path != "-" {
		read = func() error { return g.Add("read", "csv.read", pln.Options{"path": path, "schema_handle": schema}) }
		edges += "; read.reject > bad"
	}
	for _, step := range []func() error{
		read,
		func() error { return g.Add("check", "check", pln.Options{"validation": v, "enforce": false}) },
		func() error { return g.Map("use", use, "", false) },
		func() error { return g.Add("end", "memory.write", pln.Options{"table": end}) },
		func() error { return g.Add("bad", "ndjson.write", pln.Options{"path": "check_orders-rejected.ndjson"}) },
		func() error { return g.Wire(edges) },
	} {
		if err := step(); err != nil {
			return nil, 0, err
		}
	}
	report, err := g.Run(pln.RunOptions{})
	if err != nil {
		return nil, 0, err
	}
	fmt.Printf("%d orders are right\n", good)
	return v, report.Nodes[0].Rejected, nil
}

// asUsual tells whether there are as many rows as in the runs before, of which the file knows. Of a run whose rows are not good nothing is learned.
func asUsual(path string, rows int64, good bool) (bool, error) {
	m, err := pln.NewMonitor(rowsBefore)
	if data, missing := os.ReadFile(path); missing == nil {
		m, err = pln.ReadMonitor(data, rowsBefore)
	}
	if err != nil {
		return false, err
	}
	defer m.Close()
	var flags pln.MonitorFlags
	if !good {
		flags = pln.MonitorPartial
	}
	verdict, err := m.Observe(time.Now(), float64(rows), flags)
	if err != nil {
		return false, err
	}
	data, err := m.Bytes()
	if err == nil {
		err = os.WriteFile(path+".new", data, 0o666)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	fmt.Println("number of rows:", verdict.Status)
	return verdict.Severity != pln.AlarmError, err
}

func run(path, state string) (usable bool, err error) {
	rt, err := pln.NewRuntime()
	if err != nil {
		return false, err
	}
	defer rt.Close()
	v, unread, err := validate(rt, path)
	if err != nil {
		return false, err
	}
	defer v.Close()
	text, err := v.Text()
	if err != nil {
		return false, err
	}
	fmt.Printf("%d rows do not fit the columns\n%s", unread, text)
	status, err := v.Status()
	usable = err == nil && status != pln.CheckFailed && unread == 0
	if err == nil && state != "" {
		var usual bool
		usual, err = asUsual(state, v.Rows(), usable)
		usable = usable && usual
	}
	return usable, err
}

func main() {
	arguments := []string{"-", ""}
	copy(arguments, os.Args[1:])
	if len(os.Args) > 3 || (arguments[0] != "-" && strings.HasPrefix(arguments[0], "-")) {
		fmt.Fprintln(os.Stderr, "usage: check_orders [FILE [STATE]]")
		os.Exit(2)
	}
	usable, err := run(arguments[0], arguments[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "check_orders:", err)
		os.Exit(3)
	}
	if !usable {
		os.Exit(1)
	}
}
