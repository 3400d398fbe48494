package model

import (
	"encoding/json"
	"fmt"
	"math/big"

	"sluice/internal/local/bedrock/reading"
)

// SchemaError says what the model cannot do with a schema, and where.
type SchemaError struct {
	// Path is a JSON Pointer into the schema; "" is its root.
	Path string
	// Reason says what is wrong there.
	Reason string
}

// Error implements error.
func (e *SchemaError) Error() string {
	path := e.Path
	if path == "" {
		path = "the root"
	}
	return fmt.Sprintf("the output schema cannot be filled: at %s: %s", path, e.Reason)
}

type kind int

const (
	stringKind kind = iota
	numberKind
	integerKind
	booleanKind
	nullKind
	arrayKind
	objectKind
)

// node is one place of a compiled schema.
type node struct {
	path  string
	kind  kind
	null  bool // null is allowed too
	name  string
	words []string // the name's words, in lower case
	hint  string   // the description, in lower case
	means purpose

	// fixed is the one allowed value (const), as JSON.
	fixed json.RawMessage
	// options are the allowed values (enum) that fit all else.
	options []option
	scale   scale
	labels  []*reading.Label

	minLength, maxLength int // characters; maxLength -1: none
	format               string
	low, high, multiple  *big.Rat // nil: none
	above, below         bool     // low, high themselves are not allowed
	minItems, maxItems   int      // maxItems -1: none
	unique               bool
	limit                reading.Limit // as the description asks

	items      *node
	properties []property
}

type property struct {
	name     string
	required bool
	node     *node
}

// option is one value of an enum.
type option struct {
	raw  json.RawMessage
	text string // of a string
	kind kind
}

func (n *node) errorf(format string, args ...any) error {
	return &SchemaError{Path: n.path, Reason: fmt.Sprintf(format, args...)}
}

// property is the property of a name, or nil.
func (n *node) property(names ...string) *node {
	for _, name := range names {
		for _, p := range n.properties {
			if p.name == name {
				return p.node
			}
		}
	}
	return nil
}
