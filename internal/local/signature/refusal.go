package signature

import "fmt"

// Why is the reason of a refusal. Each service has a name of its own for it.
type Why int

// Reasons.
const (
	// Unsigned: there is no signature.
	Unsigned Why = iota
	// Malformed: the signature, in the header or the query, cannot be read.
	Malformed
	MalformedQuery
	// Unsupported: it is signed in another way than with AWS4-HMAC-SHA256.
	Unsupported
	// UnknownKey: nobody has the access key.
	UnknownKey
	// WrongToken: the session token is not that of the access key.
	WrongToken
	// WrongScope: the credential is for another service or day.
	WrongScope
	// NotCovered: host or an x-amz-… header is not signed.
	NotCovered
	// Skewed: the date of the request is too far from now.
	Skewed
	// Expired: the time of a presigned URL is over.
	Expired
	// Mismatch: the signature is not the one that the secret key gives.
	Mismatch
	// WrongPayload: the body is not the one that was signed.
	WrongPayload
)

// Refusal is why a request is not let in. No retry helps, but for Skewed with
// the right time.
type Refusal struct {
	Why Why
	// Message is a sentence for whoever sent the request.
	Message string
	// AccessKey, Provided, StringToSign and Canonical are what a Mismatch is
	// about: who signed, the signature that came, and what it should have been made
	// of.
	AccessKey, Provided, StringToSign, Canonical string
}

// Error implements error.
func (r *Refusal) Error() string { return r.Message }

func refuse(why Why, message string, args ...any) *Refusal {
	return &Refusal{Why: why, Message: fmt.Sprintf(message, args...)}
}
