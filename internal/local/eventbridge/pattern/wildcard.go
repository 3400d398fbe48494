package pattern

import (
	"fmt"
	"strings"
)

// wildcard builds the matcher of a text in which "*" stands for any text, "\*"
// for an asterisk and "\\" for a backslash, or tells what is wrong with it.
// Places are counted from 0 with the opening quote, as AWS counts them.
func wildcard(s string) (m matcher, reason string) {
	parts := []string{}
	var part strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '*':
			if i+1 < len(s) && s[i+1] == '*' {
				return nil, fmt.Sprintf("Consecutive wildcard characters at pos %d", i+1)
			}
			parts = append(parts, part.String())
			part.Reset()
		case '\\':
			if i+1 >= len(s) || s[i+1] != '*' && s[i+1] != '\\' {
				return nil, fmt.Sprintf("Invalid escape character at pos %d", i+1)
			}
			i++
			part.WriteByte(s[i])
		default:
			part.WriteByte(s[i])
		}
	}
	parts = append(parts, part.String())
	return ofText(func(text string) bool { return inOrder(text, parts) }), ""
}

// inOrder tells whether the text begins with the first part, ends with the
// last, and has the others between them, in order and without overlap.
func inOrder(text string, parts []string) bool {
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return text == first
	}
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return true
}
