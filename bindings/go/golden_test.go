package pln

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
)

// golden is a line of columns.txt.
type golden struct {
	kind, options, form, columns, rows string
	wanted                             []byte
}

func (g golden) text(name string) string {
	for _, word := range strings.Fields(g.options) {
		if strings.HasPrefix(word, name+"=") {
			return word[len(name)+1:]
		}
	}
	return ""
}

func (g golden) whole(name string) int64 { return int64(g.word(name)) }

func (g golden) word(name string) uint64 {
	n, _ := strconv.ParseUint("0"+g.text(name), 10, 64)
	return n
}

func (g golden) float(name string) float64 {
	f, _ := strconv.ParseFloat(g.text(name), 64)
	return f
}

// sketchOf is a sketch of a line's kind, behind what the test asks of any.
type sketchOf struct {
	add   func(rows *Batch, weights []int64) error
	bytes func() ([]byte, error)
	merge func(other *sketchOf) error // nil where the bytes tell how it was divided
	read  func(data []byte) ([]byte, error)
	of    any
}

func column(t *testing.T, rows *Batch) Column {
	t.Helper()
	c, err := rows.Column("v")
	must(t, err)
	return c
}

// again is the bytes of what was read.
func again[S interface{ Close() }](read S, err error, write func(S) ([]byte, error)) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer read.Close()
	return write(read)
}

func (g golden) hll(t *testing.T) *sketchOf {
	options := HllOptions{int(g.whole("precision")), map[string]HllHash{"xxh3": HllXXH3, "redis": HllRedis, "datasketches": HllDataSketches}[g.text("hash")], g.word("seed")}
	form := map[string]HllForm{"native": HllNative, "datasketches": HllDataSketchesImage}[g.form]
	h := newHllOf(t, options)
	return &sketchOf{func(rows *Batch, _ []int64) error { return h.AddColumn(column(t, rows)) },
		func() ([]byte, error) { return h.Bytes(form) },
		func(other *sketchOf) error { return h.Merge(other.of.(*Hll)) },
		func(data []byte) ([]byte, error) {
			read, err := ReadHll(form, data, &options)
			return again(read, err, func(s *Hll) ([]byte, error) { return s.Bytes(form) })
		}, h}
}

func (g golden) countMin(t *testing.T) *sketchOf {
	options := CountMinOptions{g.float("epsilon"), g.float("delta"), int(g.whole("rows")), g.whole("columns"), int(g.whole("counter_bits")),
		map[string]CountMinUpdate{"conservative": CountMinConservative}[g.text("update")], int(g.whole("panes")), g.word("seed")}
	s, err := NewCountMin(options)
	must(t, err)
	made := &sketchOf{func(rows *Batch, weights []int64) error { return s.AddColumn(column(t, rows), weights) }, s.Bytes,
		func(other *sketchOf) error { return s.Merge(other.of.(*CountMin)) },
		func(data []byte) ([]byte, error) {
			read, err := ReadCountMin(data, &options)
			return again(read, err, (*CountMin).Bytes)
		}, s}
	if options.Update == CountMinConservative {
		made.merge = nil
	}
	return made
}

func (g golden) topK(t *testing.T) *sketchOf {
	form := map[string]TopKForm{"native": TopKNative, "datasketches longs": TopKLongs, "datasketches strings": TopKStrings}[g.form]
	s, err := NewTopK(TopKOptions{Capacity: g.whole("capacity"), Seed: g.word("seed")})
	must(t, err)
	made := &sketchOf{func(rows *Batch, weights []int64) error { return s.AddColumn(column(t, rows), weights) },
		func() ([]byte, error) { return s.Bytes(form) },
		func(other *sketchOf) error { return s.Merge(other.of.(*TopK)) },
		func(data []byte) ([]byte, error) {
			read, err := ReadTopK(form, data, nil)
			return again(read, err, func(s *TopK) ([]byte, error) { return s.Bytes(form) })
		}, s}
	if g.whole("capacity") == 3 {
		made.merge = nil
	}
	return made
}

func (g golden) quantiles(t *testing.T) *sketchOf {
	s, err := NewQuantiles(QuantilesOptions{int(g.whole("k")), map[string]QuantilesKind{"int64": QuantilesInt64}[g.text("kind")], g.word("seed")})
	must(t, err)
	return &sketchOf{func(rows *Batch, _ []int64) error { return s.AddColumn(column(t, rows)) }, s.Bytes, nil,
		func(data []byte) ([]byte, error) {
			read, err := ReadQuantiles(data)
			return again(read, err, (*Quantiles).Bytes)
		}, s}
}

func (g golden) reservoir(t *testing.T) *sketchOf {
	s, err := NewReservoir(ReservoirOptions{int(g.whole("k")), g.word("seed"), g.whole("first_row")})
	must(t, err)
	return &sketchOf{func(rows *Batch, _ []int64) error {
		c := column(t, rows)
		for row := 0; row < c.Len(); row++ {
			if c.Valid(row) {
				if err := s.Add([]byte(c.Text(row))); err != nil {
					return err
				}
			}
		}
		return nil
	}, s.Bytes, nil,
		func(data []byte) ([]byte, error) {
			read, err := ReadReservoir(data)
			return again(read, err, (*Reservoir).Bytes)
		}, s}
}

