package reading

import (
	"math"
	"strings"
	"unicode/utf8"
)

// Label is something a text can be likened to; make it once with
// [Reader.Label]. It may be used by many goroutines.
type Label struct {
	// Name is the label as given.
	Name string

	words    []string // stems of the label's own words
	describe []string // stems of the words of its description
	concepts []value  // concepts that the label names, strongest first
	fallback bool     // "other", "none": what is left over
}

// Label prepares a label, with a description that may be empty.
func (r *Reader) Label(name, description string) *Label {
	l := &Label{Name: name}
	weights := map[int]float64{}
	words := split(spaced(name))
	for i, w := range words {
		switch w.Lower {
		case "other", "others", "none", "neutral", "unknown", "general", "misc", "miscellaneous", "n", "a", "khác", "chung", "sonstiges", "autre", "otro", "altro":
			l.fallback = l.fallback || len(words) <= 2
		}
		if !r.languages.isStop("vi", w.Lower) && utf8.RuneCountInString(w.Lower) > 1 {
			l.words = append(l.words, w.Stem)
		}
		n, values := r.concepts.phrases.longest(words, i)
		for _, v := range values {
			weights[v.id] = math.Max(weights[v.id], v.weight*float64(n)/2)
		}
	}
	for _, w := range words {
		if id, ok := r.concepts.ids[w.Lower]; ok {
			weights[id] = 3
		} else if id, ok := r.concepts.ids[w.Stem]; ok {
			weights[id] = 3
		}
	}
	most := 0.0
	for _, w := range weights {
		most = math.Max(most, w)
	}
	for id := range len(r.concepts.ids) {
		if w := weights[id]; w > 0 && w >= most*0.6 {
			l.concepts = append(l.concepts, value{id, math.Min(1, w/2)})
		}
	}
	r.describe(l, description)
	return l
}

// describe adds the words of a description, and the concepts it speaks of at a
// lower weight.
func (r *Reader) describe(l *Label, description string) {
	if description == "" {
		return
	}
	words := split(cut(description, 2000))
	for _, w := range words {
		if !r.languages.isStop("vi", w.Lower) && len(w.Stem) > 2 {
			l.describe = append(l.describe, w.Stem)
		}
	}
	sums := r.concepts.weigh(words)
	for id, s := range sums {
		if s >= 1 && !l.names(id) {
			l.concepts = append(l.concepts, value{id, 0.15 * math.Min(s, 3)})
		}
	}
}

func (l *Label) names(id int) bool {
	for _, v := range l.concepts {
		if v.id == id {
			return true
		}
	}
	return false
}

// spaced parts feature_request, feature-request and featureRequest into words.
func spaced(name string) string {
	var b strings.Builder
	last := ' '
	for _, r := range name {
		switch {
		case r == '_' || r == '-' || r == '/' || r == '.' || r == '&':
			b.WriteByte(' ')
		case last >= 'a' && last <= 'z' && r >= 'A' && r <= 'Z':
			b.WriteByte(' ')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
		last = r
	}
	return b.String()
}

// Likeness is how much the text is like a label, from 0 up; 2 is one clear sign.
func (t *Text) Likeness(l *Label) float64 {
	score := 0.0
	sums := t.conceptSums()
	for _, v := range l.concepts {
		// A second phrase adds, a tenth hardly: long texts touch on everything.
		score += v.weight * 2 * math.Log2(1+sums[v.id]/2)
	}
	counts := t.stemCounts()
	for _, w := range l.words {
		if n := counts[w]; n > 0 {
			score += (2 + math.Log2(float64(n))) / float64(len(l.words))
		} else {
			score += t.nearly(w) / float64(len(l.words))
		}
	}
	hits := 0.0
	for _, w := range l.describe {
		if counts[w] > 0 {
			hits++
		}
	}
	if len(l.describe) > 0 {
		score += 2 * hits / math.Sqrt(float64(len(l.describe)))
	}
	if l.fallback {
		score = math.Max(score, 0.45)
	}
	return score
}

// nearlyWords is how many words of a text are looked at for likeness of spelling.
const nearlyWords = 600

// nearly looks for a word spelt much like the stem, by the share of three-letter
// pieces in common (Dice); up to 1, or 0.
func (t *Text) nearly(stem string) float64 {
	if len(stem) < 5 {
		return 0
	}
	best := 0.0
	for i, w := range t.Words() {
		if i == nearlyWords {
			break
		}
		if len(w.Stem) < 4 || len(w.Stem) > 40 || w.Stem[:3] != stem[:3] {
			continue
		}
		best = math.Max(best, dice(stem, w.Stem))
	}
	if best < 0.5 {
		return 0
	}
	return best
}

func dice(a, b string) float64 {
	common := 0
	for i := 0; i+3 <= len(a); i++ {
		if strings.Contains(b, a[i:i+3]) {
			common++
		}
	}
	return 2 * float64(common) / float64(len(a)+len(b)-4)
}

// Choice is a label chosen for a text.
type Choice struct {
	// Index is the label's place in the list that was given.
	Index int
	// Confidence runs from 0 to 1; it is a heuristic, not a probability.
	Confidence float64
	// Score is the likeness, from 0 up.
	Score float64
}

// Choose picks the most alike label; of none is alike, a left-over one such as
// "other", else the first. There must be a label.
func (t *Text) Choose(labels []*Label) Choice {
	best, second, at := -1.0, -1.0, 0
	for i, l := range labels {
		s := t.Likeness(l)
		if s > best {
			best, second, at = s, best, i
		} else if s > second {
			second = s
		}
	}
	second = math.Max(second, 0)
	c := Choice{Index: at, Score: best, Confidence: 0.3}
	if best > 0.45 {
		c.Confidence = math.Min(0.97, 0.4+0.55*(best-second)/(best+0.5)+0.03*math.Min(best, 4))
	}
	return c
}

// ChooseAll picks every label that the text is clearly like, best first given
// order; the single best one at least.
func (t *Text) ChooseAll(labels []*Label) []int {
	best := 0.0
	scores := make([]float64, len(labels))
	for i, l := range labels {
		scores[i] = t.Likeness(l)
		best = math.Max(best, scores[i])
	}
	var chosen []int
	for i, s := range scores {
		if s >= 1 && s >= best*0.6 && !labels[i].fallback {
			chosen = append(chosen, i)
		}
	}
	if chosen == nil && len(labels) > 0 {
		chosen = []int{t.Choose(labels).Index}
	}
	return chosen
}
