mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name          = "sluice-test"
  deletion_days = 7
}

run "the_key_is_this_accounts" {
  command = apply

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 7 && aws_kms_alias.this.name == "alias/sluice-test"
    error_message = "The key is not turned over, or is called something else."
  }
  assert {
    condition = toset(flatten([for s in data.aws_iam_policy_document.key.statement : [for p in s.principals : p.identifiers]])) == toset([
    "arn:aws:iam::111122223333:root", "events.amazonaws.com", "cloudwatch.amazonaws.com", "budgets.amazonaws.com", "logs.us-east-1.amazonaws.com"])
    error_message = "Somebody else may use the key: ${jsonencode(data.aws_iam_policy_document.key.statement)}"
  }
  # A service uses it for this account alone, and logs for this environment's.
  assert {
    condition = { for s in data.aws_iam_policy_document.key.statement : s.sid => [for c in s.condition : [c.variable, c.values]] if s.sid != "AccountThroughIAM" } == {
      ServicesThatSend = [["aws:SourceAccount", tolist(["111122223333"])]]
      Logs             = [["kms:EncryptionContext:aws:logs:arn", tolist(["arn:aws:logs:us-east-1:111122223333:log-group:/aws/*/sluice-test-*"])]]
    }
    error_message = "A service uses the key for others: ${jsonencode(data.aws_iam_policy_document.key.statement)}"
  }
  assert {
    condition     = !anytrue(flatten([for s in data.aws_iam_policy_document.key.statement : [for action in s.actions : strcontains(action, "*")]]))
    error_message = "An action has a wildcard."
  }
}
