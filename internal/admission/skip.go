package admission

import (
	"context"
	"fmt"

	"sluice/events"
)

// Permit decides who may be mailed; see internal/suppression.
type Permit interface {
	Nobody(ctx context.Context, addresses ...string) ([]string, error)
}

// WantsMailOnly tells whether a request asks for nothing but a mail. A record of an
// upload has a place in its results, whoever is mailed about it.
func WantsMailOnly(data events.RequestReceived) bool {
	return data.Notify != nil && len(data.Notify.Email) > 0 && !data.Notify.AnswerAnyway && data.Upload == nil
}

// Skip decides whether a request ends before tokens are bought for it, since nobody
// would get the answer: it asks for nothing but a mail, and every recipient is
// suppressed or of a domain that is not allowed. It gives what is said then, and nil
// where the request is to be answered. It reads one object per recipient. The error is
// S3's, and says that it could not be found out.
//
// What it says is kept in the status that is admitted, and holds from then on: who is
// free again in between, or an equal input that was answered, must not give a second
// end to a request that has one.
func Skip(ctx context.Context, permit Permit, data events.RequestReceived) (*events.NotificationSkipped, error) {
	if !WantsMailOnly(data) {
		return nil, nil
	}
	why, err := permit.Nobody(ctx, data.Notify.Email...)
	if err != nil {
		return nil, fmt.Errorf("who may be mailed: %w", err)
	}
	if why == nil {
		return nil, nil
	}
	said := &events.NotificationSkipped{About: data.Type()}
	named := map[string]bool{}
	for i, address := range data.Notify.Email {
		hash := events.AddressHash(address)
		if !named[hash] {
			named[hash] = true
			said.Recipients = append(said.Recipients, events.Recipient{Hash: hash, Outcome: events.MailSkipped, Reason: why[i]})
		}
	}
	said.Reason = events.SkippedBecause("none of the recipients may be mailed, so the model was not asked", said.Recipients)
	return said, nil
}
