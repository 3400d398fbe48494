# One page that says how it goes: what came in and what became of it, how long it
# took and where it waits, what the model took of its quota and what that cost, and
# what mail servers think of us.

locals {
  # A metric of ours: its name, how it is summed up, its label.
  ours = { for name, metrics in {
    flow = [["Received", "Sum"], ["Completed", "Sum"], ["Failed", "Sum"], ["Rejected", "Sum"], ["Parked", "Sum"]]
    latency = [
      ["EndedAfter", "p50"], ["EndedAfter", "p99"], ["NotifiedAfter", "p50"], ["NotifiedAfter", "p99"],
    ]
    money  = [["CostUSD", "Sum"], ["DuplicateUSD", "Sum"], ["OrphanUSD", "Sum"]]
    saving = [["RecordsPerCall", "Average"], ["ReusedAnswers", "Sum"]]
    mails  = [["Mails", "Sum"], ["Delivered", "Sum"], ["Bounces", "Sum"], ["SoftBounces", "Sum"], ["Complaints", "Sum"]]
    calls  = [["ModelCalls", "Sum"], ["Throttles", "Sum"]]
    } : name => [for m in metrics : ["Sluice", m[0], "environment", var.environment, { stat = m[1], label = startswith(m[1], "p") ? "${m[0]} ${m[1]}" : m[0] }]]
  }

  # Tokens per minute of each model: what was billed, beside the account's quota.
  tokens = [[{ id = "tokens", label = "", expression = join("", [
    "SEARCH('{Sluice,environment,model,task} environment=\"${var.environment}\" MetricName=(\"InputTokens\" OR \"OutputTokens\" OR \"CacheWriteTokens\")', 'Sum', 60)",
  ]) }]]

  unanswered = [[{ id = "why", label = "", expression = "SEARCH('{Sluice,environment,class} environment=\"${var.environment}\" MetricName=\"Unanswered\"', 'Sum', ${local.period})" }]]

  queue_ages  = [for name, queue in var.queues : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue, { stat = "Maximum", label = name }]]
  queue_sizes = [for name, queue in var.queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, { stat = "Maximum", label = name }]]
  dead_sizes  = [for name, queue in var.dead_letter_queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, { stat = "Maximum", label = name }]]
  durations   = [for name in var.functions : ["AWS/Lambda", "Duration", "FunctionName", "${var.name}-${name}", { stat = "p99", label = name }]]
  crashes     = [for name in var.functions : ["AWS/Lambda", "Errors", "FunctionName", "${var.name}-${name}", { stat = "Sum", label = name }]]
  reputation  = [for name in ["BounceRate", "ComplaintRate"] : ["AWS/SES", "Reputation.${name}", { stat = "Average", label = "${name} of the account" }]]

  # Title, metrics, seconds, stacked, and lines across.
  graphs = [
    ["Requests", local.ours.flow, local.period, false, {}],
    ["Without an answer, by why", local.unanswered, local.period, true, {}],
    ["From the request to its end, and to the mail (ms)", local.ours.latency, local.period, false, {}],
    ["Oldest message (s)", local.queue_ages, local.period, false, {}],
    ["Messages that wait", local.queue_sizes, local.period, false, {}],
    ["Dead letters", local.dead_sizes, local.period, true, {}],
    ["Tokens per minute, and the quota", local.tokens, 60, true, { for model, quota in var.quotas : "quota of ${model}" => quota.tokens_per_minute }],
    ["Model calls and throttles", local.ours.calls, local.period, false, {}],
    ["Cost of models ($, list price)", local.ours.money, 3600, false, {}],
    ["Records per call; answers that lay there", local.ours.saving, local.period, false, {}],
    ["Mails", local.ours.mails, 3600, false, {}],
    ["Reputation at SES", local.reputation, 3600, false, { "bounces: review" = 0.05, "complaints: review" = 0.001 }],
    ["Duration of functions, p99 (ms)", local.durations, local.period, false, {}],
    ["Crashes", local.crashes, local.period, true, {}],
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "alarm", x = 0, y = 0, width = 24, height = 3
        properties = { title = "Alarms of ${var.name}", alarms = [for alarm in local.alarms : alarm.arn] }
      }],
      [for i, g in local.graphs : {
        type = "metric", x = 8 * (i % 3), y = 3 + 6 * floor(i / 3), width = 8, height = 6
        properties = {
          title       = g[0], metrics = g[1], period = g[2], stacked = g[3], region = var.region, view = "timeSeries"
          annotations = { horizontal = [for label, value in g[4] : { label = label, value = value }] }
        }
      }],
    )
  })
}
