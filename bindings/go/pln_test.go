package pln

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"
	"testing"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newRuntime(t *testing.T) *Runtime {
	t.Helper()
	rt, err := NewRuntime()
	must(t, err)
	t.Cleanup(rt.Close)
	return rt
}

func batchOf(t *testing.T, rt *Runtime, columns string, fill func(*Builder)) *Batch {
	t.Helper()
	b, err := rt.NewBuilder(columns)
	must(t, err)
	defer b.Close()
	fill(b)
	out, err := b.Finish()
	must(t, err)
	return out
}

func TestColumns(t *testing.T) {
	rt := newRuntime(t)
	batch := batchOf(t, rt, "a int64, b float32, c uint8, d timestamp(us), s utf8", func(b *Builder) {
		Append(b, "a", []int64{1, -2, 3}, []bool{true, true, false})
		Append(b, "b", []float32{0.5, 1, 2}, nil)
		Append(b, "c", []uint8{7, 255, 0}, nil)
		Append(b, "d", []int64{10, 20, 30}, nil)
		b.AppendText("s", []string{"x", "", "ö"}, []bool{true, false, true})
	})
	defer batch.Close()
	part, err := batch.Slice(1, 2)
	must(t, err)
	defer part.Close()
	a, err := part.Column("a")
	must(t, err)
	values, err := Values[int64](a)
	must(t, err)
	s, _ := part.Column("s")
	if values[0] != -2 || !a.Valid(0) || a.Valid(1) || s.Valid(0) || s.Text(1) != "ö" {
		t.Errorf("values %v, text %q", values, s.Text(1))
	}
	c, _ := batch.Column("c")
	small, err := Values[uint8](c)
	must(t, err)
	if !reflect.DeepEqual(small, []uint8{7, 255, 0}) {
		t.Error(small)
	}
	if _, err := Values[int32](a); err == nil {
		t.Error("a column was read as another type")
	}
	if _, err := batch.Column("none"); err == nil {
		t.Error("a column that is not there")
	}
}

func TestBuilderErrors(t *testing.T) {
	rt := newRuntime(t)
	if _, err := rt.NewBuilder("a itn64"); err == nil {
		t.Error("a schema that is none")
	}
	for name, fill := range map[string]func(*Builder){
		"type":   func(b *Builder) { Append(b, "a", []int32{1}, nil) },
		"name":   func(b *Builder) { Append(b, "x", []int64{1}, nil) },
		"length": func(b *Builder) { Append(b, "a", []int64{1}, nil) },
		"valid":  func(b *Builder) { Append(b, "a", []int64{1}, []bool{true, false}) },
		"text":   func(b *Builder) { b.AppendText("a", []string{"no number"}, nil) },
	} {
		b, err := rt.NewBuilder("a int64, b int64")
		must(t, err)
		fill(b)
		if _, err := b.Finish(); err == nil {
			t.Error(name, "is no error")
		}
		b.Close()
	}
}

// numbers gives batches of size rows, n in all.
func numbers(t *testing.T, rt *Runtime, n, size int) SourceFunc {
	at := 0
	return func(*Context, int) (*Batch, error) {
		if at == n {
			return nil, io.EOF
		}
		var ids []int64
		for ; at < n && len(ids) < size; at++ {
			ids = append(ids, int64(at))
		}
		b, err := rt.NewBuilder("id int64 not null")
		if err != nil {
			return nil, err
		}
		defer b.Close()
		return Append(b, "id", ids, nil).Finish()
	}
}

func graphOf(t *testing.T, rt *Runtime, source SourceFunc, function MapFunc) (*Graph, *Table) {
	t.Helper()
	kept, err := rt.NewTable()
	must(t, err)
	g, err := rt.NewGraph("test")
	must(t, err)
	must(t, g.Source("in", "id int64 not null", source))
	must(t, g.Map("map", function, "", true))
	must(t, g.Add("out", "memory.write", Options{"table": kept}))
	must(t, g.Wire("in > map > out"))
	t.Cleanup(func() { g.Close(); kept.Close() })
	return g, kept
}

