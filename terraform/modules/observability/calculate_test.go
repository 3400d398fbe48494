package observability

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

// calculate is metric math for one period: numbers, metrics, + - * /,
// comparisons, IF and FILL. What is divided by zero, or has a part that is not
// there, is not there.
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html)
func calculate(expression string, parts map[string]float64) float64 {
	c := &calculation{rest: expression, parts: parts}
	value := c.comparison()
	if c.space(); c.rest != "" {
		panic("metric math: " + c.rest + " is not understood")
	}
	return value
}

type calculation struct {
	rest  string
	parts map[string]float64
}

func (c *calculation) space() { c.rest = strings.TrimLeft(c.rest, " ") }

// takes takes the first of the texts that is next.
func (c *calculation) takes(texts ...string) string {
	c.space()
	for _, text := range texts {
		if rest, is := strings.CutPrefix(c.rest, text); is {
			c.rest = rest
			return text
		}
	}
	return ""
}

func (c *calculation) must(text string) {
	if c.takes(text) == "" {
		panic("metric math: " + text + " is missing before " + c.rest)
	}
}

func (c *calculation) comparison() float64 {
	left := c.sum()
	sign := c.takes(">=", "<=", "==", ">", "<")
	if sign == "" {
		return left
	}
	right := c.sum()
	is := map[string]bool{">=": left >= right, "<=": left <= right, "==": left == right, ">": left > right, "<": left < right}[sign]
	switch {
	case math.IsNaN(left) || math.IsNaN(right):
		return none
	case is:
		return 1
	}
	return 0
}

func (c *calculation) sum() float64 {
	value := c.product()
	for {
		switch c.takes("+", "-") {
		case "+":
			value += c.product()
		case "-":
			value -= c.product()
		default:
			return value
		}
	}
}

func (c *calculation) product() float64 {
	value := c.operand()
	for {
		switch c.takes("*", "/") {
		case "*":
			value *= c.operand()
		case "/":
			if by := c.operand(); by == 0 {
				value = none
			} else {
				value /= by
			}
		default:
			return value
		}
	}
}

func (c *calculation) operand() float64 {
	if c.takes("(") != "" {
		value := c.comparison()
		c.must(")")
		return value
	}
	end := strings.IndexFunc(c.rest+" ", func(r rune) bool {
		return !(r == '_' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	})
	word := c.rest[:end]
	c.rest = c.rest[end:]
	if n, err := strconv.ParseFloat(word, 64); err == nil {
		return n
	}
	switch word {
	case "IF":
		return c.choice()
	case "FILL":
		c.must("(")
		value := c.comparison()
		c.must(",")
		otherwise := c.comparison()
		c.must(")")
		if math.IsNaN(value) {
			return otherwise
		}
		return value
	}
	value, known := c.parts[word]
	if !known {
		panic("metric math: there is no metric " + word)
	}
	return value
}

func (c *calculation) choice() float64 {
	c.must("(")
	condition := c.comparison()
	c.must(",")
	then := c.comparison()
	c.must(",")
	otherwise := c.comparison()
	c.must(")")
	switch {
	case math.IsNaN(condition):
		return none
	case condition != 0:
		return then
	}
	return otherwise
}

func TestMetricMath(t *testing.T) {
	parts := map[string]float64{"a": 8, "b": 0, "c": none}
	for expression, want := range map[string]float64{
		"a": 8, "a + 2 * a - 4 / 2": 22, "(a + 2) * 2": 20, "a / b": none, "c + 1": none, "FILL(c, 3) + 1": 4, "FILL(a, 3)": 8,
		"IF(a >= 8, 1, 2)": 1, "IF(a > 8, 1, 2)": 2, "IF(b > 0, a / b, 100)": 100, "IF(c > 0, 1, 2)": none, "a == 8": 1, "a <= 7": 0, "a < 9": 1,
	} {
		if got := calculate(expression, parts); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%s = %v, want %v", expression, got, want)
		}
	}
}
