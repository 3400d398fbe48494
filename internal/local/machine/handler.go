package machine

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strconv"
	"time"

	"sluice/internal/local/ses"
)

// doors serves what the machine tells of itself; see [Doors].
func (m *Machine) doors() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+doorsPath+"health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, m.health())
	})
	mux.HandleFunc("GET "+doorsPath+"counts", func(w http.ResponseWriter, r *http.Request) {
		answer(w, m.services.EventBridge.Counts(r.FormValue("correlationId")))
	})
	mux.HandleFunc("GET "+doorsPath+"operations", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"s3": m.services.S3.Counts()})
	})
	mux.HandleFunc("GET "+doorsPath+"functions", func(w http.ResponseWriter, _ *http.Request) { answer(w, m.host.Stats()) })
	mux.Handle("GET "+doorsPath+"metrics", m.metrics)
	mux.Handle("GET /metrics", m.metrics)
	mux.HandleFunc("GET "+doorsPath+"mails", m.listMails)
	mux.HandleFunc("GET "+doorsPath+"mails/{id}", func(w http.ResponseWriter, r *http.Request) {
		mail, err := m.services.SES.Mail(r.PathValue("id"))
		if err != nil {
			refuse(w, http.StatusNotFound, err)
			return
		}
		answer(w, mailOf(mail, true))
	})
	mux.HandleFunc("POST "+doorsPath+"mails/{id}/feedback", m.feedback)
	mux.Handle(doorsPath+"bedrock", m.services.BedrockSettings())
	mux.HandleFunc(doorsPath, func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, errors.New("the machine has no such door"))
	})
	return mux
}

func (m *Machine) health() Health {
	h := Health{Sluice: Environment, PID: os.Getpid(), Started: m.started.UTC().Truncate(time.Second), Model: LocalModel, MailServer: m.options.Relay.Server}
	if m.options.AWS != nil {
		h.Model, h.ModelRegion = RealModel, m.options.AWS.Region
	}
	return h
}

func (m *Machine) listMails(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.FormValue("limit"))
	if err != nil || limit < 1 {
		refuse(w, http.StatusBadRequest, errors.New("limit must be a number from 1"))
		return
	}
	filter := ses.Filter{Limit: limit}
	if since := r.FormValue("since"); since != "" {
		if filter.Since, err = time.Parse(time.RFC3339Nano, since); err != nil {
			refuse(w, http.StatusBadRequest, errors.New("since must be a time as in RFC 3339"))
			return
		}
	}
	found, err := m.services.SES.Outbox(r.Context(), filter)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	list := []Mail{}
	for _, mail := range found {
		list = append(list, mailOf(mail, false))
	}
	answer(w, list)
}

func mailOf(m *ses.Mail, whole bool) Mail {
	mail := Mail{ID: m.ID, Time: m.Time, From: m.From.Email, Subject: m.Subject, Tags: m.Tags}
	for _, to := range m.To {
		mail.To = append(mail.To, to.Email)
	}
	if whole {
		mail.Text, mail.HTML, mail.Headers = m.Text, m.HTML, map[string]string{}
		for _, h := range m.Headers {
			mail.Headers[h.Name] = h.Value
		}
	}
	return mail
}

// feedback brings about what becomes of a sent mail later: the body is
// {"recipient": "…", "kind": "BOUNCE"}, where kind is DELIVERY, BOUNCE, COMPLAINT
// or DELIVERY_DELAY.
func (m *Machine) feedback(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Recipient string `json:"recipient"`
		Kind      string `json:"kind"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&asked); err != nil {
		refuse(w, http.StatusBadRequest, errors.New(`the body must be {"recipient": "…", "kind": "BOUNCE"}`))
		return
	}
	if err := m.services.SES.Feedback(r.Context(), r.PathValue("id"), asked.Recipient, asked.Kind); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	answer(w, map[string]string{"id": r.PathValue("id"), "kind": asked.Kind})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}
