output "log_groups" {
  description = "The ARN of each function's log group."
  value       = { for name, group in aws_cloudwatch_log_group.function : name => group.arn }
}

output "topic_arn" {
  description = "The topic that alarms go to."
  value       = aws_sns_topic.alarms.arn
}
