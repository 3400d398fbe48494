# Those in other accounts, or elsewhere, who are told of results. They are listed
# here, so nobody can subscribe by themselves.

locals {
  # A bus is called as the role that may put on it, a web address by its destination.
  told = merge(
    { for name, s in var.stored_subscribers : name => { tenants = s.tenants, arn = s.bus_arn, action = "events:PutEvents" } },
    { for name, s in var.stored_webhooks : name => { tenants = s.tenants, arn = aws_cloudwatch_event_api_destination.stored[name].arn, action = "events:InvokeApiDestination" } },
  )

  # Known before anything is made, which for_each needs.
  told_names = toset(concat(keys(var.stored_subscribers), keys(var.stored_webhooks)))
}

resource "aws_cloudwatch_event_rule" "stored" {
  for_each = local.told_names

  name           = "${var.name}-to-${each.key}"
  description    = "Results for ${each.key}"
  event_bus_name = aws_cloudwatch_event_bus.this.name
  event_pattern = jsonencode(merge(
    { source = [{ prefix = "sluice." }], "detail-type" = ["Stored"] },
    length(local.told[each.key].tenants) == 0 ? {} : { detail = { tenant = local.told[each.key].tenants } },
  ))
}

resource "aws_cloudwatch_event_target" "stored" {
  for_each = local.told_names

  event_bus_name = aws_cloudwatch_event_bus.this.name
  rule           = aws_cloudwatch_event_rule.stored[each.key].name
  target_id      = "subscriber"
  arn            = local.told[each.key].arn
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
  for_each = local.told_names

  name               = "${var.name}-to-${each.key}-${var.region}"
  assume_role_policy = data.aws_iam_policy_document.events_assumes.json
}

data "aws_iam_policy_document" "stored" {
  for_each = local.told_names

  statement {
    actions   = [local.told[each.key].action]
    resources = [local.told[each.key].arn]
  }
}

resource "aws_iam_role_policy" "stored" {
  for_each = local.told_names

  name   = "put"
  role   = aws_iam_role.stored[each.key].id
  policy = data.aws_iam_policy_document.stored[each.key].json
}

# What could not be delivered waits here, under an alarm.
resource "aws_sqs_queue" "stored" {
  for_each = local.told_names

  name                      = "${var.name}-to-${each.key}-dlq"
  message_retention_seconds = 1209600
  kms_master_key_id         = var.key_arn
}

data "aws_iam_policy_document" "stored_queue" {
  for_each = local.told_names

  statement {
    sid       = "ItsRule"
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

  statement {
    sid       = "OnlyTLS"
    effect    = "Deny"
    actions   = ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
    resources = [aws_sqs_queue.stored[each.key].arn]
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

resource "aws_sqs_queue_policy" "stored" {
  for_each = local.told_names

  queue_url = aws_sqs_queue.stored[each.key].url
  policy    = data.aws_iam_policy_document.stored_queue[each.key].json
}
