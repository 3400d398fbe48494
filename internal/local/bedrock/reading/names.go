package reading

import "strings"

// names is what is known of capitalised words.
type names struct {
	// known finds places, organisations and products by their words.
	known  *phrases
	prefix *phrases
	first  map[string]bool
	family map[string]bool
	title  map[string]bool
	suffix map[string]bool
}

// What a known name is, as its value's id.
const (
	isPlace = iota
	isOrganisation
	isProduct
)

func newNames(file string) (*names, error) {
	lists, err := parse(file)
	if err != nil {
		return nil, err
	}
	n := &names{
		known: newPhrases(), prefix: newPhrases(),
		first: map[string]bool{}, family: map[string]bool{}, title: map[string]bool{}, suffix: map[string]bool{},
	}
	for _, l := range lists {
		for _, phrase := range l.phrases {
			key := strings.ToLower(phrase)
			switch l.name {
			case "place":
				n.known.add(phrase, value{isPlace, 1})
			case "organisation":
				n.known.add(phrase, value{isOrganisation, 1})
			case "product":
				n.known.add(phrase, value{isProduct, 1})
			case "prefix":
				n.prefix.add(phrase, value{isOrganisation, 1})
			case "first":
				n.first[key] = true
			case "surname":
				n.family[key] = true
			case "title":
				n.title[key] = true
			case "suffix":
				n.suffix[key] = true
			}
		}
	}
	return n, nil
}

// kind says what a run of capitalised words is; start tells that it begins a
// sentence, where a capital means nothing. An empty kind is none.
func (n *names) kind(words []Word, run Span, start bool) (Kind, Span) {
	if n.title[words[run.Start].Lower] && run.End-run.Start > 1 {
		return Person, Span{run.Start + 1, run.End}
	}
	length := run.End - run.Start
	last := words[run.End-1].Lower
	switch {
	case n.suffix[last] && length > 1:
		return Organisation, run
	case n.first[words[run.Start].Lower] && length <= 4, n.family[words[run.Start].Lower] && length >= 2 && length <= 5:
		return Person, run
	case run.Start > 0 && n.title[words[run.Start-1].Lower] && words[run.Start-1].Sentence == words[run.Start].Sentence:
		return Person, run
	case start && length == 1:
		return "", run
	}
	for _, w := range words[run.Start:run.End] {
		if strings.ContainsAny(w.Lower, "0123456789") {
			return Product, run
		}
	}
	if length >= 2 && length <= 5 {
		return Name, run
	}
	if length == 1 && len(words[run.Start].Lower) > 2 {
		return Name, run
	}
	return "", run
}
