package endpoint

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"slices"
	"sync"

	"sluice/internal/local/signature"
)

// Call is an AWS call that somebody was seen to make, as an IAM policy would
// have to allow it.
type Call struct {
	// Caller is the access key that the request was signed with.
	Caller string `json:"caller"`
	// Action is IAM's, such as s3:GetObject.
	Action string `json:"action"`
	// On is what the call was made on: of the bucket the folder at its top with a
	// slash, else the name of a queue, bus, model, … or "" where AWS knows none.
	On string `json:"on"`
}

// Calls keeps which calls were made, each of them once. It is safe for
// concurrent use.
type Calls struct {
	mu   sync.Mutex
	seen map[Call]bool
}

// List gives all of them in order.
func (c *Calls) List() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Call, 0, len(c.seen))
	for call := range c.seen {
		all = append(all, call)
	}
	slices.SortFunc(all, func(a, b Call) int {
		return cmp.Or(cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Action, b.Action), cmp.Compare(a.On, b.On))
	})
	return all
}

func (c *Calls) note(all []Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[Call]bool{}
	}
	for _, call := range all {
		c.seen[call] = true
	}
}

// watched notes every signed request before it goes on. Bodies that name what
// the call is on are held in memory for that; objects are not.
func (c *Calls) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, _ := signature.Claimed(r)
		if caller == "" {
			next.ServeHTTP(w, r)
			return
		}
		var body []byte
		if namesItsResource(r) {
			body, _ = io.ReadAll(r.Body) // what is broken is the service's to refuse
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		made := actions(r, body)
		for i := range made {
			made[i].Caller = caller
		}
		c.note(made)
		next.ServeHTTP(w, r)
	})
}
