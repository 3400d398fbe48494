package reading

import "math"

// concepts is the list of what texts are about.
type concepts struct {
	ids     map[string]int
	phrases *phrases
}

func newConcepts(file string) (*concepts, error) {
	lists, err := parse(file)
	if err != nil {
		return nil, err
	}
	c := &concepts{ids: map[string]int{}, phrases: newPhrases()}
	for _, l := range lists {
		weight, err := l.number(0.7)
		if err != nil {
			return nil, err
		}
		id, known := c.ids[l.name]
		if !known {
			id = len(c.ids)
			c.ids[l.name] = id
		}
		for _, phrase := range l.phrases {
			c.phrases.add(phrase, value{id, weight})
		}
	}
	return c, nil
}

// weigh sums, concept by concept, the phrases found among the words. A phrase
// that is said again adds less each time.
func (c *concepts) weigh(words []Word) []float64 {
	sums := make([]float64, len(c.ids))
	seen := map[*value]int{}
	for i := 0; i < len(words); {
		n, values := c.phrases.longest(words, i)
		if n == 0 {
			i++
			continue
		}
		first := &values[0]
		seen[first]++
		if times := seen[first]; times <= 4 {
			for _, v := range values {
				sums[v.id] += v.weight / float64(times)
			}
		}
		i += n
	}
	return sums
}

// Concept is how much the text is about a concept of the built-in list, such as
// "billing" or "urgent": 0 is not at all, 2 is one clear phrase.
func (t *Text) Concept(name string) float64 {
	id, known := t.reader.concepts.ids[name]
	if !known {
		return 0
	}
	return t.conceptSums()[id]
}

func (t *Text) conceptSums() []float64 {
	if t.concepts != nil {
		return t.concepts
	}
	c := t.reader.concepts
	t.concepts = c.weigh(t.Words())
	// Blame and praise are also told by the tone.
	tone := t.Sentiment().Score
	t.concepts[c.ids["complaint"]] += 1.3 * math.Max(0, -tone-0.2)
	t.concepts[c.ids["praise"]] += 2.5 * math.Max(0, tone-0.2)
	if tone < 0 {
		t.concepts[c.ids["praise"]] *= math.Max(0, 1+1.5*tone)
	}
	if questions := len(t.Questions()); questions > 0 {
		t.concepts[c.ids["question"]] += 0.5
	}
	return t.concepts
}

// Questions are the sentences that end with a question mark.
func (t *Text) Questions() []Span {
	var found []Span
	for _, s := range t.Sentences() {
		if isQuestion(t.Slice(s)) {
			found = append(found, s)
		}
	}
	return found
}

func isQuestion(sentence string) bool {
	for i := len(sentence); i > 0 && i > len(sentence)-6; {
		r, size := lastRune(sentence[:i])
		switch r {
		case '?', '？', '؟':
			return true
		case '"', '\'', ')', '”', '!', '.', ' ', '»':
			i -= size
			continue
		}
		return false
	}
	return false
}

// Urgency runs from 0 (no hurry) to 1 (now).
func (t *Text) Urgency() float64 {
	u := t.Concept("urgent") * 0.3
	if t.Upper() > 0.6 {
		u += 0.2
	}
	marks := 0
	for _, c := range []byte(cut(t.Read, 4<<10)) {
		if c == '!' {
			marks++
		}
	}
	u += 0.05 * float64(min(4, marks))
	if u > 0 || t.Sentiment().Score < -0.5 {
		u += 0.2 * math.Max(0, -t.Sentiment().Score)
	}
	return math.Min(1, u)
}

// WantsReply says whether somebody waits for an answer to the text: it asks,
// requests or complains, and does not merely thank.
func (t *Text) WantsReply() bool {
	switch {
	case len(t.Questions()) > 0, t.Concept("reply") >= 2, t.Concept("question") >= 2:
		return true
	case t.Sentiment().Score > 0.3:
		return false
	}
	return t.Sentiment().Score < -0.3 || t.Concept("complaint") >= 1 || t.Concept("refund") >= 1 || t.Concept("bug") >= 1 ||
		t.Concept("technical") >= 2 || t.Concept("urgent") >= 1 || t.Concept("cancellation") >= 1
}
