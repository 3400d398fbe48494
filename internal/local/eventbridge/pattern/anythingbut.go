package pattern

import "encoding/json"

// anythingBut reads what may not be: a value, a list of strings or of numbers,
// or one of four operators over a string or a list of strings. Its closing
// brace is read too.
func (c *compiler) anythingBut() (matcher, error) {
	tok, err := c.next()
	if err != nil {
		return nil, err
	}
	if tok == json.Delim('{') {
		m, err := c.anythingButOperator()
		if err != nil {
			return nil, err
		}
		return m, c.close("Too many elements in numeric expression")
	}
	var excluded []matcher
	switch v := tok.(type) {
	case string:
		excluded = []matcher{exactly(v)}
	case json.Number:
		m, err := c.excludedNumber(v)
		if err != nil {
			return nil, err
		}
		excluded = []matcher{m}
	case json.Delim:
		if excluded, err = c.anythingButList(); err != nil {
			return nil, err
		}
	default:
		return nil, c.fail("Value of anything-but must be an array or single string/number value.")
	}
	return none(excluded), c.close("Too many elements in numeric expression")
}

// anythingButList reads a list whose bracket has been read: all strings or all
// numbers.
func (c *compiler) anythingButList() ([]matcher, error) {
	var excluded []matcher
	var texts, numbers bool
	for {
		tok, err := c.next()
		if err != nil {
			return nil, err
		}
		switch v := tok.(type) {
		case string:
			texts = true
			excluded = append(excluded, exactly(v))
		case json.Number:
			numbers = true
			m, err := c.excludedNumber(v)
			if err != nil {
				return nil, err
			}
			excluded = append(excluded, m)
		default:
			if tok != json.Delim(']') {
				return nil, c.fail("Inside anything but list, start|null|boolean is not supported.")
			}
			if texts == numbers {
				return nil, c.fail("Inside anything but list, either all values are number or string, mixed type is not supported")
			}
			return excluded, nil
		}
	}
}

func (c *compiler) excludedNumber(n json.Number) (matcher, error) {
	f, ok := comparable64(string(n))
	if !ok {
		return nil, c.fail("Cannot compare number : %s", n)
	}
	return compare("=", f), nil
}

// anythingButOperator reads the inner object, its closing brace included.
func (c *compiler) anythingButOperator() (matcher, error) {
	name, err := c.text("Anything-But expression name not found")
	if err != nil {
		return nil, err
	}
	otherwise := "prefix/suffix match pattern must be a string"
	switch name {
	case "prefix", "suffix":
	case "equals-ignore-case":
		otherwise = "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
	case "wildcard":
		otherwise = "wildcard match pattern must be a string"
	default:
		return nil, c.fail("Unsupported anything-but pattern: %s", name)
	}
	tok, err := c.next()
	if err != nil {
		return nil, err
	}
	var excluded []matcher
	switch v := tok.(type) {
	case string:
		m, err := c.excludedText(name, v)
		if err != nil {
			return nil, err
		}
		excluded = append(excluded, m)
	case json.Number:
		return nil, c.fail("%s", otherwise)
	default:
		if tok != json.Delim('[') {
			return nil, c.fail("Value of anything-but must be an array or single string/number value.")
		}
		if excluded, err = c.excludedTexts(name, otherwise); err != nil {
			return nil, err
		}
	}
	return none(excluded), c.close("Too many elements in numeric expression")
}

func (c *compiler) excludedTexts(operator, otherwise string) ([]matcher, error) {
	var excluded []matcher
	for {
		tok, err := c.next()
		if err != nil {
			return nil, err
		}
		if tok == json.Delim(']') {
			return excluded, nil
		}
		s, ok := tok.(string)
		if !ok {
			return nil, c.fail("%s", otherwise)
		}
		m, err := c.excludedText(operator, s)
		if err != nil {
			return nil, err
		}
		excluded = append(excluded, m)
	}
}

func (c *compiler) excludedText(operator, s string) (matcher, error) {
	switch operator {
	case "equals-ignore-case":
		return equalFold(s), nil
	case "wildcard":
		m, reason := wildcard(s)
		if reason != "" {
			return nil, c.fail("%s", reason)
		}
		return m, nil
	}
	if s == "" {
		return nil, c.fail("Null prefix/suffix not allowed")
	}
	if operator == "prefix" {
		return hasPrefix(s), nil
	}
	return hasSuffix(s), nil
}

// none matches every value that no excluded matcher takes.
func none(excluded []matcher) matcher {
	return func(v any) bool {
		for _, m := range excluded {
			if m(v) {
				return false
			}
		}
		return true
	}
}
