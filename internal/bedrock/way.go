package bedrock

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

// Way is how an environment's calls reach the models, beside their ids: nothing
// of it changes what a model is, costs or may burn.
type Way struct {
	// Profiles are asked in place of models, so that AWS bills by their tags.
	Profiles Profiles `env:"SLUICE_INFERENCE_PROFILES"`
	// Guardrail looks at what is asked and answered.
	Guardrail Guardrail `env:"SLUICE_GUARDRAIL"`
}

// apply lets a call go that way.
func (w Way) apply(in *bedrockruntime.ConverseInput) {
	if arn, has := w.Profiles[*in.ModelId]; has {
		in.ModelId = &arn
	}
	if w.Guardrail.ID != "" {
		in.GuardrailConfig = &types.GuardrailConfiguration{GuardrailIdentifier: &w.Guardrail.ID, GuardrailVersion: &w.Guardrail.Version}
	}
}

// Profiles are ARNs of application inference profiles by the model id, or
// system-defined inference profile, that each was made of.
// https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-create.html
type Profiles map[string]string

// UnmarshalText reads model=arn,model=arn.
func (p *Profiles) UnmarshalText(text []byte) error {
	all := Profiles{}
	for part := range strings.SplitSeq(string(text), ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		model, arn, _ := strings.Cut(part, "=")
		if model == "" || !strings.HasPrefix(arn, "arn:") {
			return fmt.Errorf("%q is not model=ARN of an inference profile", part)
		}
		all[model] = arn
	}
	*p = all
	return nil
}

// Guardrail is one of Amazon Bedrock's, "" for none. What it stops is answered
// with the stop reason guardrail_intervened, which is [events.FailureRefused].
type Guardrail struct{ ID, Version string }

// UnmarshalText reads id:version, where the version is a number or DRAFT.
func (g *Guardrail) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*g = Guardrail{}
		return nil
	}
	id, version, _ := strings.Cut(string(text), ":")
	if id == "" || version == "" || strings.Contains(version, ":") {
		return fmt.Errorf("%q is not a guardrail's id:version", text)
	}
	*g = Guardrail{id, version}
	return nil
}
