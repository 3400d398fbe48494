package eventbridge

import (
	"regexp"
	"strings"
)

var (
	busNames  = regexp.MustCompile(`^[/.\-_A-Za-z0-9]{1,256}$`)
	ruleNames = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)
)

func (s *State) arn(resource string) string {
	return "arn:aws:events:" + s.cfg.Region + ":" + s.cfg.Account + ":" + resource
}

func (s *State) busARN(name string) string { return s.arn("event-bus/" + name) }

func (s *State) ruleARN(bus, name string) string {
	if bus == defaultBus {
		return s.arn("rule/" + name)
	}
	return s.arn("rule/" + bus + "/" + name)
}

// busName reads a bus's name from a name, an ARN, or "" for the default bus.
func busName(nameOrARN string) string {
	if nameOrARN == "" {
		return defaultBus
	}
	if strings.HasPrefix(nameOrARN, "arn:") {
		if _, name, ok := strings.Cut(nameOrARN, ":event-bus/"); ok {
			return name
		}
	}
	return nameOrARN
}

// splitARN returns the service and the resource of an ARN.
func splitARN(arn string) (service, resource string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] == "" || parts[5] == "" {
		return "", "", false
	}
	return parts[2], parts[5], true
}

// Page limits of the List operations.
const defaultLimit, mostLimit = 100, 100

// page cuts a sorted list of names: those after the token, at most limit of
// them, and the token of the next page or "".
func page(names []string, token string, limit int) ([]string, string, error) {
	if limit == 0 {
		limit = defaultLimit
	}
	if limit < 1 || limit > mostLimit {
		return nil, "", invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: "+
			"Member must have value between 1 and %d", limit, mostLimit)
	}
	start := 0
	for start < len(names) && token != "" && names[start] <= token {
		start++
	}
	names = names[start:]
	if len(names) <= limit {
		return names, "", nil
	}
	return names[:limit], names[limit-1], nil
}
