package endpoint

import (
	"encoding/xml"
	"net/http"
	"strings"

	"sluice/internal/local/service"
	"sluice/internal/local/signature"
	"sluice/internal/local/sqs"
)

// isQuery tells a call of AWS's old query protocol: a form with an Action.
func isQuery(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// mostQuery bounds a form: ten messages of together 1 MiB, encoded.
const mostQuery = 8 << 20

// query answers calls of the query protocol: those of SQS, as its older clients
// make them, and STS's question who asks, which many programs begin with.
func (s *Services) query() http.HandlerFunc {
	queues := sqs.QueryHandler(s.SQS)
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, mostQuery)
		if err := r.ParseForm(); err != nil {
			answerQuery(w, http.StatusBadRequest, "MalformedQueryString", "The form could not be read, or is too large.")
			return
		}
		_, claimed := signature.Claimed(r)
		switch action := r.PostForm.Get("Action"); {
		case action == "GetCallerIdentity":
			s.identify(w, r)
		case claimed == "" || claimed == "sqs":
			queues.ServeHTTP(w, r)
		default:
			answerQuery(w, http.StatusBadRequest, "InvalidAction", "The local machine does not offer "+action+" of "+claimed+".")
		}
	}
}

type identityDocument struct {
	XMLName   xml.Name `xml:"GetCallerIdentityResponse"`
	Namespace string   `xml:"xmlns,attr"`
	ARN       string   `xml:"GetCallerIdentityResult>Arn"`
	UserID    string   `xml:"GetCallerIdentityResult>UserId"`
	Account   string   `xml:"GetCallerIdentityResult>Account"`
	RequestID string   `xml:"ResponseMetadata>RequestId"`
}

// identify answers GetCallerIdentity: the user is called as the access key.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
func (s *Services) identify(w http.ResponseWriter, r *http.Request) {
	key, _ := signature.Claimed(r)
	if key == "" {
		answerQuery(w, http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token")
		return
	}
	answerXML(w, http.StatusOK, identityDocument{Namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
		ARN: "arn:aws:iam::" + s.account + ":user/" + key, UserID: key, Account: s.account, RequestID: service.NewID()})
}