func pass(_ *Context, in *Batch) (*Batch, error) { return in, nil }

func TestRun(t *testing.T) {
	rt := newRuntime(t)
	g, kept := graphOf(t, rt, numbers(t, rt, 20000, 5000), func(ctx *Context, in *Batch) (*Batch, error) {
		ctx.Count("calls", 1)
		return in.Slice(0, in.Rows())
	})
	last := Progress{}
	report, err := g.Run(RunOptions{MaxBatchRows: 900, Mode: 1, EpochRows: 4000, Progress: func(p Progress) { last = p }})
	must(t, err)
	if report.RowsIn != 20000 || kept.Rows() != 20000 || report.Status != "done" || report.Epochs < 5 || !last.Done || last.RowsIn != 20000 {
		t.Errorf("%+v %+v", report, last)
	}
	next := int64(0)
	for _, batch := range kept.Batches() {
		column, _ := batch.Column("id")
		ids, err := Values[int64](column)
		must(t, err)
		if len(ids) > 900 {
			t.Error("a batch was not cut:", len(ids))
		}
		for _, id := range ids {
			if id != next {
				t.Fatal("got", id, "want", next)
			}
			next++
		}
		batch.Close()
	}
}

func TestErrorsComeBack(t *testing.T) {
	rt := newRuntime(t)
	mine := errors.New("mine")
	g, _ := graphOf(t, rt, numbers(t, rt, 10, 5), func(*Context, *Batch) (*Batch, error) { return nil, mine })
	if _, err := g.Run(RunOptions{}); err != mine {
		t.Error(err)
	}
	g, _ = graphOf(t, rt, func(*Context, int) (*Batch, error) { return nil, mine }, pass)
	if _, err := g.Run(RunOptions{}); err != mine {
		t.Error(err)
	}
	var panicked *PanicError
	g, _ = graphOf(t, rt, func(*Context, int) (*Batch, error) { var m map[string]int; m["x"] = 1; return nil, nil }, pass)
	if _, err := g.Run(RunOptions{}); !errors.As(err, &panicked) || len(panicked.Stack) == 0 {
		t.Error(err)
	}
	g, _ = graphOf(t, rt, numbers(t, rt, 10, 5), pass)
	if _, err := g.Run(RunOptions{Progress: func(Progress) { panic("in progress") }}); !errors.As(err, &panicked) {
		t.Error(err)
	}
	other := func(*Context, *Batch) (*Batch, error) {
		return batchOf(t, rt, "x utf8", func(b *Builder) { b.AppendText("x", []string{"1", "2", "3", "4", "5"}, nil) }), nil
	}
	g, _ = graphOf(t, rt, numbers(t, rt, 5, 5), other)
	var wrong *Error
	if _, err := g.Run(RunOptions{}); !errors.As(err, &wrong) || wrong.Name != "PLN_ETYPE" {
		t.Error(err)
	}
	plain, err := rt.NewGraph("plain")
	must(t, err)
	defer plain.Close()
	if err := plain.Add("a", "csv.raed", nil); !errors.As(err, &wrong) || wrong.Name != "PLN_ENAME" {
		t.Error(err)
	}
}

// Goroutines hop threads; a runtime belongs to one of them at a time, whatever the thread.
func TestManyGoroutines(t *testing.T) {
	var group sync.WaitGroup
	failed := make(chan error, 64)
	for i := 0; i < 16; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			rt := newRuntime(t)
			g, kept := graphOf(t, rt, numbers(t, rt, 3000, 100), pass)
			report, err := g.Run(RunOptions{})
			if err != nil || kept.Rows() != 3000 {
				failed <- fmt.Errorf("%v %+v", err, report)
			}
		}()
	}
	group.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
}
