package pattern

import (
	"fmt"
	"strings"
)

// Error tells why a pattern was refused. It is never retryable: the pattern
// has to change.
type Error struct {
	// Reason is the sentence that AWS puts after "Reason: ", with the source
	// and the place in it where there is one.
	Reason string
}

// Error is the whole message of InvalidEventPatternException.
func (e *Error) Error() string {
	return "Event pattern is not valid. Reason: " + e.Reason
}

// sourceShown is how many characters of a pattern an error message quotes.
const sourceShown = 500

// at adds the place of an error, 1-based, to its reason.
func at(reason, src string, offset int) *Error {
	offset = max(0, min(offset, len(src)))
	before := src[:offset]
	line := strings.Count(before, "\n") + 1
	column := offset - strings.LastIndexByte(before, '\n')
	shown := src
	if len(shown) > sourceShown {
		shown = fmt.Sprintf("%s\"[truncated %d chars]", shown[:sourceShown], len(src)-sourceShown)
	} else {
		shown += `"`
	}
	return &Error{Reason: fmt.Sprintf("%s\n at [Source: (String)\"%s; line: %d, column: %d]", reason, shown, line, column)}
}
