package quota

import (
	"regexp"
	"strconv"
	"strings"
)

var claudeVersion = regexp.MustCompile(`claude-(?:[a-z]+-)?(\d{1,2})(?:-(\d{1,2}))?(?:[^0-9]|$)`)

// Burn is how many tokens of quota one output token of the model costs, by its
// id (or an inference profile's): Claude up to 4.7 five, Claude 4.8 fifteen,
// Claude 5 ten, all others one.
func Burn(model string) float64 {
	model = strings.ToLower(model)
	if !strings.Contains(model, "claude") {
		return 1
	}
	m := claudeVersion.FindStringSubmatch(model)
	if m == nil {
		return 5
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	switch {
	case major >= 5:
		return 10
	case major == 4 && minor >= 8:
		return 15
	}
	return 5
}
