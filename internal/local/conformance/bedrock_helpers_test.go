package conformance

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"sluice/internal/local/disk"
	"sluice/internal/local/endpoint"
)

// ownMachine is a machine of a case's own, with its doors: what is changed
// through them concerns nobody else.
func ownMachine(t testing.TB) (Target, *endpoint.Services) {
	t.Helper()
	const account = "000000000000"
	store := disk.Memory()
	services, err := endpoint.Assemble(store, "", endpoint.Options{Account: account, Region: region})
	if err != nil {
		t.Fatal(err)
	}
	services.Own = services.BedrockSettings()
	server, err := endpoint.Listen("127.0.0.1:0", services, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(server.Shutdown(context.Background()), services.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return newTarget(Embedded, server.URL(), account), services
}
