package model

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"sluice/internal/local/bedrock/reading"
)

// fillNumber appends a number or an integer for a node.
func (c *source) fillNumber(n *node, out []byte, must bool) ([]byte, bool, error) {
	guess, found := c.numberFor(n)
	if !found && !must && len(n.options) == 0 {
		return out, false, nil
	}
	if math.IsNaN(guess) || math.Abs(guess) > 1e15 {
		guess = 0
	}
	// Two decimals are what a statistic of this kind is worth.
	r := new(big.Rat).SetFrac64(int64(math.Round(guess*100)), 100)
	if len(n.options) > 0 {
		return appendRaw(out, n.nearestOption(r).raw), true, nil
	}
	fitted, ok := n.fitNumber(r)
	if !ok {
		return nil, false, n.errorf("no number fits minimum, maximum and multipleOf")
	}
	return append(out, decimal(fitted)...), true, nil
}

func (n *node) nearestOption(want *big.Rat) option {
	best, at := new(big.Rat), -1
	for i, o := range n.options {
		r, ok := rational(o.raw)
		if !ok {
			continue
		}
		d := new(big.Rat).Sub(r, want)
		d.Abs(d)
		if at < 0 || d.Cmp(best) < 0 {
			best, at = d, i
		}
	}
	return n.options[max(at, 0)]
}

// fitNumber moves r to the nearest number that the node allows. Its decimal
// form is finite.
func (n *node) fitNumber(r *big.Rat) (*big.Rat, bool) {
	step := n.multiple
	if n.kind == integerKind {
		step = wholeStep(step)
	}
	r = new(big.Rat).Set(r)
	if n.low != nil && (r.Cmp(n.low) < 0 || n.above && r.Cmp(n.low) == 0) {
		r.Set(n.low)
		if n.above && step == nil {
			r = n.between()
		}
	}
	if n.high != nil && (r.Cmp(n.high) > 0 || n.below && r.Cmp(n.high) == 0) {
		r.Set(n.high)
		if n.below && step == nil {
			r = n.between()
		}
	}
	if step != nil {
		r = n.onStep(r, step)
	}
	return r, n.inBounds(r)
}

// between is a number strictly between the bounds; a bound that is missing is
// taken to be one away from the other.
func (n *node) between() *big.Rat {
	one := big.NewRat(1, 1)
	switch {
	case n.low == nil:
		return new(big.Rat).Sub(n.high, one)
	case n.high == nil:
		return new(big.Rat).Add(n.low, one)
	}
	sum := new(big.Rat).Add(n.low, n.high)
	return sum.Mul(sum, big.NewRat(1, 2))
}

// onStep is the multiple of step nearest to r, or its neighbour within bounds.
func (n *node) onStep(r, step *big.Rat) *big.Rat {
	q := new(big.Rat).Quo(r, step)
	floor := new(big.Int).Div(q.Num(), q.Denom())
	best := new(big.Rat)
	var least *big.Rat
	for _, d := range []int64{0, 1, -1, 2} {
		k := new(big.Rat).SetInt(new(big.Int).Add(floor, big.NewInt(d)))
		candidate := k.Mul(k, step)
		distance := new(big.Rat).Sub(candidate, r)
		distance.Abs(distance)
		if n.inBounds(candidate) && (least == nil || distance.Cmp(least) < 0) {
			best, least = candidate, distance
		}
	}
	if least == nil {
		return r
	}
	return best
}

func (n *node) inBounds(r *big.Rat) bool {
	step := n.multiple
	if n.kind == integerKind {
		step = wholeStep(step)
	}
	if step != nil && !new(big.Rat).Quo(r, step).IsInt() {
		return false
	}
	if n.low != nil && (r.Cmp(n.low) < 0 || n.above && r.Cmp(n.low) == 0) {
		return false
	}
	return n.high == nil || r.Cmp(n.high) < 0 || !n.below && r.Cmp(n.high) == 0
}

// wholeStep is the least step whose multiples are whole and multiples of step.
func wholeStep(step *big.Rat) *big.Rat {
	if step == nil {
		return big.NewRat(1, 1)
	}
	// The least common multiple of p/q and 1, in lowest terms, is p.
	return new(big.Rat).SetInt(step.Num())
}

// decimal writes a number whose decimal form is finite.
func decimal(r *big.Rat) string {
	if r.IsInt() {
		return r.Num().String()
	}
	s := r.FloatString(60)
	return strings.TrimRight(s, "0")
}

