package pacing

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestQuotas(t *testing.T) {
	good := map[string]Quotas{
		"":                       {},
		" , ":                    {},
		"a=100":                  {"a": {100, 0}},
		"a=100/5, arn:x=y=7,*=1": {"a": {100, 5}, "arn:x=y": {7, 0}, "*": {1, 0}},
	}
	for text, want := range good {
		var q Quotas
		if err := q.UnmarshalText([]byte(text)); err != nil || cmp.Diff(want, q) != "" {
			t.Errorf("%q: %v, %v", text, q, err)
		}
	}
	for _, text := range []string{"a", "=1", "a=", "a=0", "a=-1", "a=x", "a=1/0", "a=1/", "a=1,a=2", "a=1.5"} {
		var q Quotas
		if err := q.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: %v", text, q)
		}
	}
	q := Quotas{"a": {100, 5}, "*": {10, 0}}
	if q.Of("a") != (Quota{100, 5}) || q.Of("b") != (Quota{10, 0}) || (Quotas{}).Of("a") != (Quota{}) {
		t.Error("a model has another's quota")
	}
}

func TestShare(t *testing.T) {
	for text, want := range map[string]Share{"1": 1, "0.2": 0.2, "1e-3": 0.001} {
		var s Share
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "0", "-0.1", "1.01", "NaN", "Inf", "x"} {
		var s Share
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: %v", text, s)
		}
	}
	for _, test := range []struct {
		share Share
		whole Quota
		want  Quota
	}{{1, Quota{100, 5}, Quota{100, 5}}, {0.2, Quota{100, 5}, Quota{20, 1}}, {0.2, Quota{1, 0}, Quota{1, 0}}, {0.5, Quota{}, Quota{}}} {
		if got := test.share.Of(test.whole); got != test.want {
			t.Errorf("%v of %v: %v, want %v", test.share, test.whole, got, test.want)
		}
	}
}
