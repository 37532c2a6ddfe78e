package pln

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"runtime"
	"sort"
	"strings"
	"testing"
)

// ---- answers ----

func skewed(n int, seed int64) ([]uint64, map[uint64]int64) {
	zipf := rand.NewZipf(rand.New(rand.NewSource(seed)), 1.2, 1, 1<<20)
	values, exact := make([]uint64, n), map[uint64]int64{}
	for i := range values {
		values[i] = zipf.Uint64()
		exact[values[i]]++
	}
	return values, exact
}

func number(value uint64) []byte {
	data := make([]byte, 8)
	for i := range data {
		data[i] = byte(value >> (8 * i))
	}
	return data
}

func TestCountMin(t *testing.T) {
	values, exact := skewed(30000, 1)
	cm, err := NewCountMin(CountMinOptions{Seed: 5})
	must(t, err)
	defer cm.Close()
	must(t, cm.AddUint64(values, nil))
	asked := []uint64{}
	for value := range exact {
		asked = append(asked, value)
	}
	counts, err := cm.QueryUint64(asked)
	must(t, err)
	most, confidence := cm.Error()
	wrong, squares := 0, 0.0
	for i, value := range asked {
		if counts[i] < exact[value] {
			t.Error(value, counts[i], exact[value])
		}
		if float64(counts[i]-exact[value]) > most {
			wrong++
		}
		squares += float64(exact[value]) * float64(exact[value])
	}
	if float64(wrong) > (1-confidence)*float64(len(asked))+1 || cm.Total() != 30000 || confidence < 0.99 {
		t.Error(wrong, len(asked), most, confidence, cm.Total())
	}
	product, over, err := cm.InnerProduct(cm)
	must(t, err)
	if product < squares || product > squares+over {
		t.Error(product, squares, over)
	}
	twice, err := cm.Copy()
	must(t, err)
	defer twice.Close()
	must(t, twice.Merge(twice))
	one, err := twice.Query(number(asked[0]))
	must(t, err)
	if one != 2*counts[0] || twice.Info().Added != 60000 || twice.Info().Fingerprint != cm.Info().Fingerprint {
		t.Error(one, counts[0], twice.Info())
	}
	twice.Clear()
	must(t, twice.AddUint64([]uint64{7, 8, 7}, []int64{10, -3, 5}))
	must(t, twice.Add([]byte("x"), 2))
	if got, err := twice.QueryUint64([]uint64{7}); err != nil || got[0] != 15 || twice.Info().Removed != 3 {
		t.Error(got, err, twice.Info())
	}
	panes, err := NewCountMin(CountMinOptions{Panes: 2, CounterBits: 32})
	must(t, err)
	for i := int64(1); i < 4; i++ {
		must(t, panes.Add(nil, i))
		panes.Rotate()
	}
	if got, err := panes.Query(nil); err != nil || got != 3 || panes.Memory() < panes.Info().Columns*4 {
		t.Error(got, err, panes.Info())
	}
}

func TestTopK(t *testing.T) {
	values, exact := skewed(30000, 2)
	whole, err := NewTopK(TopKOptions{Capacity: 64, Seed: 9})
	must(t, err)
	first, err := NewTopK(TopKOptions{Capacity: 64})
	must(t, err)
	second, err := first.Copy()
	must(t, err)
	ones := make([]int64, 20000)
	for i := range ones {
		ones[i] = 1
	}
	must(t, whole.AddUint64(values, nil))
	must(t, first.AddUint64(values[:10000], nil))
	must(t, second.AddUint64(values[10000:], ones))
	must(t, first.Merge(second))
	for _, top := range []*TopK{whole, first} {
		listed, err := top.List(NoFalsePositives, 0, 10)
		must(t, err)
		last, seen := top.Error(), map[string]bool{}
		for _, entry := range listed {
			seen[string(entry.Item)] = true
			value := uint64(0)
			for i, b := range entry.Item {
				value |= uint64(b) << (8 * i)
			}
			if n := exact[value]; entry.Lower > n || n > entry.Upper || entry.Upper-entry.Lower > top.Error() {
				t.Error(entry, n)
			}
		}
		if upper := listed[len(listed)-1].Upper; upper > last {
			last = upper
		}
		for value, n := range exact {
			if n > last && !seen[string(number(value))] {
				t.Error(value, n, "is missing")
			}
		}
		estimate, lower, upper := top.Estimate(number(1))
		if len(listed) != 10 || top.Total() != 30000 || top.Error() == 0 || lower > exact[1] || upper < exact[1] || estimate != (lower+upper)/2 {
			t.Error(len(listed), top.Info(), estimate, lower, upper)
		}
		sure, err := top.List(NoFalseNegatives, top.Error(), 64)
		must(t, err)
		surely := 0
		for _, n := range exact {
			if n > top.Error() {
				surely++
			}
		}
		if len(sure) < surely {
			t.Error(len(sure), surely)
		}
	}
	first.Clear()
	must(t, first.Add(nil, 1))
	must(t, first.Add([]byte("größer"), 2))
	listed, err := first.List(NoFalsePositives, 0, 10)
	must(t, err)
	if want := []TopKEntry{{[]byte("größer"), 2, 2, 2}, {[]byte{}, 1, 1, 1}}; !reflect.DeepEqual(listed, want) || first.Memory() <= 0 {
		t.Error(listed)
	}
	if none, err := first.List(NoFalsePositives, 0, 0); err != nil || len(none) != 0 {
		t.Error(none, err)
	}
}

