package analyze

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/events"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/requests"
)

// The bounds of the wait for what becomes of mails. Most is reported within
// seconds; SES goes on trying for hours where a mail server does not answer, and
// for that no workflow waits.
const (
	leastDelivery = time.Minute
	mostDelivery  = time.Hour
)

// delivery finds out what became of the mails that Notified tells of. While a
// report is missing it is put off, each time for as long as it has waited, until
// mostDelivery is over: then it is not known. A request without a status (its
// recipients are its upload's) has no place for reports, and is not waited for.
func (h *Handler) delivery(ctx context.Context, m consume.Message, _ consume.Failure) error {
	e, err := events.Decode(m.Record)
	if err != nil {
		return fault.As(fault.Park, err)
	}
	notified, err := events.DataOf[events.Notified](e)
	if err != nil {
		return fault.As(fault.Park, err)
	}
	status, err := h.Book.Get(ctx, e.Tenant, e.RequestID)
	if errors.Is(err, objects.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delivery: %w", err)
	}
	became, missing := becameOf(status, notified.Recipients)
	waited := max(h.Now().Sub(e.Time), 0)
	if missing && mostDelivery-waited >= leastDelivery {
		m.PutOff(min(max(waited, leastDelivery), mostDelivery-waited))
		return nil
	}
	m.Became(string(became))
	return nil
}

// becameOf is what became of the mails that were sent: bounced if one of them came
// back, delivered if all of them arrived, whatever their recipients think of them;
// else "". It tells whether a report is missing.
func becameOf(s requests.Status, recipients []events.Recipient) (became requests.Became, missing bool) {
	sent, arrived, bounced := 0, 0, 0
	for _, one := range recipients {
		if one.Outcome != events.MailSent {
			continue
		}
		sent++
		switch s.Became(one.MessageID) {
		case requests.Delivered, requests.Complained:
			arrived++
		case requests.Bounced:
			bounced++
		}
	}
	switch {
	case bounced > 0:
		became = requests.Bounced
	case sent > 0 && arrived == sent:
		became = requests.Delivered
	}
	return became, arrived+bounced < sent
}
