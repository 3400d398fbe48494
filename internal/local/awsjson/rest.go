package awsjson

import (
	"encoding/json"
	"io"
	"net/http"

	"sluice/internal/local/service"
)

// Protocol is how one service speaks JSON over REST.
type Protocol struct {
	// Most bounds a request's body, in bytes.
	Most int64
	// Invalid is the code of a request that cannot be read.
	Invalid string
	// Internal is told of an error that is no *service.Error.
	Internal service.Error
	// Document is the body of a refusal.
	Document func(message string) map[string]string
	// NewID makes the id of a request; service.NewID.
	NewID func() string
}

// Handle makes an HTTP handler of an operation. Its result is answered with the
// status; a body that is too long, or breaks off, never reaches it.
func Handle[Out any](p Protocol, status int, act func(r *http.Request, body []byte) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, p.Most))
		if err != nil {
			p.Refuse(w, &service.Error{Code: p.Invalid, Message: "The request could not be read, or is too large."})
			return
		}
		out, err := act(r, body)
		if err != nil {
			p.Refuse(w, err)
			return
		}
		p.answer(w, status, out)
	}
}

// Refuse answers an error: its code in X-Amzn-Errortype, where the SDKs look for
// it, and its message in the document.
func (p Protocol) Refuse(w http.ResponseWriter, err error) {
	told := service.Refusal(err, p.Internal)
	w.Header().Set("X-Amzn-Errortype", told.Code)
	p.answer(w, told.Status, p.Document(told.Message))
}

// Unknown refuses every request, as an operation that the service of that name has
// not here; the hint goes behind the sentence that says so.
func (p Protocol) Unknown(name, hint string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.Refuse(w, service.Refuse(http.StatusNotFound, "UnknownOperationException", "The local %s does not know %s %s.%s", name, r.Method, r.URL.Path, hint))
	}
}

func (p Protocol) answer(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"message":"The answer cannot be written."}`)
	}
	newID := p.NewID
	if newID == nil {
		newID = service.NewID
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Requestid", newID())
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone needs no answer
}