func TestQuantiles(t *testing.T) {
	dice, numbers := rand.New(rand.NewSource(3)), make([]float64, 40000)
	for i := range numbers {
		numbers[i] = 100 + 15*dice.NormFloat64()
	}
	whole, err := NewQuantiles(QuantilesOptions{Seed: 4})
	must(t, err)
	halves, err := whole.Copy()
	must(t, err)
	other, err := NewQuantiles(QuantilesOptions{Seed: 5})
	must(t, err)
	must(t, whole.AddFloat64(numbers))
	must(t, halves.AddFloat64(numbers[:7000]))
	must(t, other.AddFloat64(numbers[7000:]))
	must(t, halves.Merge(other))
	sort.Float64s(numbers)
	rank := func(value float64) float64 {
		return float64(sort.SearchFloat64s(numbers, math.Nextafter(value, math.Inf(1)))) / 40000
	}
	for _, q := range []*Quantiles{whole, halves} {
		one, between := q.Error()
		fractions, splits := []float64{0.01, 0.25, 0.5, 0.99}, []float64{90, 110}
		found, err := q.Quantiles(fractions)
		must(t, err)
		ranks, err := q.Ranks(splits)
		must(t, err)
		counts, err := q.Histogram(splits)
		must(t, err)
		for i, fraction := range fractions {
			if math.Abs(rank(found[i])-fraction) > 2*one {
				t.Error(found[i], rank(found[i]), fraction)
			}
		}
		for i, split := range splits {
			if math.Abs(rank(split)-ranks[i]) > 2*one {
				t.Error(split, rank(split), ranks[i])
			}
		}
		if part := float64(counts[1]) / 40000; counts[0]+counts[1]+counts[2] != 40000 || math.Abs(part-(rank(110)-rank(90))) > 2*between {
			t.Error(counts)
		}
		low, high, err := q.Bounds(0.5)
		must(t, err)
		if info := q.Info(); low > found[2] || high < found[2] || info.Exact || info.N != 40000 || info.Minimum != numbers[0] ||
			math.Abs(one-2.296/math.Pow(200, 0.9723)) > 1e-9 || q.Memory() != info.MemoryBytes {
			t.Error(low, high, info, one)
		}
	}
	exact, err := NewQuantiles(QuantilesOptions{K: 50, Kind: QuantilesInt64})
	must(t, err)
	must(t, exact.AddInt64([]int64{1<<62 + 1, 3}))
	most, err := exact.QuantilesInt64([]float64{1})
	must(t, err)
	if most[0] != 1<<62+1 || exact.Info().MaximumInt64 != most[0] || exact.Info().Kind != QuantilesInt64 {
		t.Error(most, exact.Info())
	}
	exact.Clear()
	if _, err := exact.Quantile(0.5); err == nil || err.(*Error).Name != "PLN_ESTATE" {
		t.Error(err)
	}
}

