package schemas

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed *.json
var files embed.FS

//go:embed openapi.yaml
var openAPI []byte

// OpenAPI is the OpenAPI 3.1 document of the HTTP API, in YAML. Do not change it.
func OpenAPI() []byte { return openAPI }

// base is the address the schemas are registered under, so that one can refer
// to another by its file name. Nothing is ever fetched from it.
const base = "sluice:///"

// Schema is a compiled JSON Schema. It may be used by many goroutines.
type Schema struct {
	compiled *jsonschema.Schema
	// shape is what says quickly that a document fits.
	shape func() *shape
}

func newSchema(compiled *jsonschema.Schema) *Schema {
	return &Schema{compiled, sync.OnceValue(func() *shape { return shaping{}.of(compiled) })}
}

// ErrUnknown is wrapped by the error for an event type and version that no
// schema is known of.
var ErrUnknown = errors.New("no schema")

// ErrNotJSON is wrapped by the error for a document that is not JSON.
var ErrNotJSON = errors.New("not JSON")

// Compile compiles a schema that does not refer to others. Every keyword is
// checked, and "format" is asserted. The error says what is wrong with it.
func Compile(name string, schema []byte) (*Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	c := compiler()
	if err := c.AddResource(base+"tasks/"+name, document); err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	compiled, err := c.Compile(base + "tasks/" + name)
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", name, err)
	}
	return newSchema(compiled), nil
}

// Validate lists every problem of a JSON document, sorted by path; none if it
// fits. A document that is not JSON is an error that wraps [ErrNotJSON].
func (s *Schema) Validate(document []byte) ([]Problem, error) {
	return s.validate(document, json.Valid(document))
}

func (s *Schema) validate(document []byte, isJSON bool) ([]Problem, error) {
	if isJSON && s.shape().fits(document) {
		return nil, nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		// The decoder's message may quote the document.
		return nil, ErrNotJSON
	}
	return problemsOf(s.compiled.Validate(value)), nil
}

// ValidateEvent validates the detail of an event. An unknown type or version is
// an error that wraps [ErrUnknown], a detail that is not JSON one that wraps
// [ErrNotJSON].
func ValidateEvent(kind string, version int, detail []byte) ([]Problem, error) {
	return validateEvent(kind, version, detail, json.Valid(detail))
}

// ValidateDecoded is ValidateEvent for a detail that encoding/json has decoded, so
// that nobody need ask again whether it is JSON.
func ValidateDecoded(kind string, version int, detail []byte) ([]Problem, error) {
	return validateEvent(kind, version, detail, true)
}

func validateEvent(kind string, version int, detail []byte, isJSON bool) ([]Problem, error) {
	s, known := embedded()[EventFile(kind, version)]
	if !known {
		return nil, fmt.Errorf("%w for %q version %d", ErrUnknown, kind, version)
	}
	return s().validate(detail, isJSON)
}

// PrepareEvent compiles the schema of an event version now and not when the first
// such event is validated, which takes some 5 ms more then: for a function that
// somebody waits for. Whoever starts it waits instead, and Lambda gives a function
// more of a processor for its start. An event that is unknown is not prepared.
func PrepareEvent(kind string, version int) {
	if s, known := embedded()[EventFile(kind, version)]; known {
		s()
	}
}

// ValidateChoreography validates choreography.json.
func ValidateChoreography(document []byte) ([]Problem, error) {
	return embedded()["choreography.json"]().Validate(document)
}

// EventFile is the name of the schema of an event version.
func EventFile(kind string, version int) string { return fmt.Sprintf("%s.v%d.json", kind, version) }

// EventFiles lists the names of all event schemas, sorted.
func EventFiles() []string {
	var names []string
	for name := range embedded() {
		if strings.Contains(name, ".v") && !strings.HasPrefix(name, "Envelope.") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// embedded are the embedded schemas, each compiled when it is first used: a
// function hears a few events, and compiling all of them would take most of its
// start. They are part of the program, so one that does not compile is a bug, and
// a test finds it.
var embedded = sync.OnceValue(func() map[string]func() *Schema {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		panic(err)
	}
	all := map[string]func() *Schema{}
	for _, name := range names {
		all[name] = sync.OnceValue(func() *Schema {
			c := compiler()
			c.UseLoader(open{})
			compiled, err := c.Compile(base + name)
			if err != nil {
				panic(err)
			}
			return newSchema(compiled)
		})
	}
	return all
})

// open lets the embedded schemas refer to each other.
type open struct{ closed }

func (o open) Load(url string) (any, error) {
	name, ours := strings.CutPrefix(url, base)
	if !ours {
		return o.closed.Load(url)
	}
	raw, err := files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(raw))
}

func compiler() *jsonschema.Compiler {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(closed{})
	return c
}

// closed keeps schemas from reaching outside: no file, no network.
type closed struct{}

func (closed) Load(url string) (any, error) {
	return nil, fmt.Errorf("a schema may not refer to %s", url)
}
