# A guardrail that looks at every question and answer, where one is wanted. What it
# stops ends as AiFailed with the class "refused".

resource "aws_bedrock_guardrail" "this" {
  count = var.guardrail == null ? 0 : 1

  name                      = var.name
  description               = "What ${var.name} asks and is answered"
  blocked_input_messaging   = "The input was stopped."
  blocked_outputs_messaging = "The answer was stopped."
  kms_key_arn               = var.key_arn

  content_policy_config {
    dynamic "filters_config" {
      for_each = var.guardrail.filters
      content {
        type            = filters_config.key
        input_strength  = filters_config.value
        output_strength = filters_config.key == "PROMPT_ATTACK" ? "NONE" : filters_config.value
      }
    }
  }

  dynamic "sensitive_information_policy_config" {
    for_each = length(var.guardrail.blocked_pii) > 0 ? [true] : []
    content {
      dynamic "pii_entities_config" {
        for_each = var.guardrail.blocked_pii
        content {
          type   = pii_entities_config.value
          action = "BLOCK"
        }
      }
    }
  }
}

# Calls name a version, so that a change of the draft reaches nobody by accident.
resource "aws_bedrock_guardrail_version" "this" {
  count = length(aws_bedrock_guardrail.this)

  guardrail_arn = aws_bedrock_guardrail.this[0].guardrail_arn
  description   = sha256(jsonencode(var.guardrail))
  skip_destroy  = false

  lifecycle {
    create_before_destroy = true
  }
}
