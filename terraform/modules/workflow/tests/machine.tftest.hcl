# The state machine: what its definition is filled with, what its role may do, and
# what its log and its trace hold.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name           = "sluice-test"
  definition     = "../../workflow.asl.json"
  function_arn   = "arn:aws:lambda:us-east-1:111122223333:function:sluice-test-analyze"
  key_arn        = "arn:aws:kms:us-east-1:111122223333:key/mock"
  retention_days = 30
  queues = { for name in ["analyze", "store", "notify", "track"] : name => {
    url     = "https://sqs.us-east-1.amazonaws.com/111122223333/sluice-test-${name}"
    arn     = "arn:aws:sqs:us-east-1:111122223333:sluice-test-${name}"
    dlq_url = "https://sqs.us-east-1.amazonaws.com/111122223333/sluice-test-${name}-dlq"
    dlq_arn = "arn:aws:sqs:us-east-1:111122223333:sluice-test-${name}-dlq"
  } }
}

run "the_definition_is_filled_in" {
  command = apply

  assert {
    condition     = !strcontains(aws_sfn_state_machine.this.definition, "$${")
    error_message = "The definition has a gap: ${aws_sfn_state_machine.this.definition}"
  }
  assert {
    condition     = contains(keys(jsondecode(aws_sfn_state_machine.this.definition).States), jsondecode(aws_sfn_state_machine.this.definition).StartAt)
    error_message = "The definition starts at none of its states."
  }
  # What is called and what may be called are the same: neither another
  # environment's, nor one more.
  assert {
    condition     = toset(regexall("arn:aws:lambda:[a-zA-Z0-9:-]+", aws_sfn_state_machine.this.definition)) == toset([var.function_arn])
    error_message = "Another function is called: ${jsonencode(regexall("arn:aws:lambda:[a-zA-Z0-9:-]+", aws_sfn_state_machine.this.definition))}"
  }
  assert {
    condition = toset(regexall("https://sqs[a-z0-9./-]+", aws_sfn_state_machine.this.definition)) == toset([
      var.queues["analyze"].url, var.queues["store"].url, var.queues["notify"].url, var.queues["store"].dlq_url, var.queues["notify"].dlq_url,
    ])
    error_message = "Other queues are sent to: ${jsonencode(regexall("https://sqs[a-z0-9./-]+", aws_sfn_state_machine.this.definition))}"
  }
  assert {
    condition     = aws_sfn_state_machine.this.type == "STANDARD" && aws_sfn_state_machine.this.name == "sluice-test" && aws_sfn_state_machine.this.role_arn == aws_iam_role.this.arn
    error_message = "An execution would leave no history, or functions would look for another one."
  }
}

run "its_role_may_do_that_and_nothing_else" {
  command = apply

  assert {
    condition = { for s in data.aws_iam_policy_document.this.statement : s.sid => { actions = toset(s.actions), resources = toset(s.resources) } if !contains(["Log", "Trace"], s.sid) } == {
      Call = { actions = toset(["lambda:InvokeFunction"]), resources = toset([var.function_arn]) }
      Queue = { actions = toset(["sqs:SendMessage"]), resources = toset([
        var.queues["analyze"].arn, var.queues["store"].arn, var.queues["notify"].arn, var.queues["store"].dlq_arn, var.queues["notify"].dlq_arn,
      ]) }
      Encrypt = { actions = toset(["kms:Decrypt", "kms:GenerateDataKey"]), resources = toset([var.key_arn]) }
    }
    error_message = "The role may do something else: ${jsonencode(data.aws_iam_policy_document.this.statement)}"
  }
  # AWS knows no resources of these.
  assert {
    condition = alltrue(flatten([for s in data.aws_iam_policy_document.this.statement : [for action in s.actions :
      can(regex(s.sid == "Log" ? "^logs:[A-Za-z]+$" : "^xray:[A-Za-z]+$", action))
    ] if contains(["Log", "Trace"], s.sid)])) && length(data.aws_iam_policy_document.this.statement) == 5
    error_message = "An action has a wildcard, or a statement more is there."
  }
  assert {
    condition = [for s in data.aws_iam_policy_document.assumes.statement : {
      who        = flatten([for p in s.principals : p.identifiers])
      conditions = [for c in s.condition : [c.test, c.variable, c.values]]
      }] == [{
      who        = ["states.amazonaws.com"]
      conditions = [["StringEquals", "aws:SourceAccount", tolist(["111122223333"])]]
    }]
    error_message = "Somebody else may take the role: ${jsonencode(data.aws_iam_policy_document.assumes.statement)}"
  }
  assert {
    condition     = aws_iam_role.this.name == "sluice-test-workflow-us-east-1"
    error_message = "Two Regions or environments would share a role: ${aws_iam_role.this.name}"
  }
}

run "it_logs_without_what_was_said_and_is_traced" {
  command = apply

  assert {
    condition = [for c in aws_sfn_state_machine.this.logging_configuration : [c.level, c.include_execution_data, c.log_destination]] == [
    ["ALL", false, "${aws_cloudwatch_log_group.this.arn}:*"]]
    error_message = "The log is off, elsewhere, or holds what was said: ${jsonencode(aws_sfn_state_machine.this.logging_configuration)}"
  }
  assert {
    condition     = aws_sfn_state_machine.this.tracing_configuration[0].enabled
    error_message = "Executions are not traced."
  }
  # The key lets in logs of the environment's names.
  assert {
    condition     = aws_cloudwatch_log_group.this.retention_in_days == 30 && aws_cloudwatch_log_group.this.kms_key_id == var.key_arn && can(regex("^/aws/[a-z]+/sluice-test-", aws_cloudwatch_log_group.this.name))
    error_message = "The log is kept for ever, or not encrypted, or the key does not let it in."
  }
}

run "in_another_partition" {
  command = apply

  override_data {
    target = data.aws_partition.here
    values = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
  }
  assert {
    condition     = strcontains(aws_sfn_state_machine.this.definition, "arn:aws-cn:states:::") && !strcontains(aws_sfn_state_machine.this.definition, "arn:aws:states:::")
    error_message = "The definition calls services of another partition."
  }
}
