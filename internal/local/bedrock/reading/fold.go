package reading

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// lower gives the composed (NFC), lower-case form of a word, without a copy
// when it is that already.
func lower(word string) string {
	ascii, upper := true, false
	for i := 0; i < len(word); i++ {
		switch c := word[i]; {
		case c >= utf8.RuneSelf:
			ascii = false
		case c >= 'A' && c <= 'Z':
			upper = true
		}
	}
	if ascii && !upper {
		return word
	}
	if !ascii && !norm.NFC.IsNormalString(word) {
		word = norm.NFC.String(word)
	}
	return strings.ToLower(word)
}

// fold takes the accents off a lower-case word, as people type Vietnamese in a
// hurry: "không" → "khong", "đơn" → "don".
func fold(word string) string {
	ascii := true
	for i := 0; i < len(word) && ascii; i++ {
		ascii = word[i] < utf8.RuneSelf
	}
	if ascii {
		return word
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(word) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'đ':
			b.WriteByte('d')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// stem cuts the commonest English endings off a lower-case ASCII word, so that
// "charged", "charges" and "charging" meet. Other words stay as they are.
func stem(word string) string {
	if len(word) < 4 || word[len(word)-1] >= utf8.RuneSelf {
		return word
	}
	switch {
	case strings.HasSuffix(word, "'s"):
		word = word[:len(word)-2]
	case strings.HasSuffix(word, "ies") && len(word) > 4:
		word = word[:len(word)-3] + "y"
	case strings.HasSuffix(word, "sses"), strings.HasSuffix(word, "shes"),
		strings.HasSuffix(word, "ches"), strings.HasSuffix(word, "xes"):
		word = word[:len(word)-2]
	case strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss") && !strings.HasSuffix(word, "us") && !strings.HasSuffix(word, "is"):
		word = word[:len(word)-1]
	}
	switch {
	case strings.HasSuffix(word, "ing") && len(word) > 5:
		word = undouble(word[:len(word)-3])
	case strings.HasSuffix(word, "ed") && len(word) > 4 && !strings.HasSuffix(word, "eed"):
		word = undouble(word[:len(word)-2])
	}
	if strings.HasSuffix(word, "e") && len(word) > 4 {
		word = word[:len(word)-1]
	}
	return word
}

func undouble(word string) string {
	n := len(word)
	if n > 3 && word[n-1] == word[n-2] && strings.IndexByte("bdgmnprt", word[n-1]) >= 0 {
		return word[:n-1]
	}
	return word
}

// cut shortens s to at most n bytes at the start of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
