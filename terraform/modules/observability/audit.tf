# Every event of the bus but RequestReceived, which holds text and addresses, in
# one log group: what happened to whom, whoever said it.

resource "aws_cloudwatch_log_group" "audit" {
  name              = "/aws/events/${var.name}-audit"
  retention_in_days = var.audit_days
  kms_key_id        = var.key_arn
}

resource "aws_cloudwatch_event_rule" "audit" {
  name           = "${var.name}-audit"
  description    = "Every event but RequestReceived"
  event_bus_name = var.bus
  event_pattern  = jsonencode({ "detail-type" = [{ "anything-but" = "RequestReceived" }] })
}

resource "aws_cloudwatch_event_target" "audit" {
  event_bus_name = var.bus
  rule           = aws_cloudwatch_event_rule.audit.name
  target_id      = "audit"
  arn            = aws_cloudwatch_log_group.audit.arn

  # The policy lets the rule write.
  depends_on = [aws_cloudwatch_log_resource_policy.audit]
}

# A role cannot be given to such a target; the log group's own policy lets it in.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-cloudwatchlogs-permissions
data "aws_iam_policy_document" "audit" {
  statement {
    sid       = "TheRuleOfThisBus"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.audit.arn}:*"]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.audit.arn]
    }
  }
}

resource "aws_cloudwatch_log_resource_policy" "audit" {
  policy_name     = "${var.name}-audit"
  policy_document = data.aws_iam_policy_document.audit.json
}
