// Quickstart in Go: rows from a Go function, a function of every batch that reads a column without copying it, an upsert into SQLite.
//
//	go run .                      with the library installed (pkg-config pln)
//	go run -tags pln_tree .       with CGO_CFLAGS and CGO_LDFLAGS that say where it is
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"libpipeline/pln"
)

const (
	columns = "id int64 not null, customer utf8, amount float64"
	orders  = 20000
)

// A source: batches until io.EOF, each one a call across the border however many rows it has.
func makeOrders(rt *pln.Runtime) pln.SourceFunc {
	next := int64(0)
	customers := []string{"Ada", "Grace", "Edsger"}
	return func(ctx *pln.Context, maxRows int) (*pln.Batch, error) {
		if next == orders {
			return nil, io.EOF
		}
		builder, err := rt.NewBuilder(columns)
		if err != nil {
			return nil, err
		}
		defer builder.Close()
		var ids []int64
		var names []string
		var known []bool
		var amounts []float64
		for n := 0; n < maxRows && next < orders; n++ {
			ids = append(ids, next)
			names = append(names, customers[next%3])
			known = append(known, next%100 != 0)
			amounts = append(amounts, float64(next%1000)/4)
			next++
		}
		pln.Append(builder, "id", ids, nil)
		builder.AppendText("customer", names, known)
		pln.Append(builder, "amount", amounts, nil)
		return builder.Finish()
	}
}

// all runs steps until one fails.
func all(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func load(rt *pln.Runtime) error {
	g, err := rt.NewGraph("quickstart-go")
	if err != nil {
		return err
	}
	defer g.Close()
	total := 0.0
	addUp := func(ctx *pln.Context, in *pln.Batch) (*pln.Batch, error) {
		column, err := in.Column("amount")
		if err != nil {
			return nil, err
		}
		amounts, err := pln.Values[float64](column) // the column's own memory
		for _, amount := range amounts {
			total += amount
		}
		ctx.Count("batches", 1)
		return in, err
	}
	err = all(
		func() error { return g.Source("orders", columns, makeOrders(rt)) },
		func() error { return g.Map("sum", addUp, "", true) },
		func() error {
			return g.Add("named", "filter", pln.Options{"where": "customer is not null", "else": "reject", "message": "no customer"})
		},
		func() error {
			return g.Add("store", "sqlite.upsert", pln.Options{"database": "quickstart-go.db", "table": "orders", "key": []string{"id"}})
		},
		func() error {
			return g.Add("bad", "ndjson.write", pln.Options{"path": "quickstart-go-rejected.ndjson"})
		},
		func() error { return g.Wire("orders > sum > named > store; named.reject > bad") },
	)
	if err != nil {
		return err
	}
	report, err := g.Run(pln.RunOptions{})
	if err != nil {
		return err
	}
	fmt.Printf("%d orders of %.2f in all, %d rejected, %d inserted, %d unchanged\n", report.RowsIn, total, report.Rejected,
		report.Counter("store", "inserted"), report.Counter("store", "unchanged"))
	if report.RowsIn != orders || report.Rejected != orders/100 || total != 2497500 {
		return errors.New("the numbers are not those that were expected")
	}
	return nil
}

// A function that returns an error, or panics, ends the run; Run returns what it was.
func broken(rt *pln.Runtime, function pln.MapFunc) error {
	g, err := rt.NewGraph("broken")
	if err != nil {
		return err
	}
	defer g.Close()
	kept, err := rt.NewTable()
	if err != nil {
		return err
	}
	defer kept.Close()
	err = all(
		func() error { return g.Source("orders", columns, makeOrders(rt)) },
		func() error { return g.Map("fail", function, "", true) },
		func() error { return g.Add("keep", "memory.write", pln.Options{"table": kept}) },
		func() error { return g.Wire("orders > fail > keep") },
	)
	if err != nil {
		return err
	}
	_, err = g.Run(pln.RunOptions{})
	return err
}

func run() error {
	rt, err := pln.NewRuntime()
	if err != nil {
		return err
	}
	defer rt.Close()
	if err := load(rt); err != nil {
		return err
	}
	notToday := errors.New("not today")
	err = broken(rt, func(*pln.Context, *pln.Batch) (*pln.Batch, error) { return nil, notToday })
	if !errors.Is(err, notToday) {
		return fmt.Errorf("the error was lost: %v", err)
	}
	var panicked *pln.PanicError
	err = broken(rt, func(*pln.Context, *pln.Batch) (*pln.Batch, error) { panic("out of cheese") })
	if !errors.As(err, &panicked) {
		return fmt.Errorf("the panic was lost: %v", err)
	}
	fmt.Println("both came back:", notToday, "-", panicked)
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart-go:", err)
		os.Exit(3)
	}
}
