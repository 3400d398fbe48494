output "log_groups" {
  description = "The ARN of each function's log group."
  value       = { for name, group in aws_cloudwatch_log_group.function : name => group.arn }
}

output "topic_arn" {
  description = "The topic that alarms go to."
  value       = aws_sns_topic.alarms.arn
}

output "alarms" {
  description = "The names of all alarms, and the composite one of the environment."
  value       = { environment = aws_cloudwatch_composite_alarm.environment.alarm_name, all = [for alarm in local.alarms : alarm.alarm_name] }
}

output "audit_log_group" {
  description = "The log group of the audit trail."
  value       = aws_cloudwatch_log_group.audit.name
}

output "dashboard_url" {
  description = "The dashboard in the console."
  value       = "https://${var.region}.console.aws.amazon.com/cloudwatch/home?region=${var.region}#dashboards/dashboard/${aws_cloudwatch_dashboard.this.dashboard_name}"
}
