package sqs

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// asked sends one form as a client of the older protocol does.
func asked(t testing.TB, s *State, path, form string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:4599"+path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if err := r.ParseForm(); err != nil {
		t.Skip("no form")
	}
	w := httptest.NewRecorder()
	QueryHandler(s).ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestTheOlderProtocol(t *testing.T) {
	s := pure(t)
	queue := url.QueryEscape("http://127.0.0.1:4599/000000000000/q")
	sum := md5.Sum([]byte("<one>"))
	for _, c := range []struct {
		form   string
		status int
		says   []string // in the answer, in any order
	}{
		{"Action=CreateQueue&QueueName=q&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=60&Attribute.2.Name=DelaySeconds&Attribute.2.Value=0&Tag.1.Key=team&Tag.1.Value=a", 200,
			[]string{"<CreateQueueResult><QueueUrl>http://127.0.0.1:4599/000000000000/q</QueueUrl></CreateQueueResult><ResponseMetadata><RequestId>"}},
		{"Action=ListQueues", 200, []string{"<ListQueuesResult><QueueUrl>http://"}},
		{"Action=ListQueues&QueueNamePrefix=none", 200, []string{"<ListQueuesResult></ListQueuesResult>"}},
		{"Action=ListQueueTags&QueueUrl=" + queue, 200, []string{"<Tag><Key>team</Key><Value>a</Value></Tag>"}},
		{"Action=GetQueueAttributes&QueueUrl=" + queue + "&AttributeName.1=VisibilityTimeout&AttributeName.2=DelaySeconds", 200,
			[]string{"<Attribute><Name>DelaySeconds</Name><Value>0</Value></Attribute><Attribute><Name>VisibilityTimeout</Name><Value>60</Value></Attribute>"}},
		{"Action=SendMessage&MessageBody=" + url.QueryEscape("<one>") + "&DelaySeconds=0&QueueUrl=" + queue +
			"&MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=Number&MessageAttribute.1.Value.StringValue=7", 200,
			[]string{"<MD5OfMessageBody>" + hex.EncodeToString(sum[:]) + "</MD5OfMessageBody>", "<MD5OfMessageAttributes>", "<MessageId>"}},
		{"Action=ReceiveMessage&AttributeName.1=All&MessageAttributeName.1=All&MaxNumberOfMessages=10&WaitTimeSeconds=0&QueueUrl=" + queue, 200,
			[]string{"<Message>", "<Body>&lt;one&gt;</Body>", "<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>",
				"<MessageAttribute><Name>n</Name><Value><DataType>Number</DataType><StringValue>7</StringValue></Value></MessageAttribute>"}},
		{"Action=SendMessageBatch&QueueUrl=" + queue + "&SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.2.MessageBody=%01&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=x", 200,
			[]string{"<SendMessageBatchResultEntry><Id>a</Id>", "<BatchResultErrorEntry>", "<Id>b</Id>", "<SenderFault>true</SenderFault>"}},
		{"Action=GetQueueUrl&QueueName=none", 400, []string{"<Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code>"}},
		{"Action=Sing", 400, []string{"<Code>InvalidAction</Code>"}},
		{"Action=SendMessage&A=1&A.B=2", 400, []string{"<Code>MalformedQueryString</Code>"}},
		{"Action=SendMessage&A.B=2&A=1&" + strings.Repeat("a.", 20) + "b=1", 400, []string{"<Code>MalformedQueryString</Code>"}},
		{"Action=ReceiveMessage&MaxNumberOfMessages=many&QueueUrl=" + queue, 400, []string{"<Error>"}},
	} {
		status, answer := asked(t, s, "/", c.form)
		for _, want := range c.says {
			if status != c.status || !strings.Contains(answer, want) {
				t.Errorf("%.60s: %d %s, want %s", c.form, status, answer, want)
			}
		}
	}
	// The queue is in the path, as in its URL.
	status, answer := asked(t, s, "/000000000000/q", "Action=ReceiveMessage")
	handle := regexp.MustCompile(`<ReceiptHandle>(.*)</ReceiptHandle>`).FindStringSubmatch(answer)
	if status != http.StatusOK || handle == nil {
		t.Fatalf("a queue in the path: %d %s", status, answer)
	}
	if status, answer = asked(t, s, "/000000000000/q", "Action=DeleteMessage&ReceiptHandle="+url.QueryEscape(handle[1])); status != http.StatusOK {
		t.Errorf("delete: %d %s", status, answer)
	}
}

// Whatever form comes is answered with XML and a status of the protocol.
func FuzzTheOlderProtocol(f *testing.F) {
	f.Add("Action=SendMessage&QueueUrl=q&MessageBody=x&MessageAttribute.1.Name=n&MessageAttribute.1.Value.DataType=Binary&MessageAttribute.1.Value.BinaryValue=AA==")
	f.Add("Action=SendMessageBatch&QueueUrl=q&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1=b")
	f.Add("Action=CreateQueue&QueueName=q&Attribute=1&Tag.x.Key=&Attribute.-1.Name=")
	f.Fuzz(func(t *testing.T, form string) {
		s := pure(t, "q")
		if strings.Contains(form, "WaitTime") {
			t.Skip("a long poll is slow")
		}
		status, answer := asked(t, s, "/", form)
		if status >= 500 || !strings.HasPrefix(answer, "<?xml") {
			t.Fatal(fmt.Sprint(status, answer))
		}
	})
}
