# The rules of Terraform's own language; the AWS rules are a plugin, see
# https://github.com/terraform-linters/tflint-ruleset-aws.

plugin "terraform" {
  enabled = true
  preset  = "recommended"
}

# A root is one file more readable with its variables and outputs beside it
# (account/).
rule "terraform_standard_module_structure" {
  enabled = false
}
