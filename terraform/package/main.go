// Package puts every function into a zip as Lambda takes it: one static binary
// for Linux on arm64, called bootstrap. The same source makes the same bytes, so
// an apply that has nothing new ships nothing.
//
//	go run ./terraform/package bin/packages
package main

import (
	"archive/zip"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./terraform/package FOLDER")
		os.Exit(2)
	}
	if err := all(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "package:", err)
		os.Exit(1)
	}
}

// all packages every program under functions/ into folder/<name>.zip.
func all(ctx context.Context, folder string) error {
	programs, err := filepath.Glob("functions/*/lambda/main.go")
	if err != nil {
		return err
	}
	if len(programs) == 0 {
		return fmt.Errorf("no functions/*/lambda/main.go: start it at the top of the repository")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, program := range programs {
		source := filepath.Dir(program)
		name := filepath.Base(filepath.Dir(source))
		if err := one(ctx, source, filepath.Join(folder, name+".zip")); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// one builds the program and packs it.
func one(ctx context.Context, source, target string) error {
	scratch, err := os.MkdirTemp("", "sluice-package-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	binary := filepath.Join(scratch, "bootstrap")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-tags=lambda.norpc", "-o", binary, "./"+filepath.ToSlash(source))
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	program, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	packed := filepath.Join(scratch, "function.zip")
	if err := pack(program, packed); err != nil {
		return err
	}
	content, err := os.ReadFile(packed)
	if err != nil {
		return err
	}
	return os.WriteFile(target, content, 0o644)
}

// pack writes a zip with nothing in it but the program, at a time of its own: the
// earliest that a zip has.
func pack(program []byte, target string) error {
	file, err := os.Create(target)
	if err != nil {
		return err
	}
	defer file.Close()
	archive := zip.NewWriter(file)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
	header.SetMode(0o755)
	entry, err := archive.CreateHeader(header)
	if err != nil {
		return err
	}
	if _, err := entry.Write(program); err != nil {
		return err
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return file.Close()
}
