# Questions to the logs that come up again and again, saved in Logs Insights. A
# query's "…" is to be replaced by an id.

locals {
  logs = [for group in aws_cloudwatch_log_group.function : group.name]

  queries = {
    "way of a request" = {
      groups = local.logs
      query  = <<-EOT
        fields @timestamp, function, event, outcome, ended, waitMs, durationMs, receives, error, said, calls, mails
        | filter requestId = "…" or correlationId = "…"
        | sort @timestamp asc
        | limit 1000
      EOT
    }
    "events of a request" = {
      groups = [aws_cloudwatch_log_group.audit.name]
      query  = <<-EOT
        fields @timestamp, `detail-type`, source, detail.outcome, detail.terminal, detail.id, detail.causationId
        | filter detail.requestId = "…" or detail.correlationId = "…"
        | sort @timestamp asc
        | limit 1000
      EOT
    }
    "a model call" = {
      groups = local.logs
      query  = <<-EOT
        fields @timestamp, ledger, status, model, task, records, InputTokens, OutputTokens, CostUSD, latencyMs
        | filter id = "…" and ispresent(ledger)
        | sort @timestamp asc
      EOT
    }
    "failures by class" = {
      groups = local.logs
      query  = <<-EOT
        filter msg = "not handled"
        | stats count(*) as messages, count_distinct(requestId) as requests, latest(error) as example by function, outcome, givenUp
        | sort messages desc
      EOT
    }
    "waits and durations" = {
      groups = local.logs
      query  = <<-EOT
        filter msg = "handled" and ispresent(waitMs)
        | stats count(*) as messages, pct(waitMs, 50) as wait50, pct(waitMs, 99) as wait99, pct(durationMs, 50) as took50, pct(durationMs, 99) as took99 by function
      EOT
    }
    "cost by tenant and task" = {
      groups = local.logs
      query  = <<-EOT
        filter ledger = "end"
        | stats sum(CostUSD) as usd, sum(InputTokens) as input, sum(OutputTokens) as output, sum(records) as records, count(*) as calls by tenant, task
        | sort usd desc
      EOT
    }
    "throttles by minute" = {
      groups = local.logs
      query  = <<-EOT
        filter ledger = "end"
        | stats sum(Throttles) as throttled, count(*) as calls by model, bin(1m)
        | sort throttled desc
      EOT
    }
    "money for nothing" = {
      groups = local.logs
      query  = <<-EOT
        filter ledger in ["duplicate", "orphan"]
        | fields @timestamp, ledger, requestId, tenant, task, DuplicateUSD, OrphanUSD
        | sort @timestamp desc
      EOT
    }
  }
}

resource "aws_cloudwatch_query_definition" "saved" {
  for_each = local.queries

  name            = "${var.name}/${each.key}"
  log_group_names = each.value.groups
  query_string    = each.value.query
}
