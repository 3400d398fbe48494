mock_provider "aws" {
  source = "../tests/mocks"
}

run "off_by_default" {
  command = apply

  assert {
    condition     = output.log_group == null && length(aws_bedrock_model_invocation_logging_configuration.this) == 0
    error_message = "The log is on although nobody asked for it."
  }
}

run "on_without_what_was_said" {
  command = apply

  variables {
    enabled = true
  }

  assert {
    condition = alltrue([for c in [aws_bedrock_model_invocation_logging_configuration.this[0].logging_config] :
    !c.text_data_delivery_enabled && !c.image_data_delivery_enabled && !c.embedding_data_delivery_enabled])
    error_message = "The log holds what was said."
  }
}