func (g golden) bloom(t *testing.T) *sketchOf {
	options := BloomOptions{g.whole("expected"), g.float("error"), g.whole("bytes"), g.word("seed")}
	s, err := NewBloom(options)
	must(t, err)
	return &sketchOf{func(rows *Batch, _ []int64) error { return s.AddColumn(column(t, rows)) }, s.Bytes,
		func(other *sketchOf) error { return s.Merge(other.of.(*Bloom)) },
		func(data []byte) ([]byte, error) {
			read, err := ReadBloom(data, &options)
			return again(read, err, (*Bloom).Bytes)
		}, s}
}

func (g golden) dedup(t *testing.T, rt *Runtime) *sketchOf {
	options := DedupOptions{Payload: g.whole("payload") != 0, Seed: g.word("seed")}
	s, err := NewDedup(options)
	must(t, err)
	return &sketchOf{func(rows *Batch, weights []int64) error {
		keys, err := keysOf(t, rt, rows, nil, KeysOptions{}).Batch(rows)
		must(t, err)
		if options.Payload {
			_, _, err = s.AddWith(keys, weights)
			return err
		}
		_, err = s.Add(keys)
		return err
	}, s.Bytes, nil,
		func(data []byte) ([]byte, error) { // its bytes are in the order of the index, so that they may not come out in this order
			back, err := NewDedup(options)
			must(t, err)
			must(t, back.Read(data))
			if back.Len() != s.Len() {
				t.Error(g, back.Len(), "keys, not", s.Len())
			}
			return data, nil
		}, s}
}

func (g golden) profile(t *testing.T, rt *Runtime, rows *Batch) *sketchOf {
	options := ProfileOptions{int(g.whole("precision")), int(g.whole("k")), int(g.whole("top")), g.word("seed")}
	if g.text("top") == "0" {
		options.Top = -1
	}
	schema, err := rows.Schema()
	must(t, err)
	defer schema.Close()
	s, err := NewProfile(schema, options)
	must(t, err)
	return &sketchOf{func(rows *Batch, _ []int64) error { return s.Add(rows) }, s.Bytes, nil,
		func(data []byte) ([]byte, error) {
			read, err := rt.ReadProfile(data, options)
			return again(read, err, (*Profile).Bytes)
		}, s}
}

func (g golden) sketch(t *testing.T, rt *Runtime, rows *Batch) *sketchOf {
	t.Helper()
	switch g.kind {
	case "hll":
		return g.hll(t)
	case "count_min":
		return g.countMin(t)
	case "top_k":
		return g.topK(t)
	case "quantiles":
		return g.quantiles(t)
	case "reservoir":
		return g.reservoir(t)
	case "bloom":
		return g.bloom(t)
	case "dedup":
		return g.dedup(t, rt)
	case "profile":
		return g.profile(t, rt, rows)
	}
	t.Fatal(g.kind)
	return nil
}

// The bytes that C gives for the same columns; those of slices, backwards, merged; those of what was read again.
func TestGolden(t *testing.T) {
	rt := newRuntime(t)
	lines, _ := cellsOf(t, "sketch/columns.txt")
	kinds := map[string]int{}
	for _, cells := range lines {
		g := golden{cells[0], cells[1], cells[2], cells[3], strings.ReplaceAll(cells[4], "} {", "}\n{"), bytesOf(t, cells[5])}
		kinds[g.kind]++
		rows := rowsOf(t, rt, g.columns, g.rows)
		whole, weights := g.sketch(t, rt, rows), make([]int64, rows.Rows())
		for i := range weights {
			weights[i] = int64(i + 1)
		}
		if g.text("weights") == "" && g.text("payload") == "" {
			weights = nil
		}
		must(t, whole.add(rows, weights))
		got, err := whole.bytes()
		must(t, err)
		if !bytes.Equal(got, g.wanted) {
			t.Errorf("%v: got %x", g, got)
		}
		if back, err := whole.read(g.wanted); err != nil || !bytes.Equal(back, g.wanted) {
			t.Errorf("%v: read %x, %v", g, back, err)
		}
		if whole.merge == nil {
			continue
		}
		parts := g.sketch(t, rt, rows)
		for row := rows.Rows() - 1; row >= 0; row-- {
			slice, err := rows.Slice(row, 1)
			must(t, err)
			one, weight := g.sketch(t, rt, rows), []int64(nil)
			if weights != nil {
				weight = weights[row : row+1]
			}
			must(t, one.add(slice, weight))
			must(t, parts.merge(one))
			slice.Close()
		}
		if got, err := parts.bytes(); err != nil || !bytes.Equal(got, g.wanted) {
			t.Errorf("%v: merged %x, %v", g, got, err)
		}
	}
	if len(kinds) != 8 {
		t.Error(kinds)
	}
}
