package s3

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// listing is every name of a listing, page by page, "PRE " before prefixes.
func (m *machine) listing(t *testing.T, in s3.ListObjectsV2Input) string {
	t.Helper()
	in.Bucket = aws.String(testBucket)
	var names []string
	pages := s3.NewListObjectsV2Paginator(m, &in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if int(*page.KeyCount) != len(page.Contents)+len(page.CommonPrefixes) || in.MaxKeys != nil && *page.KeyCount > *in.MaxKeys {
			t.Errorf("KeyCount %d of %d and %d", *page.KeyCount, len(page.Contents), len(page.CommonPrefixes))
		}
		for _, o := range page.Contents {
			names = append(names, *o.Key)
		}
		for _, p := range page.CommonPrefixes {
			names = append(names, "PRE "+*p.Prefix)
		}
	}
	return strings.Join(names, ", ")
}

func TestListing(t *testing.T) {
	m := inMemory(t)
	if got := m.listing(t, s3.ListObjectsV2Input{}); got != "" {
		t.Errorf("empty bucket: %s", got)
	}
	for _, key := range []string{"b/2", "a", "b/1", "b/x/1", "b/x/2", "c/1", "d", "/lead", "ü/1"} {
		m.put(t, key, key)
	}
	cases := []struct {
		name string
		in   s3.ListObjectsV2Input
		want string
	}{
		{"all", s3.ListObjectsV2Input{}, "/lead, a, b/1, b/2, b/x/1, b/x/2, c/1, d, ü/1"},
		{"prefix", s3.ListObjectsV2Input{Prefix: aws.String("b/")}, "b/1, b/2, b/x/1, b/x/2"},
		{"delimiter", s3.ListObjectsV2Input{Delimiter: aws.String("/")}, "a, d, PRE /, PRE b/, PRE c/, PRE ü/"},
		{"prefix and delimiter", s3.ListObjectsV2Input{Prefix: aws.String("b/"), Delimiter: aws.String("/")}, "b/1, b/2, PRE b/x/"},
		{"half a name", s3.ListObjectsV2Input{Prefix: aws.String("b"), Delimiter: aws.String("/")}, "PRE b/"},
		{"start-after", s3.ListObjectsV2Input{StartAfter: aws.String("b/2")}, "b/x/1, b/x/2, c/1, d, ü/1"},
		{"start-after with delimiter", s3.ListObjectsV2Input{StartAfter: aws.String("b/"), Delimiter: aws.String("/")}, "d, PRE c/, PRE ü/"},
		{"nothing there", s3.ListObjectsV2Input{Prefix: aws.String("z")}, ""},
		{"encoded names", s3.ListObjectsV2Input{Prefix: aws.String("ü"), EncodingType: types.EncodingTypeUrl}, "%C3%BC/1"},
	}
	for _, c := range cases {
		if got := m.listing(t, c.in); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
		for pageSize := int32(1); pageSize < 4; pageSize++ {
			c.in.MaxKeys = &pageSize
			got := strings.Split(m.listing(t, c.in), ", ")
			want := strings.Split(c.want, ", ")
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s, pages of %d: %v\nwant %v", c.name, pageSize, got, want)
			}
		}
	}
	none, err := m.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(testBucket), MaxKeys: aws.Int32(0)})
	if err != nil || *none.KeyCount != 0 || *none.IsTruncated {
		t.Errorf("max-keys 0: %+v, %v", none, err)
	}
	_, err = m.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(testBucket), ContinuationToken: aws.String("?")})
	wantCode(t, "token", err, "InvalidArgument")
	_, err = m.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("none-such")})
	wantCode(t, "bucket", err, "NoSuchBucket")
}

func TestTheFirstVersionOfListing(t *testing.T) {
	m := inMemory(t)
	for i := range 5 {
		m.put(t, fmt.Sprintf("k/%d", i), "")
	}
	out, err := m.ListObjects(t.Context(), &s3.ListObjectsInput{Bucket: aws.String(testBucket), MaxKeys: aws.Int32(2), Marker: aws.String("k/0")})
	if err != nil || len(out.Contents) != 2 || *out.Contents[0].Key != "k/1" || !*out.IsTruncated {
		t.Errorf("%+v, %v", out, err)
	}
}

// The pages of a listing, put together, are what a plain reading of S3's rules
// gives, whatever the keys.
func TestListingOfRandomKeys(t *testing.T) {
	m := inMemory(t)
	random := rand.New(rand.NewSource(1))
	keys := map[string]bool{}
	for range 200 {
		var b strings.Builder
		for range 1 + random.Intn(6) {
			b.WriteString([]string{"a", "b", "/", "\u00ff", "\U0010ffff"}[random.Intn(5)])
		}
		if !keys[b.String()] {
			keys[b.String()] = true
			if _, err := m.state.Put(t.Context(), Write{Bucket: testBucket, Key: b.String(), Body: strings.NewReader("")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 300 {
		l := Listing{Most: 1 + random.Intn(9), Prefix: []string{"", "a", "a/", "/"}[random.Intn(4)], Delimiter: []string{"", "/", "b"}[random.Intn(3)]}
		want := map[string]bool{}
		for key := range keys {
			if strings.HasPrefix(key, l.Prefix) {
				name, _ := l.rollUp(key)
				want[name] = true
			}
		}
		var got []string
		for ask := l; ; {
			page, err := m.state.List(t.Context(), testBucket, ask)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range page.Objects {
				got = append(got, o.Key)
			}
			got = append(got, page.Prefixes...)
			if page.Next == "" {
				break
			}
			ask.After = page.Next
		}
		slices.Sort(got)
		if len(slices.Compact(slices.Clone(got))) != len(got) || len(got) != len(want) {
			t.Fatalf("%+v: %d names, want %d", l, len(got), len(want))
		}
		for _, name := range got {
			if !want[name] {
				t.Fatalf("%+v: %q is too much", l, name)
			}
		}
	}
}
