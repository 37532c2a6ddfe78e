//go:build !pln_tree

package pln

// The installed library, found by pkg-config. With the tag pln_tree CGO_CFLAGS and CGO_LDFLAGS say where it is.

// #cgo pkg-config: pln
import "C"
