# Alarms, dashboard, audit trail and queries, as they are planned.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name                   = "sluice-test"
  environment            = "test"
  region                 = "us-east-1"
  bus                    = "sluice-test"
  functions              = ["analyze", "notify"]
  queues                 = { analyze = "sluice-test-analyze", notify = "sluice-test-notify" }
  dead_letter_queues     = { analyze = "sluice-test-analyze-dlq" }
  retention_days         = 30
  audit_days             = 90
  key_arn                = "arn:aws:kms:us-east-1:111122223333:key/mock"
  alarm_emails           = ["operator@example.com"]
  pager_topic_arns       = ["arn:aws:sns:us-east-1:111122223333:pager"]
  budget_usd_per_month   = 100
  traffic_expected_hours = 6
  model_usd_per_day      = 5
  quotas                 = { nova = { tokens_per_minute = 4000000 } }
  cost_tag               = { key = "sluice:environment", value = "test" }
}

run "everything" {
  command = apply

  assert {
    condition = alltrue([for alarm in local.alarms :
    alarm.alarm_actions == toset([aws_sns_topic.alarms.arn]) && alarm.ok_actions == toset([aws_sns_topic.alarms.arn])])
    error_message = "An alarm tells nobody when it begins or is over."
  }
  assert {
    condition     = alltrue([for alarm in local.alarms : strcontains(aws_cloudwatch_composite_alarm.environment.alarm_rule, "ALARM(\"${alarm.alarm_name}\")")])
    error_message = "The composite alarm does not hear all: ${aws_cloudwatch_composite_alarm.environment.alarm_rule}"
  }
  assert {
    condition     = length(aws_cloudwatch_composite_alarm.environment.alarm_rule) < 10240
    error_message = "The composite alarm's rule is longer than CloudWatch takes."
  }
  assert {
    condition     = length(distinct([for alarm in local.alarms : alarm.alarm_name])) == length(local.alarms)
    error_message = "Two alarms have one name."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.audit.event_pattern) == { "detail-type" = [{ "anything-but" = "RequestReceived" }] } && aws_cloudwatch_event_rule.audit.event_bus_name == "sluice-test"
    error_message = "The audit trail is not every event but RequestReceived."
  }
  assert {
    condition     = aws_cloudwatch_log_group.audit.retention_in_days == 90 && aws_cloudwatch_log_group.audit.kms_key_id == var.key_arn && startswith(aws_cloudwatch_log_group.audit.name, "/aws/events/")
    error_message = "The audit trail's log group is not kept as it should be."
  }
  assert {
    condition     = alltrue([for s in data.aws_iam_policy_document.audit.statement : [for c in s.condition : c.variable] == ["aws:SourceArn"]])
    error_message = "Others may write into the audit trail."
  }
  assert {
    condition     = alltrue([for w in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : w.x + w.width <= 24])
    error_message = "A graph does not fit the page."
  }
  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "\"value\":4000000")
    error_message = "The quota is not drawn."
  }
  assert {
    condition     = alltrue([for q in aws_cloudwatch_query_definition.saved : length(q.log_group_names) > 0 && startswith(q.name, "sluice-test/")])
    error_message = "A query has no log groups, or a name of another environment."
  }
}

run "nothing_that_was_not_asked_for" {
  command = apply

  variables {
    traffic_expected_hours = 0
    model_usd_per_day      = 0
    budget_usd_per_month   = 0
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.silent) + length(aws_cloudwatch_metric_alarm.model_cost) + length(aws_budgets_budget.month) == 0
    error_message = "There are alarms where nothing is expected and nothing is limited."
  }
}

run "a_queue_may_be_slower" {
  command = plan

  variables {
    oldest_message_seconds = { notify = 7200 }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.oldest["notify"].threshold == 7200 && aws_cloudwatch_metric_alarm.oldest["analyze"].threshold == 21600
    error_message = "The limit of a queue cannot be set."
  }
}
