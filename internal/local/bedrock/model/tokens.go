package model

import "unicode/utf8"

// Tokens estimates how many tokens a text has. It is a fixed rule and no
// tokenizer: about four characters a token for English with its spaces, one
// per Chinese or Japanese character, two to three characters elsewhere.
//
//   - a run of letters costs a fifth of its weight, rounded up: an ASCII letter
//     weighs 1, another letter 2, a Thai or Indian one 3;
//   - a run of digits costs a third of its length, rounded up;
//   - a Chinese, Japanese or Korean character costs 1, an emoji 2;
//   - other signs cost 1 each, but a run of the same sign a quarter of its length;
//   - a single space is free, a longer run of white space costs a sixteenth of
//     its length, rounded up.
func Tokens(s string) int {
	n := 0
	eachToken(s, func(_, tokens int) bool { n += tokens; return true })
	return n
}

// CutTokens is the longest beginning of s, by whole runs, that has at most n
// tokens.
func CutTokens(s string, n int) string {
	end := 0
	eachToken(s, func(to, tokens int) bool {
		if n -= tokens; n < 0 {
			return false
		}
		end = to
		return true
	})
	return s[:end]
}

type runClass uint8

const (
	signRun runClass = iota
	letterRun
	digitRun
	spaceRun
	loneRun // costs by itself
)

// weigh is a character's class, and its weight in a run or its own cost.
func weigh(r rune) (runClass, int) {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		return letterRun, 1
	case r >= '0' && r <= '9':
		return digitRun, 1
	case r == ' ' || r == '\n' || r == '\t' || r == '\r':
		return spaceRun, 1
	case r < 0x80:
		return signRun, 1
	case r < 0xC0, r >= 0x2000 && r < 0x2C00, r >= 0x3000 && r < 0x3040, r == utf8.RuneError:
		return signRun, 1
	case r >= 0x900 && r < 0x1100:
		return letterRun, 3
	case r < 0x2000, r >= 0xFB50 && r < 0xFE00:
		return letterRun, 2
	case r >= 0x1F000 && r < 0x20000:
		return loneRun, 2
	}
	return loneRun, 1
}

// runLimit cuts endless runs, so that they can be cut at max_tokens too.
const runLimit = 64

// eachToken calls fn with the end of each run and its cost until it says false.
func eachToken(s string, fn func(end, tokens int) bool) {
	for i := 0; i < len(s); {
		first, size := decode(s, i)
		class, weight := weigh(first)
		start, length := i, 1
		i += size
		if class != loneRun {
			for i < len(s) && length < runLimit {
				r, size := decode(s, i)
				c, w := weigh(r)
				if c != class || class == signRun && r != first {
					break
				}
				weight, length, i = weight+w, length+1, i+size
			}
		}
		if !fn(i, cost(class, weight, length, s[start])) {
			return
		}
	}
}

func cost(class runClass, weight, length int, first byte) int {
	switch class {
	case letterRun:
		return (weight + 4) / 5
	case digitRun:
		return (length + 2) / 3
	case spaceRun:
		if length == 1 && first == ' ' {
			return 0
		}
		return (length + 15) / 16
	case signRun:
		return (length + 3) / 4
	}
	return weight
}

func decode(s string, i int) (rune, int) {
	if s[i] < utf8.RuneSelf {
		return rune(s[i]), 1
	}
	return utf8.DecodeRuneInString(s[i:])
}
