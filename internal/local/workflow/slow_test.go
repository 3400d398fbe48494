package workflow

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// never is more often than anything is tried.
const never = 1000

// slowWays need more time than a test has, or faults that the services of another
// emulator do not have.
func slowWays() []way {
	const asked = "Validate IsItValid Analyze IsItAnswered "
	times := func(n int, what string) string { return strings.Repeat(what+" ", n) }
	return []way{
		// moto has one token for all attempts of a step and answers later ones with what
		// an earlier one was told, so attempts of a queued step are ours alone to show.
		{name: "step-retried", word: "broken", slow: true, mood: first(breaks, breaks), status: "SUCCEEDED",
			path: "Validate IsItValid Analyze !Sluice.retry !Sluice.retry IsItAnswered " + toStore + "HowDidItEnd Completed", said: "AiCompleted Stored",
			verify: func(t *testing.T, w went) { w.pauses(t, 2, 2*time.Second, 2, time.Minute) }},
		// Throttled for longer than an invocation lasts: the step is asked again.
		{name: "throttled-for-long", word: "long", slow: true, mood: func(_ int, since time.Duration) reply {
			if since < 11*time.Minute {
				return throttles
			}
			return answers_
		}, status: "SUCCEEDED", path: "Validate IsItValid Analyze !Sluice.defer !Sluice.defer IsItAnswered " + toStore + "HowDidItEnd Completed",
			said: "AiCompleted Stored", verify: func(t *testing.T, w went) { w.pauses(t, 2, 15*time.Second, 2, 15*time.Minute) }},
		// The day's quota: the next window is waited for. It is not believed on trust.
		{name: "quota-of-the-day", word: "daily", slow: true, mood: first(dayQuota), status: "SUCCEEDED",
			path: asked + "WaitForQuota Analyze IsItAnswered " + toStore + "HowDidItEnd Completed", said: "AiCompleted Stored",
			verify: func(t *testing.T, w went) {
				if waited := w.time("WaitForQuota"); waited < 10*time.Minute || waited > 24*time.Hour {
					t.Errorf("waited %s", waited)
				}
			}},
		{name: "wait-and-retry", word: "both", slow: true, mood: first(dayQuota, breaks, breaks), status: "SUCCEEDED",
			path: asked + "WaitForQuota Analyze !Sluice.retry !Sluice.retry IsItAnswered " + toStore + "HowDidItEnd Completed", said: "AiCompleted Stored"},
		// A model that never answers holds an invocation for as long as that lasts, over
		// and over.
		{name: "silent-model", word: "x", slow: true, mood: always(silence), status: "FAILED",
			path: "Validate IsItValid Analyze " + times(51, "!Sluice.defer") + "SayFailed DoesAnybodyWantMail HowDidItEnd Failed", said: "AiFailed"},
		// A message that is lost: nobody ever answers the step.
		{name: "lost-message", word: "x", slow: true, stand: func(v *virtual) { v.instead["analyze"] = "" }, status: "FAILED",
			path: "Validate IsItValid Analyze !States.Timeout SayFailed DoesAnybodyWantMail HowDidItEnd Failed", said: "AiFailed",
			verify: func(t *testing.T, w went) {
				if waited := w.time("Analyze"); waited != 36*time.Hour {
					t.Errorf("waited %s", waited)
				}
			}},
		{name: "broken-for-good", word: "broken", slow: true, emails: []string{"lan@example.com"}, mood: always(breaks), status: "FAILED",
			path: "Validate IsItValid Analyze " + times(4, "!Sluice.retry") + "SayFailed DoesAnybodyWantMail " + arrives + "Failed",
			said: "AiFailed Notified", verify: func(t *testing.T, w went) { w.pauses(t, 3, 2*time.Second, 2, time.Minute) }},
		{name: "no-queue", word: "x", slow: true, stand: func(v *virtual) { v.faults["analyze"] = failing(3, "SQS.AmazonSQSException") }, status: "SUCCEEDED",
			path: "Validate IsItValid Analyze " + times(3, "!SQS.AmazonSQSException") + "IsItAnswered " + toStore + "HowDidItEnd Completed", said: "AiCompleted Stored"},
		{name: "validate-throttled", word: "x", slow: true, stand: func(v *virtual) { v.faults["validate"] = failing(8, "Lambda.TooManyRequestsException") }, status: "SUCCEEDED",
			path: "Validate " + times(8, "!Lambda.TooManyRequestsException") + strings.TrimPrefix(unmailed, "Validate "), said: "AiCompleted Stored",
			verify: func(t *testing.T, w went) { w.pauses(t, 8, 2*time.Second, 2, 2*time.Minute) }},
		{name: "validate-fails", word: "x", slow: true, stand: func(v *virtual) { v.faults["validate"] = failing(never, "Sluice.park") }, status: "FAILED",
			path: "Validate !Sluice.park SayFailed DoesAnybodyWantMail HowDidItEnd Failed", said: "AiFailed"},
		{name: "unsaid", word: "x", slow: true, stand: func(v *virtual) {
			v.faults["validate"] = failing(never, "Sluice.park")
			v.faults["fail"] = failing(never, "Lambda.ServiceException")
		}, status: "FAILED", path: "Validate !Sluice.park SayFailed " + times(9, "!Lambda.ServiceException") + "Unsaid"},
		{name: "silent-answer", word: "x", slow: true, stand: func(v *virtual) { v.mute("analyze") }, status: "FAILED",
			path: asked + "AnsweredNothing SayFailed DoesAnybodyWantMail HowDidItEnd Failed", said: "AiFailed"},
		{name: "silent-store", word: "x", slow: true, stand: func(v *virtual) { v.mute("store") }, status: "FAILED",
			path: asked + "Store IsItStored StoredNothing ParkAnswer Parked", said: "AiCompleted", verify: buried("store")},
		{name: "store-deferred", word: "x", slow: true, stand: func(v *virtual) { v.putOff("store", 2*time.Hour) }, status: "SUCCEEDED",
			path: asked + "Store IsItStored WaitForStore " + toStore + "HowDidItEnd Completed", said: "AiCompleted Stored",
			verify: func(t *testing.T, w went) {
				if waited := w.time("WaitForStore"); waited < 2*time.Hour-2*time.Second || waited > 2*time.Hour {
					t.Errorf("waited %s", waited)
				}
			}},
		{name: "store-fails", word: "x", slow: true, stand: func(v *virtual) { v.memory.Fault = refusing("results/") }, status: "FAILED",
			path: asked + "Store " + times(4, "!Sluice.retry") + "ParkAnswer Parked", said: "AiCompleted", verify: buried("store")},
		{name: "mail-fails", word: "x", slow: true, emails: []string{"lan@example.com"}, stand: func(v *virtual) { v.memory.Fault = refusing("claims/") }, status: "FAILED",
			path: asked + toStore + "Notify " + times(4, "!Sluice.retry") + "ParkMail Parked", said: "AiCompleted Stored", verify: buried("notify")},
		{name: "mail-deferred", word: "x", slow: true, emails: []string{"lan@example.com"}, stand: func(v *virtual) { v.putOff("notify", 3*time.Hour) }, status: "SUCCEEDED",
			path: asked + toStore + "Notify WasAnybodyMailed WaitForMail " + arrives + "Completed", said: "AiCompleted Stored Notified"},
		// No report ever comes: it is asked at once, and after 1, 2, 4, 8, 16, 32 and 60
		// minutes.
		{name: "unreported", word: "x", slow: true, emails: []string{"lan@example.com"}, stand: func(v *virtual) { v.post.became["lan@example.com"] = "" }, status: "SUCCEEDED",
			path: asked + toStore + "Notify WasAnybodyMailed " + times(7, "AskDelivery WasItDelivered WaitForDelivery") + "AskDelivery WasItDelivered DeliveryUnknown HowDidItEnd Completed",
			said: "AiCompleted Stored Notified", verify: func(t *testing.T, w went) {
				if waited := w.until("DeliveryUnknown"); waited < time.Hour || waited > time.Hour+time.Minute {
					t.Errorf("waited %s", waited)
				}
			}},
		// One of two comes back, and who got the other one calls it spam.
		{name: "one-of-two", word: "x", slow: true, emails: []string{"lan@example.com", "bounce@example.com"}, stand: func(v *virtual) {
			v.post.became = map[string]string{"lan@example.com": "Complaint", "bounce@example.com": "Bounce"}
		}, status: "SUCCEEDED", path: asked + toStore + strings.Replace(arrives, "MailDelivered", "MailBounced", 1) + "Completed", said: "AiCompleted Stored Notified"},
		{name: "not-to-be-asked", word: "x", slow: true, emails: []string{"lan@example.com"}, stand: func(v *virtual) { v.faults["delivery"] = failing(never, "Sluice.park") }, status: "SUCCEEDED",
			path: asked + toStore + "Notify WasAnybodyMailed AskDelivery !Sluice.park DeliveryUnknown HowDidItEnd Completed", said: "AiCompleted Stored Notified"},
	}
}

