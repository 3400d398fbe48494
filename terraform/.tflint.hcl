# The rules of Terraform's own language, all of them. The AWS rules are a program
# of their own, which make terraform-tools builds; make lint-terraform switches them
# on where they are.

plugin "terraform" {
  enabled = true
  preset  = "all"
}

# A root of one file is more readable with its variables and outputs beside it
# (account/), and a large module with a file for each subject.
rule "terraform_standard_module_structure" {
  enabled = false
}
