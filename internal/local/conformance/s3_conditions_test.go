package conformance

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	conditionalWrites  = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"
	conditionalReads   = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html"
	conditionalDeletes = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html"
	s3Reference        = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
)

// otherETag is of no object.
const otherETag = `"00000000000000000000000000000000"`

// condition is a pair of headers of a conditional write.
type condition struct {
	name                 string
	ifMatch, ifNoneMatch string // "ETag" stands for that of the object that is there
	there, absent        string // what is answered if an object is there, or not
}

// The matrix of a conditional write: to create, and to update.
var (
	s3Create = []condition{
		{"none", "", "", "200", "200"},
		{"If-None-Match *", "", "*", "412 PreconditionFailed", "200"},
	}
	s3Update = []condition{
		{"If-Match the ETag", "ETag", "", "200", "404 NoSuchKey"},
		{"If-Match another", otherETag, "", "412 PreconditionFailed", "404 NoSuchKey"},
	}
)

func (c condition) headers(etag string) (ifMatch, ifNoneMatch *string) {
	if c.ifMatch != "" {
		ifMatch = aws.String(strings.ReplaceAll(c.ifMatch, "ETag", etag))
	}
	if c.ifNoneMatch != "" {
		ifNoneMatch = &c.ifNoneMatch
	}
	return ifMatch, ifNoneMatch
}

// s3Write is a kind of conditional write: it writes "new" to key.
type s3Write func(b *s3Bucket, key string, ifMatch, ifNoneMatch *string) error

// s3WriteMatrix runs conditions over a kind of write.
func s3WriteMatrix(t testing.TB, target Target, conditions []condition, write s3Write) {
	b := newS3Bucket(t, target)
	for _, c := range conditions {
		for before, want := range map[string]string{"old": c.there, "": c.absent} {
			what := c.name + " over " + before
			key, etag := name("key"), quotedMD5("old")
			if before != "" {
				b.put(key, before)
			}
			ifMatch, ifNoneMatch := c.headers(etag)
			wantTold(t, what, write(b, key, ifMatch, ifNoneMatch), want)
			if want == "200" {
				before = "new"
			}
			b.holds(what, key, before)
		}
	}
}

