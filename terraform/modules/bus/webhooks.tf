# Web addresses of others that are told of results. EventBridge posts the event over
# TLS with a secret of ours in a header, which the receiver checks; it does not sign
# bodies. Whoever needs a signature takes a bus of their own (subscribers.tf).
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html

data "aws_secretsmanager_random_password" "webhook" {
  for_each = var.stored_webhooks

  password_length            = 48
  exclude_punctuation        = true
  require_each_included_type = true
}

# Drawn once and then kept; terraform apply -replace draws another.
resource "terraform_data" "webhook" {
  for_each = var.stored_webhooks

  input = sensitive(data.aws_secretsmanager_random_password.webhook[each.key].random_password)

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_cloudwatch_event_connection" "stored" {
  for_each = var.stored_webhooks

  name               = "${var.name}-to-${each.key}"
  description        = "How ${each.key} knows that it is ${var.name}"
  authorization_type = "API_KEY"

  auth_parameters {
    api_key {
      key   = each.value.header
      value = terraform_data.webhook[each.key].output
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "stored" {
  for_each = var.stored_webhooks

  name                             = "${var.name}-to-${each.key}"
  description                      = "Results for ${each.key}"
  connection_arn                   = aws_cloudwatch_event_connection.stored[each.key].arn
  invocation_endpoint              = each.value.url
  http_method                      = "POST"
  invocation_rate_limit_per_second = each.value.per_second
}
