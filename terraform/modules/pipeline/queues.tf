# A queue and its dead-letter queue for every subscription.

locals {
  # Fourteen days, the longest that SQS has: what waits for a person must not
  # expire meanwhile.
  retention_seconds = 1209600

  # Messages are encrypted with a data key that SQS asks KMS for once an hour.
  data_key_seconds = 3600

  queue_names = { for name, _ in var.subscriptions : name => "${var.name}-${name}" }
}

resource "aws_sqs_queue" "this" {
  for_each = var.subscriptions

  name                              = local.queue_names[each.key]
  visibility_timeout_seconds        = each.value.visibility
  message_retention_seconds         = local.retention_seconds
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = local.data_key_seconds

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn
    maxReceiveCount     = each.value.maxReceives
  })

  lifecycle {
    precondition {
      condition     = each.value.visibility >= 6 * var.functions[each.value.function].timeout
      error_message = "The visibility timeout of ${each.key} is less than six times the timeout of ${each.value.function}."
    }
  }
}

resource "aws_sqs_queue" "dead" {
  for_each = var.subscriptions

  name                              = "${local.queue_names[each.key]}-dlq"
  visibility_timeout_seconds        = var.dead_letters.visibility
  message_retention_seconds         = local.retention_seconds
  kms_master_key_id                 = var.key_arn
  kms_data_key_reuse_period_seconds = local.data_key_seconds
}

# Only its own queue may send what it gave up on.
resource "aws_sqs_queue_redrive_allow_policy" "dead" {
  for_each = var.subscriptions

  queue_url = aws_sqs_queue.dead[each.key].url
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this[each.key].arn]
  })
}

# The rule feeds the queue, and its dead-letter queue with what it could not
# deliver; everybody else needs a policy of their own, and TLS.
data "aws_iam_policy_document" "queue" {
  for_each = merge(
    { for name, queue in aws_sqs_queue.this : name => { arn = queue.arn, rule = name } },
    { for name, queue in aws_sqs_queue.dead : "${name}/dlq" => { arn = queue.arn, rule = name } },
  )

  statement {
    sid       = "ItsRule"
    actions   = ["sqs:SendMessage"]
    resources = [each.value.arn]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.this[each.value.rule].arn]
    }
  }

  statement {
    sid       = "OnlyTLS"
    effect    = "Deny"
    actions   = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
    resources = [each.value.arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "this" {
  for_each = var.subscriptions

  queue_url = aws_sqs_queue.this[each.key].url
  policy    = data.aws_iam_policy_document.queue[each.key].json
}

resource "aws_sqs_queue_policy" "dead" {
  for_each = var.subscriptions

  queue_url = aws_sqs_queue.dead[each.key].url
  policy    = data.aws_iam_policy_document.queue["${each.key}/dlq"].json
}
