# What somebody should look at. Every alarm tells the topic when it begins and
# when it is over; the composite one is the environment's state as a whole.
# Rates count only where there is enough to count: one failure among two requests
# is no rate. testdata/ has these definitions as they are planned, and the Go test
# beside this file plays series to them; make alarms brings it up to date.

locals {
  # Five minutes: functions print their metrics at the end of a batch.
  period = 300
  day    = 86400

  # The dimensions of what functions count in all; see internal/telemetry.
  environment = { environment = var.environment }

  tell = [aws_sns_topic.alarms.arn]

  # How old a queue's oldest message may be, in seconds. Requests may wait for the
  # quota, files for requests, and track for its uploads' deadlines.
  oldest_seconds = merge({ analyze = 21600, ingest = 21600, track = 90000 }, var.oldest_message_seconds)

  # Percentages, of what functions count. The parts are sums of the period; a part
  # that nobody counted is 0.
  rates = {
    failure-rate = {
      description = "More than 5 % of the requests that ended in five minutes had no answer for a fault of ours or the model's."
      parts       = { completed = "Completed", failed = "Failed", parked = "Parked" }
      percent     = "IF(completed + failed + parked >= 20, 100 * (failed + parked) / (completed + failed + parked), 0)"
      threshold   = 5
      period      = local.period
      of          = 3
      breaching   = 2
    }
    throttle-rate = {
      description = "The model refused more than 5 % of the calls for rate: the quota is smaller than we were told, or somebody else uses it."
      parts       = { calls = "ModelCalls", throttles = "Throttles" }
      percent     = "IF(calls >= 20, 100 * throttles / calls, 0)"
      threshold   = 5
      period      = local.period
      of          = 3
      breaching   = 3
    }
    # SES reviews an account at 5 %, and pauses it at 10 %.
    bounce-rate = {
      description = "More than 4 % of the mails of a day bounced for good; SES reviews an account at 5 %."
      parts       = { mails = "Mails", bounces = "Bounces" }
      percent     = "IF(bounces >= 5, IF(mails > 0, 100 * bounces / mails, 100), 0)"
      threshold   = 4
      period      = local.day
      of          = 1
      breaching   = 1
    }
    # SES reviews an account at 0.1 %, and pauses it at 0.5 %.
    complaint-rate = {
      description = "More than 0.08 % of the mails of a day were called spam; SES reviews an account at 0.1 %."
      parts       = { mails = "Mails", complaints = "Complaints" }
      percent     = "IF(complaints >= 2, IF(mails > 0, 100 * complaints / mails, 100), 0)"
      threshold   = 0.08
      period      = local.day
      of          = 1
      breaching   = 1
    }
  }
}

# Dead-letter queues are drained within seconds. What stays ten minutes is what
# nobody drains, or what the one that does fails at.
resource "aws_cloudwatch_metric_alarm" "dead" {
  for_each = var.dead_letter_queues

  alarm_name          = "${each.value}-not-empty"
  alarm_description   = "Messages wait in ${each.value}."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.value }
  statistic           = "Minimum"
  period              = local.period
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.tell
  ok_actions          = local.tell
}

resource "aws_cloudwatch_metric_alarm" "oldest" {
  for_each = var.queues

  alarm_name          = "${each.value}-oldest"
  alarm_description   = "A message of ${each.value} has waited for more than ${lookup(local.oldest_seconds, each.key, 900)} seconds."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = each.value }
  statistic           = "Maximum"
  period              = local.period
  evaluation_periods  = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = lookup(local.oldest_seconds, each.key, 900)
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.tell
  ok_actions          = local.tell
}

# Failures that a function catches are not among these: it crashed, or ran out of
# time, twice in a quarter of an hour.
resource "aws_cloudwatch_metric_alarm" "crashes" {
  for_each = var.functions

  alarm_name          = "${var.name}-${each.value}-crashes"
  alarm_description   = "${var.name}-${each.value} crashes or runs out of time."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = "${var.name}-${each.value}" }
  statistic           = "Sum"
  period              = local.period
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.tell
  ok_actions          = local.tell
}

resource "aws_cloudwatch_metric_alarm" "rate" {
  for_each = local.rates

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  evaluation_periods  = each.value.of
  datapoints_to_alarm = each.value.breaching
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.tell
  ok_actions          = local.tell

  metric_query {
    id          = "percent"
    label       = each.key
    expression  = replace(each.value.percent, "/\\b(${join("|", keys(each.value.parts))})\\b/", "FILL($1, 0)")
    return_data = true
  }

  dynamic "metric_query" {
    for_each = each.value.parts
    content {
      id          = metric_query.key
      return_data = false
      metric {
        namespace   = "Sluice"
        metric_name = metric_query.value
        dimensions  = local.environment
        stat        = "Sum"
        period      = each.value.period
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "silent" {
  count = var.traffic_expected_hours > 0 ? 1 : 0

  alarm_name          = "${var.name}-no-traffic"
  alarm_description   = "No request came in for ${var.traffic_expected_hours} hours."
  namespace           = "Sluice"
  metric_name         = "Received"
  dimensions          = local.environment
  statistic           = "Sum"
  period              = var.traffic_expected_hours * 3600
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = local.tell
  ok_actions          = local.tell
}

# Before the hard limit that analyze keeps to is reached.
resource "aws_cloudwatch_metric_alarm" "model_cost" {
  count = var.model_usd_per_day > 0 ? 1 : 0

  alarm_name          = "${var.name}-model-cost"
  alarm_description   = "Models took more than 80 % of the ${var.model_usd_per_day} $ that they may cost in a day."
  namespace           = "Sluice"
  metric_name         = "CostUSD"
  dimensions          = local.environment
  statistic           = "Sum"
  period              = local.day
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0.8 * var.model_usd_per_day
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.tell
  ok_actions          = local.tell
}

locals {
  alarms = concat(
    values(aws_cloudwatch_metric_alarm.dead), values(aws_cloudwatch_metric_alarm.oldest), values(aws_cloudwatch_metric_alarm.crashes),
    values(aws_cloudwatch_metric_alarm.rate), aws_cloudwatch_metric_alarm.silent, aws_cloudwatch_metric_alarm.model_cost,
  )
}

# Whoever is paged is paged for the environment once, not for every alarm of it.
resource "aws_cloudwatch_composite_alarm" "environment" {
  alarm_name        = var.name
  alarm_description = "Something of ${var.name} needs a look; its alarms say what."
  alarm_rule        = join(" OR ", [for alarm in local.alarms : "ALARM(\"${alarm.alarm_name}\")"])
  alarm_actions     = var.pager_topic_arns
  ok_actions        = var.pager_topic_arns
}