var s3ConditionCases = []Case{
	{"PutObject If-None-Match", conditionalWrites, func(t testing.TB, target Target) { s3WriteMatrix(t, target, s3Create, s3Put) }},
	{"PutObject If-Match", conditionalWrites, func(t testing.TB, target Target) { s3WriteMatrix(t, target, s3Update, s3Put) }},
	{"CompleteMultipartUpload If-None-Match", conditionalWrites, func(t testing.TB, target Target) { s3WriteMatrix(t, target, s3Create, s3Complete) }},
	{"CompleteMultipartUpload If-Match", conditionalWrites, func(t testing.TB, target Target) { s3WriteMatrix(t, target, s3Update, s3Complete) }},
	{"CopyObject If-None-Match and If-Match", s3Reference + "API_CopyObject.html", func(t testing.TB, target Target) {
		s3WriteMatrix(t, target, slices.Concat(s3Create, s3Update), s3Copy)
	}},
	{"PutObject If-None-Match takes only *", s3Reference + "API_PutObject.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		_, err := b.PutObject(b.ctx, &s3.PutObjectInput{Bucket: b.name, Key: aws.String("k"), Body: strings.NewReader("x"), IfNoneMatch: aws.String(otherETag)})
		wantTold(t, "If-None-Match with an ETag", err, "501 NotImplemented")
	}},
	{"a delete during a conditional PutObject", conditionalWrites, s3DeleteOnTheWay},
	{"one of many conditional creators wins", conditionalWrites, func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		answers := s3Race(func() error {
			_, err := b.PutObject(b.ctx, &s3.PutObjectInput{Bucket: b.name, Key: aws.String("k"), Body: strings.NewReader("x"), IfNoneMatch: aws.String("*")})
			return err
		})
		if answers["200"] != 1 || answers["412 PreconditionFailed"]+answers["409 ConditionalRequestConflict"] != s3Racers-1 {
			t.Errorf("answers %v", answers)
		}
	}},
	{"one of many conditional updaters wins", conditionalWrites, func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		etag := b.put("k", "0")
		answers := s3Race(func() error {
			_, err := b.PutObject(b.ctx, &s3.PutObjectInput{Bucket: b.name, Key: aws.String("k"), Body: strings.NewReader("x"), IfMatch: &etag})
			return err
		})
		if answers["200"] != 1 || answers["412 PreconditionFailed"]+answers["409 ConditionalRequestConflict"] != s3Racers-1 {
			t.Errorf("answers %v", answers)
		}
	}},
	{"GetObject and HeadObject conditions", conditionalReads, func(t testing.TB, target Target) { s3ReadMatrix(t, target, false) }},
	{"GetObject and HeadObject mixed conditions", s3Reference + "API_GetObject.html", func(t testing.TB, target Target) { s3ReadMatrix(t, target, true) }},
	{"CopyObject conditions on the source", s3Reference + "API_CopyObject.html", func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		etag := b.put("k", "x")
		now := time.Now()
		for _, c := range []struct {
			name string
			set  func(*s3.CopyObjectInput)
			want string
		}{
			{"If-Match", func(in *s3.CopyObjectInput) { in.CopySourceIfMatch = &etag }, "200"},
			{"If-Match another", func(in *s3.CopyObjectInput) { in.CopySourceIfMatch = aws.String(otherETag) }, "412 PreconditionFailed"},
			{"If-None-Match", func(in *s3.CopyObjectInput) { in.CopySourceIfNoneMatch = &etag }, "412 PreconditionFailed"},
			{"If-None-Match another", func(in *s3.CopyObjectInput) { in.CopySourceIfNoneMatch = aws.String(otherETag) }, "200"},
			{"If-Modified-Since", func(in *s3.CopyObjectInput) { in.CopySourceIfModifiedSince = aws.Time(now.Add(-time.Hour)) }, "200"},
			{"If-Unmodified-Since", func(in *s3.CopyObjectInput) { in.CopySourceIfUnmodifiedSince = aws.Time(now.Add(-time.Hour)) }, "412 PreconditionFailed"},
		} {
			in := &s3.CopyObjectInput{Bucket: b.name, Key: aws.String("copy"), CopySource: aws.String(*b.name + "/k")}
			c.set(in)
			_, err := b.CopyObject(b.ctx, in)
			wantTold(t, c.name, err, c.want)
		}
	}},
	{"DeleteObject If-Match", conditionalDeletes, func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		s3DeleteIfMatch(b, quotedMD5("old"), "200")
		s3DeleteIfMatch(b, otherETag, "412 PreconditionFailed")
		b.remove("never there") // without a condition that is no error
	}},
	{"DeleteObject If-Match *", conditionalDeletes, func(t testing.TB, target Target) {
		s3DeleteIfMatch(newS3Bucket(t, target), "*", "200")
	}},
	{"DeleteObjects with ETags", conditionalDeletes, func(t testing.TB, target Target) {
		b := newS3Bucket(t, target)
		etag := b.put("match", "1")
		b.put("differ", "2")
		out, err := b.DeleteObjects(b.ctx, &s3.DeleteObjectsInput{Bucket: b.name, Delete: &s3types.Delete{Objects: []s3types.ObjectIdentifier{
			{Key: aws.String("match"), ETag: &etag}, {Key: aws.String("differ"), ETag: aws.String(otherETag)}, {Key: aws.String("absent")},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Deleted) != 2 || len(out.Errors) != 1 || *out.Errors[0].Key != "differ" || *out.Errors[0].Code != "PreconditionFailed" {
			t.Errorf("deleted %+v, errors %+v", out.Deleted, out.Errors)
		}
		b.holds("its ETag differs", "differ", "2")
		b.holds("its ETag matches", "match", "")
	}},
}

func s3Put(b *s3Bucket, key string, ifMatch, ifNoneMatch *string) error {
	_, err := b.PutObject(b.ctx, &s3.PutObjectInput{Bucket: b.name, Key: &key, Body: strings.NewReader("new"), IfMatch: ifMatch, IfNoneMatch: ifNoneMatch})
	return err
}

func s3Complete(b *s3Bucket, key string, ifMatch, ifNoneMatch *string) error {
	upload := b.upload(key)
	part := b.part(key, upload, 1, "new")
	_, err := b.complete(key, upload, func(in *s3.CompleteMultipartUploadInput) { in.IfMatch, in.IfNoneMatch = ifMatch, ifNoneMatch }, part)
	if err != nil {
		// A refused upload is still there to be aborted.
		_, gone := b.AbortMultipartUpload(b.ctx, &s3.AbortMultipartUploadInput{Bucket: b.name, Key: &key, UploadId: upload})
		wantTold(b.t, "abort after a refusal", gone, "200")
	}
	return err
}

func s3Copy(b *s3Bucket, key string, ifMatch, ifNoneMatch *string) error {
	b.put("source", "new")
	_, err := b.CopyObject(b.ctx, &s3.CopyObjectInput{Bucket: b.name, Key: &key, CopySource: aws.String(*b.name + "/source"), IfMatch: ifMatch, IfNoneMatch: ifNoneMatch})
	return err
}

const s3Racers = 8

// s3DeleteIfMatch deletes with the condition what is not there, and then what is.
func s3DeleteIfMatch(b *s3Bucket, ifMatch, want string) {
	key := name("key")
	in := &s3.DeleteObjectInput{Bucket: b.name, Key: &key, IfMatch: &ifMatch}
	_, err := b.DeleteObject(b.ctx, in)
	wantTold(b.t, "absent, If-Match "+ifMatch, err, "404 NoSuchKey")
	b.put(key, "old")
	_, err = b.DeleteObject(b.ctx, in)
	wantTold(b.t, "there, If-Match "+ifMatch, err, want)
	if want == "200" {
		b.holds("deleted", key, "")
	} else {
		b.holds("kept", key, "old")
	}
}

// s3Race makes a call from many at once and counts the answers.
func s3Race(call func() error) map[string]int {
	var mu sync.Mutex
	var all sync.WaitGroup
	answers := map[string]int{}
	for range s3Racers {
		all.Go(func() {
			answer := told(call())
			mu.Lock()
			defer mu.Unlock()
			answers[answer]++
		})
	}
	all.Wait()
	return answers
}

// firstRead is a body that does something when it is first asked for.
type firstRead struct {
	io.Reader
	do sync.Once
	f  func()
}

func (r *firstRead) Read(p []byte) (int, error) {
	r.do.Do(r.f)
	return r.Reader.Read(p)
}

// s3DeleteOnTheWay deletes a key while a conditional write of it is being
// received: the body is sent only when the server asks for it.
func s3DeleteOnTheWay(t testing.TB, target Target) {
	b := newS3Bucket(t, target)
	transport := &http.Transport{ExpectContinueTimeout: 20 * time.Second}
	defer transport.CloseIdleConnections()
	write := func(in *s3.PutObjectInput) int {
		in.Bucket, in.Key, in.ContentLength = b.name, aws.String("k"), aws.Int64(3)
		signed, err := s3.NewPresignClient(b.Client).PresignPutObject(b.ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(b.ctx, http.MethodPut, signed.URL, &firstRead{Reader: strings.NewReader("new"), f: func() { b.remove("k") }})
		if err != nil {
			t.Fatal(err)
		}
		request.Header, request.ContentLength = signed.SignedHeader.Clone(), 3
		request.Header.Set("Expect", "100-continue")
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	b.put("k", "old")
	if status := write(&s3.PutObjectInput{IfNoneMatch: aws.String("*")}); status != http.StatusConflict {
		t.Errorf("If-None-Match: %d, want 409", status)
	}
	etag := b.put("k", "old")
	if status := write(&s3.PutObjectInput{IfMatch: &etag}); status != http.StatusNotFound && status != http.StatusConflict {
		t.Errorf("If-Match: %d, want 404 or 409", status)
	}
	b.holds("the delete has won", "k", "")
}

// s3ReadMatrix reads with single conditions, or with pairs of them, of which the
// ETag decides over the date, and "*".
func s3ReadMatrix(t testing.TB, target Target, mixed bool) {
	b := newS3Bucket(t, target)
	etag := b.put("k", "x")
	head, err := b.HeadObject(b.ctx, &s3.HeadObjectInput{Bucket: b.name, Key: aws.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	same, other := aws.String(etag), aws.String(otherETag)
	written, before, after := head.LastModified, aws.Time(head.LastModified.Add(-time.Hour)), aws.Time(head.LastModified.Add(time.Hour))
	for _, c := range []struct {
		name                         string
		ifMatch, ifNoneMatch         *string
		modifiedSince, unmodifiedAft *time.Time
		mixed                        bool
		want                         string
	}{
		{"If-Match", same, nil, nil, nil, false, "200"},
		{"If-Match *", aws.String("*"), nil, nil, nil, true, "200"},
		{"If-Match another", other, nil, nil, nil, false, "412 PreconditionFailed"},
		{"If-None-Match", nil, same, nil, nil, false, "304"},
		{"If-None-Match another", nil, other, nil, nil, false, "200"},
		{"If-Modified-Since before", nil, nil, before, nil, false, "200"},
		{"If-Modified-Since then", nil, nil, written, nil, false, "304"},
		{"If-Unmodified-Since after", nil, nil, nil, after, false, "200"},
		{"If-Unmodified-Since before", nil, nil, nil, before, false, "412 PreconditionFailed"},
		{"If-Match true, If-Unmodified-Since false", same, nil, nil, before, true, "200"},
		{"If-None-Match false, If-Modified-Since true", nil, same, before, nil, true, "304"},
		{"If-None-Match true, If-Modified-Since false", nil, other, written, nil, true, "200"},
	} {
		if c.mixed != mixed {
			continue
		}
		get := &s3.GetObjectInput{Bucket: b.name, Key: aws.String("k"), IfMatch: c.ifMatch, IfNoneMatch: c.ifNoneMatch, IfModifiedSince: c.modifiedSince, IfUnmodifiedSince: c.unmodifiedAft}
		_, err := b.GetObject(b.ctx, get)
		wantTold(t, "GET "+c.name, err, c.want)
		head := &s3.HeadObjectInput{Bucket: b.name, Key: aws.String("k"), IfMatch: c.ifMatch, IfNoneMatch: c.ifNoneMatch, IfModifiedSince: c.modifiedSince, IfUnmodifiedSince: c.unmodifiedAft}
		_, err = b.HeadObject(b.ctx, head)
		wantTold(t, "HEAD "+c.name, err, c.want[:3])
	}
	_, err = b.GetObject(b.ctx, &s3.GetObjectInput{Bucket: b.name, Key: aws.String("absent"), IfNoneMatch: same})
	wantTold(t, "a GET of nothing", err, "404 NoSuchKey")
}
