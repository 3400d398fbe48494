package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	out := flag.String("out", "", "also write the table to this file, as Markdown")
	seeds := flag.Int("seeds", 3, "courses of chance per figure")
	flag.Parse()
	if err := run(os.Stdout, *out, *seeds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(to io.Writer, out string, seeds int) error {
	if seeds < 1 {
		return fmt.Errorf("%d seeds: at least one is needed", seeds)
	}
	var page bytes.Buffer
	if err := write(&page, seeds); err != nil {
		return err
	}
	if _, err := to.Write(page.Bytes()); err != nil {
		return err
	}
	if out == "" {
		return nil
	}
	return os.WriteFile(out, page.Bytes(), 0o644)
}
