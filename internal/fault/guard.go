package fault

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Guard calls f and turns a panic into an error of class Retry. What the panic
// says is kept only if the runtime says it: a value of our own may hold text.
func Guard(f func() error) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case runtime.Error:
			err = Errorf(Retry, "panic: %s %s", p.Error(), panicSite())
		default:
			err = Errorf(Retry, "panic with a %T %s", p, panicSite())
		}
	}()
	return f()
}

// panicSite names the line that panicked: the first caller outside the runtime
// and this package.
func panicSite() string {
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)])
	for {
		frame, more := frames.Next()
		if frame.Function != "" && !isRuntime(frame.Function) {
			return fmt.Sprintf("at %s:%d", frame.Function, frame.Line)
		}
		if !more {
			return fmt.Sprintf("(stack of %d bytes)", len(debug.Stack()))
		}
	}
}

func isRuntime(function string) bool {
	return len(function) > 8 && function[:8] == "runtime."
}
