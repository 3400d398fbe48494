package reading

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Word is one word of a text; a Chinese, Japanese or Thai character counts as
// a word of its own, a run of katakana or Hangul as one.
type Word struct {
	// Start and End are byte offsets into the text.
	Start, End int
	// Lower is the word composed and in lower case.
	Lower string
	// Stem is Lower without English endings; it equals Lower elsewhere.
	Stem string
	// Sentence is the index of the sentence that it stands in.
	Sentence int
	// Capital says that the word begins with an upper-case letter.
	Capital bool
	// Single says that the word is one character of a script without spaces.
	Single bool
}

type class uint8

const (
	other class = iota
	letter
	single
	joiner // inside a word only: don't, e-mail
)

func classOf(r rune) class {
	switch {
	case r < utf8.RuneSelf:
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			return letter
		case r == '\'' || r == '-':
			return joiner
		}
		return other
	case r < 0x0E00:
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) {
			return letter
		}
		return other
	case r == '’':
		return joiner
	case r >= 0x0E00 && r < 0x0E80, // Thai
		r >= 0x3040 && r <= 0x309F,                             // hiragana
		r >= 0x3400 && r <= 0x9FFF, r >= 0xF900 && r <= 0xFAFF, // Han
		r >= 0x20000 && r <= 0x3FFFF, r >= 0x0E80 && r <= 0x0EFF: // Han, Lao
		return single
	case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsDigit(r):
		return letter
	}
	return other
}

// split finds the words of a text, in order.
func split(text string) []Word {
	words := make([]Word, 0, len(text)/5+1)
	add := func(start, end int, one bool) {
		w := Word{Start: start, End: end, Single: one, Lower: lower(text[start:end])}
		w.Stem = w.Lower
		if !one {
			if strings.IndexByte(w.Lower, 0xE2) >= 0 {
				w.Lower = strings.ReplaceAll(w.Lower, "’", "'")
			}
			w.Stem = stem(w.Lower)
			first, _ := utf8.DecodeRuneInString(text[start:])
			w.Capital = unicode.IsUpper(first)
		}
		words = append(words, w)
	}
	start := -1
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		c := classOf(r)
		if c == joiner {
			c = other
			if start >= 0 && i+size < len(text) {
				if next, _ := utf8.DecodeRuneInString(text[i+size:]); classOf(next) == letter {
					c = letter
				}
			}
		}
		if c == letter && start < 0 {
			start = i
		}
		if c != letter && start >= 0 {
			add(start, i, false)
			start = -1
		}
		if c == single {
			add(i, i+size, true)
		}
		i += size
	}
	if start >= 0 {
		add(start, len(text), false)
	}
	return words
}

// Span is a part of a text by byte offsets.
type Span struct{ Start, End int }

// sentences cuts a text at ends of lines and at stops that are followed by
// white space; abbreviations and numbers do not end a sentence.
func sentences(text string) []Span {
	var spans []Span
	start := 0
	end := func(i int) {
		s := Span{start, i}
		for s.Start < s.End {
			r, size := utf8.DecodeRuneInString(text[s.Start:s.End])
			if !unicode.IsSpace(r) {
				break
			}
			s.Start += size
		}
		for s.Start < s.End {
			r, size := utf8.DecodeLastRuneInString(text[s.Start:s.End])
			if !unicode.IsSpace(r) {
				break
			}
			s.End -= size
		}
		if s.Start < s.End {
			spans = append(spans, s)
		}
		start = i
	}
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		i += size
		switch r {
		case '\n', '\r', '\u2028', '\u2029', '。', '！', '？', '।', '۔':
			end(i)
		case '.', '!', '?', '…', '؟':
			if stopEnds(text, start, i) {
				for i < len(text) && strings.IndexByte(`.!?"')]`, text[i]) >= 0 {
					i++
				}
				end(i)
			}
		}
	}
	end(len(text))
	return spans
}

// stopEnds says whether the stop that ends at i ends the sentence that began
// at start.
func stopEnds(text string, start, i int) bool {
	after := i
	for after < len(text) && after < i+8 && strings.IndexByte(`.!?"')]`, text[after]) >= 0 {
		after++
	}
	if after < len(text) {
		if next, _ := utf8.DecodeRuneInString(text[after:]); !unicode.IsSpace(next) {
			return false
		}
	}
	if text[i-1] != '.' {
		return true
	}
	from := max(start, i-12)
	word := text[from : i-1]
	if at := strings.LastIndexAny(word, " \t\n("); at >= 0 {
		word = word[at+1:]
	} else if from > start {
		return true
	}
	if len(word) == 1 && word[0] >= 'A' && word[0] <= 'Z' {
		return false
	}
	if word != "" && len(strings.TrimSpace(text[start:i])) <= 4 && strings.Trim(word, "0123456789") == "" {
		return false // "1." before the item of a list
	}
	switch strings.ToLower(word) {
	case "mr", "mrs", "ms", "dr", "prof", "st", "no", "e.g", "i.e", "eg", "ie", "vs", "approx", "inc", "ltd", "tp", "ths", "ts", "bs", "z.b", "bzw", "nr", "sr", "sra", "m", "mme":
		return false
	}
	return true
}
