output "functions" {
  description = "Each function's name, ARN and the ARN by which API Gateway calls it."
  value = { for name, f in aws_lambda_function.this : name => {
    name       = f.function_name
    arn        = f.arn
    invoke_arn = f.invoke_arn
  } }
}

output "queues" {
  description = "Name, URL and ARN of each subscription's queue and dead-letter queue."
  value = { for name, queue in aws_sqs_queue.this : name => {
    name     = queue.name
    url      = queue.url
    arn      = queue.arn
    dlq_name = aws_sqs_queue.dead[name].name
    dlq_url  = aws_sqs_queue.dead[name].url
    dlq_arn  = aws_sqs_queue.dead[name].arn
  } }
}

output "patterns" {
  description = "Each rule's event pattern, JSON."
  value       = local.patterns
}

output "schedules" {
  description = "When each rule that has a clock says something of its own accord, as EventBridge writes it."
  value       = { for name, rule in aws_cloudwatch_event_rule.this : name => rule.schedule_expression if try(var.subscriptions[name].schedule, null) != null }
}

output "statements" {
  description = "What each function may call: by function and action, on which resources and under which conditions."
  value       = local.statements
}

output "policies" {
  description = "The policies of each function, JSON, by function and name."
  value = { for name, _ in var.functions : name => merge(
    { run = data.aws_iam_policy_document.run[name].json, calls = data.aws_iam_policy_document.calls[name].json },
    contains(local.drainers, name) ? { drain = data.aws_iam_policy_document.drain[name].json } : {},
  ) }
}

output "role_arns" {
  description = "The role of each function."
  value       = { for name, role in aws_iam_role.function : name => role.arn }
}

output "mappings" {
  description = "The id of each event source mapping."
  value       = { for name, mapping in aws_lambda_event_source_mapping.this : name => mapping.uuid }
}
