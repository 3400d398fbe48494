package model

import (
	"fmt"
	"sync"

	"sluice/internal/local/bedrock/reading"
)

// ID names the model in every answer.
const ID = "sluice.local-statistical-v1"

// How many compiled schemas and labels are kept; a pipeline uses one schema and
// one set of labels for each of its tasks.
const (
	schemaCache = 256
	labelCache  = 4096
)

// Model answers prompts. It may be used by many goroutines.
type Model struct {
	reader *reading.Reader
	vocab  *vocabulary

	mu      sync.Mutex
	schemas map[string]*node
	labels  map[labelOption]*reading.Label
}

// New builds the model from its built-in lists; an error means that one of
// them is damaged.
func New() (*Model, error) {
	reader, err := reading.New()
	if err != nil {
		return nil, fmt.Errorf("local model: %w", err)
	}
	return &Model{reader: reader, vocab: newVocabulary(reader), schemas: map[string]*node{}, labels: map[labelOption]*reading.Label{}}, nil
}

// Prompt is what a caller asks.
type Prompt struct {
	// User is the text blocks of the last user message, in order.
	User []string
	// Schema is the JSON Schema of the answer; empty asks for plain text.
	Schema string
}

// Answer answers a prompt: JSON that fits the schema, or plain text without
// one. The error is a *SchemaError when the schema cannot be filled.
func (m *Model) Answer(p Prompt) (string, error) {
	input := findInput(p.User)
	if p.Schema == "" {
		return m.plain(input), nil
	}
	root, err := m.compiled(p.Schema)
	if err != nil {
		return "", err
	}
	out, err := m.fillRoot(root, input)
	if err != nil {
		return "", err
	}
	return string(out), nil
}

// Check tells whether the model can fill a schema; see [Model.Answer].
func (m *Model) Check(schema string) error {
	_, err := m.compiled(schema)
	return err
}

func (m *Model) compiled(schema string) (*node, error) {
	m.mu.Lock()
	root := m.schemas[schema]
	m.mu.Unlock()
	if root != nil {
		return root, nil
	}
	root, err := m.compile(schema)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.schemas) >= schemaCache {
		clear(m.schemas)
	}
	m.schemas[schema] = root
	return root, nil
}

// label prepares a label of the parameters, which come again with every call.
func (m *Model) label(o labelOption) *reading.Label {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.labels[o]
	if l == nil {
		if len(m.labels) >= labelCache {
			clear(m.labels)
		}
		l = m.reader.Label(o.name, o.description)
		m.labels[o] = l
	}
	return l
}
