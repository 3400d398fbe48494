package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/gofrs/flock"

	"sluice/events"
	"sluice/internal/local/apigateway"
	"sluice/internal/local/disk"
	"sluice/internal/local/endpoint"
	"sluice/internal/local/lambdahost"
	"sluice/internal/local/metrics"
	"sluice/internal/local/relay"
	"sluice/internal/local/signature"
)

// Options say what machine to open.
type Options struct {
	// Folder is where everything is kept; see [DefaultFolder].
	Folder string
	// Memory keeps nothing: Folder is not touched.
	Memory bool
	// Address is where to listen, 127.0.0.1:port; port 0 is any free one. Another
	// than a loopback address needs Signed.
	Address string
	// Signed lets only signed requests in: with the machine's own keys (see
	// [KeysFile]), or by one of Callers.
	Signed  bool
	Callers []signature.Credential
	// Functions holds <name>/bootstrap of every function.
	Functions string
	// Latency is how long the local model takes for its first token,
	// TokensPerMinute its quota (0: none).
	Latency         time.Duration
	TokensPerMinute int
	// AWS answers model calls instead of the local model, if it is there.
	AWS *endpoint.AWSModel
	// Relay is the mail server that the outbox is relayed to; none without its
	// Server.
	Relay relay.Options
	// Provisioned is how many processes of a function that the HTTP API calls start with
	// the machine, so that the first requests need not wait for one.
	Provisioned int
	// Origins are those of the web pages that may call the HTTP API, as
	// http://localhost:3000; none by default.
	Origins []string
	// Getenv reads how analyze is to ask the model, and what that may cost
	// (SLUICE_QUOTAS and the like), and where others reach the HTTP API
	// (SLUICE_API_URL); nil leaves it to the defaults.
	Getenv func(name string) string
	// WatchCalls notes which AWS calls each function makes; see [Machine.Calls].
	WatchCalls bool
	// Log takes what the functions and the machine log, a line each.
	Log io.Writer
}

// knobs are what Getenv tells. The local model's quota is known.
func (o Options) knobs() map[string]string {
	knobs := map[string]string{}
	if o.Getenv != nil {
		knobs = knobsOf(o.Getenv)
	}
	if _, told := knobs["SLUICE_QUOTAS"]; !told && o.TokensPerMinute > 0 {
		knobs["SLUICE_QUOTAS"] = fmt.Sprintf("*=%d", o.TokensPerMinute)
	}
	return knobs
}

