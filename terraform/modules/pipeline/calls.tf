# From the calls that the choreography lists, the policy of each function. A call
# is made on words: a prefix of the bucket ends with "/", the others are below.

locals {
  schedules = "arn:${local.partition}:scheduler:${local.region}:${local.account}:schedule/default"

  # The words that mean the same for every function.
  common = {
    bus              = [var.bus.arn]
    dlqs             = [for key, _ in var.subscriptions : aws_sqs_queue.dead[key].arn]
    models           = var.model_arns
    guardrail        = var.guardrail_arn == null ? [] : [var.guardrail_arn]
    identity         = var.identity_arns
    configurationSet = [var.configuration_set.arn]
    pauseRole        = [aws_iam_role.pause.arn]
    workflow         = var.workflow_arn == null ? [] : [var.workflow_arn]
    executions       = var.workflow_arn == null ? [] : ["${replace(var.workflow_arn, ":stateMachine:", ":execution:")}:*"]
    "*"              = ["*"]
  }

  # Those that mean a function's own. Exactly the queues it drains, their
  # dead-letter queues, its mappings, and the schedules that end a pause of one: a
  # schedule's name has the mapping's id, and the time at its end.
  own = { for name, _ in var.functions : name => {
    queue     = [for key, s in var.subscriptions : aws_sqs_queue.this[key].arn if s.function == name]
    dlq       = [for key, s in var.subscriptions : aws_sqs_queue.dead[key].arn if s.function == name]
    mapping   = [for key, m in local.mappings : aws_lambda_event_source_mapping.this[key].arn if m.function == name]
    schedules = [for key, m in local.mappings : "${local.schedules}/resume-${aws_lambda_event_source_mapping.this[key].uuid}-*" if m.function == name]
  } }

  # One statement for each call: objects under prefixes, the bucket's listing,
  # or resources. An unknown word is an error of the plan.
  statements = { for name, f in var.functions : name => { for action, words in f.calls : action => {
    resources = action == "s3:ListBucket" ? [var.bucket.arn] : flatten([for word in words :
      endswith(word, "/") ? ["${var.bucket.arn}/${word}*"] : merge(local.common, local.own[name])[word]
    ])
    conditions = local.conditions[name][action]
  } } }

  conditions = { for name, f in var.functions : name => { for action, words in f.calls : action =>
    # S3 tells whoever may not list that they may not, instead of that an object
    # is not there; that question carries no prefix. A listing does.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_Permissions
    action == "s3:ListBucket" ? [{ test = "StringLikeIfExists", variable = "s3:prefix", values = [for word in words : "${word}*"] }] :
    action == "iam:PassRole" ? [{ test = "StringEquals", variable = "iam:PassedToService", values = ["scheduler.amazonaws.com"] }] :
    []
  } }
}

data "aws_iam_policy_document" "calls" {
  for_each = var.functions

  dynamic "statement" {
    for_each = local.statements[each.key]
    content {
      sid       = replace(title(replace(statement.key, ":", " ")), " ", "")
      actions   = [statement.key]
      resources = statement.value.resources

      dynamic "condition" {
        for_each = statement.value.conditions
        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

resource "aws_iam_role_policy" "calls" {
  for_each = var.functions

  name   = "calls"
  role   = aws_iam_role.function[each.key].id
  policy = data.aws_iam_policy_document.calls[each.key].json

  lifecycle {
    precondition {
      condition     = alltrue([for s in local.statements[each.key] : length(s.resources) > 0])
      error_message = "A call of ${each.key} is made on nothing: it has no queue, or its resource is switched off."
    }
  }
}
