package reading

import (
	"math"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limit bounds a summary; 0 leaves a bound to the default.
type Limit struct {
	// Characters is the most Unicode characters; default 240.
	Characters int
	// Sentences is the most sentences; default 2.
	Sentences int
	// Words is the most words; default none.
	Words int
}

// Summary is the best run of neighbouring sentences: a part of the source,
// byte for byte, on one line. It is empty only if the text is blank or no
// character is allowed.
func (t *Text) Summary(limit Limit) string {
	if limit.Sentences <= 0 {
		limit.Sentences = 2
	}
	if limit.Characters <= 0 {
		limit.Characters = 240
	}
	s, known := t.summaries[limit]
	if !known {
		if t.summaries == nil {
			t.summaries = map[Limit]string{}
		}
		s = t.summarize(limit)
		t.summaries[limit] = s
	}
	return s
}

func (t *Text) summarize(limit Limit) string {
	spans, scores := t.Sentences(), t.sentenceScores()
	if len(spans) == 0 {
		return ""
	}
	best, at, to := math.Inf(-1), 0, 0
	for i := range spans {
		score := 0.0
		for j := i; j < len(spans) && j < i+min(limit.Sentences, 6); j++ {
			if j > i && strings.Trim(t.Read[spans[j-1].End:spans[j].Start], " ") != "" {
				break // another line
			}
			whole := Span{spans[i].Start, spans[j].End}
			if j > i && !within(t.Slice(whole), limit) {
				break
			}
			score += scores[j]
			// More sentences must earn their place.
			if s := score / math.Sqrt(float64(j-i+1)); s > best {
				best, at, to = s, i, j
			}
		}
	}
	return shorten(t.Slice(Span{spans[at].Start, spans[to].End}), limit)
}

func within(s string, limit Limit) bool {
	if len(s) > limit.Characters && utf8.RuneCountInString(s) > limit.Characters {
		return false
	}
	return limit.Words <= 0 || len(strings.Fields(s)) <= limit.Words
}

// shorten cuts at the end of a word, without an ellipsis: what is left is still
// a part of the source.
func shorten(s string, limit Limit) string {
	if limit.Words > 0 {
		s = FirstWords(s, limit.Words)
	}
	return Clip(s, limit.Characters)
}

// FirstWords is the beginning of s that has at most n words.
func FirstWords(s string, n int) string {
	inside, count := false, 0
	for i, r := range s {
		if unicode.IsSpace(r) {
			inside = false
			continue
		}
		if !inside {
			if count == n {
				return strings.TrimRightFunc(s[:i], unicode.IsSpace)
			}
			inside, count = true, count+1
		}
	}
	return s
}

// Clip cuts a string to at most n characters, at the end of a word if one ends
// in its last half.
func Clip(s string, n int) string {
	if n <= 0 {
		return ""
	}
	if len(s) <= n {
		return s
	}
	count, end := 0, len(s)
	for i := range s {
		if count == n {
			end = i
			break
		}
		count++
	}
	if end == len(s) {
		return s
	}
	if next, _ := utf8.DecodeRuneInString(s[end:]); !unicode.IsSpace(next) {
		if space := strings.LastIndexAny(s[:end], " \t\n"); space > end/2 {
			end = space
		}
	}
	return strings.TrimRightFunc(s[:end], func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == ';' || r == ':' })
}

// sentenceScores weighs each sentence: what it says for its length, early ones
// more, greetings and signatures hardly.
func (t *Text) sentenceScores() []float64 {
	spans, words, weights := t.Sentences(), t.Words(), t.wordWeights()
	sums, counts := make([]float64, len(spans)), make([]int, len(spans))
	for i, w := range words {
		sums[w.Sentence] += weights[i]
		counts[w.Sentence]++
	}
	for i, s := range spans {
		if counts[i] > 0 {
			sums[i] /= math.Sqrt(float64(counts[i]) + 3)
		}
		sums[i] *= (1 + 0.4/float64(i+1)) * math.Min(1, 0.4+float64(counts[i])/10)
		text := t.Slice(s)
		if strings.IndexByte(text, '@') >= 0 {
			sums[i] *= 0.5 // an address, rather than a statement
		}
		switch {
		case counts[i] <= 3 && len(spans) > 1, greeting(text):
			sums[i] *= 0.2
		case isQuestion(text):
			sums[i] *= 1.1
		}
	}
	return sums
}

var greetings = []string{
	"hi ", "hi,", "hello", "dear ", "good morning", "good afternoon", "regards", "best regards", "kind regards", "sincerely", "thanks,", "thank you.", "thanks.", "thank you!", "thanks!", "cheers",
	"xin chào", "chào ", "kính gửi", "trân trọng", "cảm ơn.", "cảm ơn!", "xin cảm ơn", "dạ ", "thân mến",
	"hallo", "guten tag", "sehr geehrte", "mit freundlichen", "viele grüße", "bonjour", "cordialement", "hola", "saludos", "olá", "atenciosamente", "buongiorno", "cordiali saluti", "met vriendelijke",
}

func greeting(sentence string) bool {
	if utf8.RuneCountInString(sentence) > 45 {
		return false
	}
	low := strings.ToLower(sentence)
	for _, g := range greetings {
		if strings.HasPrefix(low, g) || low+" " == g {
			return true
		}
	}
	return false
}

// KeySentences are up to n weighty sentences in the order of the text, each a
// part of the source.
func (t *Text) KeySentences(n int) []string {
	spans, scores := t.Sentences(), t.sentenceScores()
	order := make([]int, len(spans))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(i, j int) bool { return scores[order[i]] > scores[order[j]] })
	if len(order) > n {
		order = order[:n]
	}
	sort.Ints(order)
	out := make([]string, 0, len(order))
	for _, i := range order {
		out = append(out, t.Slice(spans[i]))
	}
	return out
}

// Evidence is the sentence that a label or a tone is best seen in; label may
// be nil for the tone.
func (t *Text) Evidence(label *Label) string {
	s, known := t.evidence[label]
	if !known {
		if t.evidence == nil {
			t.evidence = map[*Label]string{}
		}
		s = t.findEvidence(label)
		t.evidence[label] = s
	}
	return s
}

func (t *Text) findEvidence(label *Label) string {
	best, at := 0.0, -1
	for i, s := range t.Sentences() {
		if i == 60 {
			break
		}
		piece := t.reader.Read(cut(t.Slice(s), 2<<10))
		piece.language = t.Language()
		score := math.Abs(piece.Sentiment().Score)
		if label != nil {
			score = piece.Likeness(label)
		}
		if score > best+1e-9 {
			best, at = score, i
		}
	}
	if at < 0 {
		return t.Summary(Limit{Sentences: 1})
	}
	return t.Slice(t.Sentences()[at])
}

// Title is a short heading taken from the best sentence's beginning, without
// its final stop.
func (t *Text) Title(characters int) string {
	if characters <= 0 {
		characters = 70
	}
	s := Clip(t.Summary(Limit{Characters: 300, Sentences: 1}), characters)
	return strings.TrimRight(s, ".!。, ")
}
