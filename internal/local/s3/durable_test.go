package s3

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"sluice/internal/local/disk"
)

func TestWhatWasAnsweredIsThereAfterARestart(t *testing.T) {
	folder := t.TempDir()
	m := onDisk(t, folder, nil)
	m.tellEventBridge(t)
	large := text(200_000)
	etag := m.put(t, "small", "one")
	m.put(t, "large", large)
	m.put(t, "replaced", large)
	m.put(t, "replaced", "two")
	m.put(t, "deleted", large)
	if _, err := m.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String(testBucket), Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("deleted")}}}}); err != nil {
		t.Fatal(err)
	}
	m.stop()
	for _, name := range []string{"ORPHAN", "CUTOFF" + temporarySuffix} {
		if err := os.WriteFile(filepath.Join(folder, "blobs", name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m = onDisk(t, folder, nil)
	for key, want := range map[string]string{"small": "one", "large": large, "replaced": "two", "deleted": "<NoSuchKey>"} {
		if got := m.read(t, key); got != want {
			t.Errorf("%s: %.20q…, want %.20q…", key, got, want)
		}
	}
	if files, _ := os.ReadDir(filepath.Join(folder, "blobs")); len(files) != 1 {
		t.Errorf("%d files, want the one large body", len(files))
	}
	_, err := m.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: aws.String("small"), Body: strings.NewReader("three"), IfMatch: &etag})
	if err != nil {
		t.Errorf("the ETag has changed: %v", err)
	}
	config, err := m.GetBucketNotificationConfiguration(t.Context(), &s3.GetBucketNotificationConfigurationInput{Bucket: aws.String(testBucket)})
	if err != nil || config.EventBridgeConfiguration == nil {
		t.Errorf("notification %+v, %v", config, err)
	}
}

func TestADamagedRecordIsTold(t *testing.T) {
	store := disk.Memory()
	store.Enqueue(disk.Change{Bucket: bucketBuckets, Key: []byte("b"), Value: []byte("{}")},
		disk.Change{Bucket: bucketObjects, Key: objectKey("b", "the-key"), Value: []byte("{damaged")})
	if _, err := New(store, "", Config{}); err == nil || !strings.Contains(err.Error(), "the-key") {
		t.Errorf("got %v", err)
	}
}

func TestAReaderIsNotDisturbed(t *testing.T) {
	folder := t.TempDir()
	m := onDisk(t, folder, nil)
	body := text(500_000)
	m.put(t, "k", body)
	_, content, err := m.state.Open(t.Context(), testBucket, "k")
	if err != nil {
		t.Fatal(err)
	}
	m.put(t, "k", "other")
	reader := content.Range(0, int64(len(body)))
	var got strings.Builder
	if _, err := io.Copy(&got, reader); err != nil || got.String() != body {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
	reader.Close()
	content.Close()
	if files, _ := os.ReadDir(filepath.Join(folder, "blobs")); len(files) != 0 {
		t.Errorf("%d files are left", len(files))
	}
}

func TestBuckets(t *testing.T) {
	m := inMemory(t)
	name := aws.String("another-bucket")
	for range 2 { // the second time it is there already, and ours
		if _, err := m.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: name}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := m.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil || len(all.Buckets) != 2 {
		t.Errorf("buckets %+v, %v", all, err)
	}
	if _, err := m.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: name}); err != nil {
		t.Error(err)
	}
	if out, err := m.GetBucketLocation(t.Context(), &s3.GetBucketLocationInput{Bucket: name}); err != nil || out.LocationConstraint != "" {
		t.Errorf("location %+v, %v", out, err)
	}
	if status, code := m.send(t, http.MethodGet, "/none", "", map[string]string{"Host": "another-bucket.localhost:1234"}); code != "NoSuchKey" {
		t.Errorf("a bucket in the host: %d %s", status, code)
	}
	_, err = m.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	wantCode(t, "versioning", err, "NotImplemented")
	_, err = m.GetBucketLifecycleConfiguration(t.Context(), &s3.GetBucketLifecycleConfigurationInput{Bucket: name})
	wantCode(t, "lifecycle", err, "NoSuchLifecycleConfiguration")
	_, err = m.PutBucketLifecycleConfiguration(t.Context(), &s3.PutBucketLifecycleConfigurationInput{Bucket: name, LifecycleConfiguration: &types.BucketLifecycleConfiguration{
		Rules: []types.LifecycleRule{{ID: aws.String("r"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("answers/")}}}}})
	if err != nil {
		t.Error(err)
	}
	kept, err := m.GetBucketLifecycleConfiguration(t.Context(), &s3.GetBucketLifecycleConfigurationInput{Bucket: name})
	if err != nil || len(kept.Rules) != 1 || *kept.Rules[0].ID != "r" {
		t.Errorf("lifecycle %+v, %v", kept, err)
	}
	_, err = m.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: name, NotificationConfiguration: &types.NotificationConfiguration{
		QueueConfigurations: []types.QueueConfiguration{{QueueArn: aws.String("arn:aws:sqs:us-east-1:000000000000:q"), Events: []types.Event{"s3:ObjectCreated:*"}}}}})
	wantCode(t, "a queue without EventBridge", err, "NotImplemented")
	if _, err := m.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: name}); err != nil {
		t.Error(err)
	}
	_, err = m.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: name})
	wantCode(t, "deleted", err, "NotFound")
	m.put(t, "k", "v")
	_, err = m.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(testBucket)})
	wantCode(t, "not empty", err, "BucketNotEmpty")
}

