package bedrock

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/google/go-cmp/cmp"
)

func TestTheWayOfACall(t *testing.T) {
	const arn = "arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/abc"
	var w Way
	if err := w.Profiles.UnmarshalText([]byte("us.a-v1:0=" + arn + ", b=arn:b,")); err != nil {
		t.Fatal(err)
	}
	if err := w.Guardrail.UnmarshalText([]byte("gr1:DRAFT")); err != nil {
		t.Fatal(err)
	}
	for model, want := range map[string]string{"us.a-v1:0": arn, "a-v1:0": "a-v1:0"} {
		in := &bedrockruntime.ConverseInput{ModelId: &model}
		w.apply(in)
		if *in.ModelId != want || aws.ToString(in.GuardrailConfig.GuardrailIdentifier) != "gr1" || aws.ToString(in.GuardrailConfig.GuardrailVersion) != "DRAFT" {
			t.Errorf("%s: %s %+v", model, *in.ModelId, in.GuardrailConfig)
		}
	}
	in := &bedrockruntime.ConverseInput{ModelId: aws.String("m")}
	Way{}.apply(in)
	if *in.ModelId != "m" || in.GuardrailConfig != nil {
		t.Errorf("%+v", in)
	}
}

func TestAWayThatIsNoneIsTold(t *testing.T) {
	for _, text := range []string{"m", "m=b", "=arn:x"} {
		var p Profiles
		if err := p.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("profiles %q are taken: %v", text, p)
		}
	}
	for text, want := range map[string]Guardrail{"": {}, "a:1": {"a", "1"}} {
		g := Guardrail{"old", "1"}
		if err := g.UnmarshalText([]byte(text)); err != nil || !cmp.Equal(g, want) {
			t.Errorf("%q: %v %v", text, g, err)
		}
	}
	for _, text := range []string{"a", ":1", "a:", "a:1:2"} {
		var g Guardrail
		if err := g.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("the guardrail %q is taken: %v", text, g)
		}
	}
}
