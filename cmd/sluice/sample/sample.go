// Package sample holds the records that a first run is shown with: messages to
// a shop's support in English and Vietnamese, of which some are no good (broken
// JSON, no text, an empty text, one too large) and two say the same.
package sample

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sluice/events"
)

//go:embed support.jsonl
var messages []byte

// oversized is the record that is larger than any that is answered. It is not in
// support.jsonl, which would be a hundred times larger for it.
func oversized() ([]byte, error) {
	quoted := "> On Monday you wrote: thank you for your message, we will look into it.\n"
	text := "Please read the whole thread below before you answer.\n" + strings.Repeat(quoted, events.MaxInputBytes/len(quoted)+1)
	return json.Marshal(struct {
		ID       string `json:"id"`
		Channel  string `json:"channel"`
		Customer string `json:"customer"`
		Received string `json:"received"`
		Text     string `json:"text"`
	}{"SUP-1999", "email", "Martha Long", "2026-11-19T16:20:00Z", text})
}

// Write puts the sample into a folder, which is made if it is not there, and
// returns the file's path. A sample that lies there already is replaced.
func Write(dir string) (path string, err error) {
	last, err := oversized()
	if err != nil {
		return "", fmt.Errorf("write the sample: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("write the sample: %w", err)
	}
	path = filepath.Join(dir, "support.jsonl")
	content := append(append(append([]byte(nil), messages...), last...), '\n')
	if err := os.WriteFile(path, content, 0o644); err != nil {
		return "", fmt.Errorf("write the sample: %w", err)
	}
	return path, nil
}
