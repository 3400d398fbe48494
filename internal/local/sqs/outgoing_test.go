package sqs

import "testing"

func TestContentsThatAMessageMayHave(t *testing.T) {
	for body, valid := range map[string]bool{
		"\t\n\r \x7f\u0080":      true,
		"Xin chào \U0001F600":    true,
		"\ufffd\uffee\U0001FFFE": true,
		"\xff\xef\xbf":           true, // no UTF-8: read as U+FFFD
		"\x00":                   false,
		"a\x1f":                  false,
		"a\ufffe":                false,
		"\uffffa":                false,
		"\xef\xef\xbf\xbe":       false,
	} {
		if validContents(body) != valid {
			t.Errorf("%q: valid is %t, want %t", body, !valid, valid)
		}
	}
}
