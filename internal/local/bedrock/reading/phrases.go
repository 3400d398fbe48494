package reading

import (
	"fmt"
	"strconv"
	"strings"
)

// phrases is a tree of words: it finds every listed phrase of a text in one
// pass. A value is what the list says of the phrase.
type phrases struct {
	root *branch
}

type branch struct {
	next   map[string]*branch
	values []value
}

type value struct {
	id     int
	weight float64
}

func newPhrases() *phrases { return &phrases{root: &branch{}} }

// add lists a phrase, as it stands and, when it has several words, without
// accents too. (A single word without its accents would too often be another.)
func (p *phrases) add(phrase string, v value) {
	words := split(phrase)
	if len(words) == 0 {
		return
	}
	plain, folded, differs := make([]string, len(words)), make([]string, len(words)), false
	for i, w := range words {
		plain[i] = w.Stem
		folded[i] = stem(fold(w.Lower))
		differs = differs || folded[i] != plain[i]
	}
	p.insert(plain, v)
	if differs && len(words) > 1 {
		p.insert(folded, v)
	}
}

func (p *phrases) insert(words []string, v value) {
	at := p.root
	for _, w := range words {
		if at.next == nil {
			at.next = map[string]*branch{}
		}
		child := at.next[w]
		if child == nil {
			child = &branch{}
			at.next[w] = child
		}
		at = child
	}
	for _, old := range at.values {
		if old.id == v.id {
			return
		}
	}
	at.values = append(at.values, v)
}

// longest is the longest phrase that begins at word i: how many words it has
// and its values; 0 if none begins there. The depth is that of the list.
func (p *phrases) longest(words []Word, i int) (int, []value) {
	at, length, values := p.root, 0, []value(nil)
	for j := i; j < len(words) && at.next != nil; j++ {
		at = at.next[words[j].Stem]
		if at == nil {
			break
		}
		if at.values != nil {
			length, values = j-i+1, at.values
		}
	}
	return length, values
}

// list is one line of a word list: "name [number]: phrase, phrase".
type list struct {
	name    string
	extra   string
	phrases []string
}

// parse reads the lines of a word list; '#' begins a comment.
func parse(file string) ([]list, error) {
	var lists []list
	for n, line := range strings.Split(file, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		head, tail, found := strings.Cut(line, ":")
		if !found {
			return nil, fmt.Errorf("reading: line %d of a word list has no colon", n+1)
		}
		name, extra, _ := strings.Cut(strings.TrimSpace(head), " ")
		l := list{name: name, extra: strings.TrimSpace(extra)}
		for _, phrase := range strings.Split(tail, ",") {
			if phrase = strings.TrimSpace(phrase); phrase != "" {
				l.phrases = append(l.phrases, phrase)
			}
		}
		lists = append(lists, l)
	}
	return lists, nil
}

// number reads the list's extra word as a number; empty is fallback.
func (l list) number(fallback float64) (float64, error) {
	if l.extra == "" {
		return fallback, nil
	}
	n, err := strconv.ParseFloat(l.extra, 64)
	if err != nil {
		return 0, fmt.Errorf("reading: word list %q: %w", l.name, err)
	}
	return n, nil
}
