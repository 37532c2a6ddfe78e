package pln

import (
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 2, 28, 12, 0, 0, 0, time.UTC)

func goldenFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "test", "unit", "quality", "golden", name))
	must(t, err)
	return string(text)
}

func suiteOf(t *testing.T, checks string) *Suite {
	t.Helper()
	s, err := NewSuite(`{"checks": [`+checks+`]}`, SuiteOptions{})
	must(t, err)
	t.Cleanup(s.Close)
	return s
}

func validated(t *testing.T, s *Suite, rows ...*Batch) *Validation {
	t.Helper()
	v, err := s.Validate(ValidationOptions{Now: noon}, rows...)
	must(t, err)
	t.Cleanup(v.Close)
	return v
}

func bytesOfValidation(t *testing.T, v *Validation) string {
	t.Helper()
	data, err := v.Bytes()
	must(t, err)
	return string(data)
}

func refused(t *testing.T, err error, name, words string) {
	t.Helper()
	if e, ok := err.(*Error); !ok || e.Name != name || !strings.Contains(e.Message, words) {
		t.Errorf("wanted %s with %q, got %v", name, words, err)
	}
}

// One suite over one batch: all that comes of it is what C gives, byte by byte.
func TestGoldenSuite(t *testing.T) {
	rt := newRuntime(t)
	s, err := NewSuite(goldenFile(t, "suite.json"), SuiteOptions{})
	must(t, err)
	must(t, s.Reference("customers", rowsOf(t, rt, "id int64", goldenFile(t, "customers.ndjson"))))
	rows := rowsOf(t, rt, strings.TrimSpace(goldenFile(t, "columns.txt")), goldenFile(t, "rows.ndjson"))
	v := validated(t, s, rows)
	verdict := v.Verdict()
	said := fmt.Sprintf("%d wrong:", verdict.Failed)
	for row := 0; row < verdict.Rows; row++ {
		if verdict.Wrong(row) {
			said += fmt.Sprintf(" %d(%d)", row, verdict.First[row])
		}
	}
	for i, check := range s.Checks() {
		bitmap := v.Bitmap(i)
		if check.ByRow != (bitmap != nil) {
			t.Error(check)
		}
		if bitmap == nil {
			continue
		}
		said += fmt.Sprintf("\n%d:", i)
		for row, wrong := range bools(bitmap, verdict.Rows) {
			if wrong {
				said += fmt.Sprintf(" %d", row)
			}
		}
	}
	if said+"\n" != goldenFile(t, "verdict.txt") {
		t.Error(said)
	}
	json, err := v.JSON()
	must(t, err)
	text, err := v.Text()
	must(t, err)
	facet, err := v.Facet("https://example.org/orders")
	must(t, err)
	page, err := v.HTML()
	must(t, err)
	for name, got := range map[string]string{"result.json": string(json), "result.txt": text, "facet.json": string(facet)} {
		if got != goldenFile(t, name) {
			t.Errorf("%s: %s", name, got)
		}
	}
	if !strings.HasPrefix(page, "<!doctype html>") {
		t.Error(page)
	}
	wanted := bytesOf(t, strings.ReplaceAll(goldenFile(t, "state.hex"), "\n", ""))
	if got := bytesOfValidation(t, v); got != string(wanted) {
		t.Error(hex.EncodeToString([]byte(got)))
	}
	parts(t, s, rows, v)
}

// Row by row, merged and by way of bytes: the counts of the whole.
func parts(t *testing.T, s *Suite, rows *Batch, whole *Validation) {
	t.Helper()
	schema, err := rows.Schema()
	must(t, err)
	defer schema.Close()
	all, err := s.NewValidation(schema, ValidationOptions{Now: noon})
	must(t, err)
	defer all.Close()
	for row := 0; row < rows.Rows(); row++ {
		slice, err := rows.Slice(row, 1)
		must(t, err)
		part := validated(t, s, slice)
		slice.Close()
		if row%2 == 0 {
			must(t, all.Merge(part))
		} else {
			must(t, all.Read([]byte(bytesOfValidation(t, part))))
		}
	}
	got, err := all.Results()
	must(t, err)
	wanted, err := whole.Results()
	must(t, err)
	for i := range got {
		if fmt.Sprint(got[i]) != fmt.Sprint(wanted[i]) {
			t.Error(got[i], wanted[i])
		}
	}
}

