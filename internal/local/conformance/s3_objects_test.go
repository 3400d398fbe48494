package conformance

import (
	"encoding/json"
	"fmt"
	"hash"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

const (
	s3Lists     = s3Reference + "API_ListObjectsV2.html"
	s3Multipart = s3Reference + "API_CompleteMultipartUpload.html"
	s3Events    = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html"
)

// fiveMiB is the least that a part may have, but for the last.
const fiveMiB = 5 << 20

var s3ObjectCases = []Case{
	{"list over pages", s3Lists, func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		want := []string{"A", "a", "a/1", "a/2", "a0", "b c", "ü"} // the order of the bytes
		for i := range want {
			b.put(want[len(want)-1-i], "x")
		}
		var keys []string
		pages := s3.NewListObjectsV2Paginator(b.Client, &s3.ListObjectsV2Input{Bucket: b.name, MaxKeys: aws.Int32(3)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(b.ctx)
			if err != nil {
				t.Fatal(err)
			}
			if *page.KeyCount != int32(len(page.Contents)) || len(page.Contents) > 3 {
				t.Errorf("page of %d, KeyCount %d", len(page.Contents), *page.KeyCount)
			}
			for _, o := range page.Contents {
				keys = append(keys, *o.Key)
				if *o.Size != 1 || *o.ETag != quotedMD5("x") || o.LastModified == nil {
					t.Errorf("entry %+v", o)
				}
			}
		}
		if !slices.Equal(keys, want) {
			t.Errorf("keys %q, want %q", keys, want)
		}
	}},
	{"list by prefix and delimiter", s3Lists, func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		for _, key := range []string{"x/a/1", "x/a/2", "x/b", "x/c/1", "y"} {
			b.put(key, "x")
		}
		list := func(in *s3.ListObjectsV2Input) string {
			in.Bucket = b.name
			out, err := b.ListObjectsV2(b.ctx, in)
			if err != nil {
				return told(err)
			}
			var got []string
			for _, o := range out.Contents {
				got = append(got, *o.Key)
			}
			for _, p := range out.CommonPrefixes {
				got = append(got, "["+*p.Prefix+"]")
			}
			return fmt.Sprint(*out.KeyCount, " ", strings.Join(got, " "))
		}
		for want, in := range map[string]*s3.ListObjectsV2Input{
			"4 x/a/1 x/a/2 x/b x/c/1": {Prefix: aws.String("x/")},
			"3 x/b [x/a/] [x/c/]":     {Prefix: aws.String("x/"), Delimiter: aws.String("/")},
			"2 y [x/]":                {Delimiter: aws.String("/")},
			"2 x/c/1 y":               {StartAfter: aws.String("x/b")},
			"0 ":                      {Prefix: aws.String("z")},
		} {
			if got := list(in); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		_, err := b.ListObjectsV2(b.ctx, &s3.ListObjectsV2Input{Bucket: b.name, MaxKeys: aws.Int32(-1)})
		wantTold(t, "MaxKeys -1", err, "400 InvalidArgument")
	}},
	{"multipart", s3Multipart, func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		large := filled(fiveMiB)
		upload := b.upload("k")
		first := b.part("k", upload, 2, large)
		b.part("k", upload, 5, "replaced")
		last := b.part("k", upload, 5, "end")
		parts, err := b.ListParts(b.ctx, &s3.ListPartsInput{Bucket: b.name, Key: aws.String("k"), UploadId: upload})
		if err != nil || len(parts.Parts) != 2 || *parts.Parts[1].Size != 3 {
			t.Errorf("parts %+v, %v", parts, err)
		}
		uploads, err := b.ListMultipartUploads(b.ctx, &s3.ListMultipartUploadsInput{Bucket: b.name})
		if err != nil || len(uploads.Uploads) != 1 || *uploads.Uploads[0].UploadId != *upload {
			t.Errorf("uploads %+v, %v", uploads, err)
		}
		b.holds("before it is complete", "k", "")
		out, err := b.complete("k", upload, nil, first, last)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(*out.ETag, `-2"`) {
			t.Errorf("ETag %s", *out.ETag)
		}
		b.holds("complete", "k", large+"end")
		over, err := b.GetObject(b.ctx, &s3.GetObjectInput{Bucket: b.name, Key: aws.String("k"), Range: aws.String(fmt.Sprintf("bytes=%d-%d", fiveMiB-2, fiveMiB))})
		if err != nil || s3Read(t, over.Body) != large[fiveMiB-2:]+"e" {
			t.Errorf("a range over the seam: %v", err)
		}
	}},
	{"multipart errors", s3Multipart, func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		upload := b.upload("k")
		one, two := b.part("k", upload, 1, "small"), b.part("k", upload, 2, "small too")
		wrong := s3types.CompletedPart{PartNumber: aws.Int32(1), ETag: aws.String(otherETag)}
		for want, parts := range map[string][]s3types.CompletedPart{"400 EntityTooSmall": {one, two}, "400 InvalidPartOrder": {two, one}, "400 InvalidPart": {wrong}} {
			_, err := b.complete("k", upload, nil, parts...)
			wantTold(t, want, err, want)
		}
		_, err := b.AbortMultipartUpload(b.ctx, &s3.AbortMultipartUploadInput{Bucket: b.name, Key: aws.String("k"), UploadId: upload})
		wantTold(t, "abort", err, "200")
		_, err = b.complete("k", upload, nil, one)
		wantTold(t, "complete after abort", err, "404 NoSuchUpload")
		_, err = b.UploadPart(b.ctx, &s3.UploadPartInput{Bucket: b.name, Key: aws.String("k"), UploadId: upload, PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
		wantTold(t, "a part after abort", err, "404 NoSuchUpload")
		b.holds("nothing came of it", "k", "")
	}},
	{"checksums of a multipart upload", s3Integrity, func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		large := filled(fiveMiB)
		for _, c := range []struct {
			kind s3types.ChecksumType
			want string
		}{
			{s3types.ChecksumTypeComposite, s3Sum(crc32.NewIEEE(), s3Raw(crc32.NewIEEE(), large)+s3Raw(crc32.NewIEEE(), "end")) + "-2"},
			{s3types.ChecksumTypeFullObject, s3Sum(crc32.NewIEEE(), large+"end")},
		} {
			key := aws.String(string(c.kind))
			made, err := b.CreateMultipartUpload(b.ctx, &s3.CreateMultipartUploadInput{Bucket: b.name, Key: key, ChecksumAlgorithm: s3types.ChecksumAlgorithmCrc32, ChecksumType: c.kind})
			if err != nil {
				t.Fatal(err)
			}
			var parts []s3types.CompletedPart
			for i, content := range []string{large, "end"} {
				sum, number := aws.String(s3Sum(crc32.NewIEEE(), content)), aws.Int32(int32(i+1))
				out, err := b.UploadPart(b.ctx, &s3.UploadPartInput{Bucket: b.name, Key: key, UploadId: made.UploadId, PartNumber: number, Body: strings.NewReader(content), ChecksumCRC32: sum})
				if err != nil {
					t.Fatal(err)
				}
				parts = append(parts, s3types.CompletedPart{PartNumber: number, ETag: out.ETag, ChecksumCRC32: sum})
			}
			_, err = b.complete(*key, made.UploadId, func(in *s3.CompleteMultipartUploadInput) { in.ChecksumType = c.kind }, parts...)
			wantTold(t, "complete", err, "200")
			out, err := b.HeadObject(b.ctx, &s3.HeadObjectInput{Bucket: b.name, Key: key, ChecksumMode: s3types.ChecksumModeEnabled})
			wantTold(t, "head", err, "200")
			if err == nil && (aws.ToString(out.ChecksumCRC32) != c.want || out.ChecksumType != c.kind) {
				t.Errorf("%s: %q of type %q, want %q", c.kind, aws.ToString(out.ChecksumCRC32), out.ChecksumType, c.want)
			}
		}
	}},
	{"DeleteObjects", s3Reference + "API_DeleteObjects.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		b.put("a", "x")
		b.put("b & c", "x")
		out, err := b.DeleteObjects(b.ctx, &s3.DeleteObjectsInput{Bucket: b.name, Delete: &s3types.Delete{Objects: []s3types.ObjectIdentifier{
			{Key: aws.String("a")}, {Key: aws.String("b & c")}, {Key: aws.String("absent")}}}})
		if err != nil || len(out.Deleted) != 3 || len(out.Errors) != 0 {
			t.Errorf("%+v, %v", out, err)
		}
		b.holds("deleted", "b & c", "")
	}},
	{"Object Created, once per object", s3Events, s3EventsOnce},
	{"Object Created tells what was written", s3Events, func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		heard := s3Listen(b, target)
		b.put("a key/ü", "12345")
		e := heard(1)[0]
		if e.Source != "aws.s3" || e.DetailType != "Object Created" || e.Account != target.Account || len(e.Resources) != 1 || e.Resources[0] != "arn:aws:s3:::"+*b.name ||
			e.Detail.Bucket.Name != *b.name || e.Detail.Object.Key != "a key/ü" || e.Detail.Object.Size != 5 || `"`+e.Detail.Object.ETag+`"` != quotedMD5("12345") ||
			e.Detail.Object.Sequencer == "" || e.Detail.Reason != "PutObject" || e.Detail.RequestID == "" || e.Detail.Version != "0" {
			t.Errorf("event %+v", e)
		}
	}},
}

