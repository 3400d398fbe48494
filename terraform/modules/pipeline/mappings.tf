# Mappings from queues to functions: of every subscription to its function, and
# of every dead-letter queue to the one that drains them all.

locals {
  mappings = merge(
    { for name, s in var.subscriptions : name => {
      queue       = aws_sqs_queue.this[name].arn
      function    = s.function
      batch       = s.batch
      window      = s.window
      concurrency = lookup(var.concurrency, name, s.concurrency)
    } },
    { for name, _ in var.subscriptions : "${name}/dlq" => {
      queue       = aws_sqs_queue.dead[name].arn
      function    = var.dead_letters.function
      batch       = var.dead_letters.batch
      window      = var.dead_letters.window
      concurrency = var.dead_letters.concurrency
    } },
  )
}

resource "aws_lambda_event_source_mapping" "this" {
  for_each = local.mappings

  event_source_arn                   = each.value.queue
  function_name                      = aws_lambda_function.this[each.value.function].arn
  batch_size                         = each.value.batch
  maximum_batching_window_in_seconds = each.value.window
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = each.value.concurrency
  }

  # A function pauses its own queue when a quota of the day is used up, and
  # EventBridge Scheduler ends the pause. An apply in between must not.
  lifecycle {
    ignore_changes = [enabled]
  }

  # Lambda asks whether the role may drain the queue when the mapping is made.
  depends_on = [aws_iam_role_policy.drain]
}
