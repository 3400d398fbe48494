# The bus, who may put what on it, its archive, and those in other accounts who
# are told of results.

data "aws_caller_identity" "here" {}
data "aws_partition" "here" {}

resource "aws_cloudwatch_event_bus" "this" {
  name = var.name
}

locals {
  account   = data.aws_caller_identity.here.account_id
  partition = data.aws_partition.here.partition

  # Who comes from outside, as principals: a whole account, or one role.
  upstreams = concat([for id in var.upstream_accounts : "arn:${local.partition}:iam::${id}:root"], var.upstream_roles)

  # The function's roles are known by name, so that the policy stands before them.
  ours = concat([for name in var.role_names : "arn:${local.partition}:iam::${local.account}:role/${name}"], var.operator_roles)
}

data "aws_iam_policy_document" "bus" {
  dynamic "statement" {
    for_each = length(local.upstreams) > 0 ? [true] : []
    content {
      sid       = "UpstreamsMayAsk"
      actions   = ["events:PutEvents"]
      resources = [aws_cloudwatch_event_bus.this.arn]
      principals {
        type        = "AWS"
        identifiers = local.upstreams
      }
      condition {
        test     = "StringEquals"
        variable = "events:detail-type"
        values   = ["RequestReceived"]
      }
    }
  }

  # Whatever another policy allows: our own events are said by our own functions.
  statement {
    sid       = "OurSourceIsOurs"
    effect    = "Deny"
    actions   = ["events:PutEvents"]
    resources = [aws_cloudwatch_event_bus.this.arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "StringLike"
      variable = "events:source"
      values   = ["sluice.*"]
    }
    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = local.ours
    }
  }

  statement {
    sid       = "OthersOnlyAsk"
    effect    = "Deny"
    actions   = ["events:PutEvents"]
    resources = [aws_cloudwatch_event_bus.this.arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "StringNotEquals"
      variable = "events:detail-type"
      values   = ["RequestReceived"]
    }
    condition {
      test     = "ArnNotEquals"
      variable = "aws:PrincipalArn"
      values   = local.ours
    }
  }
}

resource "aws_cloudwatch_event_bus_policy" "this" {
  event_bus_name = aws_cloudwatch_event_bus.this.name
  policy         = data.aws_iam_policy_document.bus.json
}

# What was said can be said again. RequestReceived holds users' text, so the
# archive does too, and ends. EventBridge encrypts archives with a key of AWS's
# own; this provider's resource cannot name another.
resource "aws_cloudwatch_event_archive" "this" {
  name             = var.name
  description      = "Everything that was said on ${var.name}"
  event_source_arn = aws_cloudwatch_event_bus.this.arn
  retention_days   = var.archive_days
}