// numberFor decides what a number says.
func (c *source) numberFor(n *node) (float64, bool) {
	if c.entity != nil && n.means == offset || c.entity != nil && n.has("start", "end", "offset") {
		at := c.entity.Start
		if n.has("end") {
			at = c.entity.End
		}
		return float64(utf8.RuneCountInString(c.text.Source[:at])), true
	}
	if n.has("count", "counts") || n.means == count {
		return c.counted(n), true
	}
	switch n.means {
	case confidence:
		return c.ranged(n, c.certainty(), 0, 1), true
	case sentiment:
		return c.toneNumber(n), true
	case rating:
		return c.ranged(n, (c.text.Sentiment().Score+1)/2, 1, 5), true
	case urgency:
		return c.ranged(n, c.level(n), 0, 1), true
	case amount:
		for _, e := range c.text.EntitiesOf(reading.Amount) {
			if v, ok := parseAmount(e.Text); ok {
				return v, true
			}
		}
		return 0, false
	}
	if n.has("score") {
		if c.label != nil {
			return c.ranged(n, c.certainty(), 0, 1), true
		}
		return c.toneNumber(n), true
	}
	if all := c.numbers(); c.spare < len(all) {
		return all[c.spare], true
	}
	return float64(c.spare), false
}

// ranged stretches a share from 0 to 1 over the schema's bounds, or the usual
// ones.
func (c *source) ranged(n *node, share, low, high float64) float64 {
	if n.low != nil {
		low, _ = n.low.Float64()
		high = math.Max(high, low+1)
	}
	if n.high != nil {
		high, _ = n.high.Float64()
	} else if n.has("percent", "percentage") {
		high = 100
	}
	return low + math.Max(0, math.Min(1, share))*(high-low)
}

// toneNumber is the tone on the schema's range, by default from -1 to 1.
func (c *source) toneNumber(n *node) float64 {
	score := c.text.Sentiment().Score
	if n.low == nil && n.high == nil {
		return score
	}
	return c.ranged(n, (score+1)/2, -1, 1)
}

// certainty is how sure the label is, or else the tone.
func (c *source) certainty() float64 {
	if c.choice != nil {
		return c.choice.Confidence
	}
	if c.text.Read == "" {
		return 0.1
	}
	return 0.5 + 0.45*math.Abs(c.text.Sentiment().Score)
}

// counted counts what the name speaks of; words unless it says.
func (c *source) counted(n *node) float64 {
	switch {
	case n.has("sentence", "sentences"):
		return float64(len(c.text.Sentences()))
	case n.has("character", "characters", "char", "chars", "length"):
		return float64(utf8.RuneCountInString(c.text.Source))
	case n.has("question", "questions"):
		return float64(len(c.text.Questions()))
	case n.has("keyword", "keywords", "tags"):
		return float64(len(c.text.Keywords(usualKeywords)))
	case n.has("entity", "entities"):
		return float64(len(c.text.Entities()))
	case n.has("line", "lines"):
		return float64(1 + strings.Count(c.text.Source, "\n"))
	}
	for _, w := range n.words {
		if kinds := c.model.vocab.kinds[c.model.vocab.words[w]]; kinds != nil {
			return float64(len(c.text.EntitiesOf(kinds...)))
		}
	}
	return float64(c.text.WordCount())
}

// numbers are the plain numbers among the words, at most 100.
func (c *source) numbers() []float64 {
	var out []float64
	for _, w := range c.text.Words() {
		if len(out) == 100 {
			break
		}
		if len(w.Lower) <= 12 && w.Lower[0] >= '0' && w.Lower[0] <= '9' {
			if v, err := strconv.ParseFloat(w.Lower, 64); err == nil {
				out = append(out, v)
			}
		}
	}
	return out
}

// parseAmount reads "$1,299.50", "1.299,50 €", "250.000đ".
func parseAmount(s string) (float64, bool) {
	var digits strings.Builder
	for _, r := range s {
		if r >= '0' && r <= '9' || r == '.' || r == ',' {
			digits.WriteRune(r)
		}
	}
	number := strings.Trim(digits.String(), ".,")
	if at := strings.LastIndexAny(number, ".,"); at >= 0 && len(number)-at-1 != 3 {
		whole := strings.NewReplacer(".", "", ",", "").Replace(number[:at])
		number = whole + "." + number[at+1:]
	} else {
		number = strings.NewReplacer(".", "", ",", "").Replace(number)
	}
	v, err := strconv.ParseFloat(number, 64)
	return v, err == nil
}
