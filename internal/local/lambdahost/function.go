package lambdahost

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Function is one Lambda function.
type Function struct {
	// Name is the function's name, as in its ARN.
	Name string
	// Bootstrap is the path of its program.
	Bootstrap string
	// Timeout is how long one call may take, up to 15 minutes.
	Timeout time.Duration
	// Memory is its size in MB, 128 to 10,240. Go's garbage collector is told to
	// stay below it; the host does not enforce it.
	Memory int
	// Environment is what the function is given beside Lambda's own variables.
	Environment map[string]string
	// Concurrency is how many calls run at the same time, at least 1.
	Concurrency int
	// Provisioned is how many processes start with the host, and stay when they have
	// nothing to do, so that a call finds one: Lambda's provisioned concurrency. 0 to
	// Concurrency.
	Provisioned int
	// Yields is how much it leaves the processors to other functions while they have
	// work, 0 (not at all) to 19: a Unix nice value. A function that brings work in
	// must not get far ahead of those that do it.
	Yields int
}

// Lambda's limits.
const (
	maxTimeout     = 15 * time.Minute
	minMemory      = 128
	maxMemory      = 10_240
	memoryPerCPU   = 1_769 // MB that come with one vCPU
	version        = "$LATEST"
	maxRequest     = 6_291_456 // bytes of a call's payload
	maxResponse    = 6_291_556 // bytes of its answer
	goMemoryShare  = 90        // percent of the memory that the collector aims at
	goGC           = "200"     // percent of what lives by which the heap grows before it is collected
	runtimeVersion = "2018-06-01"
)

// check tells everything that is wrong with the function.
func (f Function) check() error {
	var errs []error
	problem := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf("function %q: "+format, append([]any{f.Name}, args...)...))
		}
	}
	problem(f.Name == "", "has no name")
	problem(f.Bootstrap == "", "has no bootstrap")
	problem(f.Timeout <= 0 || f.Timeout > maxTimeout, "timeout %s is not above 0 and at most %s", f.Timeout, maxTimeout)
	problem(f.Memory < minMemory || f.Memory > maxMemory, "memory %d MB is not %d to %d MB", f.Memory, minMemory, maxMemory)
	problem(f.Concurrency < 1, "concurrency %d is below 1", f.Concurrency)
	problem(f.Provisioned < 0 || f.Provisioned > f.Concurrency, "%d provisioned processes are not 0 to its concurrency of %d", f.Provisioned, f.Concurrency)
	for name, value := range f.Environment {
		problem(name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0), "environment variable %q cannot be set", name)
	}
	return errors.Join(errs...)
}

// arn names the function as AWS does.
func (f Function) arn(region, account string) string {
	return fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", region, account, f.Name)
}

// environment is everything that a process of the function sees, sorted. What
// the function was given wins over defaults, but not over the variables by which
// the runtime finds the host.
func (f Function) environment(region, runtimeAPI, logStream string) []string {
	all := map[string]string{
		"AWS_REGION":         region,
		"AWS_DEFAULT_REGION": region,
		"AWS_EXECUTION_ENV":  "AWS_Lambda_provided.al2023",
		"GOGC":               goGC,
		"GOMAXPROCS":         strconv.Itoa((f.Memory + memoryPerCPU - 1) / memoryPerCPU),
		"GOMEMLIMIT":         strconv.Itoa(f.Memory*goMemoryShare/100) + "MiB",
		"LANG":               "en_US.UTF-8",
		"PATH":               "/usr/local/bin:/usr/bin:/bin",
		"TZ":                 ":UTC",
	}
	maps.Copy(all, systemEnvironment())
	maps.Copy(all, f.Environment)
	maps.Copy(all, map[string]string{
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.Memory),
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     version,
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/aws/lambda/" + f.Name,
		"AWS_LAMBDA_LOG_STREAM_NAME":      logStream,
		"AWS_LAMBDA_RUNTIME_API":          runtimeAPI,
		"LAMBDA_TASK_ROOT":                filepath.Dir(f.Bootstrap),
		"_HANDLER":                        "bootstrap",
	})
	out := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, name+"="+all[name])
	}
	return out
}
