package model

import (
	"crypto/sha256"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"sluice/internal/local/bedrock/reading"
	"sluice/internal/local/service"
)

// fillString appends a string for a node.
func (c *source) fillString(n *node, out []byte, must bool) ([]byte, bool, error) {
	if len(n.options) > 0 {
		return appendRaw(out, n.options[c.pick(n)].raw), true, nil
	}
	s, found := c.stringFor(n)
	if n.format != "" {
		s, found = c.formatted(n, s, found)
	}
	if !found && !must {
		return out, false, nil
	}
	s, err := c.fitString(n, s)
	if err != nil {
		return nil, false, err
	}
	return appendString(out, s), true, nil
}

// pick is the index of the allowed value that the text calls for.
func (c *source) pick(n *node) int {
	if c.entity != nil {
		if i, ok := c.kindOption(n); ok {
			return i
		}
	}
	switch n.scale.of {
	case sentiment:
		return c.pickTone(n)
	case urgency:
		return n.scale.nearest(c.level(n))
	case language:
		code := c.text.Language()
		for i, option := range n.scale.codes {
			if option == code {
				return i
			}
		}
	case replyNeeded:
		want := c.isTrue(n)
		for i, o := range n.options {
			if low := strings.ToLower(o.text); want && (low == "yes" || low == "true") || !want && (low == "no" || low == "false") {
				return i
			}
		}
	}
	if n.kind != stringKind {
		return 0
	}
	return c.choose(c.described(n)).Index
}

func (c *source) pickTone(n *node) int {
	feeling := c.text.Sentiment()
	if feeling.Label() == "mixed" {
		for i := range n.options {
			if math.IsNaN(n.scale.at[i]) {
				return i
			}
		}
	}
	place := 0.0
	switch feeling.Label() {
	case "positive":
		place = math.Max(0.3, feeling.Score)
	case "negative":
		place = math.Min(-0.3, feeling.Score)
	}
	// Without fine steps the nearest of -0.5, 0, 0.5 decides.
	return n.scale.nearest(place)
}

// level is how high the text stands on a scale of levels, from 0 to 1.
func (c *source) level(n *node) float64 {
	switch {
	case n.means == confidence || n.has("confidence"):
		return c.certainty()
	case n.has("complexity", "length", "difficulty"):
		return math.Min(1, float64(c.text.WordCount())/300)
	case n.has("risk", "churn", "frustration", "anger"):
		return math.Max(0, -c.text.Sentiment().Score)
	}
	u := c.text.Urgency()
	if u < 0.15 {
		return 0.15 + u + 0.2*math.Max(0, -c.text.Sentiment().Score)
	}
	return math.Min(1, 0.35+u*0.75)
}

// kindOption is the option that names the kind of the entity at hand.
func (c *source) kindOption(n *node) (int, bool) {
	want := c.entity.Kind
	for i, o := range n.options {
		for _, k := range c.model.vocab.kinds[c.model.vocab.words[strings.ToLower(o.text)]] {
			if k == want || want == reading.Name && k == reading.Product {
				return i, true
			}
		}
	}
	for i, o := range n.options {
		switch strings.ToLower(o.text) {
		case "other", "misc", "unknown", "name":
			return i, true
		}
	}
	return 0, false
}

// stringFor decides what a string says; found is false when the text holds
// nothing of the kind.
func (c *source) stringFor(n *node) (s string, found bool) {
	means := n.means
	if c.field != "" && n.has("value", "text", "answer", "content") {
		means = c.model.vocab.purpose(&node{words: nameWords(c.field)})
		n = &node{words: nameWords(c.field), means: means, maxLength: n.maxLength, limit: n.limit}
		if v, ok := c.labelled(c.field); ok {
			return v, true
		}
	} else if c.field != "" {
		return c.field, true
	}
	if c.entity != nil {
		switch {
		case n.has("type", "kind", "label", "category", "class"):
			return string(c.entity.Kind), true
		case means != reason && means != summary && means != quote && means != language:
			return c.entity.Text, true
		}
	}
	if kinds := c.model.vocab.kinds[means]; kinds != nil {
		return c.named(means, kinds)
	}
	switch means {
	case identity:
		return c.identity()
	case language:
		return c.languageName(n)
	case sentiment:
		return c.text.Sentiment().Label(), true
	case urgency:
		return []string{"low", "medium", "high", "critical"}[int(math.Min(3, math.Floor(c.level(n)*4)))], true
	case title:
		return c.text.Title(c.bound(n, 70)), true
	case reason:
		return c.reason(), true
	case quote:
		return c.text.Evidence(c.label), true
	case keywords:
		if labels := c.labelsFor(n); labels != nil {
			return labels[c.choose(labels).Index].Name, true
		}
		return firstOf(c.text.Keywords(1))
	case questions:
		if q := c.text.Questions(); len(q) > 0 {
			return c.text.Slice(q[0]), true
		}
		return "", false
	case actions:
		return firstOf(c.requests(1))
	case reply:
		return c.model.reply(c.text, c.parameters, n.has("text", "content", "output", "body", "translation", "translated", "rewritten")), true
	}
	if labels := c.labelsFor(n); labels != nil {
		return labels[c.choose(labels).Index].Name, true
	}
	return c.text.Summary(c.summaryLimit(n)), true
}

func firstOf(list []string) (string, bool) {
	if len(list) == 0 {
		return "", false
	}
	return list[0], true
}

