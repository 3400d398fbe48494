package schemas

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Problem is one thing in a document that its schema does not allow. Its
// message never quotes a value of the document, which may be somebody's text;
// it names properties, cut to [maxName] characters.
type Problem struct {
	// Path is a JSON pointer to the value, "" for the whole document.
	Path string
	// Keyword is the schema keyword that failed, such as "required" or "maxLength".
	Keyword string
	// Message is one sentence without the path.
	Message string
}

// String is the path and the message.
func (p Problem) String() string {
	if p.Path == "" {
		return p.Message
	}
	return p.Path + ": " + p.Message
}

const maxName = 64

// problemsOf flattens the tree of a validation error to its leaves.
func problemsOf(err error) []Problem {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	var problems []Problem
	collect(invalid, &problems)
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Message, b.Message))
	})
	return slices.Compact(problems)
}

func collect(e *jsonschema.ValidationError, into *[]Problem) {
	switch e.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf, *kind.Not:
		// The branches that did not fit say nothing useful one by one.
	default:
		if len(e.Causes) > 0 {
			for _, cause := range e.Causes {
				collect(cause, into)
			}
			return
		}
	}
	keyword := "schema"
	if path := e.ErrorKind.KeywordPath(); len(path) > 0 {
		keyword = path[0]
	} else if _, not := e.ErrorKind.(*kind.Not); not {
		keyword = "not"
	}
	*into = append(*into, Problem{Path: pointer(e.InstanceLocation), Keyword: keyword, Message: message(e.ErrorKind, keyword)})
}

func message(k jsonschema.ErrorKind, keyword string) string {
	switch k := k.(type) {
	case *kind.Type:
		return fmt.Sprintf("is %s, must be %s", k.Got, strings.Join(k.Want, " or "))
	case *kind.Required:
		return "lacks " + names(k.Missing)
	case *kind.AdditionalProperties:
		return "has unknown " + names(k.Properties)
	case *kind.Enum:
		return fmt.Sprintf("must be one of %s", values(k.Want))
	case *kind.Const:
		return fmt.Sprintf("must be %s", values([]any{k.Want}))
	case *kind.Format:
		return "is not a valid " + k.Want
	case *kind.MinLength:
		return fmt.Sprintf("has %d characters, must have at least %d", k.Got, k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("has %d characters, may have at most %d", k.Got, k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("has %d items, must have at least %d", k.Got, k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("has %d items, may have at most %d", k.Got, k.Want)
	case *kind.UniqueItems:
		return fmt.Sprintf("has equal items, %d and %d", k.Duplicates[0], k.Duplicates[1])
	case *kind.Minimum:
		return "must be at least " + k.Want.RatString()
	case *kind.Maximum:
		return "may be at most " + k.Want.RatString()
	case *kind.ExclusiveMinimum:
		return "must be more than " + k.Want.RatString()
	case *kind.ExclusiveMaximum:
		return "must be less than " + k.Want.RatString()
	case *kind.Pattern:
		return "does not match " + k.Want
	case *kind.OneOf:
		return "must fit exactly one of the forms that are allowed here"
	case *kind.AnyOf:
		return "fits none of the forms that are allowed here"
	case *kind.FalseSchema:
		return "is not allowed here"
	default:
		return "breaks the schema's " + keyword
	}
}

func names(properties []string) string {
	slices.Sort(properties)
	quoted := make([]string, len(properties))
	for i, p := range properties {
		quoted[i] = fmt.Sprintf("%q", Name(p))
	}
	return strings.Join(quoted, ", ")
}

func values(of []any) string {
	shown := make([]string, len(of))
	for i, v := range of {
		shown[i] = fmt.Sprint(v)
	}
	return strings.Join(shown, ", ")
}

// pointer writes a JSON pointer (RFC 6901). Nothing in it need be escaped: a name with
// ~ or / is no word.
func pointer(location []string) string {
	var b strings.Builder
	for _, part := range location {
		b.WriteString("/" + Name(part))
	}
	return b.String()
}

// Name is a property's name as a message may show it. Names are the document's own:
// one that is no word (letters, digits, _, - and .) may be anybody's text or address
// and is "…"; a long one is cut.
func Name(name string) string {
	runes := []rune(name)
	for _, c := range runes {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c) && c != '_' && c != '-' && c != '.' {
			return "…"
		}
	}
	if len(runes) > maxName {
		return string(runes[:maxName]) + "…"
	}
	return name
}
