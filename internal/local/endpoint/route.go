package endpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"sluice/internal/local/apigateway"
	"sluice/internal/local/eventbridge"
	"sluice/internal/local/lambda"
	"sluice/internal/local/s3"
	"sluice/internal/local/scheduler"
	"sluice/internal/local/ses"
	"sluice/internal/local/signature"
	"sluice/internal/local/sqs"
)

// door is one service on the endpoint.
type door struct {
	http.Handler
	// signed is how its requests are signed.
	signed signature.Service
	// refuse answers a request that is not let in, in the service's terms.
	refuse func(w http.ResponseWriter, r *http.Request, why *signature.Refusal)
}

// open tells whether a request needs no signature: one to a public route.
func (d door) open(r *http.Request) bool {
	api, is := d.Handler.(*apigateway.API)
	return is && api.Open(r)
}

// doors are all of them.
type doors struct {
	queues, events, mails, models, mappings, schedules, objects, own, unknown, absent, query door
	// api is the HTTP API's, which has the routes; nil if there is none.
	api    door
	routes *apigateway.API
}

func (s *Services) doors(log *slog.Logger) doors {
	all := doors{
		queues:    door{sqs.Handler(s.SQS), signature.Service{Name: "sqs"}, refuseQueues},
		events:    door{s.awaited(eventbridge.Handler(s.EventBridge)), signature.Service{Name: "events"}, refuseTarget},
		mails:     door{ses.Handler(s.SES), signature.Service{Name: "ses"}, refuseREST},
		models:    door{s.models(log), signature.Service{Name: "bedrock"}, refuseREST},
		mappings:  door{lambda.Handler(s.Lambda), signature.Service{Name: "lambda"}, refuseREST},
		schedules: door{scheduler.Handler(s.Scheduler), signature.Service{Name: "scheduler"}, refuseREST},
		objects:   door{s3.Handler(s.S3), signature.Service{Name: "s3", Objects: true}, refuseObjects},
		own:       door{s.Own, signature.Service{Name: OwnService}, refuseREST},
		unknown:   door{http.HandlerFunc(unknown), signature.Service{}, refuseTarget},
		absent:    door{http.HandlerFunc(absent), signature.Service{}, refuseREST},
		routes:    s.API,
	}
	all.query = door{s.query(), signature.Service{}, refuseQuery}
	if s.API != nil {
		all.api = door{s.API, signature.Service{Name: apiService}, s.API.Refuse}
	}
	return all
}

// apiService is the name that requests to an HTTP API are signed for.
const apiService = "execute-api"

// OwnService is the name that requests to the machine's own doors are signed for.
const OwnService = "sluice"

// of is the door that a request is for.
func (d *doors) of(r *http.Request) door {
	switch target := r.Header.Get("X-Amz-Target"); {
	case strings.HasPrefix(target, sqs.TargetPrefix):
		return d.queues
	case strings.HasPrefix(target, "AWSEvents."):
		return d.events
	case target != "":
		return d.unknown
	}
	path := r.URL.Path
	_, service := signature.Claimed(r)
	switch {
	case strings.Contains(r.Host, ".localhost"): // bucket.localhost, whatever the key
		return d.objects
	case strings.HasPrefix(path, "/v2/email/"):
		return d.mails
	case strings.HasPrefix(path, "/model/"):
		return d.models
	case service == "lambda":
		return d.mappings
	case service == "scheduler": // all that tells a schedule's path from a bucket's
		return d.schedules
	case d.own.Handler != nil && (strings.HasPrefix(path, "/_sluice/") || asksMetrics(r)):
		return d.own
	case d.takesAPI(r, service):
		return d.api
	case isQuery(r):
		return d.query
	case service != "" && !strings.HasPrefix(service, "s3"):
		return d.absent // it speaks JSON at paths: S3 would take those for buckets
	}
	return d.objects
}

// takesAPI tells whether a request is the HTTP API's: it is signed for that, or its
// path begins as a route does and it is not signed for S3. So a bucket that is
// called like a route is reached with a signature.
func (d *doors) takesAPI(r *http.Request, service string) bool {
	if d.routes == nil {
		return false
	}
	switch service {
	case apiService:
		return true
	case "s3":
		return false
	}
	older := strings.HasPrefix(r.Header.Get("Authorization"), "AWS ") || r.URL.Query().Has("AWSAccessKeyId")
	return !older && d.routes.Begins(r.URL.Path)
}

// signedFor tells whether a request says that it is signed for a service.
func signedFor(r *http.Request, service string) bool {
	_, claimed := signature.Claimed(r)
	return claimed == service
}

// asksMetrics tells a request of Prometheus's from one for a bucket of that name,
// which clients of S3 sign.
func asksMetrics(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Path == "/metrics" && r.URL.RawQuery == "" && r.Header.Get("Authorization") == ""
}

// Handler lets requests in, if there are credentials to ask for, and routes each
// to the service it is for.
func Handler(s *Services, log *slog.Logger) http.Handler {
	all := s.doors(log)
	if s.Access == nil {
		route := func(w http.ResponseWriter, r *http.Request) { all.of(r).ServeHTTP(w, r) }
		return recovered(guarded(s.watched(http.HandlerFunc(route)), all.invited), log)
	}
	return recovered(s.watched(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := all.of(r)
		if to.open(r) {
			to.ServeHTTP(w, r)
			return
		}
		if refused := s.Access.Verify(r, to.signed); refused != nil {
			to.refuse(w, r, refused)
			return
		}
		r.Body = signedBody{r.Body}
		to.ServeHTTP(w, r)
	})), log)
}

// awaited lets a caller wait first, if somebody has to.
func (s *Services) awaited(next http.Handler) http.Handler {
	if s.BeforeEvents == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.BeforeEvents(r)
		next.ServeHTTP(w, r)
	})
}

// watched lets what is called be noted, if somebody wants to know.
func (s *Services) watched(next http.Handler) http.Handler {
	if s.Calls == nil {
		return next
	}
	return s.Calls.watched(next)
}

// recovered answers 500 for a panic and logs where it was: one request must not
// end the machine.
func recovered(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, is := p.(error); is && errors.Is(err, http.ErrAbortHandler) {
				panic(p) // the server's own way to drop a connection
			}
			log.Error("a request panicked", "target", r.Header.Get("X-Amz-Target"), "method", r.Method, "stack", string(debug.Stack()))
			w.WriteHeader(http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

// unknown answers a JSON protocol call of a service that is not here.
func unknown(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprintf(w, `{"__type":"UnknownOperationException","message":%q}`, "The local machine does not offer "+r.Header.Get("X-Amz-Target")+".")
}

// absent answers a call of a service that is not here, or of a part of one.
func absent(w http.ResponseWriter, r *http.Request) {
	_, service := signature.Claimed(r)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", "UnknownOperationException")
	w.WriteHeader(http.StatusNotFound)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": "The local machine does not offer " + r.Method + " " + r.URL.Path + " of " + service + "."})
}
