package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/machine"
)

// keysOf are the keys of a bucket.
func keysOf(t *testing.T, client *s3.Client, bucket string) []string {
	t.Helper()
	var all []string
	for pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			all = append(all, *o.Key)
		}
	}
	return all
}

// begin leaves a multipart upload unfinished, with one part of the size.
func begin(t *testing.T, client *s3.Client, bucket, key string, size int) {
	t.Helper()
	u, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	if err == nil {
		_, err = client.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: u.UploadId, PartNumber: aws.Int32(1), Body: bytes.NewReader(make([]byte, size))})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// prefixesOf is a count of clean --json, by prefix.
func prefixesOf(d map[string]any, count string) map[string]float64 {
	all := map[string]float64{}
	for _, one := range d["prefixes"].([]any) {
		f := one.(map[string]any)
		if n := f[count].(float64); n > 0 {
			all[f["prefix"].(string)] = n
		}
	}
	return all
}

func TestThisMachineIsTidied(t *testing.T) {
	data := t.TempDir()
	url := dev(t, data)
	if r := sluice(t, data, "submit", "The parcel came late.", "--task", "classify", "--id", "clean-1", "--email", "me@example.com"); r.code != exitOK {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	if r := sluice(t, data, "ses", "suppress", "ada@example.com"); r.code != exitOK {
		t.Fatal(r.err)
	}
	client := s3.NewFromConfig(clientConfig(machine.At(url)))
	begin(t, client, machine.Bucket, "uploads/acme/classify/large.csv", 1234)
	before := keysOf(t, client, machine.Bucket)

	if d := document(t, sluice(t, data, "clean", "--json", "--yes")); d["total"].(map[string]any)["objects"] != 0.0 || d["environment"] != "local" || d["executions"] != nil {
		t.Errorf("nothing is old, and: %v", d)
	}
	dry := sluice(t, data, "clean", "--older-than", "1ms", "--dry-run")
	if dry.code != exitOK || !strings.Contains(dry.out, "Nothing was removed") || !cmp.Equal(before, keysOf(t, client, machine.Bucket)) {
		t.Errorf("exit %d\n%s%s", dry.code, dry.out, dry.err)
	}
	if r := sluice(t, data, "clean", "--older-than", "1ms"); r.code != exitUsage || !cmp.Equal(before, keysOf(t, client, machine.Bucket)) {
		t.Errorf("cleaned without a yes: exit %d %s", r.code, r.out)
	}

	d := document(t, sluice(t, data, "clean", "--older-than", "1ms", "--yes", "--json"))
	if diff := cmp.Diff(map[string]float64{"requests/": 1, "results/": 1}, prefixesOf(d, "objects")); diff != "" {
		t.Errorf("what has ended (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]float64{"answers/": 1, "claims/": 1}, prefixesOf(d, "inFlight")); diff != "" {
		t.Errorf("what a message may need (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]float64{"uploads/": 1}, prefixesOf(d, "unfinished")); diff != "" || d["total"].(map[string]any)["bytes"].(float64) < 1234 {
		t.Errorf("unfinished: %v, %s", d, diff)
	}
	if r := sluice(t, data, "clean", "--older-than", "1ms", "--yes", "--force"); r.code != exitOK {
		t.Errorf("exit %d\n%s", r.code, r.err)
	}
	left := keysOf(t, client, machine.Bucket)
	if len(left) == 0 || slices.ContainsFunc(left, func(key string) bool {
		return !strings.HasPrefix(key, "suppressions/") && !strings.HasPrefix(key, "reputation/")
	}) {
		t.Errorf("left: %v", left)
	}
}

func TestMistakesAboutCleaningAreOfUsage(t *testing.T) {
	for _, args := range [][]string{
		{"--prefix", "tasks/", "--older-than", "1d"}, {"--prefix", "up", "--older-than", "1d"}, {"--prefix", "parked/"}, {"--older-than", "old"},
		{"--env", "No Name"}, {"more"},
	} {
		r := sluice(t, t.TempDir(), append([]string{"clean", "--yes"}, args...)...)
		if r.code != exitUsage || strings.Count(strings.TrimSpace(r.err), "\n") != 0 {
			t.Errorf("%v: exit %d, %q", args, r.code, r.err)
		}
	}
}

// cleanedAccount is what the machine has not of an AWS account: who one is, and the
// executions of two environments' workflows.
type cleanedAccount struct{ stopped []string }

func (a *cleanedAccount) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ StateMachineArn, ExecutionArn string }
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &in)
	switch target := r.Header.Get("X-Amz-Target"); {
	case strings.Contains(string(body), "GetCallerIdentity"):
		_, _ = io.WriteString(w, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`)
	case strings.HasSuffix(target, ".ListStateMachines"):
		_, _ = io.WriteString(w, `{"stateMachines":[{"name":"sluice-prod","stateMachineArn":"prod"},{"name":"sluice-dev","stateMachineArn":"dev"}]}`)
	case strings.HasSuffix(target, ".ListExecutions"):
		fmt.Fprintf(w, `{"executions":[{"name":"acme_new","executionArn":"%[1]s:new","startDate":%[2]d},{"name":"acme_old","executionArn":"%[1]s:old","startDate":%[3]d}]}`,
			in.StateMachineArn, time.Now().Unix(), time.Now().Add(-15*24*time.Hour).Unix())
	case strings.HasSuffix(target, ".StopExecution"):
		a.stopped = append(a.stopped, in.ExecutionArn)
		_, _ = io.WriteString(w, `{"stopDate":1}`)
	default:
		w.WriteHeader(http.StatusBadRequest)
	}
}

// withAWS runs a command for which AWS is at the URL, with more variables.
func withAWS(t *testing.T, url string, variables []string, args ...string) result {
	t.Helper()
	c := command(t, t.TempDir(), args...)
	c.Env = append(os.Environ(), append(variables, "AWS_ENDPOINT_URL="+url, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1",
		"AWS_EC2_METADATA_DISABLED=true")...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	_ = c.Run()
	return result{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

// Of several environments in one account only the one that is named is cleaned.
func TestNothingOutsideTheEnvironmentIsTouched(t *testing.T) {
	data := t.TempDir()
	url := dev(t, data)
	fake := &cleanedAccount{}
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	client := s3.NewFromConfig(clientConfig(machine.At(url)))
	buckets := []string{"sluice-dev-111122223333-us-east-1", "sluice-dev-2-111122223333-us-east-1", "sluice-prod-111122223333-us-east-1"}
	for _, bucket := range buckets {
		if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"answers/a", "tasks/t.json", "results/dt=2026-03-04/acme/r.json"} {
			if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")}); err != nil {
				t.Fatal(err)
			}
		}
		begin(t, client, bucket, "uploads/acme/classify/large.csv", 10)
	}
	in := func(own ...string) (result, map[string]any) {
		own = append(own, "AWS_ENDPOINT_URL_STS="+server.URL, "AWS_ENDPOINT_URL_SFN="+server.URL)
		r := withAWS(t, url, own, "clean", "--env", "dev", "--older-than", "1ms", "--force", "--yes", "--json")
		if r.code != exitOK {
			return r, nil
		}
		return r, document(t, r)
	}
	for _, other := range []string{buckets[1], buckets[2], machine.Bucket} {
		if r, _ := in("SLUICE_BUCKET=" + other); r.code != exitUsage || !strings.Contains(r.err, "is not the bucket of --env dev") {
			t.Errorf("%s: exit %d %s", other, r.code, r.err)
		}
	}
	if len(fake.stopped) > 0 {
		t.Fatalf("stopped %v", fake.stopped)
	}
	r, d := in()
	if d == nil || d["bucket"] != buckets[0] || d["executions"].(map[string]any)["stopped"] != 2.0 {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	if diff := cmp.Diff([]string{"dev:new", "dev:old"}, fake.stopped); diff != "" {
		t.Errorf("stopped (-want +got)\n%s", diff)
	}
	for i, want := range []int{1, 3, 3} {
		if left := keysOf(t, client, buckets[i]); len(left) != want {
			t.Errorf("%s has %v", buckets[i], left)
		}
		uploads, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &buckets[i]})
		if err != nil || (len(uploads.Uploads) == 0) != (i == 0) {
			t.Errorf("%s: %d unfinished uploads, %v", buckets[i], len(uploads.Uploads), err)
		}
	}
}
