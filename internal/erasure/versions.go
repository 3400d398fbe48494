package erasure

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// version is one version of an object, or a mark that it was deleted.
type version struct {
	key, id, etag string
	size          int64
	modified      time.Time
	latest, mark  bool
}

// onlyVersion is the id of the version where none are kept.
const onlyVersion = "null"

// versions yields all versions and marks of each key that begins with the prefix,
// the newest first.
func (b *Bucket) versions(ctx context.Context, prefix string, each func([]version) error) error {
	pages := s3.NewListObjectVersionsPaginator(b.api, &s3.ListObjectVersionsInput{Bucket: &b.name, Prefix: &prefix})
	var of []version // a key, which may go on on the next page
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list %s: %w", b.name, err)
		}
		for _, v := range inOrder(page) {
			if len(of) > 0 && of[0].key != v.key {
				if err := each(of); err != nil {
					return err
				}
				of = nil
			}
			of = append(of, v)
		}
	}
	if len(of) == 0 {
		return nil
	}
	return each(of)
}

// inOrder is a page with its marks among its versions: by key, the newest first.
func inOrder(page *s3.ListObjectVersionsOutput) []version {
	var all []version
	for _, o := range page.Versions {
		all = append(all, version{key: aws.ToString(o.Key), id: aws.ToString(o.VersionId), etag: aws.ToString(o.ETag), size: aws.ToInt64(o.Size),
			modified: aws.ToTime(o.LastModified), latest: aws.ToBool(o.IsLatest)})
	}
	for _, o := range page.DeleteMarkers {
		all = append(all, version{key: aws.ToString(o.Key), id: aws.ToString(o.VersionId), modified: aws.ToTime(o.LastModified), latest: aws.ToBool(o.IsLatest), mark: true})
	}
	slices.SortStableFunc(all, func(a, b version) int {
		latest := 0
		switch {
		case a.latest && !b.latest:
			latest = -1
		case b.latest && !a.latest:
			latest = 1
		}
		return cmp.Or(strings.Compare(a.key, b.key), latest, b.modified.Compare(a.modified))
	})
	return all
}

// most is how many versions S3 deletes at once.
const most = 1000

// remove removes versions, at most [most]. It gives back those that stay since
// somebody wrote another object in their place.
func (b *Bucket) remove(ctx context.Context, all []version) (stay []version, err error) {
	if len(all) == 0 {
		return nil, nil
	}
	var these []types.ObjectIdentifier
	for _, v := range all {
		one := types.ObjectIdentifier{Key: &v.key, VersionId: &v.id}
		if v.id == onlyVersion && v.latest && !v.mark {
			one.ETag = &v.etag // the id is that of whatever is written next, too
		}
		these = append(these, one)
	}
	out, err := b.api.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b.name, Delete: &types.Delete{Quiet: aws.Bool(true), Objects: these}})
	if err != nil {
		return nil, fmt.Errorf("remove %s and others: %w", all[0].key, err)
	}
	for _, e := range out.Errors {
		if aws.ToString(e.Code) != "PreconditionFailed" {
			return nil, fmt.Errorf("remove %s: %s: %s", aws.ToString(e.Key), aws.ToString(e.Code), aws.ToString(e.Message))
		}
		i := slices.IndexFunc(all, func(v version) bool { return v.key == aws.ToString(e.Key) && v.id == onlyVersion })
		if i >= 0 {
			stay = append(stay, all[i])
		}
	}
	return stay, nil
}

// unfinished is a multipart upload that was begun and not ended; its parts are
// stored and billed, and no listing of objects shows them.
type unfinished struct {
	key, id string
	begun   time.Time
}

// unfinished yields the unfinished multipart uploads of keys that begin with the
// prefix.
func (b *Bucket) unfinished(ctx context.Context, prefix string, each func(unfinished) error) error {
	pages := s3.NewListMultipartUploadsPaginator(b.api, &s3.ListMultipartUploadsInput{Bucket: &b.name, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the unfinished uploads of %s: %w", b.name, err)
		}
		for _, u := range page.Uploads {
			if err := each(unfinished{key: aws.ToString(u.Key), id: aws.ToString(u.UploadId), begun: aws.ToTime(u.Initiated)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// abort adds up an unfinished upload's parts and, unless dry, removes them.
func (b *Bucket) abort(ctx context.Context, u unfinished, dry bool) (bytes int64, err error) {
	pages := s3.NewListPartsPaginator(b.api, &s3.ListPartsInput{Bucket: &b.name, Key: &u.key, UploadId: &u.id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, fmt.Errorf("list the parts of an upload of %s: %w", u.key, err)
		}
		for _, p := range page.Parts {
			bytes += aws.ToInt64(p.Size)
		}
	}
	if dry {
		return bytes, nil
	}
	if _, err := b.api.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &u.key, UploadId: &u.id}); err != nil {
		return 0, fmt.Errorf("abort an upload of %s: %w", u.key, err)
	}
	return bytes, nil
}