func TestSuite(t *testing.T) {
	rt := newRuntime(t)
	rows := rowsOf(t, rt, "id int64, note utf8", `{"id":1,"note":"a"}
{"id":2,"note":null}
{"id":2,"note":"b"}`)
	s := suiteOf(t, `{"check":"not_null","column":"note","severity":"warn"},{"check":"unique","column":"id"},{"check":"row_count","min":1}`)
	v := validated(t, s, rows)
	status, err := v.Status()
	must(t, err)
	results, err := v.Results()
	must(t, err)
	if status != CheckFailed || fmt.Sprint(status, results[0].Status, results[2].Status) != "failed warned passed" || v.Rows() != 3 {
		t.Error(status, results)
	}
	unique := results[1]
	if unique.ID != "unique(id)" || unique.Severity != SeverityError || unique.Unexpected != 2 || unique.Evaluated != 3 || !math.IsNaN(unique.Observed) ||
		results[2].Unexpected != -1 || results[2].Observed != 3 {
		t.Errorf("%+v", results)
	}
	if verdict := v.Verdict(); verdict.Failed != 1 || !verdict.Wrong(2) || verdict.Wrong(1) || verdict.First[2] != 1 {
		t.Errorf("%+v", verdict)
	}
	if err := s.Add(`{"check":"null","column":"id"}`); err != errSuiteInUse {
		t.Error(err)
	}
	if measures := validated(t, suiteOf(t, `{"check":"row_count","min":1}`), rows).Verdict(); measures.Bitmap != nil || measures.Wrong(0) || measures.Rows != 3 {
		t.Errorf("%+v", measures)
	}
	p := newProfileOf(t, rows)
	text, err := p.Suggest("suggested")
	must(t, err)
	suggested, err := NewSuite(text, SuiteOptions{})
	must(t, err)
	if status, err := validated(t, suggested, rows).Status(); err != nil || status == CheckFailed || suggested.Name() != "suggested" {
		t.Error(text, status, err)
	}
}

func newProfileOf(t *testing.T, rows *Batch) *Profile {
	t.Helper()
	schema, err := rows.Schema()
	must(t, err)
	defer schema.Close()
	p, err := NewProfile(schema, ProfileOptions{})
	must(t, err)
	must(t, p.Add(rows))
	return p
}

// A validation keeps what it needs of a suite that was closed, or that is garbage.
func TestSuiteGoesFirst(t *testing.T) {
	rt := newRuntime(t)
	rows := rowsOf(t, rt, "id int64", `{"id":1}`)
	var open []*Validation
	for i := 0; i < 50; i++ {
		s, err := NewSuite(`{"checks":[{"check":"unique","column":"id"}]}`, SuiteOptions{})
		must(t, err)
		v, err := s.Validate(ValidationOptions{}, rows)
		must(t, err)
		open = append(open, v)
		if i%2 == 0 {
			s.Close()
		}
	}
	runtime.GC()
	runtime.GC()
	for _, v := range open {
		must(t, v.Add(rows))
		if results, err := v.Results(); err != nil || results[0].Unexpected != 2 {
			t.Error(results, err)
		}
		v.Close()
	}
}

func TestSuiteRefuses(t *testing.T) {
	rt := newRuntime(t)
	rows := rowsOf(t, rt, "id int64", `{"id":1}`)
	_, err := NewSuite(`{`, SuiteOptions{})
	refused(t, err, "PLN_ESYNTAX", "")
	_, err = NewSuite(`{"checks":[{"check":"not_nul","column":"id"}]}`, SuiteOptions{})
	refused(t, err, "PLN_EOPTION", "not_null")
	_, err = suiteOf(t, `{"check":"not_null","column":"name"}`).Validate(ValidationOptions{}, rows)
	refused(t, err, "PLN_ENAME", "name")
	s := suiteOf(t, `{"check":"relationships","column":"id","to":"others","field":"id"}`)
	_, err = s.Validate(ValidationOptions{}, rows)
	refused(t, err, "PLN_ESTATE", "others")
	refused(t, s.Reference("customers", rows), "PLN_ENAME", "customers")
	must(t, s.Reference("others", rows, rows))
	v := validated(t, s, rows)
	data, err := v.Bytes()
	must(t, err)
	refused(t, v.Read(data[:len(data)-1]), "PLN_EDATA", "")
	if err := v.Add(rowsOf(t, rt, "id int32", `{"id":1}`)); err == nil || !strings.Contains(err.Error(), "the validation is of") {
		t.Error(err)
	}
	if _, err := s.Validate(ValidationOptions{}); err == nil {
		t.Error("a validation of nothing")
	}
}

