package conformance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"sluice/internal/local/disk"
	"sluice/internal/local/emulator"
	"sluice/internal/local/endpoint"
)

// The targets' names.
const (
	Embedded = "embedded"
	Moto     = "moto"
)

const region = emulator.Region

// motoTime is how long all of moto's cases may take together: a minute, or what
// SLUICE_CONFORMANCE_MOTO_TIME says. What does not fit in is skipped, loudly. moto
// handles about three matching events a second.
var motoTime = timeForMoto()

func timeForMoto() time.Duration {
	if d, err := time.ParseDuration(os.Getenv("SLUICE_CONFORMANCE_MOTO_TIME")); err == nil {
		return d
	}
	return time.Minute
}

// Target is an implementation of AWS that the suites are run against.
type Target struct {
	// Name is Embedded or Moto.
	Name string
	// URL is http://127.0.0.1:port.
	URL string
	// Account is the account that owns what is made with Config.
	Account string
	// Config makes clients that do not retry, so that the first answer is judged.
	Config aws.Config

	until time.Time // zero for no limit
}

// ARN is the name of what the target's account owns.
func (target Target) ARN(service, resource string) string {
	return "arn:aws:" + service + ":" + region + ":" + target.Account + ":" + resource
}

// take tells whether there is time for another case.
func (target Target) take(t *testing.T) bool {
	if target.until.IsZero() || time.Now().Before(target.until) {
		return true
	}
	t.Logf("SKIPPED: %s has had its %s; SLUICE_CONFORMANCE_MOTO_TIME=10m gives it more", target.Name, motoTime)
	return false
}

// results, embedded and moto belong to one run of the tests.
var (
	results  tally
	embedded = sync.OnceValues(startEmbedded)
	moto     = sync.OnceValues(startMoto)
	atTheEnd []func()
	motoUsed time.Duration // by the suites so far; they run one after the other
	number   atomic.Int64
	given    = map[string]bool{} // the flags of the command line
)

// Targets are what a service's suite runs against. Why moto is not among them
// is said as a skipped test.
func Targets(t *testing.T, service string) []Target {
	t.Helper()
	own, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	other, err := moto()
	if err != nil {
		results.add(service, Moto, skipped)
		t.Run(Moto, func(t *testing.T) { t.Skip("NOT COMPARED with an independent emulator: ", err) })
		return []Target{own}
	}
	return []Target{own, other}
}

// name is a name that nothing else in this run has.
func name(prefix string) string { return fmt.Sprintf("%s-%d", prefix, number.Add(1)) }

func TestMain(m *testing.M) {
	flag.Parse()
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	// Cases wait more than they work, so more of them run at once than there are
	// processors.
	if f := flag.Lookup("test.parallel"); f != nil && !given[f.Name] {
		if err := f.Value.Set("16"); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	code := m.Run()
	for _, end := range atTheEnd {
		end()
	}
	fmt.Print(results.table())
	os.Exit(code)
}

func newTarget(name, url, account string) Target {
	return Target{Name: name, URL: url, Account: account, Config: aws.Config{
		Region: region, BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}}
}

func startEmbedded() (Target, error) {
	const account = "000000000000"
	store := disk.Memory()
	services, err := endpoint.Assemble(store, "", endpoint.Options{Account: account, Region: region})
	if err != nil {
		return Target{}, err
	}
	server, err := endpoint.Listen("127.0.0.1:0", services, slog.New(slog.DiscardHandler))
	if err != nil {
		return Target{}, err
	}
	atTheEnd = append(atTheEnd, func() {
		if err := errors.Join(server.Shutdown(context.Background()), services.Close(), store.Close()); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	})
	return newTarget(Embedded, server.URL(), account), nil
}

func startMoto() (Target, error) {
	if os.Getenv("SLUICE_CONFORMANCE_MOTO") == "off" {
		return Target{}, errors.New("SLUICE_CONFORMANCE_MOTO is off")
	}
	if testing.Short() {
		return Target{}, errors.New("moto is slow, and -short was asked for")
	}
	server, err := emulator.Start(context.Background(), emulator.Options{})
	if err != nil {
		return Target{}, err
	}
	atTheEnd = append(atTheEnd, func() {
		if err := server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	})
	return newTarget(Moto, server.URL(), emulator.Account), nil
}