// named is the first entity of the wanted kinds.
func (c *source) named(means purpose, kinds []reading.Kind) (string, bool) {
	for _, k := range kinds {
		if e := c.text.EntitiesOf(k); len(e) > 0 {
			return e[0].Text, true
		}
	}
	if means == product || means == organisation {
		if e := c.text.EntitiesOf(reading.Name); len(e) > 0 {
			return e[0].Text, true
		}
	}
	return "", false
}

func (c *source) identity() (string, bool) {
	if c.id != "" {
		return c.id, true
	}
	if e := c.text.EntitiesOf(reading.Order); len(e) > 0 {
		return e[0].Text, true
	}
	sum := sha256.Sum256([]byte(c.text.Source))
	return fmt.Sprintf("%x", sum[:6]), true
}

func (c *source) languageName(n *node) (string, bool) {
	code := c.text.Language()
	if n.has("name") || strings.Contains(n.hint, "name of") || strings.Contains(n.hint, "full name") || strings.Contains(n.hint, "english name") {
		if name, ok := c.model.vocab.english[code]; ok {
			return name, true
		}
	}
	return code, true
}

func (c *source) reason() string {
	return c.text.Evidence(c.label)
}

// labelled is what stands after "field:" at the beginning of a line.
func (c *source) labelled(field string) (string, bool) {
	key := strings.Join(nameWords(field), " ")
	for i, s := range c.text.Sentences() {
		if i == 200 {
			break
		}
		head, tail, ok := strings.Cut(c.text.Slice(s), ":")
		if ok && len(head) < 60 && strings.Join(nameWords(head), " ") == key {
			return strings.TrimSpace(tail), true
		}
	}
	return "", false
}

func (c *source) summaryLimit(n *node) reading.Limit {
	limit := n.limit
	if p := c.parameters; p != nil {
		limit.Sentences = orElse(p.sentences, limit.Sentences)
		limit.Words = orElse(p.words, limit.Words)
		limit.Characters = orElse(p.length, limit.Characters)
	}
	if limit.Characters == 0 {
		limit.Characters = max(240, 150*limit.Sentences, 10*limit.Words)
	}
	limit.Characters = c.bound(n, limit.Characters)
	return limit
}

func orElse(n, other int) int {
	if n > 0 {
		return n
	}
	return other
}

// bound is the smaller of a length and the node's maxLength.
func (c *source) bound(n *node, characters int) int {
	if n.maxLength >= 0 && n.maxLength < characters {
		return max(1, n.maxLength)
	}
	return characters
}

// formatted puts a string into its format, or a value that stands for none.
func (c *source) formatted(n *node, s string, found bool) (string, bool) {
	switch n.format {
	case "email":
		if e := c.text.EntitiesOf(reading.Email); len(e) > 0 {
			return e[0].Text, true
		}
		return "none@example.invalid", false
	case "uri", "url":
		for _, e := range c.text.EntitiesOf(reading.URL) {
			if strings.HasPrefix(e.Text, "http") && safeURI(e.Text) {
				return e.Text, true
			}
		}
		return "about:blank", false
	case "uuid":
		sum := sha256.Sum256([]byte(c.text.Source))
		sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
		return service.FormatID([16]byte(sum[:16])), true
	}
	when, ok := c.firstDate()
	switch n.format {
	case "date":
		return when.Format(time.DateOnly), ok
	case "date-time":
		return when.Format(time.RFC3339), ok
	case "time":
		return "00:00:00Z", false
	}
	return s, found
}

func safeURI(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte("<>\"\\^`{|}%[]", s[i]) >= 0 {
			return false
		}
	}
	return true
}

// firstDate is the first date of the text that can be read; without one, the
// Unix epoch and false.
func (c *source) firstDate() (time.Time, bool) {
	for _, e := range c.text.EntitiesOf(reading.Date) {
		s := strings.TrimPrefix(strings.ToLower(e.Text), "ngày ")
		s = strings.NewReplacer("st ", " ", "nd ", " ", "rd ", " ", "th ", " ", ",", "", " of ", " ").Replace(s)
		for _, layout := range []string{time.DateOnly, "2/1/2006", "2.1.2006", "1/2/2006", "2 January 2006", "2 Jan 2006", "January 2 2006", "Jan 2 2006"} {
			if when, err := time.Parse(layout, s); err == nil {
				return when, true
			}
		}
	}
	return time.Unix(0, 0).UTC(), false
}

// fitString makes a string as long as the schema wants it.
func (c *source) fitString(n *node, s string) (string, error) {
	s = strings.TrimSpace(s)
	length := utf8.RuneCountInString(s)
	if length < n.minLength {
		if n.format != "" {
			return "", n.errorf("no %s of %d characters was found", n.format, n.minLength)
		}
		s = c.lengthen(s, n.minLength)
		length = utf8.RuneCountInString(s)
	}
	if n.maxLength >= 0 && length > n.maxLength {
		if n.format != "" {
			return "", n.errorf("no %s of at most %d characters was found", n.format, n.maxLength)
		}
		clipped := reading.Clip(s, n.maxLength)
		if utf8.RuneCountInString(clipped) < n.minLength {
			clipped = string([]rune(s)[:n.maxLength])
		}
		s = clipped
	}
	return s, nil
}

// lengthen adds the text's beginning, and stops when that is not enough.
func (c *source) lengthen(s string, characters int) string {
	more := []rune(s)
	if len(more) > 0 {
		more = append(more, ' ')
	}
	for _, r := range c.text.Read {
		if len(more) >= characters {
			break
		}
		more = append(more, r)
	}
	for len(more) < characters {
		more = append(more, '.')
	}
	return string(more)
}
