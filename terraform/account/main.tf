# Bedrock's log of model invocations. It is one per account and Region, so it
# belongs to no environment: switch it on once, by whoever owns the account. It
# says who asked which model and how many tokens it took, and never what was said.

terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = { "sluice:managed-by" = "terraform" }
  }
}

data "aws_caller_identity" "here" {}
data "aws_partition" "here" {}

locals {
  account   = data.aws_caller_identity.here.account_id
  partition = data.aws_partition.here.partition
  on        = var.enabled ? 1 : 0
}

# It holds nobody's text, so CloudWatch's own key is enough: a customer key would
# cost more than the log, and belongs to an environment.
#tfsec:ignore:aws-cloudwatch-log-group-customer-key
resource "aws_cloudwatch_log_group" "invocations" {
  count = local.on

  name              = "/aws/bedrock/sluice-invocations"
  retention_in_days = var.retention_days
}

# https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html
data "aws_iam_policy_document" "bedrock_assumes" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["bedrock.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:bedrock:${var.region}:${local.account}:*"]
    }
  }
}

resource "aws_iam_role" "bedrock" {
  count = local.on

  name               = "sluice-bedrock-log-${var.region}"
  assume_role_policy = data.aws_iam_policy_document.bedrock_assumes.json
}

data "aws_iam_policy_document" "write" {
  count = local.on

  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.invocations[0].arn}:log-stream:aws/bedrock/modelinvocations"]
  }
}

resource "aws_iam_role_policy" "bedrock" {
  count = local.on

  name   = "write"
  role   = aws_iam_role.bedrock[0].id
  policy = data.aws_iam_policy_document.write[0].json
}

resource "aws_bedrock_model_invocation_logging_configuration" "this" {
  count = local.on

  logging_config {
    text_data_delivery_enabled      = false
    image_data_delivery_enabled     = false
    embedding_data_delivery_enabled = false

    cloudwatch_config {
      log_group_name = aws_cloudwatch_log_group.invocations[0].name
      role_arn       = aws_iam_role.bedrock[0].arn
    }
  }

  depends_on = [aws_iam_role_policy.bedrock]
}

variable "region" {
  description = "The Region."
  type        = string
  default     = "us-east-1"
}

variable "enabled" {
  description = "Bedrock logs who asked which model. A log that the account has already would be replaced."
  type        = bool
  default     = false
}

variable "retention_days" {
  description = "How long the log is kept."
  type        = number
  default     = 30
}

output "log_group" {
  description = "Where Bedrock logs; null while it does not."
  value       = try(aws_cloudwatch_log_group.invocations[0].name, null)
}
