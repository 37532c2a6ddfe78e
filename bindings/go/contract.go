package pln

/*
#include "bridge.h"
#include <stdlib.h>
*/
import "C"

import (
	"encoding/json"
	"unsafe"
)

// ContractOptions; what is zero has its default, in pln_contract_options of pln/contract.h.
type ContractOptions struct {
	Format        string // "json", "yaml"; "": by the first character
	KeepInvalid   bool   // a document with problems is returned, to be looked at
	PhysicalNames bool   // columns bear their physicalName where there is one
	SQLChecks     bool   // queries become checks of kind sql, for who runs them
	ProblemsMax   int
	SizeMax       int64
}

func (o ContractOptions) raw() C.pln_contract_options {
	var raw C.pln_contract_options
	C.pln_contract_options_init(&raw, C.sizeof_pln_contract_options)
	if o.KeepInvalid {
		raw.flags |= C.PLN_CONTRACT_KEEP_INVALID
	}
	if o.PhysicalNames {
		raw.flags |= C.PLN_CONTRACT_PHYSICAL_NAMES
	}
	if o.SQLChecks {
		raw.flags |= C.PLN_CONTRACT_SQL_CHECKS
	}
	switch o.Format {
	case "":
	case "json":
		raw.format = C.PLN_CONTRACT_JSON
	case "yaml":
		raw.format = C.PLN_CONTRACT_YAML
	default:
		raw.format = -1
	}
	if o.ProblemsMax != 0 {
		raw.problems_max = narrow(o.ProblemsMax)
	}
	if o.SizeMax != 0 {
		raw.size_max = C.int64_t(o.SizeMax)
	}
	return raw
}

// Contract is what the makers and the users of a table have agreed on, in the Open Data Contract Standard; pln-contracts(7). It is closed before the
// runtime. Objects are meant by name; "" is the only one there is.
type Contract struct {
	c  *C.pln_contract
	rt *Runtime
}

// ContractHasYAML tells whether the library reads YAML.
func ContractHasYAML() bool { return C.pln_contract_has_yaml() != 0 }

// ParseContract reads a contract, JSON or YAML, and holds it to the standard.
func (rt *Runtime) ParseContract(document []byte, options ContractOptions) (*Contract, error) {
	raw, contract := options.raw(), &Contract{rt: rt}
	var cerr C.pln_error
	if err := check(C.pln_contract_parse(rt.c, (*C.char)(unsafe.Pointer(start(document))), C.int64_t(len(document)), &raw, &contract.c, &cerr), &cerr); err != nil {
		return nil, err
	}
	return contract, nil
}

// Close frees the contract.
func (c *Contract) Close() {
	C.pln_contract_free(c.c)
	c.c = nil
}

// ContractInfo is what stands at the top; "" for what the document has not.
type ContractInfo struct {
	Valid                                                                              bool
	ID, Version, APIVersion, Rules, Status, Name, Tenant, Domain, DataProduct, Purpose string
}

// Info is what stands at the top.
func (c *Contract) Info() ContractInfo {
	need(c.c != nil, "Contract")
	raw := C.pln_contract_info{struct_size: C.sizeof_pln_contract_info}
	C.pln_contract_info_get(c.c, &raw)
	return ContractInfo{raw.valid != 0, C.GoString(raw.id), C.GoString(raw.version), C.GoString(raw.api_version), C.GoString(raw.rules),
		C.GoString(raw.status), C.GoString(raw.name), C.GoString(raw.tenant), C.GoString(raw.domain), C.GoString(raw.data_product),
		C.GoString(raw.purpose)}
}

// ContractProblem is what is wrong at a JSON pointer; a warning does not refuse the document.
type ContractProblem struct {
	Warning         bool
	Pointer, Reason string
}

// Problems are all that is wrong, in the order of the document.
func (c *Contract) Problems() []ContractProblem {
	need(c.c != nil, "Contract")
	problems := make([]ContractProblem, int(C.pln_contract_problem_count(c.c)))
	for i := range problems {
		raw := C.pln_contract_problem_at(c.c, C.int64_t(i))
		problems[i] = ContractProblem{raw.level == C.PLN_CONTRACT_WARNING, C.GoString(raw.pointer), C.GoString(raw.reason)}
	}
	return problems
}

