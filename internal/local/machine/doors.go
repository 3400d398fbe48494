package machine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"sluice/internal/local/bedrock"
	"sluice/internal/local/endpoint"
)

// doorsPath is where the machine's own doors are on the endpoint: what AWS has
// no API for, and a person at the machine wants to see.
const doorsPath = "/_sluice/"

// Mail is a mail of the outbox.
type Mail struct {
	ID      string            `json:"id"`
	Time    time.Time         `json:"time"`
	From    string            `json:"from"`
	To      []string          `json:"to"`
	Subject string            `json:"subject"`
	Text    string            `json:"text,omitempty"`
	HTML    string            `json:"html,omitempty"`
	Tags    map[string]string `json:"tags,omitempty"`
	// Headers are those beyond the usual ones, as List-Unsubscribe.
	Headers map[string]string `json:"headers,omitempty"`
}

// Doors is a client of a machine's own doors.
type Doors struct {
	base   string
	client *http.Client
	keys   Keys // to sign with; none where nobody asks
}

// NewDoors is a client of the machine at the URL, which must not ask for
// signatures; see [Running.Doors].
func NewDoors(url string) *Doors {
	return &Doors{base: url + doorsPath, client: &http.Client{Timeout: 30 * time.Second}}
}

// Who answers model calls.
const (
	LocalModel = "local" // the built-in stand-in; nothing is billed
	RealModel  = "aws"   // Amazon Bedrock, at the user's expense
)

// Health is what a machine says of itself.
type Health struct {
	// Sluice is the environment.
	Sluice  string    `json:"sluice"`
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	// Model is LocalModel or RealModel, ModelRegion where the latter is asked.
	Model       string `json:"model"`
	ModelRegion string `json:"modelRegion,omitempty"`
	// MailServer is host:port that the outbox is relayed to, "" for none.
	MailServer string `json:"mailServer,omitempty"`
}

// Health asks the machine how it is.
func (d *Doors) Health(ctx context.Context) (Health, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var h Health
	err := d.get(ctx, "health", nil, &h)
	return h, err
}

// Alive tells whether a machine answers there.
func (d *Doors) Alive(ctx context.Context) bool {
	h, err := d.Health(ctx)
	return err == nil && h.Sluice != ""
}

// Counts counts the events of a correlation id by their detail-type, since the
// machine started.
func (d *Doors) Counts(ctx context.Context, correlationID string) (map[string]int, error) {
	counts := map[string]int{}
	err := d.get(ctx, "counts", url.Values{"correlationId": {correlationID}}, &counts)
	return counts, err
}

// Models is what the local model counted since the machine started, by the id that
// was asked.
func (d *Doors) Models(ctx context.Context) (map[string]bedrock.Counter, error) {
	var door struct {
		Counters map[string]bedrock.Counter `json:"counters"`
	}
	err := d.get(ctx, "bedrock", nil, &door)
	return door.Counters, err
}

// Mails lists the newest mails first, at most limit of them, without their
// bodies; with a time, only those sent since.
func (d *Doors) Mails(ctx context.Context, limit int, since time.Time) ([]Mail, error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if !since.IsZero() {
		query.Set("since", since.UTC().Format(time.RFC3339Nano))
	}
	var mails []Mail
	err := d.get(ctx, "mails", query, &mails)
	return mails, err
}

// Mail is one mail with its bodies.
func (d *Doors) Mail(ctx context.Context, id string) (Mail, error) {
	var m Mail
	err := d.get(ctx, "mails/"+url.PathEscape(id), nil, &m)
	return m, err
}

func (d *Doors) get(ctx context.Context, path string, query url.Values, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.base+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	if err := d.sign(request); err != nil {
		return fmt.Errorf("ask the machine: %w", err)
	}
	response, err := d.client.Do(request)
	if err != nil {
		return fmt.Errorf("ask the machine: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("ask the machine: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		var refusal struct {
			Error string `json:"error"`
		}
		if json.Unmarshal(body, &refusal) == nil && refusal.Error != "" {
			return errors.New(refusal.Error)
		}
		return fmt.Errorf("ask the machine: %s", response.Status)
	}
	return json.Unmarshal(body, into)
}

// sign signs a request without a body, if there are keys.
func (d *Doors) sign(r *http.Request) error {
	if d.keys == (Keys{}) {
		return nil
	}
	c, err := d.keys.Provider().Retrieve(r.Context())
	if err != nil {
		return err
	}
	sum := sha256.Sum256(nil)
	return v4.NewSigner().SignHTTP(r.Context(), c, r, hex.EncodeToString(sum[:]), endpoint.OwnService, Region, time.Now())
}
