package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"sluice/internal/local/disk"
	"sluice/internal/local/ses"
)

const (
	// Account owns everything in moto, Region is where it is.
	Account = "123456789012"
	Region  = "us-east-1"
)

// program is moto's server.
const program = "moto_server"

// ErrAbsent says that moto is not on the machine, and how to get it.
var ErrAbsent = errors.New(program + " is not on the PATH; get it with: pip install 'moto[server]'")

// Options say what stands beside moto.
type Options struct {
	// Invoke calls a function by its Lambda name and returns its answer, JSON.
	// Errors are those of internal/local/lambdahost. With nil, moto is asked.
	Invoke func(ctx context.Context, function string, payload []byte) ([]byte, error)
	// Model answers /model/…, as Bedrock Runtime does. With nil, moto is asked.
	Model http.Handler
	// StateMachines are run; moto else calls every execution a success.
	StateMachines bool
	// Stack fills what the stack that Terraform makes needs besides ([Gaps]). Left
	// out, moto is as it is, for comparisons.
	Stack bool
}

// Emulator is moto with its proxy.
type Emulator struct {
	moto   *exec.Cmd
	server *http.Server
	mails  *ses.State
	url    string
}

// startTime is how long moto may take to answer for the first time: Python reads
// many files.
const startTime = time.Minute

// Start returns when moto answers. The error wraps [ErrAbsent] where there is no
// moto; any other one is the system's, or moto's in not coming up.
func Start(ctx context.Context, o Options) (*Emulator, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, ErrAbsent
	}
	var network net.ListenConfig
	listener, err := network.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("%s: listen: %w", program, err)
	}
	upstream, err := freeAddress(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: find a port: %w", program, err), listener.Close())
	}
	e := &Emulator{url: "http://" + listener.Addr().String()}
	if e.moto, err = launch(path, upstream, listener.Addr().String()); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	moto := forwarded(&url.URL{Scheme: "http", Host: upstream})
	if e.mails, err = ses.New(disk.Memory(), announcer{moto}, ses.Config{Account: Account, Region: Region}); err != nil {
		return nil, errors.Join(err, listener.Close(), e.Close())
	}
	e.server = &http.Server{Handler: proxy(moto, o, ses.Handler(e.mails)), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = e.server.Serve(listener) }()
	if err := ready(ctx, e.url+"/moto-api/"); err != nil {
		return nil, errors.Join(fmt.Errorf("%s does not answer: %w", program, err), e.Close())
	}
	if o.StateMachines {
		if err := runStateMachines(ctx, e.url); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	return e, nil
}

// URL is http://127.0.0.1:port, without a path.
func (e *Emulator) URL() string { return e.url }

// Mails are those that were sent, the newest first.
func (e *Emulator) Mails(ctx context.Context) ([]*ses.Mail, error) {
	return e.mails.Outbox(ctx, ses.Filter{Limit: 100})
}

// Close ends moto and its proxy. Calls that run are cut off.
func (e *Emulator) Close() error {
	var err error
	if e.server != nil {
		err = e.server.Close()
	}
	end(e.moto)
	_ = e.moto.Wait() // it was killed, and says so
	return err
}

// launch starts moto at an address. What it calls itself, it calls at the
// proxy's.
func launch(path, address, proxy string) (*exec.Cmd, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	_, proxyPort, err := net.SplitHostPort(proxy)
	if err != nil {
		return nil, err
	}
	// It outlives the context that it is started with; Close ends it.
	moto := exec.CommandContext(context.Background(), path, "-H", host, "-p", port)
	// Its own calls must not leave the machine, whatever the environment says.
	moto.Env = append(os.Environ(), "MOTO_PORT="+proxyPort, "MOTO_IAM_LOAD_MANAGED_POLICIES=true", "AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_DEFAULT_REGION="+Region,
		"NO_PROXY=*", "no_proxy=*")
	alone(moto)
	if err := moto.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", program, err)
	}
	return moto, nil
}

// freeAddress is an address that nobody listens at: moto cannot be given a
// listener.
func freeAddress(ctx context.Context) (string, error) {
	var network net.ListenConfig
	listener, err := network.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// ready waits until moto answers through the proxy.
func ready(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		status, err := call(ctx, http.MethodGet, url, "")
		if err == nil && status == http.StatusOK {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// runStateMachines switches moto's interpreter on.
func runStateMachines(ctx context.Context, url string) error {
	status, err := call(ctx, http.MethodPost, url+"/moto-api/config", `{"stepfunctions":{"execute_state_machine":true}}`)
	if err == nil && status >= http.StatusMultipleChoices {
		err = fmt.Errorf("status %d", status)
	}
	if err != nil {
		return fmt.Errorf("%s: switch state machines on: %w", program, err)
	}
	return nil
}

func call(ctx context.Context, method, url, body string) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}
