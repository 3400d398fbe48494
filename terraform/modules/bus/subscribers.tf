# Buses of others that are told of results. They are listed here, so nobody can
# subscribe by themselves.

resource "aws_cloudwatch_event_rule" "stored" {
  for_each = var.stored_subscribers

  name           = "${var.name}-to-${each.key}"
  description    = "Results for ${each.key}"
  event_bus_name = aws_cloudwatch_event_bus.this.name
  event_pattern = jsonencode(merge(
    { source = [{ prefix = "sluice." }], "detail-type" = ["Stored"] },
    length(each.value.tenants) == 0 ? {} : { detail = { tenant = each.value.tenants } },
  ))
}

resource "aws_cloudwatch_event_target" "stored" {
  for_each = var.stored_subscribers

  event_bus_name = aws_cloudwatch_event_bus.this.name
  rule           = aws_cloudwatch_event_rule.stored[each.key].name
  target_id      = "bus"
  arn            = each.value.bus_arn
  role_arn       = aws_iam_role.stored[each.key].arn

  dead_letter_config {
    arn = aws_sqs_queue.stored[each.key].arn
  }
}

data "aws_iam_policy_document" "events_assumes" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "stored" {
  for_each = var.stored_subscribers

  name               = "${var.name}-to-${each.key}-${var.region}"
  assume_role_policy = data.aws_iam_policy_document.events_assumes.json
}

data "aws_iam_policy_document" "stored" {
  for_each = var.stored_subscribers

  statement {
    actions   = ["events:PutEvents"]
    resources = [each.value.bus_arn]
  }
}

resource "aws_iam_role_policy" "stored" {
  for_each = var.stored_subscribers

  name   = "put"
  role   = aws_iam_role.stored[each.key].id
  policy = data.aws_iam_policy_document.stored[each.key].json
}

# What could not be delivered waits here, under an alarm.
resource "aws_sqs_queue" "stored" {
  for_each = var.stored_subscribers

  name                      = "${var.name}-to-${each.key}-dlq"
  message_retention_seconds = 1209600
  kms_master_key_id         = var.key_arn
}

data "aws_iam_policy_document" "stored_queue" {
  for_each = var.stored_subscribers

  statement {
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.stored[each.key].arn]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.stored[each.key].arn]
    }
  }
}

resource "aws_sqs_queue_policy" "stored" {
  for_each = var.stored_subscribers

  queue_url = aws_sqs_queue.stored[each.key].url
  policy    = data.aws_iam_policy_document.stored_queue[each.key].json
}
