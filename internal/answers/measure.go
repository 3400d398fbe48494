package answers

import (
	"math"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"sluice/internal/pack"
	"sluice/internal/task"
)

// measure is what was learned of the calls of one group: how its estimate of
// tokens compares with what was billed, and how long its answers are.
type measure struct {
	// prefix is about how many tokens every call begins with, cacheable those of
	// them that the prompt cache could keep.
	prefix, cacheable int
	// most is the task's own bound of one answer, in tokens.
	most int

	mu sync.Mutex
	// ratio is input tokens billed over those guessed.
	ratio float64
	// mean is an answer's length in tokens, with its part of the frame.
	mean float64
	// lengths are those of the last answers, a ring.
	lengths []int
	next    int
	// cap is what p99 of them allows; 0 until there are enough.
	cap int
	// sinceCap counts the answers since cap was computed.
	sinceCap int
	// asked is when the last call was begun.
	asked time.Time
}

const (
	// learning is how many answers must be known before their length bounds
	// max_tokens.
	learning = 50
	// remembered is how many answers are looked back on.
	remembered = 1000
	// A cap is the 99th percentile, and this much more.
	capFactor = 1.15
	capExtra  = 50
	// weight is that of the newest value in a moving mean.
	weight = 0.1
)

func newMeasure(q *task.Question) *measure {
	system, rest := pack.Common(q)
	cacheable := guess(system)
	return &measure{prefix: cacheable + guess(rest), cacheable: cacheable, most: q.Task.MaxTokens, ratio: 1, mean: float64(q.Task.MaxTokens) / 3}
}

// cacheFor is how long the prompt cache keeps what was written to it, from its
// last use. (https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html)
const cacheFor = 5 * time.Minute

// cache tells whether a call should ask for the prefix to be cached: it must be
// long enough for the model, which takes least tokens, and come again in time.
// Writing costs a quarter more than reading anew, and a hit saves nine tenths: a
// prefix that comes twice pays.
func (m *measure) cache(now time.Time, least int, more bool) bool {
	tokens := m.input(m.cacheable)
	m.mu.Lock()
	defer m.mu.Unlock()
	again := more || !m.asked.IsZero() && now.Sub(m.asked) < cacheFor
	m.asked = now
	return least > 0 && tokens >= least && again
}

// prefixTokens corrects the guess of the prefix.
func (m *measure) prefixTokens() int { return m.input(m.prefix) }

// guess is about how many tokens a text has: four ASCII characters to a token,
// of others little more than one.
func guess(text string) int {
	runes := utf8.RuneCountInString(text)
	others := (len(text) - runes) / 2 // most letters outside ASCII have two or three bytes
	if others > runes {
		others = runes
	}
	return (runes-others+3)/4 + int(float64(others)*0.8) + 1
}

// input corrects a guess by what was seen.
func (m *measure) input(guessed int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int(math.Ceil(float64(guessed) * m.ratio))
}

// output is what one more record adds to max_tokens, and what it is expected to
// take. A record whose answer was cut off before is given all that the task
// allows.
func (m *measure) output(full bool) (most int, expected float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	most = m.most + pack.RecordTokens
	if m.cap > 0 && !full {
		most = min(most, m.cap)
	}
	return most, min(m.mean, float64(most))
}

// learned tells whether it is known how long answers are.
func (m *measure) learned() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cap > 0
}

// learnInput takes what a call's input was billed as.
func (m *measure) learnInput(guessed, billed int) {
	if guessed <= 0 || billed <= 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ratio += weight * (min(max(float64(billed)/float64(guessed), 0.2), 5) - m.ratio)
}

// learnOutput takes the length of one answer.
func (m *measure) learnOutput(tokens int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.lengths) == 0 {
		m.mean = float64(tokens)
	}
	m.mean += weight * (float64(tokens) - m.mean)
	m.add(tokens)
}

// cutOff takes that an answer was longer than it was allowed to be.
func (m *measure) cutOff() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(m.most)
}

func (m *measure) add(tokens int) {
	if len(m.lengths) < remembered {
		m.lengths = append(m.lengths, tokens)
	} else {
		m.lengths[m.next] = tokens
		m.next = (m.next + 1) % remembered
	}
	if m.sinceCap++; len(m.lengths) < learning || m.cap > 0 && m.sinceCap < learning && tokens < m.cap {
		return
	}
	m.sinceCap = 0
	sorted := slices.Clone(m.lengths)
	slices.Sort(sorted)
	m.cap = int(float64(sorted[len(sorted)*99/100])*capFactor) + capExtra
}
