output "configuration_set" {
  description = "The configuration set."
  value       = { name = aws_sesv2_configuration_set.this.configuration_set_name, arn = "${local.arn}:configuration-set/${var.name}" }
}

output "identity_arns" {
  description = "The identity that sends, and in the sandbox those that may be mailed."
  value       = [for identity in concat([local.identity], var.sandbox_recipients) : "${local.arn}:identity/${identity}"]
}

output "dkim_records" {
  description = "CNAME records that prove the sender's domain, for your DNS."
  value = [for token in try(aws_sesv2_email_identity.sender[0].dkim_signing_attributes[0].tokens, []) : {
    name  = "${token}._domainkey.${local.identity}"
    type  = "CNAME"
    value = "${token}.dkim.amazonses.com"
  }]
}