// s3Raw is the bytes of a content's checksum.
func s3Raw(h hash.Hash, content string) string {
	h.Write([]byte(content))
	return string(h.Sum(nil))
}

// s3Event is an event of S3 as a rule's queue gets it.
type s3Event struct {
	ID, Source, Account string
	DetailType          string `json:"detail-type"`
	Resources           []string
	Detail              struct {
		Version string
		Bucket  struct{ Name string }
		Object  struct {
			Key, ETag, Sequencer string
			Size                 int
		}
		Reason    string
		RequestID string `json:"request-id"`
	}
}

// s3Listen makes a rule for the bucket's events and answers a function that
// waits for a number of them, at most ten.
func s3Listen(b *s3Bucket, target Target) func(n int) []s3Event {
	b.t.Helper()
	queues, bus := sqs.NewFromConfig(target.Config), eventbridge.NewFromConfig(target.Config)
	queue, rule := aws.String(name("events")), aws.String(name("rule"))
	made, err := queues.CreateQueue(b.ctx, &sqs.CreateQueueInput{QueueName: queue})
	if err != nil {
		b.t.Fatal(err)
	}
	pattern := fmt.Sprintf(`{"source":["aws.s3"],"detail":{"bucket":{"name":["%s"]}}}`, *b.name)
	if _, err := bus.PutRule(b.ctx, &eventbridge.PutRuleInput{Name: rule, EventPattern: &pattern}); err != nil {
		b.t.Fatal(err)
	}
	if _, err := bus.PutTargets(b.ctx, &eventbridge.PutTargetsInput{Rule: rule, Targets: []ebtypes.Target{{Id: aws.String("1"), Arn: aws.String(target.ARN("sqs", *queue))}}}); err != nil {
		b.t.Fatal(err)
	}
	_, err = b.PutBucketNotificationConfiguration(b.ctx, &s3.PutBucketNotificationConfigurationInput{Bucket: b.name,
		NotificationConfiguration: &s3types.NotificationConfiguration{EventBridgeConfiguration: &s3types.EventBridgeConfiguration{}}})
	if err != nil {
		b.t.Fatal(err)
	}
	return func(n int) []s3Event {
		b.t.Helper()
		var events []s3Event
		for until := time.Now().Add(15 * time.Second); len(events) < n && time.Now().Before(until); {
			out, err := queues.ReceiveMessage(b.ctx, &sqs.ReceiveMessageInput{QueueUrl: made.QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
			if err != nil {
				b.t.Fatal(err)
			}
			for _, m := range out.Messages {
				var e s3Event
				if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
					b.t.Fatal(err)
				}
				events = append(events, e)
				if _, err := queues.DeleteMessage(b.ctx, &sqs.DeleteMessageInput{QueueUrl: made.QueueUrl, ReceiptHandle: m.ReceiptHandle}); err != nil {
					b.t.Fatal(err)
				}
			}
		}
		if len(events) != n {
			b.t.Fatalf("%d events, want %d: %+v", len(events), n, events)
		}
		return events
	}
}

// s3EventsOnce makes objects in every way, and some that are refused.
func s3EventsOnce(t testing.TB, target Target) {
	b := newS3Bucket(t, target)
	b.put("before anybody listens", "x")
	heard := s3Listen(b, target)
	b.put("put", "x")
	b.put("put", "y")
	_, err := b.PutObject(b.ctx, &s3.PutObjectInput{Bucket: b.name, Key: aws.String("put"), Body: strings.NewReader("z"), IfNoneMatch: aws.String("*")})
	wantTold(t, "a refused write", err, "412 PreconditionFailed")
	_, err = b.CopyObject(b.ctx, &s3.CopyObjectInput{Bucket: b.name, Key: aws.String("copy"), CopySource: aws.String(*b.name + "/put")})
	wantTold(t, "copy", err, "200")
	upload := b.upload("parts")
	_, err = b.complete("parts", upload, nil, b.part("parts", upload, 1, "x"))
	wantTold(t, "complete", err, "200")
	b.remove("copy")
	b.remove("never there")

	events := heard(5)
	ids, last := map[string]bool{}, ""
	var got []string
	for _, e := range events {
		ids[e.ID] = true
		got = append(got, e.DetailType+" "+e.Detail.Object.Key+" "+e.Detail.Reason)
		if e.Detail.Object.Key == "put" {
			if last != "" && e.Detail.Object.Sequencer == last {
				t.Errorf("two writes of one key have the sequencer %s", last)
			}
			last = e.Detail.Object.Sequencer
		}
	}
	slices.Sort(got)
	want := []string{"Object Created copy CopyObject", "Object Created parts CompleteMultipartUpload", "Object Created put PutObject", "Object Created put PutObject", "Object Deleted copy DeleteObject"}
	if !slices.Equal(got, want) {
		t.Errorf("events %q, want %q", got, want)
	}
	if len(ids) != len(events) {
		t.Errorf("%d ids for %d events", len(ids), len(events))
	}
}
