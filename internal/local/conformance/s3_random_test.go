package conformance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"pgregory.net/rapid"
)

// s3Step is one operation of a random sequence on a few keys, with a condition.
type s3Step struct {
	Do        string
	Key, Body string
	// Condition is "", "If-None-Match *", or "If-Match" or "If-None-Match" with
	// the ETag of the content Of.
	Condition, Of string
}

func (s s3Step) headers() (ifMatch, ifNoneMatch *string) {
	switch s.Condition {
	case "If-None-Match *":
		return nil, aws.String("*")
	case "If-None-Match":
		return nil, aws.String(quotedMD5(s.Of))
	case "If-Match":
		return aws.String(quotedMD5(s.Of)), nil
	}
	return nil, nil
}

// s3Conditions are what the operations take. Those that moto does not look at
// are not among them; they are listed cases.
var s3Conditions = map[string][]string{
	"put":      {"", "If-None-Match *", "If-Match"},
	"complete": {"", "If-None-Match *"},
	"get":      {"", "If-None-Match", "If-Match"},
	"head":     {"", "If-None-Match", "If-Match"},
	"delete":   {"", "If-Match"},
}

func randomS3Step(t *rapid.T) s3Step {
	contents := rapid.SampledFrom([]string{"", "a", "b"})
	do := rapid.SampledFrom([]string{"put", "put", "complete", "get", "head", "delete", "list"}).Draw(t, "do")
	s := s3Step{Do: do, Key: rapid.SampledFrom([]string{"x", "y/z"}).Draw(t, "key"), Body: contents.Draw(t, "body"), Of: contents.Draw(t, "of")}
	if all := s3Conditions[do]; all != nil {
		s.Condition = rapid.SampledFrom(all).Draw(t, "condition")
	}
	return s
}

// do takes a step and answers its outcome in words that do not depend on the
// target.
func (b *s3Bucket) do(step s3Step) string {
	key := &step.Key
	ifMatch, ifNoneMatch := step.headers()
	switch step.Do {
	case "put":
		out, err := b.PutObject(b.ctx, &s3.PutObjectInput{Bucket: b.name, Key: key, Body: strings.NewReader(step.Body), IfMatch: ifMatch, IfNoneMatch: ifNoneMatch})
		if err != nil {
			return told(err)
		}
		return *out.ETag
	case "complete":
		upload := b.upload(step.Key)
		out, err := b.complete(step.Key, upload, func(in *s3.CompleteMultipartUploadInput) { in.IfNoneMatch = ifNoneMatch }, b.part(step.Key, upload, 1, step.Body))
		if err != nil {
			return told(err)
		}
		return *out.ETag
	case "get":
		out, err := b.GetObject(b.ctx, &s3.GetObjectInput{Bucket: b.name, Key: key, IfMatch: ifMatch, IfNoneMatch: ifNoneMatch})
		if err != nil {
			return told(err)[:3]
		}
		return *out.ETag + " " + s3Read(b.t, out.Body)
	case "head":
		out, err := b.HeadObject(b.ctx, &s3.HeadObjectInput{Bucket: b.name, Key: key, IfMatch: ifMatch, IfNoneMatch: ifNoneMatch})
		if err != nil {
			return told(err)[:3]
		}
		return fmt.Sprint(*out.ETag, *out.ContentLength)
	case "delete":
		_, err := b.DeleteObject(b.ctx, &s3.DeleteObjectInput{Bucket: b.name, Key: key, IfMatch: ifMatch})
		return told(err)
	}
	out, err := b.ListObjectsV2(b.ctx, &s3.ListObjectsV2Input{Bucket: b.name})
	if err != nil {
		return told(err)
	}
	var all []string
	for _, o := range out.Contents {
		all = append(all, fmt.Sprint(*o.Key, *o.ETag, *o.Size))
	}
	return strings.Join(all, " ")
}

// TestConformanceS3Random takes random sequences of conditional operations on
// both targets, step by step, and compares the outcomes. -rapid.checks says how
// many sequences.
func TestConformanceS3Random(t *testing.T) {
	const service = "S3 random"
	targets := Targets(t, service)
	if len(targets) < 2 {
		t.Skip("NOT COMPARED: a differential run needs moto")
	}
	rapidFlags(t, "60")
	began := time.Now()
	targets[1].until = began.Add(motoTime - motoUsed)
	defer func() { motoUsed += time.Since(began) }()
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(randomS3Step), 1, 25).Draw(rt, "steps")
		if !targets[1].take(t) {
			results.add(service, Moto, skipped)
			return
		}
		took := try(t, Case{Run: func(c testing.TB, moto Target) {
			own, other := newS3Bucket(c, targets[0]), newS3Bucket(c, moto)
			for i, step := range steps {
				if a, b := own.do(step), other.do(step); a != b {
					c.Fatalf("step %d, %+v:\nembedded: %s\nmoto:     %s", i+1, step, a, b)
				}
			}
		}}, targets[1])
		if took.Failed() {
			rt.Fatal(took.text())
		}
		results.add(service, Moto, passed)
	})
}
