package reading

import (
	"fmt"
	"math"
	"sort"
	"strings"
)

// sentimentLimit is how many bytes of a text the feeling is taken from.
const sentimentLimit = 16 << 10

// Sentiment is what a text feels.
type Sentiment struct {
	// Score runs from -1 (very negative) to 1 (very positive).
	Score float64
	// Mixed says that strong praise and strong blame stand side by side.
	Mixed bool
}

// Label is positive, negative, neutral or mixed.
func (s Sentiment) Label() string {
	switch {
	case s.Mixed && math.Abs(s.Score) < 0.3:
		return "mixed"
	case s.Score >= 0.15:
		return "positive"
	case s.Score <= -0.15:
		return "negative"
	}
	return "neutral"
}

// polarity is the word list of one language.
type polarity struct {
	words *phrases
	// parts are strings looked for inside the text, for scripts without spaces
	// and for emoji, in a fixed order.
	parts []part
}

type part struct {
	text    string
	valence float64
}

// What a phrase does, as its value's id.
const (
	feels = iota
	negates
	strengthens
	turns // "but": what follows weighs more
	skips // a phrase without feeling that holds a word with one
)

func newPolarity(file string, english map[string]float64) (map[string]*polarity, error) {
	lists, err := parse(file)
	if err != nil {
		return nil, err
	}
	all := map[string]*polarity{}
	for _, l := range lists {
		p := all[l.name]
		if p == nil {
			p = &polarity{words: newPhrases()}
			all[l.name] = p
		}
		role, valence := feels, 0.0
		switch l.extra {
		case "not":
			role = negates
		case "very":
			role = strengthens
		case "but":
			role = turns
		case "skip":
			role = skips
		default:
			if valence, err = l.number(0); err != nil {
				return nil, err
			}
			if valence == 0 {
				return nil, fmt.Errorf("reading: word list %q has no valence", l.name)
			}
		}
		for _, phrase := range l.phrases {
			switch {
			case l.name == "en" && role == skips:
				delete(english, phrase)
			case l.name == "en" && !strings.Contains(phrase, " "):
				english[phrase] = valence
			case role == feels && (l.name == "any" || l.name == "zh" || l.name == "ja" || l.name == "ko"):
				p.parts = append(p.parts, part{phrase, valence})
			default:
				p.words.add(phrase, value{role, valence})
			}
		}
	}
	for _, p := range all {
		sort.Slice(p.parts, func(i, j int) bool {
			if len(p.parts[i].text) != len(p.parts[j].text) {
				return len(p.parts[i].text) > len(p.parts[j].text)
			}
			return p.parts[i].text < p.parts[j].text
		})
	}
	return all, nil
}

// Sentiment is the feeling of the whole text.
func (t *Text) Sentiment() Sentiment {
	if t.sentiment == nil {
		text, words := t.Read, t.Words()
		if len(text) > sentimentLimit {
			text = cut(text, sentimentLimit)
			words = split(text)
		}
		if plain := t.withoutCourtesy(text); len(plain) < len(text) {
			text, words = plain, split(plain)
		}
		s := t.reader.feel(text, words, t.Language())
		t.sentiment = &s
	}
	return *t.sentiment
}

// withoutCourtesy leaves greetings and thanks in advance out of a text of
// several sentences: politeness is no feeling.
func (t *Text) withoutCourtesy(text string) string {
	spans := t.Sentences()
	var kept []string
	for _, s := range spans {
		if s.End > len(text) {
			break
		}
		if sentence := text[s.Start:s.End]; !greeting(sentence) {
			kept = append(kept, sentence)
		}
	}
	if len(kept) == 0 || len(kept) == len(spans) {
		return text
	}
	return strings.Join(kept, "\n")
}

// feel scores a piece of text, with its words, in a language.
func (r *Reader) feel(text string, words []Word, language string) Sentiment {
	if language == "en" || language == "und" {
		return r.feelEnglish(text, words)
	}
	positive, negative := partsOf(r.polarity["any"], text)
	if p := r.polarity[language]; p != nil {
		up, down := partsOf(p, text)
		moreUp, moreDown := p.sum(text, words)
		positive, negative = positive+up+moreUp, negative+down+moreDown
	}
	for _, smile := range []string{":)", ":-)", ":D", "=))", ";)", "^^", "<3"} {
		positive += 1.5 * float64(min(2, strings.Count(text, smile)))
	}
	for _, frown := range []string{":(", ":-(", ":'(", "=(("} {
		negative += 1.5 * float64(min(2, strings.Count(text, frown)))
	}
	sum := positive - negative
	if marks := min(4, strings.Count(text, "!")); marks > 0 && sum != 0 {
		sum += math.Copysign(0.29*float64(marks), sum)
	}
	return Sentiment{Score: sum / math.Sqrt(sum*sum+15), Mixed: positive >= 2 && negative >= 2}
}

func (r *Reader) feelEnglish(text string, words []Word) Sentiment {
	// VADER splits at spaces only.
	scores := r.english.PolarityScores(strings.Join(strings.Fields(text), " "))
	up, down := r.polarity["en"].sum(text, words)
	score := scores.Compound
	if extra := up - down; extra != 0 {
		// Undo VADER's squeeze, add, squeeze again.
		raw := score * math.Sqrt(15/math.Max(1e-6, 1-score*score))
		raw += extra
		score = raw / math.Sqrt(raw*raw+15)
	}
	if math.IsNaN(score) {
		score = 0
	}
	return Sentiment{Score: score, Mixed: scores.Positive >= 0.15 && scores.Negative >= 0.15}
}

// partsOf sums the parts that a text contains; each counts twice at most.
func partsOf(p *polarity, text string) (positive, negative float64) {
	ascii := true
	for i := 0; i < len(text) && ascii; i++ {
		ascii = text[i] < 0x80
	}
	if p == nil || ascii {
		return 0, 0
	}
	for _, q := range p.parts {
		n := strings.Count(text, q.text)
		if n == 0 {
			continue
		}
		// The longer part has said it: 不满意 is not 满意 too.
		text = strings.ReplaceAll(text, q.text, " ")
		if v := q.valence * float64(min(n, 2)); v > 0 {
			positive += v
		} else {
			negative -= v
		}
	}
	return positive, negative
}

// sum adds the valences of the words, as VADER does: a negation within the
// three words before turns one round, but not beyond a comma or stop, a booster
// strengthens it, and what comes after a "but" weighs more.
func (p *polarity) sum(text string, words []Word) (positive, negative float64) {
	lastNot, lastVery := -9, -9
	for i := 0; i < len(words); {
		if i > 0 && strings.ContainsAny(text[words[i-1].End:words[i].Start], ",.;!?\n") {
			lastNot, lastVery = -9, -9
		}
		n, values := p.words.longest(words, i)
		if n == 0 {
			i++
			continue
		}
		for _, v := range values {
			switch v.id {
			case negates:
				lastNot = i
			case strengthens:
				lastVery = i
			case turns:
				positive, negative = positive*0.5, negative*0.5
				lastNot = -9
			case feels:
				w := v.weight
				if i-lastVery <= 2 {
					w *= 1.25
				}
				if i-lastNot <= 3 && lastNot < i {
					w *= -0.74
				}
				if w > 0 {
					positive += w
				} else {
					negative -= w
				}
			}
		}
		i += n
	}
	return positive, negative
}