// A validation of the program's in a graph: wrong rows go their way, and results are asked for after the run.
func TestValidationOfGraph(t *testing.T) {
	rt := newRuntime(t)
	rows := rowsOf(t, rt, "id int64", "{\"id\":1}\n{\"id\":2}\n{\"id\":2}")
	schema, err := rows.Schema()
	must(t, err)
	defer schema.Close()
	v, err := suiteOf(t, `{"check":"unique","column":"id"}`).NewValidation(schema, ValidationOptions{})
	must(t, err)
	defer v.Close()
	good, err := rt.NewTable()
	must(t, err)
	defer good.Close()
	bad, err := rt.NewTable()
	must(t, err)
	defer bad.Close()
	g, err := rt.NewGraph("check")
	must(t, err)
	defer g.Close()
	left := []*Batch{rows}
	must(t, g.Source("rows", "id int64", func(*Context, int) (*Batch, error) {
		if len(left) == 0 {
			return nil, io.EOF
		}
		left = nil
		return rows.Retain(), nil
	}))
	must(t, g.Add("check", "check", Options{"validation": v, "enforce": false}))
	must(t, g.Add("good", "memory.write", Options{"table": good}))
	must(t, g.Add("bad", "memory.write", Options{"table": bad}))
	must(t, g.Wire("rows > check > good; check.reject > bad"))
	_, err = g.Run(RunOptions{})
	must(t, err)
	if results, err := v.Results(); err != nil || results[0].Unexpected != 2 || good.Rows() != 2 || bad.Rows() != 1 {
		t.Error(results, err, good.Rows(), bad.Rows())
	}
}

// Thirty good days, two bad ones, and a stop between each of them.
func TestMonitor(t *testing.T) {
	options := MonitorOptions{Season: MonitorWeekday, MinHistory: 3}
	m, err := NewMonitor(options)
	must(t, err)
	var said []string
	for day := 0; day < 33; day++ {
		rows := float64(1000 + day)
		if day%7 >= 5 {
			rows = float64(200 + day)
		}
		if day == 30 || day == 31 {
			rows = 90
		}
		verdict, err := m.Observe(time.Unix(int64(day)*86400, 0), rows, 0)
		must(t, err)
		said = append(said, verdict.Status.String())
		data, err := m.Bytes()
		must(t, err)
		m.Close()
		m, err = ReadMonitor(data, options)
		must(t, err)
	}
	defer m.Close()
	if got := strings.Join(said[28:], " "); got != "normal normal anomaly still resolved" {
		t.Error(said)
	}
	history := m.History()
	if len(history) != 31 || history[30] != (MonitorPoint{time.Unix(32*86400, 0).UTC(), 1032}) || m.Memory() <= 0 {
		t.Error(history)
	}
	absolute, err := NewMonitor(MonitorOptions{Method: MonitorAbsolute, Error: 5, Cliff: -1})
	must(t, err)
	_, err = absolute.Observe(time.UnixMicro(1), 10, 0)
	must(t, err)
	verdict, err := absolute.Observe(time.UnixMicro(2), 0, 0)
	must(t, err)
	if verdict.Status != MonitorAnomaly || verdict.Severity != AlarmError || verdict.Method != MonitorAbsolute || verdict.Lower != 5 || verdict.Upper != 15 ||
		verdict.Incident != 1 || verdict.Since != time.UnixMicro(2).UTC() || !strings.Contains(verdict.JSON, `"anomaly"`) {
		t.Errorf("%+v", verdict)
	}
	verdict, err = absolute.Observe(time.UnixMicro(3), 0, MonitorNewLevel)
	if err != nil || verdict.Status != MonitorResolved || len(absolute.History()) != 1 {
		t.Errorf("%+v, %v", verdict, err)
	}
	_, err = absolute.Observe(time.UnixMicro(3), 0, 0)
	refused(t, err, "PLN_EINVAL", "")
	_, err = NewMonitor(MonitorOptions{Lookback: -3})
	refused(t, err, "PLN_EINVAL", "lookback")
	_, err = ReadMonitor([]byte("PLNM"), options)
	refused(t, err, "PLN_EDATA", "")
}

