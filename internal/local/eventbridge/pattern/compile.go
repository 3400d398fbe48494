package pattern

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxBranches bounds what "$or" may multiply a pattern into, as AWS does.
const maxBranches = 1000

// Pattern is a compiled event pattern. The zero value matches nothing.
type Pattern struct {
	branches []*step
}

// condition is what one field of a branch has to meet: any of the matchers,
// or to be absent.
type condition struct {
	path     []string
	matchers []matcher
	absent   bool
}

// branch is one way to match: all of its conditions.
type branch []condition

// Compile reads a pattern. The error is always an *Error.
func Compile(src string) (*Pattern, error) {
	c := newCompiler(src)
	branches, err := c.pattern()
	if err != nil {
		var known *Error
		if errors.As(err, &known) {
			return nil, known
		}
		return nil, at(jsonReason(err), src, int(c.dec.InputOffset()))
	}
	p := &Pattern{branches: make([]*step, 0, len(branches))}
	for _, b := range branches {
		p.branches = append(p.branches, tree(b))
	}
	return p, nil
}

func jsonReason(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "Unexpected end-of-input"
	}
	return err.Error()
}

// compiler reads the tokens of one pattern, left to right.
type compiler struct {
	src string
	dec *json.Decoder
	// place is where AWS's parser stands after the newest token.
	place int
}

func newCompiler(src string) *compiler {
	dec := json.NewDecoder(strings.NewReader(src))
	dec.UseNumber()
	return &compiler{src: src, dec: dec}
}

// next returns the next token: json.Delim, string, json.Number, bool or nil.
func (c *compiler) next() (json.Token, error) {
	before := int(c.dec.InputOffset())
	tok, err := c.dec.Token()
	if err != nil {
		return nil, err
	}
	c.place = int(c.dec.InputOffset())
	if _, isText := tok.(string); isText {
		// A text is only read when its value is asked for, so the place is
		// just behind its opening quote.
		if open := strings.IndexByte(c.src[min(before, len(c.src)):], '"'); open >= 0 {
			c.place = before + open + 1
		}
	}
	return tok, nil
}

// fail is an error at the place of the newest token.
func (c *compiler) fail(format string, args ...any) error {
	return at(fmt.Sprintf(format, args...), c.src, c.place)
}

func (c *compiler) pattern() ([]branch, error) {
	tok, err := c.next()
	if err != nil {
		return nil, err
	}
	if tok != json.Delim('{') {
		return nil, c.fail("Filter is not an object")
	}
	branches, err := c.object(nil, nil, false)
	if err != nil {
		return nil, err
	}
	if _, err := c.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, c.fail("Unexpected characters after the event pattern")
	}
	return branches, nil
}

// object reads the fields of an object whose opening brace has been read, and
// adds them to every branch.
func (c *compiler) object(branches []branch, path []string, insideOr bool) ([]branch, error) {
	for fields := 0; ; fields++ {
		tok, err := c.next()
		if err != nil {
			return nil, err
		}
		if tok == json.Delim('}') {
			if fields == 0 {
				return nil, c.fail("Empty objects are not allowed")
			}
			return branches, nil
		}
		name, _ := tok.(string)
		if branches, err = c.field(branches, path, name, insideOr); err != nil {
			return nil, err
		}
	}
}

func (c *compiler) field(branches []branch, path []string, name string, insideOr bool) ([]branch, error) {
	if name == "$or" {
		return c.or(branches, path)
	}
	if insideOr && slices.Contains(reserved, name) {
		return nil, c.fail("%s is Ruler reserved fieldName which cannot be used inside $or.", name)
	}
	tok, err := c.next()
	if err != nil {
		return nil, err
	}
	inner := append(slices.Clone(path), name)
	switch tok {
	case json.Delim('{'):
		return c.object(branches, inner, insideOr)
	case json.Delim('['):
		cond, err := c.values(inner)
		if err != nil {
			return nil, err
		}
		return withCondition(branches, cond), nil
	}
	return nil, c.fail("%q must be an object or an array", name)
}

// or reads the alternatives of "$or": each is added to a copy of the branches.
func (c *compiler) or(branches []branch, path []string) ([]branch, error) {
	tok, err := c.next()
	if err != nil {
		return nil, err
	}
	if tok != json.Delim('[') {
		return nil, c.fail("It must be an Array followed with $or.")
	}
	if len(branches) == 0 {
		branches = []branch{nil}
	}
	var all []branch
	for alternatives := 0; ; alternatives++ {
		if tok, err = c.next(); err != nil {
			return nil, err
		}
		if tok == json.Delim(']') {
			if alternatives < 2 {
				return nil, c.fail("There must have at least 2 Objects in $or relationship.")
			}
			return all, nil
		}
		if tok != json.Delim('{') {
			return nil, c.fail("Only JSON object is allowed in array of $or relationship.")
		}
		copies := make([]branch, len(branches))
		for i, b := range branches {
			copies[i] = slices.Clone(b)
		}
		grown, err := c.object(copies, path, true)
		if err != nil {
			return nil, err
		}
		if all = append(all, grown...); len(all) > maxBranches {
			return nil, c.fail("The event pattern has more than %d combinations of $or", maxBranches)
		}
	}
}

// values reads the accepted values of a field whose opening bracket has been
// read.
func (c *compiler) values(path []string) (condition, error) {
	cond := condition{path: path}
	for {
		tok, err := c.next()
		if err != nil {
			return cond, err
		}
		switch v := tok.(type) {
		case json.Delim:
			switch v {
			case ']':
				if len(cond.matchers) == 0 && !cond.absent {
					return cond, c.fail("Empty arrays are not allowed")
				}
				return cond, nil
			case '{':
				if err := c.expression(&cond); err != nil {
					return cond, err
				}
			default:
				return cond, c.fail("Match value must be String, number, true, false, or null")
			}
		case string:
			cond.matchers = append(cond.matchers, exactText(v))
		case json.Number:
			cond.matchers = append(cond.matchers, exactNumber(v))
		default: // true, false, null
			cond.matchers = append(cond.matchers, exactly(v))
		}
	}
}

// withCondition adds a condition to every branch; a later condition on the
// same field takes the place of an earlier one, as in AWS's compiler.
func withCondition(branches []branch, cond condition) []branch {
	if len(branches) == 0 {
		branches = []branch{nil}
	}
	for i, b := range branches {
		same := func(other condition) bool { return slices.Equal(other.path, cond.path) }
		if at := slices.IndexFunc(b, same); at >= 0 {
			b = slices.Clone(b)
			b[at] = cond
			branches[i] = b
			continue
		}
		branches[i] = append(b, cond)
	}
	return branches
}
