package reading

import (
	"math"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

func lastRune(s string) (rune, int) { return utf8.DecodeLastRuneInString(s) }

type keyword struct {
	text   string
	key    string
	score  float64
	first  int
	length int
}

// keywordLimit is how many keywords are ever ranked.
const keywordLimit = 100

// Keywords are the n weightiest words and word pairs, in lower case, best
// first: frequent, long, early and capitalised ones weigh more, as rare words
// would in a collection (tf-idf without the collection).
func (t *Text) Keywords(n int) []string {
	if t.keywords == nil {
		t.keywords = t.rank()
	}
	var out []string
	for _, k := range t.keywords {
		if len(out) == n {
			break
		}
		out = append(out, k.text)
	}
	return out
}

// wordWeights is, word by word, how much it says.
func (t *Text) wordWeights() []float64 {
	if t.weights != nil {
		return t.weights
	}
	words, code, counts := t.Words(), t.Language(), t.stemCounts()
	t.weights = make([]float64, len(words))
	for i, w := range words {
		t.weights[i] = t.weight(w, code, counts[w.Stem])
	}
	return t.weights
}

func (t *Text) weight(w Word, code string, count int) float64 {
	if w.Single {
		if unicode.Is(unicode.Han, firstRune(w.Lower)) {
			return 1
		}
		return 0.1
	}
	length := utf8.RuneCountInString(w.Lower)
	if length < 2 || length > 40 || t.reader.languages.isStop(code, w.Lower) || strings.Trim(w.Lower, "0123456789.,-_'") == "" {
		return 0
	}
	rarity := math.Min(float64(length), 10) / 6
	if w.Capital {
		rarity *= 1.15
	}
	return (1 + math.Log(float64(count))) * rarity
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

func (t *Text) rank() []keyword {
	words, weights := t.Words(), t.wordWeights()
	code := t.Language()
	syllables := code == "vi" // a Vietnamese word is often two syllables
	best := map[string]*keyword{}
	add := func(key, text string, score float64, at, length int) {
		if k := best[key]; k != nil {
			k.score += score * 0.3
			return
		}
		early := 1 + 0.3*math.Max(0, 1-float64(at)/200)
		best[key] = &keyword{text: text, key: key, score: score * early, first: at, length: length}
	}
	for i, w := range words {
		if weights[i] == 0 {
			continue
		}
		if n, _ := t.reader.concepts.phrases.longest(words, i); syllables && n > 1 && n < 5 {
			// A listed phrase is surely a word.
			text := lower(t.Read[w.Start:words[i+n-1].End])
			add(text, text, 2.5*weights[i], i, n)
		}
		pair := i+1 < len(words) && weights[i+1] > 0 && words[i+1].Sentence == w.Sentence && t.adjacent(w, words[i+1])
		switch {
		case w.Single:
			if pair && weights[i+1] >= 1 && weights[i] >= 1 {
				add(w.Lower+words[i+1].Lower, w.Lower+words[i+1].Lower, 1.2, i, 2)
			}
			continue
		case pair && syllables:
			add(w.Lower+" "+words[i+1].Lower, w.Lower+" "+words[i+1].Lower, 0.8*(weights[i]+weights[i+1]), i, 2)
		case pair && (w.Capital && words[i+1].Capital || t.stems[words[i+1].Stem] > 1 && t.stems[w.Stem] > 1):
			add(w.Stem+" "+words[i+1].Stem, w.Lower+" "+words[i+1].Lower, 0.6*(weights[i]+weights[i+1]), i, 2)
		}
		if !syllables || len(w.Lower) > 6 {
			add(w.Stem, w.Lower, weights[i], i, 1)
		}
	}
	return distinct(best)
}

func (t *Text) adjacent(a, b Word) bool {
	return a.End == b.Start || t.Read[a.End:b.Start] == " "
}

// distinct sorts keywords and drops those whose words a better one has.
func distinct(best map[string]*keyword) []keyword {
	all := make([]keyword, 0, len(best))
	for _, k := range best {
		all = append(all, *k)
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].score != all[j].score {
			return all[i].score > all[j].score
		}
		if all[i].first != all[j].first {
			return all[i].first < all[j].first
		}
		return all[i].text < all[j].text
	})
	kept := make([]keyword, 0, min(len(all), keywordLimit))
	taken := map[string]bool{}
	for _, k := range all {
		if len(kept) == keywordLimit {
			break
		}
		parts := strings.Fields(k.key)
		if len(parts) == 1 && k.length == 2 {
			parts = strings.Split(k.key, "") // a pair of Chinese characters
		}
		clash := false
		for _, p := range parts {
			clash = clash || taken[p]
		}
		if clash {
			continue
		}
		for _, p := range parts {
			taken[p] = true
		}
		kept = append(kept, k)
	}
	return kept
}
