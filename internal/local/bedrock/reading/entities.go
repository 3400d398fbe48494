package reading

import (
	"regexp"
	"sort"
	"strings"
	"unicode"
)

// Kind is what an entity is.
type Kind string

// The kinds of entities.
const (
	Person       Kind = "person"
	Organisation Kind = "organisation"
	Place        Kind = "place"
	Product      Kind = "product"
	Name         Kind = "name" // a proper name of unknown kind
	Email        Kind = "email"
	URL          Kind = "url"
	Phone        Kind = "phone"
	Date         Kind = "date"
	Time         Kind = "time"
	Amount       Kind = "amount"
	Order        Kind = "order"
)

// Entity is one thing that the text names.
type Entity struct {
	Kind Kind
	// Text is the part of the source, word for word.
	Text string
	// Start and End are byte offsets into the source.
	Start, End int
}

// Bounds of the search: how many entities are found at most, and how many bytes
// are held against the spellings, in all and of one sentence.
const (
	entityLimit   = 500
	shapedBytes   = 32 << 10
	sentenceBytes = 8 << 10
)

// shape finds entities of one kind by their spelling.
type shape struct {
	kind  Kind
	group int
	re    *regexp.Regexp
	needs string // one of these bytes is in every match: cheap to test first
}

const months = `(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)`

const currency = `(?:usd|eur|gbp|vnd|vnđ|jpy|aud|cad|chf|sgd|đồng|euros?|dollars?|pounds?|triệu|nghìn|ngàn|tỷ|đ|₫|€|\$|£|¥)`

var shapes = []shape{
	{Email, 0, regexp.MustCompile(`[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,24}`), "@"},
	{URL, 0, regexp.MustCompile(`(?:https?://|www\.)[^\s<>"'\)\]]+[^\s<>"'\)\].,;:!?]`), ":w"},
	{Amount, 1, regexp.MustCompile(`(?i)((?:[$€£¥₫]\s?\d[\d.,]*\d|[$€£¥₫]\s?\d|\b(?:usd|eur|gbp|vnd|jpy|chf)\s?\d[\d.,]*)(?:\s?(?:million|billion|[mk]\b))?|\b\d[\d.,]*\s?` + currency + `(?:\s?(?:đồng|vnd|đ|usd))?)(?:$|[^\p{L}\d])`), "0123456789"},
	{Date, 0, regexp.MustCompile(`(?i)\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[/.]\d{1,2}[/.]\d{2,4}\b|\b\d{1,2}(?:st|nd|rd|th)?(?: of)? ` + months + `\b\.?(?:,? \d{4})?|\b` + months + `\.? \d{1,2}(?:st|nd|rd|th)?\b(?:,? \d{4})?|ngày \d{1,2}(?:[/-]\d{1,2}(?:[/-]\d{2,4})?| tháng \d{1,2}(?: năm \d{4})?)`), "0123456789"},
	{Order, 1, regexp.MustCompile(`(?i)(?:^|[^\p{L}])(?:order|parcel|package|shipment|invoice|ticket|reference|ref|case|booking|tracking|đơn hàng|mã đơn|mã vận đơn|đơn|hoá đơn|hóa đơn|bestellung|rechnung|commande|facture|pedido|factura|ordine|fattura|bestelling)(?: number| no\.?| nr\.?| id| số| mã)?\s?[:#]?\s?#?([A-Z]{0,5}[-_]?\d[A-Z0-9\-]{2,24})`), "0123456789"},
	{Order, 0, regexp.MustCompile(`(?:#|\b[A-Z]{2,5}-)\d[A-Z0-9\-]{2,24}`), "#-"},
	{Time, 0, regexp.MustCompile(`(?i)\b(?:[01]?\d|2[0-3]):[0-5]\d(?:\s?[ap]m)?\b|\b(?:1[0-2]|[1-9])\s?[ap]m\b`), "0123456789"},
	{Phone, 0, regexp.MustCompile(`(?:\+\d{1,3}[ .\-]?)?(?:\(\d{1,4}\)[ .\-]?)?\d{2,4}(?:[ .\-]?\d{2,4}){2,4}`), "0123456789"},
}

// Entities are the things that the text names, in order; where two overlap, the
// surer kind stays.
func (t *Text) Entities() []Entity {
	if !t.found {
		t.found = true
		t.entities = t.findEntities()
	}
	return t.entities
}

// EntitiesOf are the entities of some kinds, each text once.
func (t *Text) EntitiesOf(kinds ...Kind) []Entity {
	var found []Entity
	seen := map[string]bool{}
	for _, e := range t.Entities() {
		for _, k := range kinds {
			if key := strings.ToLower(e.Text); e.Kind == k && !seen[key] {
				seen[key] = true
				found = append(found, e)
			}
		}
	}
	return found
}

func (t *Text) findEntities() []Entity {
	var all []Entity
	budget := shapedBytes
	for _, line := range t.Sentences() {
		if len(all) >= entityLimit || budget <= 0 {
			break
		}
		if text := cut(t.Slice(line), sentenceBytes); shapely(text) {
			budget -= len(text)
			all = append(all, shaped(text, line.Start)...)
		}
	}
	byPlace(all)
	all = append(all, t.named(all)...)
	byPlace(all)
	if len(all) > entityLimit {
		all = all[:entityLimit]
	}
	return all
}

