# The audited workflow: a Standard state machine over the same functions, with
# its log and its trace. What it is, is in workflow.asl.json.

data "aws_caller_identity" "here" {}
data "aws_region" "here" {}
data "aws_partition" "here" {}

locals {
  account   = data.aws_caller_identity.here.account_id
  region    = data.aws_region.here.name
  partition = data.aws_partition.here.partition

  # The file is a whole definition for the validators, so it names the usual
  # partition.
  definition = replace(templatefile(var.definition, {
    analyze_function_arn         = var.function_arn
    analyze_queue_url            = var.queues["analyze"].url
    store_queue_url              = var.queues["store"].url
    notify_queue_url             = var.queues["notify"].url
    store_dead_letter_queue_url  = var.queues["store"].dlq_url
    notify_dead_letter_queue_url = var.queues["notify"].dlq_url
  }), "arn:aws:states:::", "arn:${local.partition}:states:::")
}

data "aws_iam_policy_document" "assumes" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

# IAM knows no Regions, so names of roles end with theirs.
resource "aws_iam_role" "this" {
  name               = "${var.name}-workflow-${local.region}"
  description        = "The audited workflow of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.assumes.json
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "Call"
    actions   = ["lambda:InvokeFunction"]
    resources = [var.function_arn]
  }

  statement {
    sid     = "Queue"
    actions = ["sqs:SendMessage"]
    resources = [
      var.queues["analyze"].arn, var.queues["store"].arn, var.queues["notify"].arn,
      var.queues["store"].dlq_arn, var.queues["notify"].dlq_arn,
    ]
  }

  statement {
    sid       = "Encrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]
  }

  # Neither the delivery of logs nor traces have resources that a policy could name.
  # https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
  statement {
    sid = "Log"
    actions = [
      "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:GetLogDelivery",
      "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
    ]
    resources = ["*"]
  }

  statement {
    sid       = "Trace"
    actions   = ["xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "run"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}

# The log's resource policy has a length; names below /aws/vendedlogs/ share one
# entry of it.
# https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/vendedlogs/${var.name}-workflow"
  retention_in_days = var.retention_days
  kms_key_id        = var.key_arn
}

resource "aws_sfn_state_machine" "this" {
  name       = var.name
  type       = "STANDARD"
  role_arn   = aws_iam_role.this.arn
  definition = local.definition

  # An execution holds ids and keys, neither text nor addresses; task tokens are in
  # no event but TaskScheduled's parameters, so the data stays out of the log. The
  # history has it.
  logging_configuration {
    level                  = "ALL"
    include_execution_data = false
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  tracing_configuration {
    enabled = true
  }

  depends_on = [aws_iam_role_policy.this]
}
