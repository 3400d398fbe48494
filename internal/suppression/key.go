package suppression

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"net/mail"
	"regexp"
	"strings"
)

// Prefix is where the objects lie.
const Prefix = "suppressions/"

// MinSecret is the fewest characters that the secret may have.
const MinSecret = 32

// Key names an address without telling it: 52 characters of [a-z2-7], an
// HMAC-SHA256 of the normalised address under the environment's secret. Case,
// space around it, a name before it and angle brackets make no difference; a
// label after "+" does, as it does to SES.
func Key(secret, address string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte("suppression 1\n" + normal(address)))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)))
}

var keyForm = regexp.MustCompile(`^[a-z2-7]{52}$`)

// ValidKey tells whether the text has the form of a key.
func ValidKey(key string) bool { return keyForm.MatchString(key) }

// normal is the address as it is compared. What reports name may be a whole
// mailbox ("Name <a@example.com>"), or not an address at all.
func normal(address string) string {
	address = strings.TrimSpace(address)
	if parsed, err := mail.ParseAddress(address); err == nil {
		address = parsed.Address
	}
	return strings.ToLower(address)
}

func object(key string) string { return Prefix + key + ".json" }
