package stepfunctions

import (
	"encoding/json"
	"fmt"
	"strings"
)

// checkTemplate tells what of a template could not be filled in.
func checkTemplate(raw json.RawMessage) error {
	if raw == nil {
		return nil
	}
	var template any
	if err := json.Unmarshal(raw, &template); err != nil {
		return err
	}
	return checkFields(template)
}

func checkFields(template any) error {
	switch t := template.(type) {
	case map[string]any:
		for name, value := range t {
			if err := checkField(name, value); err != nil {
				return err
			}
		}
	case []any:
		for _, value := range t {
			if err := checkFields(value); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkField(name string, value any) error {
	if !strings.HasSuffix(name, ".$") {
		return checkFields(value)
	}
	path, is := value.(string)
	if !is {
		return fmt.Errorf("%s: %v is not a path", name, value)
	}
	_, err := parsePath(path)
	return err
}

// fill is the template with what its paths lead to. The error names the path that
// leads nowhere. Without a template it is the data as they are.
func fill(raw json.RawMessage, s scope) (any, error) {
	if raw == nil {
		return s.data, nil
	}
	var template any
	if err := json.Unmarshal(raw, &template); err != nil {
		return nil, err
	}
	return fillIn(template, s)
}

func fillIn(template any, s scope) (any, error) {
	switch t := template.(type) {
	case map[string]any:
		filled := make(map[string]any, len(t))
		for name, value := range t {
			plain, isPath := strings.CutSuffix(name, ".$")
			var err error
			if isPath {
				filled[plain], err = follow(value.(string), s)
			} else {
				filled[name], err = fillIn(value, s)
			}
			if err != nil {
				return nil, err
			}
		}
		return filled, nil
	case []any:
		filled := make([]any, len(t))
		for i, value := range t {
			var err error
			if filled[i], err = fillIn(value, s); err != nil {
				return nil, err
			}
		}
		return filled, nil
	}
	return template, nil
}

// follow is what a path leads to.
func follow(path string, s scope) (any, error) {
	of, err := parsePath(path)
	if err != nil {
		return nil, err
	}
	value, found := of(s)
	if !found {
		return nil, fmt.Errorf("%s leads nowhere", path)
	}
	return value, nil
}