func TestReservoir(t *testing.T) {
	kept, err := NewReservoir(ReservoirOptions{K: 100, Seed: 1})
	must(t, err)
	chosen, err := kept.Copy()
	must(t, err)
	other, err := NewReservoir(ReservoirOptions{K: 100, Seed: 2, FirstRow: 5000})
	must(t, err)
	for i := 0; i < 5000; i++ {
		must(t, kept.Add([]byte(fmt.Sprint("row ", i))))
		must(t, other.Add([]byte(fmt.Sprint("row ", i+5000))))
	}
	slots, at := make([]int, 100), 0
	for _, n := range []int{70, 0, 3000, 1930} {
		picks, err := chosen.Offer(n)
		must(t, err)
		for _, pick := range picks {
			slots[pick.Slot] = at + pick.Row
		}
		at += n
	}
	items, err := kept.Items()
	must(t, err)
	for slot, item := range items {
		if int(item.Number) != slots[slot] || string(item.Bytes) != fmt.Sprint("row ", item.Number) {
			t.Error(slot, item.Number, slots[slot], string(item.Bytes))
		}
	}
	if e := kept.Error(0.5); len(items) != 100 || math.Abs(e-math.Sqrt(0.25/100*4900/4999)) > 1e-12 {
		t.Error(len(items), e)
	}
	many, err := NewReservoir(ReservoirOptions{})
	must(t, err)
	if picks, err := many.Offer(1000); err != nil || len(picks) != 1000 || picks[999] != (ReservoirPick{999, 999}) {
		t.Error(len(picks), err)
	}
	theirs, err := other.Items()
	must(t, err)
	picks, err := kept.Merge(other)
	must(t, err)
	for _, pick := range picks {
		items[pick.Slot] = theirs[pick.Row]
	}
	merged, err := kept.Items()
	must(t, err)
	if info := kept.Info(); !reflect.DeepEqual(merged, items) || len(picks) < 25 || len(picks) > 75 || info.N != 10000 || info.K != 100 || kept.Memory() != info.MemoryBytes {
		t.Error(len(picks), info)
	}
	kept.Clear()
	if none, err := kept.Items(); err != nil || len(none) != 0 {
		t.Error(none, err)
	}
}

func TestBloom(t *testing.T) {
	inside, outside := make([]uint64, 20000), make([]uint64, 20000)
	for i := range inside {
		inside[i], outside[i] = uint64(i), uint64(i)|1<<40
	}
	b, err := NewBloom(BloomOptions{Expected: 20000, Seed: 3})
	must(t, err)
	must(t, b.AddUint64(inside))
	yes, err := b.ContainsUint64(inside)
	must(t, err)
	no, err := b.ContainsUint64(outside)
	must(t, err)
	missing, wrong := 0, 0
	for i := range inside {
		if !yes[i] {
			missing++
		}
		if no[i] {
			wrong++
		}
	}
	if p := b.Error(); missing != 0 || float64(wrong) > 1.5*p*20000 || float64(wrong) < 0.5*p*20000 || p > 0.011 {
		t.Error(missing, wrong, p)
	}
	if info := b.Info(); BloomBytesFor(20000, 0.01) != info.Blocks*32 || BloomBytesFor(0, 0.01) != -1 ||
		math.Abs(BloomErrorFor(info.Blocks*32, 20000)/b.Error()-1) > 0.1 || math.Abs(info.Estimate/20000-1) > 0.02 || b.Memory() != info.MemoryBytes {
		t.Error(info)
	}
	two, err := b.Copy()
	must(t, err)
	two.Clear()
	must(t, two.Add([]byte("a")))
	must(t, b.Merge(two))
	keys := []Key{{1}, {2}, {1}, {3}}
	was, err := two.PutKeys(keys)
	must(t, err)
	must(t, b.AddKeys(keys[:1]))
	are, err := b.ContainsKeys(keys)
	must(t, err)
	a, err := b.Contains([]byte("a"))
	must(t, err)
	if !a || !reflect.DeepEqual(was, []bool{false, false, true, false}) || !reflect.DeepEqual(are, []bool{true, false, true, false}) {
		t.Error(a, was, are)
	}
	rt := newRuntime(t)
	must(t, two.AddColumn(column(t, rowsOf(t, rt, "v utf8", `{"v":"b"}`+"\n"+`{"v":null}`))))
	got, err := two.ContainsColumn(column(t, rowsOf(t, rt, "v utf8", `{"v":"a"}`+"\n"+`{"v":null}`+"\n"+`{"v":"b"}`+"\n"+`{"v":"c"}`)))
	must(t, err)
	if !reflect.DeepEqual(got, []bool{true, false, true, false}) {
		t.Error(got)
	}
}

