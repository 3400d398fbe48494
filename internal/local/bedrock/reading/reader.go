package reading

import (
	_ "embed"
	"fmt"
	"unicode"

	"github.com/jonreiter/govader"
)

// ReadLimit is how many bytes of a text are read for what they say.
const ReadLimit = 64 << 10

//go:embed lexicon/languages.txt
var languagesFile string

//go:embed lexicon/polarity.txt
var polarityFile string

//go:embed lexicon/concepts.txt
var conceptsFile string

//go:embed lexicon/names.txt
var namesFile string

// Reader holds the word lists. It may be used by many goroutines.
type Reader struct {
	languages *languages
	english   *govader.SentimentIntensityAnalyzer
	polarity  map[string]*polarity
	concepts  *concepts
	names     *names
}

// New reads the built-in word lists; an error means that one is damaged.
func New() (*Reader, error) {
	r := &Reader{english: govader.NewSentimentIntensityAnalyzer()}
	var err error
	if r.languages, err = newLanguages(languagesFile); err != nil {
		return nil, fmt.Errorf("languages: %w", err)
	}
	if r.polarity, err = newPolarity(polarityFile, r.english.Lexicon); err != nil {
		return nil, fmt.Errorf("polarity: %w", err)
	}
	if r.concepts, err = newConcepts(conceptsFile); err != nil {
		return nil, fmt.Errorf("concepts: %w", err)
	}
	if r.names, err = newNames(namesFile); err != nil {
		return nil, fmt.Errorf("names: %w", err)
	}
	return r, nil
}

// Text is one text as it is being read. It serves one goroutine.
type Text struct {
	// Source is the whole text, as given.
	Source string
	// Read is the part that is read: the first ReadLimit bytes of Source.
	Read string

	reader    *Reader
	words     []Word
	spans     []Span
	split     bool
	language  string
	sentiment *Sentiment
	concepts  []float64
	keywords  []keyword
	entities  []Entity
	found     bool
	stems     map[string]int
	weights   []float64
	summaries map[Limit]string
	evidence  map[*Label]string
}

// Read begins to read a text.
func (r *Reader) Read(text string) *Text {
	return &Text{Source: text, Read: cut(text, ReadLimit), reader: r}
}

// Words are the words of the part that is read.
func (t *Text) Words() []Word {
	t.divide()
	return t.words
}

// Sentences are the sentences of the part that is read; titles and lines count
// as sentences.
func (t *Text) Sentences() []Span {
	t.divide()
	return t.spans
}

// Slice is the source of a span.
func (t *Text) Slice(s Span) string { return t.Read[s.Start:s.End] }

func (t *Text) divide() {
	if t.split {
		return
	}
	t.split = true
	t.words = split(t.Read)
	t.spans = sentences(t.Read)
	s := 0
	for i := range t.words {
		for s < len(t.spans)-1 && t.words[i].Start >= t.spans[s].End {
			s++
		}
		t.words[i].Sentence = s
	}
}

// Language is the ISO 639-1 code of the text's language, "und" for a text
// without letters.
func (t *Text) Language() string {
	if t.language == "" {
		t.language = t.reader.languages.detect(t.Read, t.Words())
	}
	return t.language
}

// stemCounts says how often each stem occurs.
func (t *Text) stemCounts() map[string]int {
	if t.stems == nil {
		words := t.Words()
		t.stems = make(map[string]int, len(words))
		for i := range words {
			t.stems[words[i].Stem]++
		}
	}
	return t.stems
}

// WordCount counts the words of the whole source, by the rule of [Word].
func (t *Text) WordCount() int {
	n, inside := 0, false
	for _, r := range t.Source {
		switch classOf(r) {
		case single:
			n, inside = n+1, false
		case letter:
			if !inside {
				n, inside = n+1, true
			}
		case joiner:
		default:
			inside = false
		}
	}
	return n
}

// Upper is the share of capitals among the letters that have a case, for
// texts of at least 12 such letters; else 0.
func (t *Text) Upper() float64 {
	upper, cased := 0, 0
	for _, r := range cut(t.Read, 4<<10) {
		switch {
		case unicode.IsUpper(r):
			upper, cased = upper+1, cased+1
		case unicode.IsLower(r):
			cased++
		}
	}
	if cased < 12 {
		return 0
	}
	return float64(upper) / float64(cased)
}
