output "model_arns" {
  description = "What bedrock:InvokeModel is allowed on."
  value       = distinct(concat(values(local.system), local.foundation, [for p in aws_bedrock_inference_profile.own : p.arn]))
}

output "profiles" {
  description = "The ARN of the inference profile that is asked in place of a model, by model."
  value       = { for id, p in aws_bedrock_inference_profile.own : id => p.arn }
}

output "guardrail" {
  description = "The guardrail's id, version and ARN; null for none."
  value = length(aws_bedrock_guardrail.this) == 0 ? null : {
    id      = aws_bedrock_guardrail.this[0].guardrail_id
    version = aws_bedrock_guardrail_version.this[0].version
    arn     = aws_bedrock_guardrail.this[0].guardrail_arn
  }
}
