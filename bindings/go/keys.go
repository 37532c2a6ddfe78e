package pln

/*
#include "bridge.h"
#include <stdlib.h>
*/
import "C"

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unsafe"
)

// KeyHash is what the canonical bytes of a row are hashed with.
type KeyHash int

// KeySHA256 is for rows that somebody hostile may choose, KeyDBTSurrogate for tables that have keys of dbt_utils already.
const (
	KeyXXH3         KeyHash = C.PLN_KEY_XXH3
	KeySHA256       KeyHash = C.PLN_KEY_SHA256
	KeyDBTSurrogate KeyHash = C.PLN_KEY_DBT_SURROGATE
)

// Key is the key of a row. It can be compared, and be the key of a map.
type Key [C.PLN_KEY_SIZE]byte

// Digest is a whole SHA-256, or HMAC-SHA-256, of a row.
type Digest [C.PLN_KEY_DIGEST_SIZE]byte

// String is the key as 32 hexadecimal digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// UUID is the key as a UUID of version 8; six of its 128 bits give way to version and variant.
func (k Key) UUID() string {
	var text [C.PLN_KEY_UUID_SIZE]byte
	C.pln_key_uuid((*C.uint8_t)(unsafe.Pointer(&k[0])), (*C.char)(unsafe.Pointer(&text[0])))
	return string(text[:len(text)-1])
}

// KeysOptions; the zero value is XXH3-128 without a secret.
type KeysOptions struct {
	Hash   KeyHash
	Secret []byte // at least 16 bytes: keys that nobody else can compute from the row; copied
}

// Keys makes the keys of the rows of one schema: the same row gives the same key in any file, format, language or year; pln-keys(7).
type Keys struct {
	c     *C.pln_keys
	shape string
}

// NewKeys makes keys out of these fields of rows with this schema: names of columns, or paths "customer.address.city" into structs;
// none: all columns. The schema is copied; the keys are closed before the runtime.
func (rt *Runtime) NewKeys(schema *Schema, fields []string, options KeysOptions) (*Keys, error) {
	names, free := texts(fields)
	defer free()
	need(schema.c != nil, "Schema")
	k := &Keys{shape: shapeOf(schema.c)}
	var cerr C.pln_error
	if err := check(C.pln_go_keys_new(rt.c, schema.c, names, C.int64_t(len(fields)), C.int32_t(options.Hash),
		start(options.Secret), C.int64_t(len(options.Secret)), &k.c, &cerr), &cerr); err != nil {
		return nil, err
	}
	return k, nil
}

// Close frees the keys; the secret is overwritten.
func (k *Keys) Close() {
	C.pln_keys_free(k.c)
	k.c = nil
}

// Batch gives the keys of all rows.
func (k *Keys) Batch(rows *Batch) ([]Key, error) { return k.Append(nil, rows) }

// Append appends the keys of all rows to a slice, which is used again from batch to batch as keys[:0].
func (k *Keys) Append(keys []Key, rows *Batch) ([]Key, error) {
	array, err := k.fitting(rows)
	if err != nil || rows.Rows() == 0 {
		return keys, err
	}
	n := len(keys)
	keys = append(keys, make([]Key, rows.Rows())...)
	var cerr C.pln_error
	if err := check(C.pln_keys_batch(k.c, array, (*C.uint8_t)(&keys[n][0]), &cerr), &cerr); err != nil {
		return keys[:n], err
	}
	return keys, nil
}

// Digests gives the whole SHA-256 of all rows.
func (k *Keys) Digests(rows *Batch) ([]Digest, error) {
	array, err := k.fitting(rows)
	if err != nil || rows.Rows() == 0 {
		return nil, err
	}
	digests := make([]Digest, rows.Rows())
	var cerr C.pln_error
	return digests, check(C.pln_keys_digests(k.c, array, (*C.uint8_t)(&digests[0][0]), &cerr), &cerr)
}

// Row gives the key of one row. A batch at a time is many times faster.
func (k *Keys) Row(rows *Batch, row int) (Key, error) {
	var key Key
	array, err := k.fitting(rows)
	if err != nil {
		return key, err
	}
	var cerr C.pln_error
	return key, check(C.pln_keys_row(k.c, array, C.int64_t(row), (*C.uint8_t)(&key[0]), &cerr), &cerr)
}

// Encode gives the canonical bytes of one row: what is hashed.
func (k *Keys) Encode(rows *Batch, row int) ([]byte, error) {
	array, err := k.fitting(rows)
	if err != nil {
		return nil, err
	}
	var lent *C.uint8_t
	var size C.int64_t
	var cerr C.pln_error
	if err := check(C.pln_keys_encode(k.c, array, C.int64_t(row), &lent, &size, &cerr), &cerr); err != nil {
		return nil, err
	}
	return append([]byte(nil), unsafe.Slice((*byte)(lent), int(size))...), nil
}

// The library sees an array and no schema, so the schema is held to the keys' own here.
func (k *Keys) fitting(rows *Batch) (*C.struct_ArrowArray, error) {
	need(k.c != nil, "Keys")
	need(rows.c != nil, "Batch")
	if found := shapeOf(C.pln_batch_schema(rows.c)); found != k.shape {
		return nil, fmt.Errorf("the rows have the columns %s; the keys are of %s", found, k.shape)
	}
	return C.pln_batch_array(rows.c), nil
}

// shapeOf is what two schemas have in common if rows of one can be read by the other: formats, and the names within structs.
func shapeOf(schema *C.struct_ArrowSchema) string {
	var b strings.Builder
	writeShape(&b, schema)
	return b.String()
}

func writeShape(b *strings.Builder, schema *C.struct_ArrowSchema) {
	format := C.GoString(schema.format)
	b.WriteString(format)
	for i := 0; i < int(schema.n_children); i++ {
		child := C.pln_go_field(schema, C.int64_t(i))
		if i == 0 {
			b.WriteString("(")
		} else {
			b.WriteString(", ")
		}
		if format == "+s" {
			fmt.Fprintf(b, "%q ", C.GoString(child.name))
		}
		writeShape(b, child)
	}
	if schema.n_children > 0 {
		b.WriteString(")")
	}
	if schema.dictionary != nil {
		b.WriteString(" of ")
		writeShape(b, schema.dictionary)
	}
}
