package apigateway

import (
	"net/url"
	"strings"
)

// query is a query string by its names, decoded, values of one name joined with a
// comma. What cannot be decoded stays as it is; the raw string is in the event
// too.
func query(raw string) map[string]string {
	var all map[string]string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescaped(name), unescaped(value)
		if all == nil {
			all = map[string]string{}
		}
		if before, double := all[name]; double {
			value = before + "," + value
		}
		all[name] = value
	}
	return all
}

func unescaped(text string) string {
	decoded, err := url.QueryUnescape(text)
	if err != nil {
		return text
	}
	return decoded
}
