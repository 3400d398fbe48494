mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name         = "sluice-test"
  key_arn      = "arn:aws:kms:us-east-1:111122223333:key/mock"
  own_profiles = false
  guardrail    = null
}

run "models_and_profiles" {
  command = apply

  variables {
    models = ["amazon.nova-lite-v1:0", "eu.amazon.nova-pro-v1:0", "global.anthropic.claude-haiku-4-5-20251001-v1:0"]
  }

  assert {
    condition = toset(output.model_arns) == toset([
      "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
      "arn:aws:bedrock:us-east-1:111122223333:inference-profile/eu.amazon.nova-pro-v1:0",
      "arn:aws:bedrock:eu-west-1::foundation-model/mock",
      "arn:aws:bedrock:eu-north-1::foundation-model/mock",
      "arn:aws:bedrock:us-east-1:111122223333:inference-profile/global.anthropic.claude-haiku-4-5-20251001-v1:0",
      "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
      "arn:aws:bedrock:::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
    ])
    error_message = "The ARNs are ${jsonencode(output.model_arns)}"
  }
}

run "not_every_model" {
  command = plan

  variables {
    models = ["*"]
  }
  expect_failures = [var.models]
}

run "every_model_has_a_profile_for_the_bill" {
  command = apply

  variables {
    models       = ["amazon.nova-lite-v1:0", "global.anthropic.claude-haiku-4-5-20251001-v1:0"]
    own_profiles = true
  }

  assert {
    condition = { for id, p in aws_bedrock_inference_profile.own : p.name => p.model_source[0].copy_from } == {
      "sluice-test-amazon-nova-lite-v1-0"                           = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"
      "sluice-test-global-anthropic-claude-haiku-4-5-20251001-v1-0" = "arn:aws:bedrock:us-east-1:111122223333:inference-profile/global.anthropic.claude-haiku-4-5-20251001-v1:0"
    }
    error_message = "The profiles are ${jsonencode(aws_bedrock_inference_profile.own)}"
  }
  assert {
    condition     = length(setsubtract(values(output.profiles), output.model_arns)) == 0
    error_message = "A profile may not be asked."
  }
}

run "no_guardrail_unless_wanted" {
  command = apply

  variables {
    models = ["amazon.nova-lite-v1:0"]
  }
  assert {
    condition     = output.guardrail == null
    error_message = "There is a guardrail."
  }
}

run "a_guardrail_of_filters" {
  command = apply

  variables {
    models    = ["amazon.nova-lite-v1:0"]
    guardrail = { filters = { PROMPT_ATTACK = "HIGH", HATE = "LOW" }, blocked_pii = ["CREDIT_DEBIT_CARD_NUMBER"] }
  }
  assert {
    condition = { for f in aws_bedrock_guardrail.this[0].content_policy_config[0].filters_config : f.type => [f.input_strength, f.output_strength] } == {
      PROMPT_ATTACK = ["HIGH", "NONE"]
      HATE          = ["LOW", "LOW"]
    }
    error_message = "The filters are ${jsonencode(aws_bedrock_guardrail.this[0].content_policy_config)}"
  }
}

run "no_filter_that_bedrock_does_not_know" {
  command = plan

  variables {
    models    = ["amazon.nova-lite-v1:0"]
    guardrail = { filters = { RUDENESS = "HIGH" } }
  }
  expect_failures = [var.guardrail]
}
