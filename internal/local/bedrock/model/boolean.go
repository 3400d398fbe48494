package model

import (
	"strings"

	"sluice/internal/local/bedrock/reading"
)

// fillBoolean appends true or false for a node.
func (c *source) fillBoolean(n *node, out []byte) []byte {
	want := c.isTrue(n)
	for _, o := range n.options {
		if string(o.raw) == "true" == want {
			return appendRaw(out, o.raw)
		}
	}
	if len(n.options) > 0 {
		return appendRaw(out, n.options[0].raw)
	}
	if want {
		return append(out, "true"...)
	}
	return append(out, "false"...)
}

// isTrue decides a yes or no by cues.
func (c *source) isTrue(n *node) bool {
	not := n.has("not", "no", "without")
	return c.cue(n) != not
}

func (c *source) cue(n *node) bool {
	t := c.text
	tone := t.Sentiment()
	switch {
	case n.means == urgency:
		if n.has("escalate", "escalation") {
			return t.Urgency() >= 0.5 || tone.Score < -0.6
		}
		return t.Urgency() >= 0.35
	case n.has("question"):
		return len(t.Questions()) > 0
	case n.means == replyNeeded, n.has("reply", "respond", "response", "answer", "followup"):
		return t.WantsReply()
	case n.has("positive", "happy", "satisfied"):
		return tone.Label() == "positive"
	case n.has("negative", "unhappy", "angry", "dissatisfied", "churn"):
		return tone.Label() == "negative"
	case n.has("mixed"):
		return tone.Label() == "mixed"
	case n.has("neutral"):
		return tone.Label() == "neutral"
	case n.has("pii", "personal"):
		return len(t.EntitiesOf(reading.Email, reading.Phone, reading.Person)) > 0
	case n.has("toxic", "abusive", "profanity", "offensive", "hate"):
		return tone.Score < -0.85 && t.Concept("anger") >= 0.7
	case n.has("empty", "blank"):
		return len(t.Words()) == 0
	}
	for _, w := range n.words {
		if kinds := c.model.vocab.kinds[c.model.vocab.words[w]]; kinds != nil && n.has("has", "contains", "mentions", "mentioned", "includes") {
			return len(t.EntitiesOf(kinds...)) > 0
		}
	}
	var words []string
	for _, w := range n.words {
		switch w {
		case "is", "has", "needs", "requires", "contains", "mentions", "requested", "required", "related", "a", "an", "the", "flag", "about", "not", "no":
		default:
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		return false
	}
	return t.Likeness(c.model.reader.Label(strings.Join(words, " "), "")) >= 1.4
}