// refusing fails whatever concerns the keys with a prefix.
func refusing(prefix string) func(operation, key string) error {
	return func(operation, key string) error {
		if operation == "PutObject" && strings.HasPrefix(key, prefix) {
			return errors.New("the connection was lost")
		}
		return nil
	}
}

// buried checks that the request lies in the dead-letter queue of a function.
func buried(name string) func(t *testing.T, w went) {
	return func(t *testing.T, w went) {
		if all := w.dead[prefix+"-"+name+"-dlq"]; len(all) != 1 || !strings.Contains(all[0], `"detail-type"`) || strings.Contains(all[0], "taskToken") {
			t.Errorf("in the dead-letter queues: %v", w.dead)
		}
		if w.execution.Error != "RequestParked" || w.execution.Cause == "" {
			t.Errorf("%+v", w.execution)
		}
	}
}

// time is how long the execution was in a state.
func (w went) time(state string) time.Duration {
	var began time.Time
	for _, m := range w.moments {
		switch {
		case m.Entered != nil && m.Entered.Name == state:
			began = m.At()
		case m.Exited != nil && m.Exited.Name == state:
			return m.At().Sub(began).Round(time.Second)
		}
	}
	return 0
}

// until is how long after the mail the execution came to a state.
func (w went) until(state string) time.Duration {
	var mailed time.Time
	for _, m := range w.moments {
		switch {
		case m.Exited != nil && m.Exited.Name == "Notify":
			mailed = m.At()
		case m.Entered != nil && m.Entered.Name == state:
			return m.At().Sub(mailed)
		}
	}
	return 0
}

// mute lets a step's first answer be that nothing was said.
func (v *virtual) mute(name string) { v.instead[name] = `{"said":"","record":null}` }

// putOff lets a step's first answer be that it is put off.
func (v *virtual) putOff(name string, d time.Duration) {
	v.instead[name] = `{"said":"","record":null,"until":"$"}`
	v.later = d
}

// answerInstead answers a step in the place of its function, once.
func (v *virtual) answerInstead(name, body string) bool {
	v.mu.Lock()
	answer, found := v.instead[name]
	delete(v.instead, name)
	v.mu.Unlock()
	if !found {
		return false
	}
	if answer == "" {
		return true
	}
	var step struct{ TaskToken string }
	if err := json.Unmarshal([]byte(body), &step); err != nil {
		v.Error(err)
	}
	until := time.Now().Add(v.later).UTC().Format(time.RFC3339)
	go func() {
		time.Sleep(time.Second)
		if err := v.machine.Answer(step.TaskToken, strings.ReplaceAll(answer, "$", until), nil); err != nil {
			v.Error(err)
		}
	}()
	return true
}
