package requests

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"sluice/events"
)

// Progress is what is known of an upload: which of its records ended how. It is
// made of sets of positions, so that hearing something twice changes nothing,
// and of sums that a record enters only when it enters a set.
type Progress struct {
	UploadID string `json:"uploadId"`
	Tenant   string `json:"tenant"`
	Task     string `json:"task"`
	// CorrelationID is that of the upload's events.
	CorrelationID string    `json:"correlationId"`
	Submitted     time.Time `json:"submitted"`
	// Received is nil until the whole file was split; Cause and Hop are those of
	// the event that said so.
	Received *events.UploadReceived `json:"received,omitempty"`
	Cause    string                 `json:"cause,omitempty"`
	Hop      int                    `json:"hop,omitempty"`
	// Parked is the key under parked/ of what stopped the file from being split, or
	// the upload from being reported; "" if nothing did. It means nothing once Done
	// is there. Problems are what is wrong with the file as a whole.
	Parked   string           `json:"parked,omitempty"`
	Problems []events.Problem `json:"problems,omitempty"`

	// Outcomes holds for each outcome the positions that were ever said to have
	// it. A position counts under the best of its outcomes only: completed before
	// failed before rejected before parked, since only what is parked is tried
	// again.
	Outcomes map[events.Outcome]*Set `json:"outcomes,omitempty"`
	// Reasons holds for each outcome and code the positions that have it.
	Reasons map[events.Outcome]map[string]*Set `json:"reasons,omitempty"`
	// Unmailed holds the positions that are stored and wait for a mail of their
	// own, Mailed those whose mail has an outcome. Empty unless a mail per record
	// was asked for.
	Unmailed *Set `json:"unmailed,omitempty"`
	Mailed   *Set `json:"mailed,omitempty"`

	// Usage and CostUSD are what all counted records spent; Reused counts answers
	// that lay there already.
	Usage   events.Usage `json:"usage"`
	CostUSD float64      `json:"costUSD"`
	Reused  int          `json:"reused"`

	// Revision counts what changed the report: a record's outcome, its mail, the
	// total. Revised is when it last did.
	Revision int       `json:"revision"`
	Revised  time.Time `json:"revised"`
	// Done is nil until the report was assembled.
	Done *Done `json:"done,omitempty"`
	// Mail is each recipient's outcome of the report mail, by hash.
	Mail        []events.Recipient `json:"mail,omitempty"`
	MailSkipped string             `json:"mailSkipped,omitempty"`
	// Reported: the mail about the upload has its outcomes, or was skipped.
	Reported bool `json:"reported,omitempty"`

	Updated    time.Time `json:"updated"`
	Generation int       `json:"generation"`
	Nonce      string    `json:"nonce"`
}

// Done says what was assembled.
type Done struct {
	// Revision is the progress's revision that the files show.
	Revision int `json:"revision"`
	// Said is the highest level that UploadCompleted was said for.
	Said Level `json:"said"`
	// At is when it was assembled first.
	At time.Time `json:"at"`
	// Results and Report are keys under reports/.
	Results string `json:"results"`
	Report  string `json:"report"`
}

// Level is how much of an upload is over. UploadCompleted is said once for each
// level that is reached, so that nobody hears of it again without news.
type Level int

// The levels.
const (
	Unsaid  Level = iota // nothing was said yet
	Overdue              // the deadline came, and records or their mails are missing
	Ended                // every record is terminal; some are parked and may be redriven
	Settled              // every record is terminal for good
)

// Level is the level that the upload's records have reached.
func (p *Progress) Level() Level {
	switch c := p.Counts(); {
	case p.Received == nil:
		return Unsaid
	case c.Missing > 0 || c.Mailing > 0:
		return Overdue
	case c.Parked > 0:
		return Ended
	}
	return Settled
}

// Over tells whether nothing more is to come of the upload: its report shows all
// records and was mailed, if that is wanted. An upload that was parked is over
// until somebody redrives it.
func (p *Progress) Over(wantsReport bool) bool {
	if p.Done == nil {
		return p.Parked != ""
	}
	return p.Level() >= Ended && p.Done.Said >= p.Level() && (p.Reported || !wantsReport)
}

// ranked lists the outcomes from the best.
var ranked = []events.Outcome{events.Completed, events.Failed, events.Rejected, events.Parked}

// OutcomeOf is the outcome that counts for a position, "" if it has none yet.
func (p *Progress) OutcomeOf(record int) events.Outcome {
	for _, outcome := range ranked {
		if p.Outcomes[outcome].Has(record) {
			return outcome
		}
	}
	return ""
}

// rank is higher for a better outcome.
func rank(outcome events.Outcome) int {
	if i := slices.Index(ranked, outcome); i >= 0 {
		return len(ranked) - i
	}
	return 0
}

