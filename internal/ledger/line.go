package ledger

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"sluice/events"
)

// Kind is what a line tells.
type Kind string

// The kinds of lines.
const (
	Begun    Kind = "begin"
	Over     Kind = "end"
	Reuse    Kind = "reused"
	Double   Kind = "duplicate"
	Orphaned Kind = "orphan"
)

// Line is one line of the account. Which members are set depends on its kind.
type Line struct {
	Kind Kind `json:"ledger"`
	// Name is unique to the line.
	Name        string    `json:"line"`
	Time        time.Time `json:"time"`
	Environment string    `json:"environment"`
	// Invocation is the Lambda invocation's request id, "" outside of one.
	Invocation string `json:"invocation"`
	Model      string `json:"model"`
	Task       string `json:"task"`
	Tenant     string `json:"tenant"`
	Lane       string `json:"lane"`

	// Of a call, begun or over; see [Call].
	ID             string  `json:"id"`
	Records        int     `json:"records"`
	EstimateUSD    float64 `json:"estimateUSD"`
	EstimateTokens int     `json:"estimateTokens"`
	MaxTokens      int     `json:"maxTokens"`

	// Of a call that is over; see [Ended].
	Status          Status  `json:"status"`
	AnsweredBy      string  `json:"answeredBy"`
	Priced          bool    `json:"priced"`
	LatencyMs       int     `json:"latencyMs"`
	Answered        int     `json:"answered"`
	Missing         int     `json:"missing"`
	PackingSavedUSD float64 `json:"packingSavedUSD"`
	LaneSavedUSD    float64 `json:"laneSavedUSD"`
	CacheSavedUSD   float64 `json:"cacheSavedUSD"`
	ReclaimedTokens int     `json:"ReclaimedTokens"`
	CostUSD         float64 `json:"CostUSD"`

	// Of answers that were reused, paid twice or lost; see [Paid].
	RequestID    string  `json:"requestId"`
	Answers      int     `json:"answers"`
	SavedUSD     float64 `json:"savedUSD"`
	DuplicateUSD float64 `json:"DuplicateUSD"`
	OrphanUSD    float64 `json:"OrphanUSD"`

	Input      int `json:"InputTokens"`
	Output     int `json:"OutputTokens"`
	CacheRead  int `json:"CacheReadTokens"`
	CacheWrite int `json:"CacheWriteTokens"`
}

// Usage is the line's tokens.
func (l Line) Usage() events.Usage {
	return events.Usage{Input: l.Input, Output: l.Output, CacheRead: l.CacheRead, CacheWrite: l.CacheWrite}
}

// Is tells whether a line of a log is the account's. It costs next to nothing.
func Is(line string) bool { return strings.HasPrefix(line, opening) }

// Parse reads a line of a log; whatever stands before the account's own is
// skipped: a prefix of the log, or a line that was cut and has no end. It
// answers false for lines that are not the account's, and for what is left of
// one that was cut.
func Parse(line []byte) (Line, bool) {
	at := bytes.LastIndex(line, []byte(opening))
	if at < 0 {
		return Line{}, false
	}
	var l Line
	if json.Unmarshal(line[at:], &l) != nil || l.Time.IsZero() {
		return Line{}, false
	}
	return l, true
}

// longest is the longest line that is looked at; the account's have below 2 KB.
const longest = 64 << 10

// Read gives every line of the account in r to each, in order. Other lines, and
// such as were cut, are passed over; a call whose end is among them is found as
// unfinished. It ends with the error of each, or of r.
func Read(r io.Reader, each func(Line) error) error {
	in := bufio.NewReaderSize(r, longest)
	for {
		line, err := in.ReadSlice('\n')
		if l, is := Parse(line); is {
			if err := each(l); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("read the ledger: %w", err)
		}
	}
}
