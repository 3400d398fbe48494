package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"time"
)

// Credential is somebody who may call.
type Credential struct {
	AccessKey, SecretKey string
	// Token is the session token of temporary credentials, "" for others.
	Token string
}

// Service is for whom a request is signed, and what is its own about that.
type Service struct {
	// Name is the signing name: s3, sqs, events, ses, bedrock; "" for any.
	Name string
	// Objects: it signs and sends bodies as S3 does.
	Objects bool
}

// skew is how far the date of a request may be from now.
func (s Service) skew() time.Duration {
	if s.Objects {
		return 15 * time.Minute
	}
	return 5 * time.Minute
}

// Verifier knows who may call. It is safe for concurrent use.
type Verifier struct {
	known map[string]Credential
	now   func() time.Time
}

// New is a verifier of these credentials by the clock.
func New(now func() time.Time, all ...Credential) *Verifier {
	v := &Verifier{known: map[string]Credential{}, now: now}
	for _, c := range all {
		v.known[c.AccessKey] = c
	}
	return v
}

// Verify lets a request of a service in, or answers why not. It may read the body
// and replace it by one that is the same, and that fails with a *Refusal where a
// signed chunk was changed.
func (v *Verifier) Verify(r *http.Request, service Service) *Refusal {
	query, ok := parseQuery(r.URL.RawQuery)
	if !ok {
		return refuse(MalformedQuery, "The query string is not well-formed.")
	}
	c, refused := read(r, query)
	if refused != nil {
		return refused
	}
	who, known := v.known[c.accessKey]
	if !known {
		refused = refuse(UnknownKey, "The security token included in the request is invalid.")
		refused.AccessKey = c.accessKey
		return refused
	}
	if subtle.ConstantTimeCompare([]byte(c.token), []byte(who.Token)) != 1 {
		return refuse(WrongToken, "The security token included in the request is invalid.")
	}
	if refused := v.timely(c, service); refused != nil {
		return refused
	}
	if name := c.uncovered(r.Header); name != "" {
		return refuse(NotCovered, "There were headers present in the request which were not signed, or host was not: %s", name)
	}
	return c.check(r, query, service, who)
}

// timely judges scope and date.
func (v *Verifier) timely(c *claim, service Service) *Refusal {
	switch {
	case service.Name != "" && c.service != service.Name:
		return refuse(WrongScope, "Credential should be scoped to correct service: '%s'.", service.Name)
	case c.day != c.at.UTC().Format("20060102"):
		return refuse(WrongScope, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.")
	}
	now, skew := v.now(), service.skew()
	date := c.at.UTC().Format(stamp)
	switch {
	case c.at.Sub(now) > skew:
		return refuse(Skewed, "Signature not yet current: %s is still later than %s", date, now.UTC().Add(skew).Format(stamp))
	case c.presigned && now.After(c.at.Add(c.life)):
		return refuse(Expired, "Request has expired")
	case !c.presigned && now.Sub(c.at) > skew:
		return refuse(Skewed, "Signature expired: %s is now earlier than %s", date, now.UTC().Add(-skew).Format(stamp))
	}
	return nil
}

// check compares the signature and makes the body ready.
func (c *claim) check(r *http.Request, query map[string][]string, service Service, who Credential) *Refusal {
	payload, refused := c.payloadOf(r, service)
	if refused != nil {
		return refused
	}
	key := c.key(who.SecretKey)
	canonical := c.canonical(r, query, service, payload)
	text := c.stringToSign(canonical)
	sum := mac(key, text)
	given, err := hex.DecodeString(c.signature)
	if err != nil || len(given) != sha256.Size || !hmac.Equal(given, sum) {
		return &Refusal{Why: Mismatch, AccessKey: c.accessKey, Provided: c.signature, StringToSign: text, Canonical: canonical,
			Message: "The request signature we calculated does not match the signature you provided. Check your key and signing method."}
	}
	if signedChunks(payload) {
		r.Body = newChunks(r.Body, chain{key: key, date: c.at.UTC().Format(stamp), scope: c.scope(), last: hex.EncodeToString(sum)}, payload == chunksAndTrailer)
	}
	return nil
}
