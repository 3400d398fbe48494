package endpoint

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// signedRequest is one that says it is signed for a service.
func signedRequest(service, ask, body string, headers ...string) *http.Request {
	method, path, _ := strings.Cut(ask, " ")
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=somebody/20261128/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=00")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func TestARequestIsTheActionThatIAMHasForIt(t *testing.T) {
	schedule := `{"Target":{"RoleArn":"arn:aws:iam::1:role/path/wake"}}`
	tests := map[string]struct {
		request *http.Request
		want    []string
	}{
		"a batch is its action":         {signedRequest("sqs", "POST /", `{"QueueUrl":"http://x/1/q"}`, "X-Amz-Target", "AmazonSQS.ChangeMessageVisibilityBatch"), []string{"sqs:ChangeMessageVisibility q"}},
		"a queue by its name":           {signedRequest("sqs", "POST /", `{"QueueName":"q"}`, "X-Amz-Target", "AmazonSQS.GetQueueUrl"), []string{"sqs:GetQueueUrl q"}},
		"each entry's bus":              {signedRequest("events", "POST /", `{"Entries":[{"EventBusName":"a"},{"EventBusName":"arn:aws:events:r:1:event-bus/b"}]}`, "X-Amz-Target", "AWSEvents.PutEvents"), []string{"events:PutEvents a", "events:PutEvents b"}},
		"a rule":                        {signedRequest("events", "POST /", `{"EventBusName":"a"}`, "X-Amz-Target", "AWSEvents.PutRule"), []string{"events:PutRule a"}},
		"a service that is not here":    {signedRequest("kms", "POST /", `{}`, "X-Amz-Target", "TrentService.Decrypt"), []string{"unknown:TrentService.Decrypt "}},
		"converse":                      {signedRequest("bedrock", "POST /model/us.a%3A0/converse", `{}`), []string{"bedrock:InvokeModel us.a:0"}},
		"a stream":                      {signedRequest("bedrock", "POST /model/m/converse-stream", `{}`), []string{"bedrock:InvokeModelWithResponseStream m"}},
		"an operation nobody knows":     {signedRequest("bedrock", "POST /model/m/sing", `{}`), []string{"unknown:/model/m/sing "}},
		"a mail":                        {signedRequest("ses", "POST /v2/email/outbound-emails", `{"ConfigurationSetName":"s"}`), []string{"ses:SendEmail s"}},
		"the suppressed":                {signedRequest("ses", "GET /v2/email/suppression/addresses?PageSize=1", ``), []string{"ses:ListSuppressedDestinations "}},
		"another of SES":                {signedRequest("ses", "GET /v2/email/account", ``), []string{"unknown:GET /v2/email/account "}},
		"mappings":                      {signedRequest("lambda", "GET /2015-03-31/event-source-mappings/?FunctionName=f", ``), []string{"lambda:ListEventSourceMappings "}},
		"one mapping":                   {signedRequest("lambda", "PUT /2015-03-31/event-source-mappings/id", `{}`), []string{"lambda:UpdateEventSourceMapping id"}},
		"a schedule and its role":       {signedRequest("scheduler", "POST /schedules/resume-1", schedule), []string{"scheduler:CreateSchedule resume-1", "iam:PassRole wake"}},
		"a reader must be told of gaps": {signedRequest("s3", "GET /bucket/a/b/c", ``), []string{"s3:GetObject a/", "s3:ListBucket a/"}},
		"a listing":                     {signedRequest("s3", "GET /bucket?list-type=2&prefix=a%2Fb", ``), []string{"s3:ListBucket a/"}},
		"of everything":                 {signedRequest("s3", "GET /bucket?list-type=2", ``), []string{"s3:ListBucket "}},
		"a copy reads its source":       {signedRequest("s3", "PUT /bucket/a/b", ``, "X-Amz-Copy-Source", "/bucket/c/d", "X-Amz-Tagging", "k=v"), []string{"s3:PutObject a/", "s3:PutObjectTagging a/", "s3:GetObject c/"}},
		"a part":                        {signedRequest("s3", "PUT /bucket/a/b?partNumber=1&uploadId=2", ``), []string{"s3:PutObject a/"}},
		"an upload given up":            {signedRequest("s3", "DELETE /bucket/a/b?uploadId=2", ``), []string{"s3:AbortMultipartUpload a/"}},
		"a deletion":                    {signedRequest("s3", "DELETE /bucket/a/b", ``), []string{"s3:DeleteObject a/"}},
		"a key at the top":              {signedRequest("s3", "PUT /bucket/a", ``), []string{"s3:PutObject a"}},
		"the bucket itself":             {signedRequest("s3", "DELETE /bucket", ``), []string{"unknown:DELETE bucket? "}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			calls, length := &Calls{}, test.request.ContentLength
			var arrived int
			calls.watched(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { arrived, _ = r.Body.Read(make([]byte, 1<<10)) })).
				ServeHTTP(httptest.NewRecorder(), test.request)
			var got []string
			for _, c := range calls.List() {
				if c.Caller != "somebody" {
					t.Errorf("by %q", c.Caller)
				}
				got = append(got, c.Action+" "+c.On)
			}
			slices.Sort(got)
			slices.Sort(test.want)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if arrived != int(max(length, 0)) {
				t.Errorf("%d bytes of %d went on", arrived, length)
			}
		})
	}
}

func TestWhoDoesNotSignIsNotNoted(t *testing.T) {
	calls, served := &Calls{}, false
	calls.watched(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { served = true })).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/b/k", nil))
	if !served || len(calls.List()) != 0 {
		t.Errorf("%t %v", served, calls.List())
	}
}
