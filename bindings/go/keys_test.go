package pln

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// rowsOf reads lines of JSON as a batch of these columns.
func rowsOf(t *testing.T, rt *Runtime, columns, lines string) *Batch {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.ndjson")
	must(t, os.WriteFile(path, []byte(lines), 0o600))
	schema, err := rt.NewSchema(columns)
	must(t, err)
	defer schema.Close()
	kept, err := rt.NewTable()
	must(t, err)
	defer kept.Close()
	g, err := rt.NewGraph("rows")
	must(t, err)
	defer g.Close()
	must(t, g.Add("read", "ndjson.read", Options{"path": path, "schema_handle": schema}))
	must(t, g.Add("keep", "memory.write", Options{"table": kept}))
	must(t, g.Wire("read > keep"))
	_, err = g.Run(RunOptions{})
	must(t, err)
	batches := kept.Batches()
	if len(batches) != 1 {
		t.Fatal(len(batches), "batches of", lines)
	}
	t.Cleanup(batches[0].Close)
	return batches[0]
}

// cellsOf reads a file of the unit tests: the cells of its lines, and its comments.
func cellsOf(t *testing.T, path string) (cells [][]string, comments string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "test", "unit", path))
	must(t, err)
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			comments += line
		} else {
			cells = append(cells, strings.Split(line, "\t"))
		}
	}
	return cells, comments
}

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(text)
	must(t, err)
	return data
}

func keysOf(t *testing.T, rt *Runtime, rows *Batch, fields []string, options KeysOptions) *Keys {
	t.Helper()
	schema, err := rows.Schema()
	must(t, err)
	defer schema.Close()
	keys, err := rt.NewKeys(schema, fields, options)
	must(t, err)
	t.Cleanup(keys.Close)
	return keys
}

// The published vectors, all rows of a schema at once.
func TestKeyVectors(t *testing.T) {
	rt := newRuntime(t)
	cells, comments := cellsOf(t, "key/vectors.txt")
	secret := []byte(strings.Split(comments, "'")[1])
	groups := map[string][][]string{}
	for _, line := range cells {
		groups[line[0]] = append(groups[line[0]], line)
	}
	if len(cells) < 35 {
		t.Fatal(len(cells), "vectors")
	}
	for columns, group := range groups {
		lines := ""
		for _, line := range group {
			lines += line[1] + "\n"
		}
		rows := rowsOf(t, rt, columns, lines)
		for cell, options := range map[int]KeysOptions{3: {}, 4: {Secret: secret}, 5: {Hash: KeySHA256}, 6: {Hash: KeySHA256, Secret: secret}} {
			keys := keysOf(t, rt, rows, nil, options)
			made, err := keys.Batch(rows)
			must(t, err)
			for i, line := range group {
				want := bytesOf(t, line[cell])
				one, err := keys.Row(rows, i)
				must(t, err)
				encoded, err := keys.Encode(rows, i)
				must(t, err)
				if !bytes.Equal(made[i][:], want[:16]) || one != made[i] || hex.EncodeToString(encoded) != line[2] {
					t.Error(line[0], line[1], "key", made[i], "of", hex.EncodeToString(encoded))
				}
				if cell == 3 && (made[i].String() != line[3] || made[i].UUID() != line[7]) {
					t.Error(made[i], made[i].UUID())
				}
				if options.Hash == KeySHA256 {
					digests, err := keys.Digests(rows)
					must(t, err)
					if !bytes.Equal(digests[i][:], want) {
						t.Error(line[0], line[1], "digest", digests[i])
					}
				}
			}
		}
	}
}

