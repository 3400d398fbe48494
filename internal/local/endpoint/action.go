package endpoint

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path"
	"strings"

	"sluice/internal/local/sqs"
)

// namesItsResource tells whether the body says what a call is made on.
func namesItsResource(r *http.Request) bool {
	return r.Header.Get("X-Amz-Target") != "" || signedFor(r, "ses") || signedFor(r, "scheduler")
}

// actions is what IAM must allow for a request: its action, and those that AWS
// asks for besides. One that is not known here becomes an action that no policy
// has, so that it shows.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
func actions(r *http.Request, body []byte) []Call {
	target := r.Header.Get("X-Amz-Target")
	switch {
	case strings.HasPrefix(target, sqs.TargetPrefix):
		return []Call{queueAction(strings.TrimPrefix(target, sqs.TargetPrefix), body)}
	case strings.HasPrefix(target, "AWSEvents."):
		return eventActions(strings.TrimPrefix(target, "AWSEvents."), body)
	case target != "":
		return []Call{{Action: "unknown:" + target}}
	case strings.HasPrefix(r.URL.Path, "/model/"):
		return []Call{modelAction(r.URL.Path)}
	case signedFor(r, "ses"):
		return mailActions(r, body)
	case signedFor(r, "lambda"):
		return []Call{mappingAction(r)}
	case signedFor(r, "scheduler"):
		return scheduleActions(r, body)
	case signedFor(r, OwnService):
		return nil
	}
	return objectActions(r)
}

// queueAction: IAM knows no batches, and a queue is in the body by its URL or
// its name.
func queueAction(operation string, body []byte) Call {
	var on struct{ QueueUrl, QueueName string }
	_ = json.Unmarshal(body, &on)
	name := on.QueueName
	if on.QueueUrl != "" {
		name = path.Base(on.QueueUrl)
	}
	return Call{Action: "sqs:" + strings.TrimSuffix(operation, "Batch"), On: name}
}

func eventActions(operation string, body []byte) []Call {
	var on struct {
		EventBusName string
		Entries      []struct{ EventBusName string }
	}
	_ = json.Unmarshal(body, &on)
	if operation != "PutEvents" {
		return []Call{{Action: "events:" + operation, On: on.EventBusName}}
	}
	var all []Call
	for _, entry := range on.Entries {
		all = append(all, Call{Action: "events:PutEvents", On: path.Base(entry.EventBusName)})
	}
	return all
}

// modelAction: Converse is allowed by bedrock:InvokeModel.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
func modelAction(at string) Call {
	rest := strings.TrimPrefix(at, "/model/")
	end := strings.LastIndex(rest, "/")
	if end < 0 {
		return Call{Action: "unknown:" + at}
	}
	on, err := url.PathUnescape(rest[:end])
	if err != nil {
		on = rest[:end]
	}
	action, known := map[string]string{
		"converse": "InvokeModel", "invoke": "InvokeModel", "count-tokens": "CountTokens",
		"converse-stream": "InvokeModelWithResponseStream", "invoke-with-response-stream": "InvokeModelWithResponseStream",
	}[rest[end+1:]]
	if !known {
		return Call{Action: "unknown:" + at}
	}
	return Call{Action: "bedrock:" + action, On: on}
}

// mailActions: a mail is sent by an identity and with a configuration set, and
// both must be allowed.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
func mailActions(r *http.Request, body []byte) []Call {
	switch r.Method + " " + r.URL.Path {
	case "GET /v2/email/suppression/addresses":
		return []Call{{Action: "ses:ListSuppressedDestinations"}}
	case "POST /v2/email/outbound-emails":
		var on struct{ FromEmailAddress, ConfigurationSetName string }
		_ = json.Unmarshal(body, &on)
		return []Call{{Action: "ses:SendEmail", On: on.ConfigurationSetName}}
	}
	return []Call{{Action: "unknown:" + r.Method + " " + r.URL.Path}}
}

func mappingAction(r *http.Request) Call {
	const mappings = "/2015-03-31/event-source-mappings"
	id, one := strings.CutPrefix(strings.TrimSuffix(r.URL.Path, "/"), mappings+"/")
	switch {
	case r.Method == http.MethodGet && !one:
		return Call{Action: "lambda:ListEventSourceMappings"}
	case r.Method == http.MethodGet:
		return Call{Action: "lambda:GetEventSourceMapping", On: id}
	case r.Method == http.MethodPut && one:
		return Call{Action: "lambda:UpdateEventSourceMapping", On: id}
	}
	return Call{Action: "unknown:" + r.Method + " " + r.URL.Path}
}

// scheduleActions: whoever makes a schedule hands it a role, which takes a leave
// of its own.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/security_iam_id-based-policies.html
func scheduleActions(r *http.Request, body []byte) []Call {
	name := path.Base(r.URL.Path)
	verbs := map[string]string{http.MethodPost: "Create", http.MethodPut: "Update", http.MethodGet: "Get", http.MethodDelete: "Delete"}
	all := []Call{{Action: "scheduler:" + verbs[r.Method] + "Schedule", On: name}}
	var with struct{ Target struct{ RoleArn string } }
	if json.Unmarshal(body, &with) == nil && with.Target.RoleArn != "" {
		all = append(all, Call{Action: "iam:PassRole", On: path.Base(with.Target.RoleArn)})
	}
	return all
}

// objectActions are S3's. Whoever asks for an object that is not there must be
// allowed the listing, or is told 403 in place of 404, so a reader needs both.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func objectActions(r *http.Request) []Call {
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	query := r.URL.Query()
	if key == "" {
		if r.Method == http.MethodGet && query.Get("list-type") == "2" {
			return []Call{{Action: "s3:ListBucket", On: folder(query.Get("prefix"))}}
		}
		return []Call{{Action: "unknown:" + r.Method + " bucket?" + r.URL.RawQuery}}
	}
	on := folder(key)
	switch {
	case query.Has("tagging"):
		return []Call{{Action: "s3:" + map[string]string{http.MethodGet: "Get", http.MethodPut: "Put", http.MethodDelete: "Delete"}[r.Method] + "ObjectTagging", On: on}}
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		return []Call{{Action: "s3:GetObject", On: on}, {Action: "s3:ListBucket", On: on}}
	case r.Method == http.MethodDelete && query.Has("uploadId"):
		return []Call{{Action: "s3:AbortMultipartUpload", On: on}}
	case r.Method == http.MethodDelete:
		return []Call{{Action: "s3:DeleteObject", On: on}}
	}
	return putActions(r, on)
}

// putActions: parts of an upload are puts too, and a copy reads its source.
func putActions(r *http.Request, on string) []Call {
	all := []Call{{Action: "s3:PutObject", On: on}}
	if r.Header.Get("X-Amz-Tagging") != "" {
		all = append(all, Call{Action: "s3:PutObjectTagging", On: on})
	}
	if source := r.Header.Get("X-Amz-Copy-Source"); source != "" {
		_, key, _ := strings.Cut(strings.TrimPrefix(source, "/"), "/")
		all = append(all, Call{Action: "s3:GetObject", On: folder(key)})
	}
	return all
}

// folder is the one at the top of the bucket that a key or prefix is in, with its
// slash; a key at the top is itself.
func folder(key string) string {
	if top, _, in := strings.Cut(key, "/"); in {
		return top + "/"
	}
	return key
}
