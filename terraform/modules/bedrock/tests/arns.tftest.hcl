mock_provider "aws" {
  source = "../../tests/mocks"
}

run "models_and_profiles" {
  command = plan

  variables {
    models = ["amazon.nova-lite-v1:0", "eu.amazon.nova-pro-v1:0", "global.anthropic.claude-haiku-4-5-20251001-v1:0"]
  }

  assert {
    condition = toset(output.model_arns) == toset([
      "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
      "arn:aws:bedrock:us-east-1:111122223333:inference-profile/eu.amazon.nova-pro-v1:0",
      "arn:aws:bedrock:*::foundation-model/amazon.nova-pro-v1:0",
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
