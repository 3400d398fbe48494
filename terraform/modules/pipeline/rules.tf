# A rule for every subscription, on our bus or on the default one. A rule that has a
# schedule too says a Scheduled Event of its own accord, to its own target alone.
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html

locals {
  bus_names = { own = var.bus.name, default = "default" }

  # An environment hears its own bucket and its own mails alone.
  patterns = { for name, s in var.subscriptions : name =>
    replace(replace(s.pattern, "{bucket}", var.bucket.name), "{configurationSet}", var.configuration_set.name)
  }
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = var.subscriptions

  name                = local.queue_names[each.key]
  description         = "What ${each.value.function} hears"
  event_bus_name      = local.bus_names[each.value.bus]
  event_pattern       = local.patterns[each.key]
  schedule_expression = each.value.schedule
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = var.subscriptions

  event_bus_name = local.bus_names[each.value.bus]
  rule           = aws_cloudwatch_event_rule.this[each.key].name
  target_id      = "queue"
  arn            = aws_sqs_queue.this[each.key].arn

  dead_letter_config {
    arn = aws_sqs_queue.dead[each.key].arn
  }

  # The most that EventBridge has.
  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
}
