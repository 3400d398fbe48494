package scheduler

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sluice/internal/local/disk"
)

func code(err error) string {
	var refused *Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

func TestDefinitions(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	good := Definition{Name: "n", Expression: "at(2026-11-25T00:00:00)", State: enabled, After: leave, Target: Target{ARN: queue, RoleARN: role, MostAge: mostAge}}
	for name, test := range map[string]struct {
		change func(d *Definition)
		code   string
	}{
		"good":                       {func(*Definition) {}, ""},
		"no name":                    {func(d *Definition) { d.Name = "" }, CodeValidation},
		"a long name":                {func(d *Definition) { d.Name = strings.Repeat("n", 65) }, CodeValidation},
		"another character":          {func(d *Definition) { d.Name = "a b" }, CodeValidation},
		"the default group":          {func(d *Definition) { d.Group = "default" }, ""},
		"another group":              {func(d *Definition) { d.Group = "other" }, CodeNotFound},
		"a long description":         {func(d *Definition) { d.Description = strings.Repeat("đ", 513) }, CodeValidation},
		"a description that fits":    {func(d *Definition) { d.Description = strings.Repeat("đ", 512) }, ""},
		"another state":              {func(d *Definition) { d.State = "ON" }, CodeValidation},
		"another end":                {func(d *Definition) { d.After = "KEEP" }, CodeValidation},
		"a rate":                     {func(d *Definition) { d.Expression = "rate(1 day)" }, CodeValidation},
		"a cron expression":          {func(d *Definition) { d.Expression = "cron(0 0 * * ? *)" }, CodeValidation},
		"no expression":              {func(d *Definition) { d.Expression = "" }, CodeValidation},
		"no day":                     {func(d *Definition) { d.Expression = "at(2026-02-30T00:00:00)" }, CodeValidation},
		"a fraction":                 {func(d *Definition) { d.Expression = "at(2026-11-25T00:00:00.5)" }, CodeValidation},
		"an offset":                  {func(d *Definition) { d.Expression = "at(2026-11-25T00:00:00Z)" }, CodeValidation},
		"the past":                   {func(d *Definition) { d.Expression = "at(2026-11-24T11:58:59)" }, CodeValidation},
		"just now":                   {func(d *Definition) { d.Expression = "at(2026-11-24T11:59:30)" }, ""},
		"UTC":                        {func(d *Definition) { d.Timezone = "UTC" }, ""},
		"no zone":                    {func(d *Definition) { d.Timezone = "Mars/Olympus" }, CodeValidation},
		"this machine's zone":        {func(d *Definition) { d.Timezone = "Local" }, CodeValidation},
		"a file":                     {func(d *Definition) { d.Timezone = "../../etc/passwd" }, CodeValidation},
		"no role":                    {func(d *Definition) { d.Target.RoleARN = "" }, CodeValidation},
		"a mapping":                  {func(d *Definition) { d.Target.ARN, d.Target.Input = MappingUpdate, "{}" }, ""},
		"a mapping, no JSON":         {func(d *Definition) { d.Target.ARN, d.Target.Input = MappingUpdate, "{" }, CodeValidation},
		"another operation":          {func(d *Definition) { d.Target.ARN = "arn:aws:scheduler:::aws-sdk:sqs:sendMessage" }, CodeValidation},
		"a function":                 {func(d *Definition) { d.Target.ARN = "arn:aws:lambda:us-east-1:000000000000:function:f" }, CodeValidation},
		"a FIFO queue":               {func(d *Definition) { d.Target.ARN += ".fifo" }, CodeValidation},
		"a FIFO queue and its group": {func(d *Definition) { d.Target.ARN, d.Target.Group = queue+".fifo", "g" }, ""},
		"dead letters elsewhere":     {func(d *Definition) { d.Target.DeadLetters = "x" }, CodeValidation},
		"dead letters in order":      {func(d *Definition) { d.Target.DeadLetters = dead + ".fifo" }, CodeValidation},
		"too many tries":             {func(d *Definition) { d.Target.MostTries = 186 }, CodeValidation},
		"fewer than none":            {func(d *Definition) { d.Target.MostTries = -1 }, CodeValidation},
		"too young":                  {func(d *Definition) { d.Target.MostAge = 59 * time.Second }, CodeValidation},
		"too old":                    {func(d *Definition) { d.Target.MostAge = 86_401 * time.Second }, CodeValidation},
	} {
		d := good
		test.change(&d)
		due, err := d.check(&recorder{}, now)
		if code(err) != test.code || err == nil && due.IsZero() {
			t.Errorf("%s: %v, %v", name, due, err)
		}
	}
}

func TestATimeIsMeantInItsZone(t *testing.T) {
	if _, err := time.LoadLocation("Asia/Ho_Chi_Minh"); err != nil {
		t.Fatal("this machine knows no time zones: ", err)
	}
	due, err := Definition{Expression: "at(2026-11-25T07:00:00)", Timezone: "Asia/Ho_Chi_Minh"}.due()
	if want := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC); err != nil || !due.Equal(want) {
		t.Errorf("%s, %v", due, err)
	}
}

func TestWhoComesAgainWithItsTokenMadeIt(t *testing.T) {
	s, err := New(disk.Memory(), &recorder{}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	d := wakeUp("w", time.Hour)
	for _, again := range []struct{ token, code string }{{"mine", ""}, {"mine", ""}, {"other", CodeConflict}, {"", CodeConflict}} {
		arn, err := s.Create(t.Context(), d, again.token)
		if code(err) != again.code || err == nil && arn != s.ARN("w") {
			t.Errorf("%q: %q, %v", again.token, arn, err)
		}
	}
}

func TestAnErrorIsAnError(t *testing.T) {
	store := disk.Memory()
	s, err := New(store, &recorder{}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	_, missing := s.Update(t.Context(), wakeUp("w", time.Hour))
	_, unknown := s.Schedule("", "w")
	_, group := s.Schedule("other", "w")
	for _, err := range []error{missing, unknown, group, s.Delete(t.Context(), "", "w")} {
		if code(err) != CodeNotFound {
			t.Error(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), wakeUp("w", time.Hour), ""); code(err) != CodeInternal {
		t.Error(err)
	}
}

func TestADamagedRecordIsTold(t *testing.T) {
	store := disk.Memory()
	if err := store.Enqueue(disk.Change{Bucket: bucket, Key: []byte("x"), Value: []byte("{")}).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := New(store, &recorder{}, Config{}); err == nil {
		t.Error("it is taken")
	}
}
