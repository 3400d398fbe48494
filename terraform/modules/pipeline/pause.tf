# The role by which EventBridge Scheduler ends a pause of a mapping, and the
# functions that may pause theirs.

locals {
  pausers = [for name, f in var.functions : name if contains(flatten(values(f.calls)), "pauseRole")]

  # Mappings whose function may pause them.
  pausable = [for key, mapping in local.mappings : key if contains(local.pausers, mapping.function)]
}

data "aws_iam_policy_document" "scheduler_assumes" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "pause" {
  name               = "${var.name}-pause-${local.region}"
  description        = "EventBridge Scheduler ends the pause of a queue"
  assume_role_policy = data.aws_iam_policy_document.scheduler_assumes.json
}

data "aws_iam_policy_document" "pause" {
  count = length(local.pausers) > 0 ? 1 : 0

  statement {
    actions   = ["lambda:UpdateEventSourceMapping"]
    resources = [for key in local.pausable : aws_lambda_event_source_mapping.this[key].arn]
  }
}

resource "aws_iam_role_policy" "pause" {
  count = length(local.pausers) > 0 ? 1 : 0

  name   = "wake"
  role   = aws_iam_role.pause.id
  policy = data.aws_iam_policy_document.pause[0].json
}
