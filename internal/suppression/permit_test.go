package suppression

import (
	"slices"
	"strings"
	"testing"
)

func TestNobody(t *testing.T) {
	w := newWorld(t)
	w.suppress(Bounce, at)
	var domains Domains
	if err := domains.UnmarshalText([]byte(" Example.com ,")); err != nil {
		t.Fatal(err)
	}
	bounced, closed, none := Bounce.Words(), "this domain may not be mailed", "this is not an address"
	for name, c := range map[string]struct{ addresses, want []string }{
		"nobody":        {nil, nil},
		"one":           {[]string{canary}, []string{bounced}},
		"twice":         {[]string{canary, strings.ToUpper(canary), canary}, []string{bounced, bounced, bounced}},
		"one is free":   {[]string{canary, "b@example.com"}, nil},
		"other domain":  {[]string{"b@example.org", "b@sub.example.com"}, []string{closed, closed}},
		"mixed":         {[]string{"b@example.org", canary}, []string{closed, bounced}},
		"no addresses":  {[]string{"", "x", "a@b@example.com\n", "Ann <a@example.com>", strings.Repeat("a", 250) + "@example.com"}, slices.Repeat([]string{none}, 5)},
		"free and none": {[]string{"", "b@example.com"}, nil},
	} {
		got, err := Permit{w.List, domains}.Nobody(t.Context(), c.addresses...)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}
