// Command sluice is the operator's and developer's command. On one machine it
// starts an embedded, durable stand-in for the AWS services and the functions'
// own binaries on it, feeds them, and shows what came of it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], console{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	stop()
	os.Exit(code)
}
