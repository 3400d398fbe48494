package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/internal/fault"
	"sluice/internal/local/machine"
	"sluice/internal/objects"
	"sluice/internal/requests"
	"sluice/internal/upload"
)

// job is one file of a run.
type job struct {
	// path is where the file lies, name what it is called, beside what it leaves
	// its results.
	path, name, beside string
	definition         upload.Definition

	key, etag, id string
	// before: all of it had ended before this run.
	before bool

	intake   upload.Intake
	progress requests.Progress
	answered int
}

// jobs looks at the files before anything is started, so that a mistake is told
// at once. clean removes what was kept of standard input.
func (s *settings) jobs(args []string, f runFlags, d upload.Definition) (jobs []*job, clean func(), err error) {
	var temporary []string
	clean = func() {
		for _, path := range temporary {
			os.Remove(path)
		}
	}
	for _, arg := range args {
		j := &job{path: arg, name: filepath.Base(arg), beside: arg, definition: d}
		if arg == "-" {
			if j.path, j.name, err = spool(s.in, f.format); err != nil {
				return nil, clean, err
			}
			temporary = append(temporary, j.path)
			j.beside = j.name
		}
		if err := j.look(f.again); err != nil {
			return nil, clean, err
		}
		jobs = append(jobs, j)
	}
	return jobs, clean, nil
}

// spool keeps standard input in a file and names it by its format.
func spool(in io.Reader, format string) (path, name string, err error) {
	r := bufio.NewReader(in)
	switch format {
	case "jsonl", "csv", "txt":
	case "":
		format = "txt"
		head, _ := r.Peek(512)
		if head = bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF"))); len(head) > 0 && head[0] == '{' {
			format = "jsonl"
		}
	default:
		return "", "", usagef("--format %q: it is jsonl, csv or txt", format)
	}
	file, err := os.CreateTemp("", "sluice-*."+format)
	if err != nil {
		return "", "", fmt.Errorf("keep standard input: %w", err)
	}
	_, err = io.Copy(file, r)
	if err := errors.Join(err, file.Close()); err != nil {
		os.Remove(file.Name())
		return "", "", fmt.Errorf("keep standard input: %w", err)
	}
	return file.Name(), "stdin." + format, nil
}

// look reads the file once for its checksums. The same content asked for in the
// same way is the same upload, so that a second run finds the first.
func (j *job) look(again bool) error {
	file, err := os.Open(j.path)
	if err != nil {
		return fmt.Errorf("cannot read the file: %w", err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || info.IsDir() {
		return fmt.Errorf("%s is not a file", j.path)
	}
	etag, fingerprint := md5.New(), sha256.New()
	if _, err := io.Copy(io.MultiWriter(etag, fingerprint), file); err != nil {
		return fmt.Errorf("read %s: %w", j.path, err)
	}
	asked, err := json.Marshal(j.definition)
	if err != nil {
		return err
	}
	fingerprint.Write(asked)
	if again {
		fmt.Fprint(fingerprint, time.Now().UnixNano())
	}
	j.key = fmt.Sprintf("%s%s/%s/%s/%s", upload.Prefix, localTenant, j.definition.Task, hex.EncodeToString(fingerprint.Sum(nil))[:12], j.name)
	if _, err := upload.ParseKey(j.key); err != nil {
		return fmt.Errorf("%s: %w", j.path, err)
	}
	j.etag = hex.EncodeToString(etag.Sum(nil))
	j.id = upload.ID(machine.Bucket, j.key, j.etag)
	return nil
}

// feed puts the file under uploads/ unless it lies there: then its event is as
// durable as itself, and the pipeline is on it or done with it.
func (j *job) feed(ctx context.Context, session *session) error {
	head, err := session.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(machine.Bucket), Key: &j.key})
	switch {
	case err == nil && upload.PlainETag(aws.ToString(head.ETag)) == j.etag:
		progress, err := requests.LoadProgress(ctx, session.store, j.id)
		if errors.Is(err, objects.ErrNotFound) {
			return nil
		}
		j.before = err == nil && finished(progress)
		return err
	case err != nil && fault.Status(err) != 404:
		return err
	}
	asked, err := json.Marshal(j.definition)
	if err != nil {
		return err
	}
	if _, err := session.store.Put(ctx, upload.DefinitionKey(j.key), objects.JSON, bytes.NewReader(asked)); err != nil {
		return err
	}
	file, err := os.Open(j.path)
	if err != nil {
		return err
	}
	defer file.Close()
	etag, err := session.store.Put(ctx, j.key, "application/octet-stream", file)
	if err != nil {
		return err
	}
	if upload.PlainETag(etag) != j.etag {
		return errors.New("the file changed while it was read; try again")
	}
	return nil
}

// finished: every record has ended, the report lies there, and whoever wanted it
// was mailed.
func finished(p requests.Progress) bool {
	return p.Done != nil && p.Done.Said > 0 && p.Complete() && (p.Received == nil || !p.Received.WantsReport || p.Reported)
}