// cors lets the pages do what Terraform's HTTP API lets those of its origins.
func (o Options) cors() apigateway.CORS {
	return apigateway.CORS{Origins: o.Origins, Methods: []string{"GET", "POST"}, MaxAge: time.Hour,
		Headers: []string{"authorization", "content-type", "idempotency-key", "prefer", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"},
		Expose:  []string{"accept-encoding", "allow", "content-location", "location", "preference-applied", "retry-after"}}
}

// Machine is a running machine.
type Machine struct {
	options  Options
	lock     *flock.Flock
	logFile  *os.File
	keeper   *keeper
	metrics  *metrics.Registry
	store    disk.Store
	services *endpoint.Services
	server   *endpoint.Server
	host     *lambdahost.Host
	callable functionsHost
	post     *postman
	started  time.Time
	log      *slog.Logger

	// keys are the machine's own, for its user; each function has its own.
	keys         Keys
	functionKeys map[string]Keys
	keysMade     bool
}

// Open starts a machine and returns when it takes requests and its functions
// hear. It answers ErrRunning if another process has the data folder.
func Open(ctx context.Context, o Options) (*Machine, error) {
	m := &Machine{options: o, started: time.Now(), metrics: metrics.New()}
	if err := m.open(ctx); err != nil {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return nil, errors.Join(err, m.Close(closing))
	}
	return m, nil
}

func (m *Machine) open(ctx context.Context) error {
	choreography, err := events.LoadChoreography()
	if err != nil {
		return err
	}
	secret := newSecret()
	m.store = disk.Memory()
	folder := ""
	if !m.options.Memory {
		if m.lock, err = lock(m.options.Folder); err != nil {
			return err
		}
		if m.logFile, err = openLog(m.options.Folder); err != nil {
			return err
		}
		m.options.Log = io.MultiWriter(m.options.Log, m.logFile)
		if m.keeper, err = openKeeper(m.options.Folder); err != nil {
			return err
		}
		if secret, err = answerSecret(m.options.Folder); err != nil {
			return err
		}
		if m.store, err = disk.Open(filepath.Join(m.options.Folder, "state.db")); err != nil {
			return err
		}
		folder = filepath.Join(m.options.Folder, "objects")
	}
	if m.options.AWS != nil {
		secret += ofAWSAnswers
	}
	m.log = slog.New(slog.NewJSONHandler(m.options.Log, nil))
	m.services, err = endpoint.Assemble(m.store, folder, endpoint.Options{
		Account: Account, Region: Region, Log: m.log, Latency: m.options.Latency, TokensPerMinute: m.options.TokensPerMinute,
		AWS: m.options.AWS,
	})
	if err != nil {
		return err
	}
	if _, err := m.services.SQS.ReleaseHeldBy(ctx, pollerKey); err != nil {
		return err
	}
	if m.post, err = newPostman(ctx, m.services.SES, m.store, m.options.Relay, m.log); err != nil {
		return err
	}
	m.services.Own = m.doors()
	m.services.BeforeEvents = newPatience(choreography, Environment, m.services.SQS.Counts).before
	if m.options.WatchCalls {
		m.services.Calls = &endpoint.Calls{}
	}
	if err := m.ask(choreography); err != nil {
		return err
	}
	if m.services.API, err = gateway(choreography, &m.callable, Account, AccessKey, m.options.cors(), m.log); err != nil {
		return err
	}
	if m.server, err = endpoint.Listen(m.options.Address, m.services, m.log); err != nil {
		return err
	}
	if err := provision(ctx, m.config(m.keys), choreography, here(), func(_ string, err error) error { return err }); err != nil {
		return err
	}
	m.host, err = fleet{
		choreography: choreography, folder: m.options.Functions, region: Region, account: Account,
		client: sqs.NewFromConfig(m.config(m.keys)), queues: ownQueues{m.services.SQS},
		environment: func(function string) map[string]string { return m.environment(function, secret) },
		log:         m.log, output: m.options.Log, switches: m.services.Lambda, keeper: m.keeper, metrics: m.metrics,
		provisioned: m.options.Provisioned,
	}.start(ctx, Environment)
	if err != nil {
		return err
	}
	m.callable.host.Store(m.host)
	if m.options.Memory {
		return nil
	}
	return announce(m.options.Folder, m.Running())
}

// config is that of a client of this machine.
func (m *Machine) config(keys Keys) aws.Config {
	return aws.Config{Region: Region, BaseEndpoint: aws.String(m.URL()), Credentials: keys.Provider()}
}

// URL is the endpoint, http://127.0.0.1:port.
func (m *Machine) URL() string { return m.server.URL() }

// Calls lists which AWS calls were made so far, by access key (that of a function
// is [FunctionKey]); none without Options.WatchCalls.
func (m *Machine) Calls() []endpoint.Call {
	if m.services.Calls == nil {
		return nil
	}
	return m.services.Calls.List()
}

// Failed is closed when the machine can go on no longer: a write to its data
// folder failed. [Machine.Err] says why.
func (m *Machine) Failed() <-chan struct{} { return m.store.Failed() }

// Err is why the machine failed, or nil.
func (m *Machine) Err() error { return m.store.Err() }

// WaitingMails is how many mails had not been relayed when the machine was
// closed. They go out with the next machine of the folder that has a mail
// server.
func (m *Machine) WaitingMails() int {
	if m.post == nil {
		return 0
	}
	return m.post.waiting
}

// Close stops the machine: it takes no more messages, lets running calls end
// until ctx ends, and writes what is enqueued. What was under way goes on when
// it is opened again.
func (m *Machine) Close(ctx context.Context) error {
	var errs []error
	if m.host != nil {
		errs = append(errs, m.host.Stop(ctx))
	}
	errs = append(errs, m.keeper.close())
	if m.server != nil {
		errs = append(errs, m.server.Shutdown(ctx))
	}
	if m.post != nil {
		errs = append(errs, m.post.end(ctx))
	}
	if m.services != nil {
		errs = append(errs, m.services.Close())
	}
	if m.store != nil {
		errs = append(errs, m.store.Close())
	}
	if m.logFile != nil {
		errs = append(errs, m.logFile.Close())
	}
	if m.lock != nil {
		errs = append(errs, m.lock.Unlock())
	}
	return errors.Join(errs...)
}
