package sample_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/cmd/sluice/sample"
	"sluice/events"
	"sluice/internal/upload"
)

func TestTheSampleHasWhatAFirstRunIsToShow(t *testing.T) {
	path, err := sample.Write(filepath.Join(t.TempDir(), "new", "folder"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	records, err := upload.OpenRecords(path, file, upload.Options{})
	if err != nil {
		t.Fatal(err)
	}
	texts, codes, ids := map[string]int{}, map[string]int{}, map[string]bool{}
	good := 0
	for {
		r, err := records.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if r.CallerID != "" && ids[r.CallerID] {
			t.Errorf("the id %s is there twice", r.CallerID)
		}
		ids[r.CallerID] = true
		for _, p := range r.Problems {
			codes[p.Code]++
		}
		if len(r.Problems) == 0 {
			good++
			texts[r.Text]++
		}
	}
	if good < 60 || len(texts) != good-1 {
		t.Errorf("%d good records with %d texts", good, len(texts))
	}
	want := map[string]int{events.CodeNotJSON: 1, events.CodeNoText: 1, events.CodeEmpty: 1, events.CodeTooLarge: 1}
	if d := cmp.Diff(want, codes); d != "" {
		t.Error(d)
	}
}