func TestDedup(t *testing.T) {
	dice, seen := rand.New(rand.NewSource(4)), map[Key]bool{}
	d, err := NewDedup(DedupOptions{Seed: 11})
	must(t, err)
	for round := 0; round < 5; round++ {
		keys := make([]Key, 3001)
		for i := range keys {
			keys[i] = Key{byte(dice.Intn(20)), byte(dice.Intn(250))}
		}
		fresh, err := d.Add(keys)
		must(t, err)
		for i, key := range keys {
			if fresh[i] == seen[key] {
				t.Fatal(round, i, key)
			}
			seen[key] = true
		}
	}
	all := []Key{}
	for key := range seen {
		all = append(all, key)
	}
	known := func(of *Dedup) bool {
		fresh, err := of.Add(all)
		must(t, err)
		for _, is := range fresh {
			if is {
				return false
			}
		}
		return of.Len() == int64(len(seen))
	}
	other, err := NewDedup(DedupOptions{Expected: 1000})
	must(t, err)
	must(t, other.Merge(d))
	must(t, d.Merge(d))
	whole, err := NewDedup(DedupOptions{})
	must(t, err)
	data, err := d.Bytes()
	must(t, err)
	must(t, whole.Read(data))
	pieces, n := 0, 0
	must(t, d.Pieces(1000, func(piece []byte) error {
		pieces, n = pieces+1, n+len(piece)
		return other.Read(piece)
	}))
	if !known(d) || !known(other) || !known(whole) || pieces < 50 || n < len(data) || d.Memory() < 16*d.Len() {
		t.Error(pieces, n, len(data))
	}
	timed, err := NewDedup(DedupOptions{Payload: true})
	must(t, err)
	keys := []Key{{1}, {2}, {1}, {3}}
	fresh, held, err := timed.AddWith(keys, []int64{10, 20, 30, 40})
	must(t, err)
	if !reflect.DeepEqual(fresh, []bool{true, true, false, true}) || !reflect.DeepEqual(held, []int64{10, 20, 10, 40}) {
		t.Error(fresh, held)
	}
	must(t, timed.Expire(15))
	if removed, err := timed.Sweep(); err != nil || removed != 1 {
		t.Error(removed, err)
	}
	d.Clear()
	if none, err := d.Bytes(); err != nil || len(none) != 0 || d.Len() != 0 {
		t.Error(none, err)
	}
	if _, _, err := timed.AddWith(nil, nil); err != nil {
		t.Error(err)
	}
}