func TestDrift(t *testing.T) {
	rt := newRuntime(t)
	even, other := []int64{100, 100, 100, 100}, []int64{100, 100, 50, 150}
	found, err := DriftPSI(even, other, DriftOptions{Plain: true})
	must(t, err)
	if wanted := -0.125*math.Log(0.5) + 0.125*math.Log(1.5); math.Abs(found.Statistic-wanted) > 1e-12 || found.Severity != AlarmWarning || found.Reference != 400 {
		t.Errorf("%+v, wanted %v", found, wanted)
	}
	if found, err := DriftKS(even, other, DriftOptions{}); err != nil || math.Abs(found.Statistic-0.125) > 1e-12 {
		t.Errorf("%+v, %v", found, err)
	}
	_, err = DriftPSI([]int64{0, 0}, []int64{1, 1}, DriftOptions{})
	refused(t, err, "PLN_EINVAL", "")
	if _, err := DriftKS(even, even[1:], DriftOptions{}); err == nil || !strings.Contains(err.Error(), "4") {
		t.Error(err)
	}
	before, err := NewQuantiles(QuantilesOptions{})
	must(t, err)
	after, err := NewQuantiles(QuantilesOptions{})
	must(t, err)
	pages, err := NewTopK(TopKOptions{})
	must(t, err)
	later, err := NewTopK(TopKOptions{})
	must(t, err)
	for i := 0; i < 1000; i++ {
		must(t, before.AddFloat64([]float64{float64(i)}))
		must(t, after.AddFloat64([]float64{float64(i + 500)}))
		must(t, pages.Add([]byte(fmt.Sprint(i%10)), 1))
		must(t, later.Add([]byte(fmt.Sprint(i%5)), 1))
	}
	if found, err := before.DriftKS(after, DriftOptions{}); err != nil || found.Severity != AlarmError || math.Abs(found.Statistic-0.5) > 0.02 {
		t.Errorf("%+v, %v", found, err)
	}
	if found, err := before.DriftPSI(before, DriftOptions{}); err != nil || found.Statistic != 0 {
		t.Errorf("%+v, %v", found, err)
	}
	if found, err := pages.DriftPSI(later, DriftOptions{}); err != nil || found.Severity != AlarmError {
		t.Errorf("%+v, %v", found, err)
	}
	old, err := rt.NewSchema("id int32")
	must(t, err)
	defer old.Close()
	young, err := rt.NewSchema("id int64")
	must(t, err)
	defer young.Close()
	changes, err := rt.DriftSchema(old, young)
	if err != nil || !reflect.DeepEqual(changes, []SchemaChange{{"id", "type", "int32", "int64"}}) {
		t.Error(changes, err)
	}
}

func TestFreshness(t *testing.T) {
	options := FreshnessOptions{ErrorAge: time.Hour}
	f, err := NewFreshness(options)
	must(t, err)
	must(t, f.Landed("", noon))
	must(t, f.Expect("region=eu", noon))
	if verdict, err := f.Check("", noon); err != nil || verdict.Status != FreshnessFresh || !reflect.DeepEqual(f.Partitions(), []string{"", "region=eu"}) {
		t.Error(verdict, err, f.Partitions())
	}
	verdict, err := f.Check("", noon.Add(2*time.Hour))
	if err != nil || verdict.Status != FreshnessLate || verdict.Severity != AlarmError || verdict.Reason != FreshnessAge || verdict.Age != 2*time.Hour ||
		!verdict.Landed.Equal(noon) || !verdict.Due.IsZero() || !strings.Contains(verdict.JSON, `"late"`) {
		t.Errorf("%+v, %v", verdict, err)
	}
	data, err := f.Bytes()
	must(t, err)
	f, err = ReadFreshness(data, options)
	must(t, err)
	if verdict, err := f.Check("", noon.Add(3*time.Hour)); err != nil || verdict.Status != FreshnessStill {
		t.Errorf("%+v, %v", verdict, err)
	}
	f.Forget("region=eu")
	_, err = f.Check("region=eu", noon)
	refused(t, err, "PLN_ENOENT", "region=eu")
	daily, err := NewFreshness(FreshnessOptions{Daily: true, Due: 7 * time.Hour})
	must(t, err)
	must(t, daily.Landed("", noon.Add(-24*time.Hour)))
	if verdict, err := daily.Check("", noon); err != nil || verdict.Reason != FreshnessDue || verdict.Overdue != 5*time.Hour {
		t.Errorf("%+v, %v", verdict, err)
	}
}

