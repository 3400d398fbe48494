output "model_arns" {
  description = "What bedrock:InvokeModel is allowed on."
  value       = distinct(concat(local.profiles, local.foundation))
}