func byPlace(all []Entity) {
	sort.SliceStable(all, func(i, j int) bool { return all[i].Start < all[j].Start })
}

// shapely says whether a sentence may hold anything told by its spelling.
func shapely(text string) bool {
	return strings.ContainsAny(text, "@0123456789") || strings.Contains(text, "://") || strings.Contains(text, "www.")
}

// shaped finds what is told by its spelling within one sentence, which begins
// at offset.
func shaped(text string, offset int) []Entity {
	var found []Entity
	for _, s := range shapes {
		if !strings.ContainsAny(text, s.needs) {
			continue
		}
		for _, m := range s.re.FindAllStringSubmatchIndex(text, 50) {
			from, to := m[2*s.group], m[2*s.group+1]
			to = from + len(strings.TrimRight(text[from:to], " \t,.;:!?)"))
			e := Entity{Kind: s.kind, Text: text[from:to], Start: offset + from, End: offset + to}
			if e.Kind == Phone && !phoneLike(text, from, to) {
				continue
			}
			if !overlaps(found, e) {
				found = append(found, e)
			}
		}
	}
	return found
}

// phoneLike wants 8 to 15 digits, an introducing +, 0 or bracket, and no digit
// or letter next to it.
func phoneLike(text string, from, to int) bool {
	digits := 0
	for _, c := range []byte(text[from:to]) {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	if digits < 8 || digits > 15 {
		return false
	}
	if c := text[from]; c != '+' && c != '0' && c != '(' && !strings.ContainsAny(text[from:to], " -") {
		return false
	}
	before, after := byte(' '), byte(' ')
	if from > 0 {
		before = text[from-1]
	}
	if to < len(text) {
		after = text[to]
	}
	return classOf(rune(before)) != letter && classOf(rune(after)) != letter && before != '#' && before != '-'
}

func overlaps(found []Entity, e Entity) bool {
	for i := len(found) - 1; i >= 0; i-- {
		if e.Start < found[i].End && found[i].Start < e.End {
			return true
		}
	}
	return false
}

// named finds what is told by capitals and lists of names.
func (t *Text) named(shaped []Entity) []Entity {
	words, n := t.Words(), t.reader.names
	taken := make([]bool, len(words))
	at := 0
	for i, w := range words {
		for at < len(shaped) && shaped[at].End <= w.Start {
			at++
		}
		taken[i] = at < len(shaped) && shaped[at].Start < w.End
	}
	shouting := t.Upper() > 0.6
	var found []Entity
	add := func(kind Kind, run Span) {
		from, to := words[run.Start].Start, words[run.End-1].End
		found = append(found, Entity{Kind: kind, Text: t.Read[from:to], Start: from, End: to})
	}
	for i := 0; i < len(words) && len(found) < entityLimit; i++ {
		if taken[i] {
			continue
		}
		if length, values := n.known.longest(words, i); length > 0 && hasUpper(t.Read[words[i].Start:words[i].End]) {
			run := Span{i, i + length}
			if values[0].id == isProduct {
				run.End = t.extend(words, run.End, taken)
			}
			add([]Kind{Place, Organisation, Product}[values[0].id], run)
			i = run.End - 1
			continue
		}
		if length, _ := n.prefix.longest(words, i); length > 0 {
			if end := t.run(words, i+length, taken); end > i+length {
				add(Organisation, Span{i, end})
				i = end - 1
				continue
			}
		}
		if !words[i].Capital || shouting {
			continue
		}
		end := t.run(words, i, taken)
		start := i == 0 || words[i-1].Sentence != words[i].Sentence
		run := Span{i, end}
		if start && run.End-run.Start > 1 && t.common(words[i]) {
			run.Start, start = run.Start+1, false
		}
		kind, run := n.kind(words, run, start)
		// In German every noun has a capital.
		if kind != "" && !t.common(words[run.Start]) && (kind != Name || t.Language() != "de") {
			add(kind, run)
		}
		i = end - 1
	}
	return found
}

func hasUpper(word string) bool { return strings.IndexFunc(word, unicode.IsUpper) >= 0 }

func (t *Text) common(w Word) bool {
	return t.reader.languages.isStop(t.Language(), w.Lower)
}

// run is where the capitalised words that begin at i end: side by side on one
// line, with a space between.
func (t *Text) run(words []Word, i int, taken []bool) int {
	end := i
	for end < len(words) && end < i+6 && words[end].Capital && !taken[end] &&
		(end == i || t.Read[words[end-1].End:words[end].Start] == " ") {
		end++
	}
	return end
}

// extend takes the model into a product's name: "iPhone 15 Pro".
func (t *Text) extend(words []Word, end int, taken []bool) int {
	for limit := end + 3; end < len(words) && end < limit && !taken[end] && t.Read[words[end-1].End:words[end].Start] == " " &&
		(words[end].Capital || strings.ContainsAny(words[end].Lower, "0123456789")); {
		end++
	}
	return end
}
