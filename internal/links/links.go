package links

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Kind says what a token allows.
type Kind string

// The kinds of tokens; they are the first part of the route too.
const (
	KindReport      Kind = "reports"
	KindUnsubscribe Kind = "unsubscribe"
)

// ReportLife is how long the link to a report opens.
const ReportLife = 90 * 24 * time.Hour

// MinSecret is the fewest characters that a secret may have.
const MinSecret = 32

// MaxToken is the longest token that [Links.Open] looks at, in characters.
const MaxToken = 512

// Errors of [Links.Open]. Neither goes away by trying again.
var (
	// ErrToken: the token is malformed, or not one of ours.
	ErrToken = errors.New("this is not a valid link")
	// ErrExpired: it was ours, and its time is over.
	ErrExpired = errors.New("this link has expired")
)

// Claim is what a token says.
type Claim struct {
	Kind Kind
	// Tenant owns the report; "" for KindUnsubscribe.
	Tenant string
	// Subject is the upload's id (KindReport), or the suppression's key
	// (KindUnsubscribe; see internal/suppression).
	Subject string
}

// Links makes and opens tokens. It is safe for concurrent use.
type Links struct {
	base string
	key  []byte
	now  func() time.Time
}

// New makes links below base, the public http or https URL of the API. Secret has
// at least [MinSecret] characters; whoever changes it makes all links that are in
// mails useless. The error does not tell the secret.
func New(base, secret string) (*Links, error) {
	parsed, err := url.Parse(base)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.RawQuery != "" || parsed.Fragment != "" || parsed.User != nil {
		return nil, errors.New("links: the API's URL is not http://host or https://host")
	}
	if len(secret) < MinSecret {
		return nil, fmt.Errorf("links: the secret has %d characters, not at least %d", len(secret), MinSecret)
	}
	return &Links{strings.TrimRight(base, "/"), mac([]byte(secret), []byte("sluice links 1")), time.Now}, nil
}

// At gives links whose life begins at what now says, instead of the system's
// clock.
func (l *Links) At(now func() time.Time) *Links {
	copied := *l
	copied.now = now
	return &copied
}

// Report is the URL of an upload's report; it opens for [ReportLife].
func (l *Links) Report(tenant, uploadID string) string {
	return l.link(Claim{KindReport, tenant, uploadID}, l.now().Add(ReportLife))
}

// Unsubscribe is the URL by which the owner of an address says that he wants no
// more mails. Key is the address's suppression key. It opens for ever: a mail may
// be read years later.
func (l *Links) Unsubscribe(key string) string {
	return l.link(Claim{KindUnsubscribe, "", key}, time.Time{})
}

func (l *Links) link(c Claim, expiry time.Time) string {
	return l.base + "/" + string(c.Kind) + "/" + l.seal(c, expiry)
}

// Open reads a token, the last part of a link's path. Errors: ErrToken,
// ErrExpired. How long it takes tells nothing of the right signature.
func (l *Links) Open(token string, now time.Time) (Claim, error) {
	if len(token) > MaxToken {
		return Claim{}, ErrToken
	}
	// Strict: a second spelling of the same bytes would be a second token.
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < head+sha256.Size {
		return Claim{}, ErrToken
	}
	body, signature := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	if !hmac.Equal(signature, mac(l.key, body)) || body[0] != version {
		return Claim{}, ErrToken
	}
	kind, known := kinds[body[1]]
	tenant := int(body[head-1])
	if !known || head+tenant > len(body) {
		return Claim{}, ErrToken
	}
	if expiry := binary.BigEndian.Uint64(body[2:10]); expiry != 0 && now.Unix() >= int64(expiry) {
		return Claim{}, ErrExpired
	}
	return Claim{kind, string(body[head : head+tenant]), string(body[head+tenant:])}, nil
}

const (
	version = 1
	// head is version, kind, expiry and the tenant's length.
	head = 1 + 1 + 8 + 1
)

// kinds are the kinds by their byte, which never changes.
var kinds = map[byte]Kind{1: KindReport, 2: KindUnsubscribe}

func byteOf(kind Kind) byte {
	for b, k := range kinds {
		if k == kind {
			return b
		}
	}
	return 0
}

// seal makes the token. A tenant has at most 32 characters, so its length fits.
func (l *Links) seal(c Claim, expiry time.Time) string {
	body := []byte{version, byteOf(c.Kind)}
	seconds := uint64(0)
	if !expiry.IsZero() {
		seconds = uint64(expiry.Unix())
	}
	body = binary.BigEndian.AppendUint64(body, seconds)
	body = append(body, byte(len(c.Tenant)))
	body = append(append(body, c.Tenant...), c.Subject...)
	return base64.RawURLEncoding.EncodeToString(append(body, mac(l.key, body)...))
}

func mac(key, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(body)
	return h.Sum(nil)
}