func TestProfile(t *testing.T) {
	rt, lines := newRuntime(t), ""
	for i := 0; i < 200; i++ {
		if page := fmt.Sprintf(`"page %d"`, i*i%7); i%10 == 0 {
			lines += fmt.Sprintf(`{"id":%d,"page":null,"x":%g}`+"\n", i, float64(i)/4)
		} else {
			lines += fmt.Sprintf(`{"id":%d,"page":%s,"x":%g}`+"\n", i, page, float64(i)/4)
		}
	}
	rows := rowsOf(t, rt, "id int64, page utf8, x float64", lines)
	schema, err := rows.Schema()
	must(t, err)
	defer schema.Close()
	profileOf := func(offset, n int) *Profile {
		p, err := NewProfile(schema, ProfileOptions{Top: 3})
		must(t, err)
		part, err := rows.Slice(offset, n)
		must(t, err)
		defer part.Close()
		must(t, p.Add(part))
		return p
	}
	whole, parts := profileOf(0, 200), profileOf(150, 50)
	must(t, parts.Merge(profileOf(0, 150)))
	for _, p := range []*Profile{whole, parts} {
		x, err := p.Column("x")
		must(t, err)
		page, err := p.Column("page")
		must(t, err)
		if x.Rows != 200 || x.Nulls != 0 || x.Minimum != "0" || x.Maximum != "49.75" || math.Abs(x.Mean-24.875) > 1e-9 || x.Zeros != 1 || x.Longest != -1 ||
			math.Abs(x.Deviation-14.4698) > 1e-3 {
			t.Errorf("%+v", x)
		}
		if page.Nulls != 20 || page.Type != "utf8" || page.Shortest != 6 || math.Round(page.Distinct) != 4 || !math.IsNaN(page.Mean) {
			t.Errorf("%+v", page)
		}
		h, err := p.Hll("id")
		must(t, err)
		q, err := p.Quantiles("x")
		must(t, err)
		top, err := p.Top("page")
		must(t, err)
		none, err := p.Quantiles("page")
		must(t, err)
		listed, err := top.List(NoFalsePositives, 0, 10)
		must(t, err)
		median, err := q.Quantile(0.5)
		must(t, err)
		if math.Round(h.Estimate()) != 200 || math.Abs(median-24.75) > 1 || len(listed) != 4 || none != nil {
			t.Error(h.Estimate(), median, listed, none)
		}
		text, err := p.JSON()
		must(t, err)
		var report struct {
			Rows    int64
			Columns []struct{ Column string }
		}
		must(t, json.Unmarshal(text, &report))
		batch, err := p.Report()
		must(t, err)
		minimum, err := batch.Column("minimum")
		must(t, err)
		if report.Rows != 200 || len(report.Columns) != 3 || report.Columns[1].Column != p.Columns()[1] || batch.Rows() != 3 || minimum.Text(1) != "page 0" ||
			p.Rows() != 200 || p.Memory() <= 0 {
			t.Error(report, batch.Rows())
		}
		batch.Close()
	}
	data, err := whole.Bytes()
	must(t, err)
	back, err := rt.ReadProfile(data, ProfileOptions{Top: 3})
	must(t, err)
	must(t, back.Add(rows))
	if back.Rows() != 400 {
		t.Error(back.Rows())
	}
	if err := back.Add(rowsOf(t, rt, "id int32, page utf8, x float64", `{"id":1}`)); err == nil || !strings.Contains(err.Error(), `the profile is of +s("id" l,`) {
		t.Error(err)
	}
	if _, err := back.Column("y"); err == nil || !strings.Contains(err.Error(), `"y"`) {
		t.Error(err)
	}
}

// ---- errors and life ----