// Objects are the names of the tables.
func (c *Contract) Objects() (names []string) {
	need(c.c != nil, "Contract")
	for i := C.int64_t(0); ; i++ {
		element := C.pln_contract_object(c.c, i)
		if element == nil {
			return names
		}
		raw := C.pln_contract_element_info{struct_size: C.sizeof_pln_contract_element_info}
		C.pln_contract_element_info_get(element, &raw)
		names = append(names, C.GoString(raw.name))
	}
}

// Value is what stands at a JSON pointer, such as "/servers/0/location", as JSON; "" where nothing does.
func (c *Contract) Value(pointer string) (string, error) {
	need(c.c != nil, "Contract")
	cpointer := C.CString(pointer)
	defer C.free(unsafe.Pointer(cpointer))
	var text *C.char
	var cerr C.pln_error
	if err := check(C.pln_contract_value(c.c, cpointer, &text, &cerr), &cerr); err != nil {
		return "", err
	}
	return c.rt.text(text), nil
}

// Schema is the columns of an object.
func (c *Contract) Schema(object string) (*Schema, error) {
	need(c.c != nil, "Contract")
	name := cstring(object)
	defer C.free(unsafe.Pointer(name))
	return newSchema(func(out *C.struct_ArrowSchema, cerr *C.pln_error) C.pln_status {
		return C.pln_contract_schema(c.c, name, out, cerr)
	})
}

// Unsupported is a rule that no check of the suite evaluates.
type Unsupported struct {
	Pointer, Rule, Reason string
}

// Suite is the text of a suite that holds rows of an object to the contract, and every rule that no check of it evaluates.
func (c *Contract) Suite(object string) (string, []Unsupported, error) {
	need(c.c != nil, "Contract")
	name := cstring(object)
	defer C.free(unsafe.Pointer(name))
	var text, left *C.char
	var size C.int64_t
	var cerr C.pln_error
	if err := check(C.pln_contract_suite(c.c, name, &text, &size, &left, &cerr), &cerr); err != nil {
		return "", nil, err
	}
	suite, rest := c.rt.text(text), c.rt.text(left)
	var unsupported []Unsupported
	return suite, unsupported, json.Unmarshal([]byte(rest), &unsupported)
}

// ContractChange is a change between two contracts.
type ContractChange struct {
	Kind         string   `json:"kind"`
	Where        string   `json:"where"`
	OldPointer   string   `json:"old_pointer"`
	NewPointer   string   `json:"new_pointer"`
	Text         string   `json:"text"`
	Breaks       []string `json:"breaks"` // "consumers", "producers"
	Reason       string   `json:"reason"`
	Step         string   `json:"step"`
	Acknowledged bool     `json:"acknowledged"`
}

// ContractDiff is what changed between two contracts, whom it breaks, and whether the new one may take the place of the old.
type ContractDiff struct {
	Accepted       bool             `json:"accepted"`
	Breaks         []string         `json:"breaks"`
	StepNeeded     string           `json:"step_needed"`
	StepMade       string           `json:"step_made"`
	VersionFits    bool             `json:"version_fits"`
	Unacknowledged int64            `json:"unacknowledged"`
	Changes        []ContractChange `json:"changes"`
	JSON           string           `json:"-"`
}

// Diff compares the contract with a new one. `acknowledged` names changes that break and are meant, besides those that the new contract names.
func (c *Contract) Diff(new *Contract, acknowledged ...string) (*ContractDiff, error) {
	need(c.c != nil && new.c != nil, "Contract")
	var raw C.pln_contract_diff_options
	C.pln_contract_diff_options_init(&raw, C.sizeof_pln_contract_diff_options)
	names, free := texts(acknowledged)
	defer free()
	raw.acknowledged, raw.n_acknowledged = names, C.int64_t(len(acknowledged))
	var diff *C.pln_contract_diff
	var cerr C.pln_error
	if err := check(C.pln_contract_diff_new(c.c, new.c, &raw, &diff, &cerr), &cerr); err != nil {
		return nil, err
	}
	defer C.pln_contract_diff_free(diff)
	var text *C.char
	if err := check(C.pln_contract_diff_json(diff, &text, &cerr), &cerr); err != nil {
		return nil, err
	}
	out := &ContractDiff{JSON: c.rt.text(text)}
	return out, json.Unmarshal([]byte(out.JSON), out)
}
