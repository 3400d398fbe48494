package endpoint

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"

	"sluice/internal/local/s3"
	"sluice/internal/local/signature"
)

// told is what a service says for a reason: in its own terms, and in those of the
// older query protocol, by which SQS's clients report it still. Status is HTTP's.
type told struct {
	code, legacy string
	status       int
}

// commonErrors are those of the services that speak JSON, as their pages "Common
// errors" list them, such as
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
var commonErrors = map[signature.Why]told{
	signature.Unsigned:       {"MissingAuthenticationTokenException", "MissingAuthenticationToken", http.StatusForbidden},
	signature.Malformed:      {"IncompleteSignatureException", "IncompleteSignature", http.StatusBadRequest},
	signature.MalformedQuery: {"IncompleteSignatureException", "IncompleteSignature", http.StatusBadRequest},
	signature.Unsupported:    {"IncompleteSignatureException", "IncompleteSignature", http.StatusBadRequest},
	signature.UnknownKey:     {"UnrecognizedClientException", "InvalidClientTokenId", http.StatusForbidden},
	signature.WrongToken:     {"UnrecognizedClientException", "InvalidClientTokenId", http.StatusForbidden},
	signature.WrongScope:     {"InvalidSignatureException", "SignatureDoesNotMatch", http.StatusForbidden},
	signature.NotCovered:     {"InvalidSignatureException", "SignatureDoesNotMatch", http.StatusForbidden},
	signature.Skewed:         {"RequestExpired", "RequestExpired", http.StatusBadRequest},
	signature.Expired:        {"RequestExpired", "RequestExpired", http.StatusBadRequest},
	signature.Mismatch:       {"InvalidSignatureException", "SignatureDoesNotMatch", http.StatusForbidden},
	signature.WrongPayload:   {"InvalidSignatureException", "SignatureDoesNotMatch", http.StatusForbidden},
}

// toldByS3 is the same for S3, with a message of its own or "".
type toldByS3 struct {
	code    string
	status  int
	message string
}

// objectErrors are S3's:
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
var objectErrors = map[signature.Why]toldByS3{
	signature.Unsigned:       {"AccessDenied", http.StatusForbidden, "Access Denied"},
	signature.Malformed:      {"AuthorizationHeaderMalformed", http.StatusBadRequest, ""},
	signature.MalformedQuery: {"AuthorizationQueryParametersError", http.StatusBadRequest, ""},
	signature.Unsupported:    {"InvalidRequest", http.StatusBadRequest, ""},
	signature.UnknownKey:     {"InvalidAccessKeyId", http.StatusForbidden, "The AWS Access Key Id you provided does not exist in our records."},
	signature.WrongToken:     {"InvalidToken", http.StatusBadRequest, "The provided token is malformed or otherwise invalid."},
	signature.WrongScope:     {"AuthorizationHeaderMalformed", http.StatusBadRequest, ""},
	signature.NotCovered:     {"AccessDenied", http.StatusForbidden, ""},
	signature.Skewed:         {"RequestTimeTooSkewed", http.StatusForbidden, "The difference between the request time and the current time is too large."},
	signature.Expired:        {"AccessDenied", http.StatusForbidden, ""},
	signature.Mismatch:       {"SignatureDoesNotMatch", http.StatusForbidden, ""},
	signature.WrongPayload:   {"XAmzContentSHA256Mismatch", http.StatusBadRequest, ""},
}

// explained is the message of a refusal, with what the signature should have been
// made of, as AWS tells it.
func explained(why *signature.Refusal) string {
	if why.StringToSign == "" {
		return why.Message
	}
	return why.Message + "\n\nThe Canonical String for this request should have been\n'" + why.Canonical +
		"'\n\nThe String-to-Sign should have been\n'" + why.StringToSign + "'\n"
}

func refuseJSON(w http.ResponseWriter, kind string, status int, code string, why *signature.Refusal) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazon.coral.service#" + code, "message": explained(why)})
}

// refuseQueues answers for SQS, whose clients look for the older name in a header.
func refuseQueues(w http.ResponseWriter, _ *http.Request, why *signature.Refusal) {
	t := commonErrors[why.Why]
	w.Header().Set("X-Amzn-Query-Error", t.legacy+";Sender")
	refuseJSON(w, "application/x-amz-json-1.0", t.status, t.code, why)
}

// refuseTarget answers for services that are named by X-Amz-Target: theirs is
// always 400.
func refuseTarget(w http.ResponseWriter, _ *http.Request, why *signature.Refusal) {
	refuseJSON(w, "application/x-amz-json-1.1", http.StatusBadRequest, commonErrors[why.Why].code, why)
}

// refuseREST answers for services with JSON at paths.
func refuseREST(w http.ResponseWriter, _ *http.Request, why *signature.Refusal) {
	t := commonErrors[why.Why]
	refuseJSON(w, "application/json", t.status, t.code, why)
}

func refuseQuery(w http.ResponseWriter, _ *http.Request, why *signature.Refusal) {
	t := commonErrors[why.Why]
	answerQuery(w, t.status, t.legacy, explained(why))
}

func answerQuery(w http.ResponseWriter, status int, code, message string) {
	answerXML(w, status, struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Type    string   `xml:"Error>Type"`
		Code    string   `xml:"Error>Code"`
		Message string   `xml:"Error>Message"`
	}{Type: "Sender", Code: code, Message: message})
}

// refuseObjects answers for S3.
func refuseObjects(w http.ResponseWriter, r *http.Request, why *signature.Refusal) {
	t := objectErrors[why.Why]
	message := t.message
	if message == "" {
		message = why.Message
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(t.status)
		return
	}
	answerXML(w, t.status, struct {
		XMLName           xml.Name `xml:"Error"`
		Code              string
		Message           string
		AWSAccessKeyId    string `xml:",omitempty"`
		StringToSign      string `xml:",omitempty"`
		SignatureProvided string `xml:",omitempty"`
		CanonicalRequest  string `xml:",omitempty"`
		Resource          string
	}{Code: t.code, Message: message, AWSAccessKeyId: why.AccessKey, StringToSign: why.StringToSign, SignatureProvided: why.Provided,
		CanonicalRequest: why.Canonical, Resource: r.URL.Path})
}

func answerXML(w http.ResponseWriter, status int, document any) {
	raw, err := xml.Marshal(document)
	if err != nil {
		status, raw = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = io.Copy(w, strings.NewReader(xml.Header+string(raw)))
}

// signedBody is a body that may turn out not to be the one that was signed; S3
// is told so in its own terms.
type signedBody struct{ io.ReadCloser }

// Read implements io.Reader.
func (b signedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if why, is := errors.AsType[*signature.Refusal](err); is {
		t := objectErrors[why.Why]
		return n, &s3.Error{Status: t.status, Code: t.code, Message: why.Message}
	}
	return n, err
}
