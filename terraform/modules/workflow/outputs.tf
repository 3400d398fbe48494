output "arn" {
  description = "The state machine."
  value       = aws_sfn_state_machine.this.arn
}

output "policy" {
  description = "What the workflow may do, JSON."
  value       = data.aws_iam_policy_document.this.json
}