const contractText = `{"apiVersion": "v3.1.0", "kind": "DataContract", "id": "orders", "version": "%s", "status": "active", "schema": [{"name": "orders",
	"properties": [{"name": "id", "logicalType": "integer", "required": true, "primaryKey": true, "primaryKeyPosition": 1}%s],
	"quality": [{"metric": "rowCount", "mustBeGreaterThan": 0}, {"type": "text", "description": "Somebody looks at it."}]}]}`

func contractOf(t *testing.T, rt *Runtime, version, more string) *Contract {
	t.Helper()
	c, err := rt.ParseContract([]byte(fmt.Sprintf(contractText, version, more)), ContractOptions{})
	must(t, err)
	t.Cleanup(c.Close)
	return c
}

func TestContract(t *testing.T) {
	rt := newRuntime(t)
	c := contractOf(t, rt, "1.0.0", `, {"name": "note", "logicalType": "string"}`)
	if info := c.Info(); info.ID != "orders" || info.Version != "1.0.0" || !info.Valid || info.Tenant != "" || !reflect.DeepEqual(c.Objects(), []string{"orders"}) {
		t.Errorf("%+v", info)
	}
	text, left, err := c.Suite("")
	must(t, err)
	if len(left) != 1 || left[0].Pointer != "/schema/0/quality/1" {
		t.Error(left)
	}
	schema, err := c.Schema("orders")
	must(t, err)
	defer schema.Close()
	s, err := NewSuite(text, SuiteOptions{})
	must(t, err)
	v, err := s.NewValidation(schema, ValidationOptions{})
	must(t, err)
	must(t, v.Add(rowsOf(t, rt, "id int64, note utf8", "{\"id\":1}\n{\"id\":1}")))
	results, err := v.Results()
	must(t, err)
	for _, result := range results {
		if result.Status != CheckPassed && (result.ID != "$.primaryKey" || result.Unexpected != 2) {
			t.Errorf("%+v", result)
		}
	}
	if status, err := v.Status(); err != nil || status != CheckFailed {
		t.Error(status, err)
	}
	if value, err := c.Value("/schema/0/properties/1/name"); err != nil || value != `"note"` {
		t.Error(value, err)
	}
	if value, err := c.Value("/none"); err != nil || value != "" {
		t.Error(value, err)
	}
	contractDiffs(t, rt, c)
	_, err = c.Schema("order")
	refused(t, err, "PLN_ENAME", "order")
	_, err = rt.ParseContract([]byte(`{"kind": "DataContract"}`), ContractOptions{Format: "json"})
	refused(t, err, "PLN_ESYNTAX", "version")
	_, err = rt.ParseContract([]byte(`{}`), ContractOptions{Format: "toml"})
	refused(t, err, "PLN_EINVAL", "")
	kept, err := rt.ParseContract([]byte(`{"kind": "DataContract"}`), ContractOptions{KeepInvalid: true})
	must(t, err)
	defer kept.Close()
	if problems := kept.Problems(); len(problems) == 0 || problems[0].Warning || kept.Info().Valid {
		t.Error(problems)
	}
}

func contractDiffs(t *testing.T, rt *Runtime, c *Contract) {
	t.Helper()
	next := contractOf(t, rt, "2.0.0", "")
	diff, err := c.Diff(next)
	must(t, err)
	if diff.Accepted || !reflect.DeepEqual(diff.Breaks, []string{"consumers"}) || diff.StepNeeded != "major" || len(diff.Changes) != 1 ||
		diff.Changes[0].Kind != "property_removed" || diff.Changes[0].Where != "orders.note" || diff.Unacknowledged != 1 {
		t.Errorf("%+v", diff)
	}
	if diff, err := c.Diff(next, "property_removed:orders.note"); err != nil || !diff.Accepted {
		t.Errorf("%+v, %v", diff, err)
	}
}
