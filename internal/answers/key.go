package answers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"sluice/internal/answers/kept"
	"sluice/internal/pack"
)

// LeastSecret is the least length of the environment's answer secret.
const LeastSecret = 32

// Keys names kept answers.
type Keys struct{ secret []byte }

// NewKeys takes the environment's secret. Whoever has it and the right to list
// answers/ could find out whether a guessed input was asked about.
func NewKeys(secret string) (Keys, error) {
	if len(secret) < LeastSecret {
		return Keys{}, errors.New("the answer secret must have at least 32 characters")
	}
	return Keys{[]byte(secret)}, nil
}

// of is the key that a request's answer is kept under.
func (k Keys) of(r Request, model string) string {
	tenant := hmac.New(sha256.New, k.secret)
	fmt.Fprintf(tenant, "tenant:%s", r.Tenant)
	name := hmac.New(sha256.New, tenant.Sum(nil))
	parts := []string{r.Question.Task.Name, r.Question.Task.Version(), pack.Version, model, string(r.Question.Params), r.Text}
	if !r.Question.Task.Reuse {
		parts = append(parts, r.RequestID)
	}
	for _, part := range parts {
		fmt.Fprintf(name, "%d:", len(part))
		name.Write([]byte(part))
	}
	return kept.Prefix + hex.EncodeToString(name.Sum(nil))
}
