package pattern

import "encoding/json"

// reserved names may not be field names inside "$or": AWS keeps them for its
// operators, present and future.
var reserved = []string{
	"exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric", "cidr",
	"=", "<", "<=", ">", ">=",
	"regex", "not-wildcard", "not-equals-ignore-case",
	"date-after", "date-on-or-after", "date-before", "date-on-or-before", "in-date-range",
	"ip-address-in-range", "ip-address-not-in-range",
}

// expression reads one operator object whose opening brace has been read, its
// closing brace included.
func (c *compiler) expression(cond *condition) error {
	tok, err := c.next()
	if err != nil {
		return err
	}
	name, ok := tok.(string)
	if !ok {
		return c.fail("Match expression name not found")
	}
	if name == "exists" {
		return c.exists(cond)
	}
	m, err := c.operator(name)
	if err != nil {
		return err
	}
	cond.matchers = append(cond.matchers, m)
	return nil
}

func (c *compiler) operator(name string) (matcher, error) {
	switch name {
	case "exactly":
		return c.textOperator("exact match pattern must be a string", exactText)
	case "prefix":
		return c.affix("prefix", "Prefix", hasPrefix, hasPrefixFold)
	case "suffix":
		return c.affix("suffix", "Suffix", hasSuffix, hasSuffixFold)
	case "equals-ignore-case":
		return c.textOperator("equals-ignore-case match pattern must be a string", equalFold)
	case "wildcard":
		return c.wildcard()
	case "cidr":
		return c.cidr()
	case "numeric":
		return c.numeric()
	case "anything-but":
		return c.anythingBut()
	}
	return nil, c.fail("Unrecognized match type %s", name)
}

// close reads the closing brace of an operator object.
func (c *compiler) close(otherwise string) error {
	tok, err := c.next()
	if err != nil {
		return err
	}
	if tok != json.Delim('}') {
		return c.fail("%s", otherwise)
	}
	return nil
}

const oneKey = "Only one key allowed in match expression"

// text reads a string, or fails with the sentence.
func (c *compiler) text(otherwise string) (string, error) {
	tok, err := c.next()
	if err != nil {
		return "", err
	}
	s, ok := tok.(string)
	if !ok {
		return "", c.fail("%s", otherwise)
	}
	return s, nil
}

func (c *compiler) textOperator(otherwise string, build func(string) matcher) (matcher, error) {
	s, err := c.text(otherwise)
	if err != nil {
		return nil, err
	}
	return build(s), c.close(oneKey)
}

func (c *compiler) exists(cond *condition) error {
	tok, err := c.next()
	if err != nil {
		return err
	}
	switch tok {
	case true:
		cond.matchers = append(cond.matchers, anything)
	case false:
		cond.absent = true
	default:
		return c.fail("exists match pattern must be either true or false.")
	}
	return c.close(oneKey)
}

// affix reads prefix or suffix: a string, or {"equals-ignore-case": string}.
func (c *compiler) affix(name, title string, exact, fold func(string) matcher) (matcher, error) {
	tok, err := c.next()
	if err != nil {
		return nil, err
	}
	if s, ok := tok.(string); ok {
		return exact(s), c.close(oneKey)
	}
	if tok != json.Delim('{') {
		return nil, c.fail("%s match pattern must be a string", name)
	}
	inner, err := c.text(title + " expression name not found")
	if err != nil {
		return nil, err
	}
	if inner != "equals-ignore-case" {
		return nil, c.fail("Unsupported %s pattern: %s", name, inner)
	}
	m, err := c.textOperator("equals-ignore-case match pattern must be a string", fold)
	if err != nil {
		return nil, err
	}
	return m, c.close(oneKey)
}

func (c *compiler) wildcard() (matcher, error) {
	s, err := c.text("wildcard match pattern must be a string")
	if err != nil {
		return nil, err
	}
	m, reason := wildcard(s)
	if reason != "" {
		return nil, c.fail("%s", reason)
	}
	return m, c.close(oneKey)
}

func (c *compiler) cidr() (matcher, error) {
	s, err := c.text("prefix match pattern must be a string")
	if err != nil {
		return nil, err
	}
	m, reason := cidr(s)
	if reason != "" {
		return nil, &Error{Reason: reason}
	}
	return m, c.close(oneKey)
}

// numeric reads ["=", n], one comparison, or a range of two.
func (c *compiler) numeric() (matcher, error) {
	tok, err := c.next()
	if err != nil {
		return nil, err
	}
	if tok != json.Delim('[') {
		return nil, c.fail("Value of numeric must be an array.")
	}
	m, err := c.comparisons()
	if err != nil {
		return nil, err
	}
	return m, c.close("Too many elements in numeric expression")
}

func (c *compiler) comparisons() (matcher, error) {
	tok, err := c.next()
	if err != nil {
		return nil, err
	}
	op, ok := tok.(string)
	if !ok {
		return nil, c.fail("Invalid member in numeric match: %v", tok)
	}
	switch op {
	case "=", "<", "<=", ">", ">=":
	default:
		return nil, c.fail("Unrecognized numeric range operator: %s", op)
	}
	title := op
	if op == "=" {
		title = "equals"
	}
	bound, err := c.number(title)
	if err != nil {
		return nil, err
	}
	if tok, err = c.next(); err != nil {
		return nil, err
	}
	if tok == json.Delim(']') {
		return compare(op, bound), nil
	}
	if op != ">" && op != ">=" {
		return nil, c.fail("Too many elements in numeric expression")
	}
	return c.upperBound(tok, op, bound)
}

// upperBound reads the second half of a range; tok is its operator.
func (c *compiler) upperBound(tok json.Token, lower string, bottom float64) (matcher, error) {
	upper, ok := tok.(string)
	if !ok {
		return nil, c.fail("Bad value in numeric range: %v", tok)
	}
	if upper != "<" && upper != "<=" {
		return nil, c.fail("Bad numeric range operator: %s", upper)
	}
	top, err := c.number(upper)
	if err != nil {
		return nil, err
	}
	if tok, err = c.next(); err != nil {
		return nil, err
	}
	if tok != json.Delim(']') {
		return nil, c.fail("Too many terms in numeric range expression")
	}
	if bottom >= top {
		return nil, c.fail("Bottom must be less than top")
	}
	above, below := compare(lower, bottom), compare(upper, top)
	return func(v any) bool { return above(v) && below(v) }, nil
}

func (c *compiler) number(operator string) (float64, error) {
	tok, err := c.next()
	if err != nil {
		return 0, err
	}
	n, ok := tok.(json.Number)
	if !ok {
		return 0, c.fail("Value of %s must be numeric", operator)
	}
	f, ok := comparable64(string(n))
	if !ok {
		return 0, c.fail("Cannot compare number : %s", n)
	}
	return f, nil
}