func TestKeyFields(t *testing.T) {
	rt := newRuntime(t)
	rows := rowsOf(t, rt, "id int64, person struct<name utf8, age int32>", `{"id":1,"person":{"name":"Ada","age":36}}`+"\n"+`{"id":2,"person":null}`)
	keys := keysOf(t, rt, rows, []string{"person.name", "id"}, KeysOptions{Hash: KeySHA256})
	wanted := make([]Key, 2)
	for i, text := range []string{"\x01\x07\x03\x00\x00\x00Ada\x03\x01\x00\x00\x00\x00\x00\x00\x00", "\x01\x00\x03\x02\x00\x00\x00\x00\x00\x00\x00"} {
		sum := sha256.Sum256([]byte(text))
		copy(wanted[i][:], sum[:])
	}
	made, err := keys.Batch(rows)
	must(t, err)
	part, err := rows.Slice(1, 1)
	must(t, err)
	defer part.Close()
	more, err := keys.Append(made, part)
	must(t, err)
	if !reflect.DeepEqual(more, append(wanted, wanted[1])) {
		t.Error(more, wanted)
	}
	none, err := rows.Slice(2, 0)
	must(t, err)
	defer none.Close()
	if made, err := keys.Append(more[:0], none); err != nil || len(made) != 0 {
		t.Error(made, err)
	}
}

// The library sees an array without its schema: rows of another one must not be read as the keys' own.
func TestKeyErrors(t *testing.T) {
	rt := newRuntime(t)
	rows := rowsOf(t, rt, "a struct<b int32>, c utf8", `{"a":{"b":1},"c":"x"}`)
	keys := keysOf(t, rt, rows, []string{"a"}, KeysOptions{})
	for _, columns := range []string{"a struct<b int64>, c utf8", "a struct<c int32>, c utf8", "x struct<b int32>, c utf8", "a struct<b int32>",
		"a struct<b int32>, c dictionary<utf8>", "a struct<b int32>, c utf8, d int8"} {
		other := rowsOf(t, rt, columns, "{}")
		if _, err := keys.Batch(other); err == nil || !strings.Contains(err.Error(), `the keys are of +s("a" +s("b" i), "c" u)`) {
			t.Error(columns, err)
		}
	}
	schema, err := rows.Schema()
	must(t, err)
	for name, options := range map[string]KeysOptions{"hash": {Hash: 9}, "secret": {Secret: []byte("short")}} {
		if _, err := rt.NewKeys(schema, nil, options); err == nil || !strings.Contains(err.Error(), name+":") {
			t.Error(name, err)
		}
	}
	if _, err := rt.NewKeys(schema, []string{"a", "cc"}, KeysOptions{}); err == nil || err.(*Error).Name != "PLN_ENAME" {
		t.Error(err)
	}
	if _, err := keys.Row(rows, 1); err == nil || err.(*Error).Name != "PLN_EINVAL" {
		t.Error(err)
	}
	if _, err := keys.Digests(rows); err == nil || err.(*Error).Name != "PLN_ESTATE" {
		t.Error(err)
	}
	schema.Close()
	schema.Close()
	panics(t, "this Schema is closed", func() { _, _ = rt.NewKeys(schema, nil, KeysOptions{}) })
	keys.Close()
	panics(t, "this Keys is closed", func() { _, _ = keys.Batch(rows) })
}

func panics(t *testing.T, words string, function func()) {
	t.Helper()
	defer func() {
		if found := fmt.Sprint(recover()); !strings.Contains(found, words) {
			t.Errorf("%q instead of a panic with %q", found, words)
		}
	}()
	function()
}

func BenchmarkKeys(b *testing.B) {
	rt, err := NewRuntime()
	if err != nil {
		b.Fatal(err)
	}
	defer rt.Close()
	builder, err := rt.NewBuilder("id int64, name utf8")
	if err != nil {
		b.Fatal(err)
	}
	defer builder.Close()
	rows, err := Append(builder, "id", make([]int64, 8192), nil).AppendText("name", strings.Fields(strings.Repeat("x ", 8192)), nil).Finish()
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	schema, err := rows.Schema()
	if err != nil {
		b.Fatal(err)
	}
	defer schema.Close()
	keys, err := rt.NewKeys(schema, nil, KeysOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer keys.Close()
	var made []Key
	b.SetBytes(8192) // MB/s are millions of rows a second
	for i := 0; i < b.N; i++ {
		if made, err = keys.Append(made[:0], rows); err != nil {
			b.Fatal(err)
		}
	}
}