func TestDeletingMany(t *testing.T) {
	m := inMemory(t)
	m.put(t, "a", "1")
	m.put(t, "b", "2")
	out, err := m.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: aws.String(testBucket), Delete: &types.Delete{Objects: []types.ObjectIdentifier{
		{Key: aws.String("a")}, {Key: aws.String("none")}, {Key: aws.String("b"), ETag: aws.String(`"00"`)}}}})
	if err != nil || len(out.Deleted) != 2 || len(out.Errors) != 1 || *out.Errors[0].Code != "PreconditionFailed" || m.read(t, "b") != "2" || m.read(t, "a") != "<NoSuchKey>" {
		t.Errorf("%+v, %v", out, err)
	}
}

// Any key is stored under itself or refused; none becomes a path.
func FuzzKeys(f *testing.F) {
	for _, key := range []string{"a", "../../etc/passwd", "a//b/../c", "%2e%2e/", "\x00", "\xff\xfe", "a\u0000b", strings.Repeat("k", 1025), ".", "a b+c", "ключ", "a\r\nb"} {
		f.Add(key)
	}
	folder := f.TempDir()
	store, err := disk.Open(filepath.Join(folder, "state.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { store.Close() })
	state, err := New(store, filepath.Join(folder, "blobs"), Config{})
	if err != nil {
		f.Fatal(err)
	}
	if err := state.CreateBucket(f.Context(), testBucket); err != nil {
		f.Fatal(err)
	}
	body := text(mostInStore + 1)
	f.Fuzz(func(t *testing.T, key string) {
		_, err := state.Put(t.Context(), Write{Bucket: testBucket, Key: key, Body: strings.NewReader(body), Size: int64(len(body))})
		if valid := key != "" && len(key) <= mostKeyBytes && utf8.ValidString(key); (err == nil) != valid {
			t.Fatalf("%q: %v", key, err)
		}
		if err != nil {
			return
		}
		page, err := state.List(t.Context(), testBucket, Listing{Prefix: key, Most: 1})
		if err != nil || len(page.Objects) != 1 || page.Objects[0].Key != key {
			t.Fatalf("%q is not listed", key)
		}
		entries, _ := os.ReadDir(folder)
		for _, entry := range entries {
			if name := entry.Name(); name != "blobs" && !strings.HasPrefix(name, "state.db") {
				t.Fatalf("%q wrote beside the blobs: %v", key, entries)
			}
		}
		if err := state.Delete(t.Context(), testBucket, key, Conditions{}, "DeleteObject", Origin{}); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkPut(b *testing.B) {
	body := text(2048)
	for _, where := range []string{"memory", "disk"} {
		b.Run(where, func(b *testing.B) {
			store := disk.Memory()
			if where == "disk" {
				var err error
				if store, err = disk.Open(filepath.Join(b.TempDir(), "state.db")); err != nil {
					b.Fatal(err)
				}
			}
			defer store.Close()
			state, err := New(store, "", Config{})
			if err != nil {
				b.Fatal(err)
			}
			if err := state.CreateBucket(b.Context(), testBucket); err != nil {
				b.Fatal(err)
			}
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					_, err := state.Put(b.Context(), Write{Bucket: testBucket, Key: fmt.Sprintf("%p/%d", pb, i), Body: strings.NewReader(body), Size: int64(len(body))})
					if err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func TestTagsAreThereAfterARestart(t *testing.T) {
	folder := t.TempDir()
	m := onDisk(t, folder, nil)
	m.put(t, "k", "content")
	for _, tags := range []string{"a=1", "a=2&b="} {
		if err := m.state.SetTags(t.Context(), testBucket, "k", tags); err != nil {
			t.Fatal(err)
		}
	}
	before, err := m.state.Stat(t.Context(), testBucket, "k")
	if err != nil {
		t.Fatal(err)
	}
	m.stop()
	m = onDisk(t, folder, nil)
	after, err := m.state.Stat(t.Context(), testBucket, "k")
	if err != nil || after.Headers[tagging] != "a=2&b=" || after.ETag != before.ETag || !after.Modified.Equal(before.Modified) || after.Sequence != before.Sequence {
		t.Errorf("%+v, %v", after, err)
	}
	if got := m.read(t, "k"); got != "content" {
		t.Errorf("it has %q", got)
	}
}
