# What each function may do: be run (run), drain its queues (drain), and make the
# calls that the choreography lists (calls).

data "aws_caller_identity" "here" {}
data "aws_region" "here" {}
data "aws_partition" "here" {}

locals {
  account   = data.aws_caller_identity.here.account_id
  region    = data.aws_region.here.name
  partition = data.aws_partition.here.partition
  lambda    = "arn:${local.partition}:lambda:${local.region}:${local.account}"

  # IAM knows no Regions, so names of roles end with theirs.
  role_names = { for name, _ in var.functions : name => "${var.name}-${name}-${local.region}" }
}

data "aws_iam_policy_document" "lambda_assumes" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "function" {
  for_each = var.functions

  name               = local.role_names[each.key]
  description        = "${each.key} of ${var.name}"
  assume_role_policy = data.aws_iam_policy_document.lambda_assumes.json
}

data "aws_iam_policy_document" "run" {
  for_each = var.functions

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${var.log_groups[each.key]}:*"]
  }

  statement {
    sid       = "Encrypt"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]
  }

  # X-Ray has no resources to narrow this to.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
  statement {
    sid       = "Trace"
    actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
    resources = ["*"]
  }

  # Lambda puts the function into its subnets. EC2 lets nobody narrow these
  # actions to what does not exist yet; the denial keeps the function's own code
  # from them.
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
  dynamic "statement" {
    for_each = var.network == null ? {} : { Allow = [], Deny = ["${local.lambda}:function:${local.function_names[each.key]}"] }
    content {
      sid       = "Network${statement.key}"
      effect    = statement.key
      actions   = ["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses"]
      resources = ["*"]

      dynamic "condition" {
        for_each = statement.value
        content {
          test     = "ArnEquals"
          variable = "lambda:SourceFunctionArn"
          values   = [condition.value]
        }
      }
    }
  }
}

resource "aws_iam_role_policy" "run" {
  for_each = var.functions

  name   = "run"
  role   = aws_iam_role.function[each.key].id
  policy = data.aws_iam_policy_document.run[each.key].json
}

locals {
  # The queues that each function drains.
  drains = { for name, _ in var.functions : name => concat(
    [for key, s in var.subscriptions : aws_sqs_queue.this[key].arn if s.function == name],
    [for key, _ in var.subscriptions : aws_sqs_queue.dead[key].arn if var.dead_letters.function == name],
  ) }

  # Known before anything is made, which for_each needs.
  drainers = toset(concat([for s in var.subscriptions : s.function], [var.dead_letters.function]))
}

data "aws_iam_policy_document" "drain" {
  for_each = local.drainers

  statement {
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = local.drains[each.key]
  }
}

resource "aws_iam_role_policy" "drain" {
  for_each = local.drainers

  name   = "drain"
  role   = aws_iam_role.function[each.key].id
  policy = data.aws_iam_policy_document.drain[each.key].json
}