func TestSketchErrors(t *testing.T) {
	rt := newRuntime(t)
	rows := rowsOf(t, rt, "v utf8", `{"v":"x"}`)
	cm, err := NewCountMin(CountMinOptions{})
	must(t, err)
	secret, err := NewCountMin(CountMinOptions{Seed: 1})
	must(t, err)
	top, err := NewTopK(TopKOptions{})
	must(t, err)
	q, err := NewQuantiles(QuantilesOptions{})
	must(t, err)
	r, err := NewReservoir(ReservoirOptions{})
	must(t, err)
	b, err := NewBloom(BloomOptions{})
	must(t, err)
	d, err := NewDedup(DedupOptions{})
	must(t, err)
	data, err := secret.Bytes()
	must(t, err)
	open, err := ReadCountMin(data, nil)
	must(t, err)
	of := func(_ any, err error) error { return err }
	_, _, payload := d.AddWith([]Key{{1}}, []int64{1})
	_, _, few := d.AddWith([]Key{{1}, {2}}, []int64{1})
	for _, c := range []struct {
		err         error
		name, words string
	}{
		{of(NewCountMin(CountMinOptions{Rows: 33})), "PLN_EINVAL", "rows is 33"}, {of(NewTopK(TopKOptions{Capacity: -1})), "PLN_EINVAL", "capacity is -1"},
		{of(NewQuantiles(QuantilesOptions{K: 7})), "PLN_EINVAL", "k is 7"}, {of(NewReservoir(ReservoirOptions{K: -1})), "PLN_EINVAL", "k is -1"},
		{of(NewBloom(BloomOptions{Error: 2})), "PLN_EINVAL", "error"}, {of(NewDedup(DedupOptions{Expected: 1000000, MemoryLimit: 1000})), "PLN_ELIMIT", ""},
		{of(ReadCountMin(data[:9], nil)), "PLN_EDATA", "9 bytes"}, {of(ReadCountMin(data, &CountMinOptions{Seed: 2})), "PLN_ETYPE", "seed"},
		{of(ReadTopK(TopKNative, nil, nil)), "PLN_EDATA", "0 bytes"}, {of(ReadQuantiles(data)), "PLN_EDATA", ""}, {of(ReadReservoir(data)), "PLN_EDATA", ""},
		{of(ReadBloom(data, nil)), "PLN_EDATA", ""}, {of(rt.ReadProfile(data, ProfileOptions{})), "PLN_EDATA", ""}, {d.Read(data), "PLN_EDATA", ""},
		{cm.Merge(secret), "PLN_ETYPE", "seed"}, {open.Add(nil, 1), "PLN_ESTATE", ""}, {of(open.Query(nil)), "PLN_ESTATE", ""},
		{top.Add(nil, -1), "PLN_EINVAL", "weight"}, {of(top.Bytes(9)), "PLN_EINVAL", "form"}, {of(top.List(NoFalsePositives, 0, -1)), "PLN_EINVAL", "-1"},
		{q.AddColumn(column(t, rows)), "PLN_EUNSUPPORTED", "v"}, {of(q.Ranks([]float64{math.NaN()})), "PLN_EINVAL", ""},
		{of(q.QuantilesInt64([]float64{1})), "PLN_ETYPE", ""}, {of(r.Offer(-1)), "PLN_EINVAL", "-1"}, {of(r.Merge(r)), "PLN_EINVAL", ""},
		{payload, "PLN_EINVAL", "payload"}, {d.Expire(1), "PLN_EINVAL", "payload"}, {d.Pieces(63, nil), "PLN_EINVAL", "63"},
		{cm.AddColumn(column(t, rows), []int64{1, 2}), "", "weights: there are 2 for 1 rows"}, {cm.AddUint64([]uint64{1}, []int64{}), "", "weights: there are 0 for 1 rows"},
		{few, "", "payloads: there are 1 for 2 rows"}, {of(NewCountMin(CountMinOptions{Rows: math.MaxInt})), "PLN_EINVAL", "rows is"},
		{d.Pieces(-1, nil), "PLN_EINVAL", "-1"},
	} {
		found, ok := c.err.(*Error)
		if c.err == nil || ok != (c.name != "") || (ok && found.Name != c.name) || !strings.Contains(c.err.Error(), c.words) {
			t.Errorf("%v is not %s with %q", c.err, c.name, c.words)
		}
	}
	if cm.Total() != 0 || top.Total() != 0 || b.Info().Fill != 0 {
		t.Error("something was added")
	}
	for noun, use := range map[string]func(){"CountMin": func() { cm.Close(); cm.Close(); cm.Total() }, "TopK": func() { top.Close(); _ = top.Add(nil, 1) },
		"Quantiles": func() { q.Close(); q.Info() }, "Reservoir": func() { r.Close(); _, _ = r.Items() }, "Bloom": func() { b.Close(); _, _ = b.Bytes() },
		"Dedup": func() { d.Close(); d.Len() }, "Batch": func() { c := column(t, rows); rows.Close(); _ = secret.AddColumn(c, nil) }} {
		panics(t, "this "+noun+" is closed", use)
	}
}

// Sketches and builders that nobody closes go with the garbage, and not while C has them: each is dropped in the very call that uses it last.
func TestGarbage(t *testing.T) {
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	values := make([]uint64, 1<<15)
	for i := range values {
		values[i] = uint64(i)
	}
	for round := 0; round < 40; round++ {
		cm, err := NewCountMin(CountMinOptions{})
		must(t, err)
		other, err := NewCountMin(CountMinOptions{})
		must(t, err)
		must(t, other.AddUint64(values, nil))
		must(t, cm.Merge(other))
		b, err := NewBloom(BloomOptions{Expected: 1 << 15})
		must(t, err)
		must(t, b.AddUint64(values))
		if found, err := b.ContainsUint64(values); err != nil || !found[1<<14] {
			t.Fatal(found, err)
		}
		rt, err := NewRuntime()
		must(t, err)
		builder, err := rt.NewBuilder("v uint64")
		must(t, err)
		Append(builder, "v", values, nil)
		batch, err := builder.Finish()
		must(t, err)
		h, err := NewHll(HllOptions{})
		must(t, err)
		must(t, h.AddColumn(column(t, batch)))
		batch.Close()
		rt.Close() // the builder's finalizer may come after this
	}
	close(stop)
	<-stopped
}

func BenchmarkCountMin(b *testing.B) {
	cm, err := NewCountMin(CountMinOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer cm.Close()
	values, _ := skewed(8192, 1)
	b.SetBytes(8192) // MB/s are millions of rows a second
	for i := 0; i < b.N; i++ {
		if err := cm.AddUint64(values, nil); err != nil {
			b.Fatal(err)
		}
	}
}