// Ends notes that a record ended. Spend is what it cost, nil if nothing was
// spent; codes say why it was not completed. It returns whether the outcome that
// counts for the record has changed: an equal or worse one changes nothing.
func (p *Progress) Ends(record int, outcome events.Outcome, spend *events.Spend, codes ...string) bool {
	if record < 1 || rank(outcome) <= rank(p.OutcomeOf(record)) {
		return false
	}
	if p.Outcomes == nil {
		p.Outcomes = map[events.Outcome]*Set{}
	}
	p.Outcomes[outcome] = p.Outcomes[outcome].With(record)
	for _, code := range codes {
		p.because(record, outcome, code)
	}
	if spend != nil {
		p.Usage = p.Usage.Add(spend.Usage)
		p.CostUSD += spend.CostUSD
		if spend.Reused {
			p.Reused++
		}
	}
	p.Revision++
	return true
}

// maxCodes bounds the kinds of reasons; they are fixed words, so that more of
// them means that something else was taken for one.
const maxCodes = 64

// OtherCode stands for codes beyond the bound.
const OtherCode = "other"

func (p *Progress) because(record int, outcome events.Outcome, code string) {
	if p.Reasons == nil {
		p.Reasons = map[events.Outcome]map[string]*Set{}
	}
	if p.Reasons[outcome] == nil {
		p.Reasons[outcome] = map[string]*Set{}
	}
	byCode := p.Reasons[outcome]
	if _, known := byCode[code]; !known && len(byCode) >= maxCodes {
		code = OtherCode
	}
	byCode[code] = byCode[code].With(record)
}

// AwaitsMail notes that a stored record waits for a mail of its own. It returns
// whether that is new.
func (p *Progress) AwaitsMail(record int) bool { return p.add(&p.Unmailed, record) }

// HasMail notes that the mail of a record has its outcome. It returns whether
// that is new.
func (p *Progress) HasMail(record int) bool { return p.add(&p.Mailed, record) }

func (p *Progress) add(to **Set, record int) bool {
	if record < 1 || (*to).Has(record) {
		return false
	}
	*to = (*to).With(record)
	p.Revision++
	return true
}

// Counts are the numbers of an upload's records.
// Records = Completed + Rejected + Failed + Parked + Missing once the total is
// known; before that Records and Missing are 0.
type Counts struct {
	Records   int `json:"records"`
	Completed int `json:"completed"`
	Rejected  int `json:"rejected"`
	Failed    int `json:"failed"`
	Parked    int `json:"parked"`
	Missing   int `json:"missing"`
	// Mailing of the completed wait for a mail of their own.
	Mailing int `json:"mailing"`
}

// Ended is the number of records with an outcome.
func (c Counts) Ended() int { return c.Completed + c.Rejected + c.Failed + c.Parked }

// Counts computes the numbers. Positions beyond the total do not count.
func (p *Progress) Counts() Counts {
	var c Counts
	current := p.current()
	if p.Received != nil {
		c.Records = p.Received.Records
	}
	c.Completed = current[events.Completed].size()
	c.Rejected = current[events.Rejected].size()
	c.Failed = current[events.Failed].size()
	c.Parked = current[events.Parked].size()
	c.Missing = max(c.Records-c.Ended(), 0)
	c.Mailing = p.Unmailed.without(p.Mailed).size()
	return c
}

// current splits the positions by the outcome that counts for them.
func (p *Progress) current() map[events.Outcome]*Set {
	taken := &Set{}
	current := map[events.Outcome]*Set{}
	for _, outcome := range ranked {
		current[outcome] = p.Outcomes[outcome].without(taken)
		if p.Received != nil {
			current[outcome].cutAfter(p.Received.Records)
		}
		taken = taken.or(current[outcome])
	}
	return current
}

// Complete tells whether every record has ended and every mail of a record has
// its outcome.
func (p *Progress) Complete() bool {
	c := p.Counts()
	return p.Received != nil && c.Missing == 0 && c.Mailing == 0
}

// Missing lists the first positions that have no outcome, at most limit.
func (p *Progress) Missing(limit int) []int {
	if p.Received == nil {
		return nil
	}
	all := roaring.New()
	for _, set := range p.Outcomes {
		all.Or(set.bits())
	}
	var missing []int
	for record := 1; record <= p.Received.Records && len(missing) < limit; record++ {
		if !all.Contains(uint32(record)) {
			missing = append(missing, record)
		}
	}
	return missing
}

// ReasonCounts counts the records that were not completed by code or class. A
// record with several codes counts under each.
func (p *Progress) ReasonCounts() map[string]int {
	counts := map[string]int{}
	current := p.current()
	for outcome, byCode := range p.Reasons {
		for code, set := range byCode {
			if n := set.and(current[outcome]).size(); n > 0 {
				counts[code] += n
			}
		}
	}
	return counts
}

// Reason is one line of [Progress.TopReasons].
type Reason struct {
	Code  string
	Count int
}

// TopReasons lists the reasons, the most frequent first.
func (p *Progress) TopReasons() []Reason { return SortReasons(p.ReasonCounts()) }

// SortReasons lists counted reasons, the most frequent first.
func SortReasons(counts map[string]int) []Reason {
	var all []Reason
	for _, code := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, Reason{code, counts[code]})
	}
	slices.SortStableFunc(all, func(a, b Reason) int { return cmp.Compare(b.Count, a.Count) })
	return all
}
