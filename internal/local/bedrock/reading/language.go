package reading

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// languages holds the commonest words of the languages written in Latin and
// Cyrillic letters.
type languages struct {
	codes []string
	// words says, for a word, in which languages (indexes) it is common.
	words map[string][]int
	stop  map[string]map[string]bool
}

func newLanguages(file string) (*languages, error) {
	lists, err := parse(file)
	if err != nil {
		return nil, err
	}
	l := &languages{words: map[string][]int{}, stop: map[string]map[string]bool{}}
	index := map[string]int{}
	for _, list := range lists {
		i, known := index[list.name]
		if !known {
			i = len(l.codes)
			index[list.name] = i
			l.codes = append(l.codes, list.name)
			l.stop[list.name] = map[string]bool{}
		}
		for _, w := range list.phrases {
			if !l.stop[list.name][w] {
				l.stop[list.name][w] = true
				l.words[w] = append(l.words[w], i)
			}
		}
	}
	return l, nil
}

// detectWords is how many words the language is judged by.
const detectWords = 400

// detect is the language of a text as an ISO 639-1 code; "und" when the text
// has no letters.
func (l *languages) detect(text string, words []Word) string {
	if code := byScript(cut(text, 8<<10)); code != "" {
		return code
	}
	scores := make([]float64, len(l.codes))
	letters := 0
	for i, w := range words {
		if i == detectWords {
			break
		}
		if strings.Trim(w.Lower, "0123456789_") != "" {
			letters++
		}
		// A word common to many languages says less.
		in := l.words[w.Lower]
		for _, j := range in {
			scores[j] += 1 / float64(len(in))
		}
		if w.Lower != w.Stem && len(in) == 0 {
			scores[0] += 0.05 // an English ending, for texts without stop words
		}
	}
	marks(scores, l.codes, cut(text, 4<<10))
	best, at := 0.0, -1
	for j, s := range scores {
		if s > best {
			best, at = s, j
		}
	}
	switch {
	case at >= 0:
		return l.codes[at]
	case letters > 0:
		return "en"
	}
	return "und"
}

// byScript names the language where the script alone settles it, "" for Latin
// and plain Cyrillic, and for a text without letters.
func byScript(text string) string {
	var latin, han, kana, hangul, cyrillic, ukrainian, arabic, persian, thai, hebrew, greek, devanagari int
	for _, r := range text {
		switch {
		case r < 0x80:
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
				latin++
			}
		case r < 0x250 || r >= 0x1E00 && r < 0x1F00:
			if unicode.IsLetter(r) {
				latin++
			}
		case r >= 0x370 && r < 0x400:
			greek++
		case r >= 0x400 && r < 0x530:
			cyrillic++
			if strings.ContainsRune("іїєґІЇЄҐ", r) {
				ukrainian++
			}
		case r >= 0x590 && r < 0x600:
			hebrew++
		case r >= 0x600 && r < 0x700:
			arabic++
			if strings.ContainsRune("پچژگک", r) {
				persian++
			}
		case r >= 0x900 && r < 0x980:
			devanagari++
		case r >= 0xE00 && r < 0xE80:
			thai++
		case r >= 0x3040 && r < 0x3100:
			kana++
		case r >= 0x3400 && r < 0xA000:
			han++
		case r >= 0xAC00 && r < 0xD7B0:
			hangul++
		}
	}
	// One Chinese character says about as much as three letters.
	best, code := latin, ""
	for _, c := range []struct {
		n    int
		code string
	}{
		{3 * (han + kana), "zh"}, {2 * hangul, "ko"}, {cyrillic, "cyrillic"}, {arabic, "ar"},
		{thai, "th"}, {hebrew, "he"}, {greek, "el"}, {devanagari, "hi"},
	} {
		if c.n > best {
			best, code = c.n, c.code
		}
	}
	switch {
	case code == "zh" && kana*10 >= han:
		return "ja"
	case code == "ar" && persian*20 >= arabic:
		return "fa"
	case code == "cyrillic" && ukrainian*50 >= cyrillic && ukrainian > 0:
		return "uk"
	case code == "cyrillic":
		return "ru"
	}
	return code
}

// marks adds what letters of one language only say.
func marks(scores []float64, codes []string, text string) {
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		var code string
		weight := 0.5
		switch {
		case strings.ContainsRune("ơưđƠƯĐ", r), r >= 0x1EA0 && r <= 0x1EF9:
			code = "vi"
		case strings.ContainsRune("ßäöüÄÖÜ", r):
			code, weight = "de", 0.35
		case strings.ContainsRune("ñ¿¡Ñ", r):
			code, weight = "es", 1
		case strings.ContainsRune("ãõÃÕ", r):
			code = "pt"
		case strings.ContainsRune("çêèœ", r):
			code, weight = "fr", 0.25
		case strings.ContainsRune("ąęłżźśćńŁŻ", r):
			code = "pl"
		case strings.ContainsRune("ğışĞİŞ", r):
			code = "tr"
		case strings.ContainsRune("řůěŘ", r):
			code = "cs"
		case strings.ContainsRune("åÅ", r):
			code, weight = "sv", 0.3
		case strings.ContainsRune("æøÆØ", r):
			code, weight = "da", 0.4
		case strings.ContainsRune("țșăȚȘ", r):
			code, weight = "ro", 0.4
		case strings.ContainsRune("őűŐŰ", r):
			code = "hu"
		default:
			continue
		}
		for j, c := range codes {
			if c == code {
				scores[j] += weight
			}
		}
	}
}

// Stop says whether the word is too common in the language to mean anything.
func (l *languages) isStop(code, word string) bool {
	return l.stop[code][word] || l.stop["en"][word]
}
