package pln

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

func newHllOf(t *testing.T, options HllOptions) *Hll {
	t.Helper()
	h, err := NewHll(options)
	must(t, err)
	t.Cleanup(h.Close)
	return h
}

func bytesOfHll(t *testing.T, h *Hll, form HllForm) []byte {
	t.Helper()
	data, err := h.Bytes(form)
	must(t, err)
	return data
}

func numbersFrom(t *testing.T, first, n uint64) *Hll {
	t.Helper()
	values := make([]uint64, n)
	for i := range values {
		values[i] = first + uint64(i)
	}
	h := newHllOf(t, HllOptions{})
	must(t, h.AddUint64(values))
	return h
}

func TestHllAnswers(t *testing.T) {
	small, large := numbersFrom(t, 0, 1000), numbersFrom(t, 0, 100000)
	if math.Round(small.Estimate()) != 1000 || !small.Info().Sparse {
		t.Error(small.Estimate(), small.Info())
	}
	low, high := large.Interval(3)
	if low > 100000 || high < 100000 || high-low > 6*0.0082*100000 || math.Abs(large.StandardError()*128-1.039) > 0.01 {
		t.Error(low, high, large.StandardError())
	}
	both, err := small.Intersect(large)
	must(t, err)
	if math.Abs(both.Intersection-1000) > 3*both.IntersectionError || math.Abs(both.Jaccard-0.01) > 3*both.JaccardError ||
		both.Union != large.Estimate() {
		t.Errorf("%+v", both)
	}
	folded, err := large.Copy()
	must(t, err)
	defer folded.Close()
	must(t, folded.Fold(12))
	if got := folded.Info(); got.Precision != 12 || got.Hash != HllXXH3 || got.Fingerprint != large.Info().Fingerprint || large.Info().Precision != 14 {
		t.Errorf("%+v", got)
	}
	must(t, small.Merge(large))
	if !bytes.Equal(bytesOfHll(t, small, HllNative), bytesOfHll(t, large, HllNative)) {
		t.Error("merged is not the whole")
	}
	small.Clear()
	must(t, small.AddUint64(nil))
	if small.Estimate() != 0 {
		t.Error(small.Estimate())
	}
	must(t, small.Add(nil))
	must(t, small.Add([]byte{5, 0, 0, 0, 0, 0, 0, 0}))
	must(t, small.AddUint64([]uint64{5}))
	must(t, small.AddHash(1<<40))
	if math.Round(small.Estimate()) != 3 {
		t.Error(small.Estimate())
	}
}

func TestHllErrors(t *testing.T) {
	h, secret := newHllOf(t, HllOptions{}), newHllOf(t, HllOptions{Seed: 1})
	data := bytesOfHll(t, secret, HllNative)
	open, err := ReadHll(HllNative, data, nil)
	must(t, err)
	defer open.Close()
	_, formless := h.Bytes(HllRedisString)
	_, unknown := h.Bytes(9)
	_, precision := NewHll(HllOptions{Precision: 3})
	_, seed := ReadHll(HllNative, data, &HllOptions{Seed: 2})
	_, short := ReadHll(HllNative, data[:20], nil)
	_, none := ReadHll(HllNative, nil, nil)
	_, overlap := h.Intersect(secret)
	for _, c := range []struct {
		err         error
		name, words string
	}{
		{h.Merge(secret), "PLN_ETYPE", "seed"}, {overlap, "PLN_ETYPE", "seed"}, {seed, "PLN_ETYPE", "seed"},
		{open.Add([]byte("x")), "PLN_ESTATE", ""}, {open.AddUint64([]uint64{1}), "PLN_ESTATE", ""},
		{formless, "PLN_EUNSUPPORTED", "has no form"}, {unknown, "PLN_EINVAL", "form"}, {h.Fold(15), "PLN_EINVAL", "15"},
		{precision, "PLN_EINVAL", "precision is 3, expected 4 to 18"}, {short, "PLN_EDATA", "20 bytes"}, {none, "PLN_EDATA", "0 bytes"},
	} {
		found, ok := c.err.(*Error)
		if !ok || found.Name != c.name || !strings.Contains(found.Message, c.words) {
			t.Errorf("%v is not %s with %q", c.err, c.name, c.words)
		}
	}
	rt := newRuntime(t)
	rows := rowsOf(t, rt, "v list<int8>", `{"v":[1]}`)
	column, err := rows.Column("v")
	must(t, err)
	if found, ok := h.AddColumn(column).(*Error); !ok || found.Name != "PLN_EUNSUPPORTED" {
		t.Error(found)
	}
	part, err := rows.Slice(0, 1)
	must(t, err)
	column, err = part.Column("v")
	must(t, err)
	part.Close()
	panics(t, "this Batch is closed", func() { _ = h.AddColumn(column) })
	h.Close()
	h.Close()
	panics(t, "this Hll is closed", func() { h.Estimate() })
}

func BenchmarkHll(b *testing.B) {
	h, err := NewHll(HllOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	values := make([]uint64, 8192)
	for i := range values {
		values[i] = uint64(i) * 0x9e3779b97f4a7c15
	}
	b.SetBytes(8192) // MB/s are millions of rows a second
	for i := 0; i < b.N; i++ {
		if err := h.AddUint64(values); err != nil {
			b.Fatal(err)
		}
	}
}
