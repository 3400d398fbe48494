# The audited workflow: off by default; on, a state machine whose names are all
# filled in, and functions that may start it and answer it.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  environment       = "test"
  choreography      = "../../../events/choreography.json"
  packages          = "none"
  sender            = "Sluice <sluice@mail.example.com>"
  recipient_domains = ["example.com"]
  model_usd_per_day = 5
}

run "it_is_off" {
  command = apply

  assert {
    condition     = output.workflow_arn == null && !strcontains(jsonencode(output.statements), "states:")
    error_message = "A workflow that nobody asked for."
  }
}

run "it_is_on" {
  command = apply

  variables {
    features = { workflow = true }
  }

  assert {
    condition     = output.statements["analyze"]["states:StartExecution"].resources == ["arn:aws:states:us-east-1:111122223333:stateMachine:sluice-test"]
    error_message = "analyze may start something else: ${jsonencode(output.statements["analyze"])}"
  }
  assert {
    condition     = output.statements["analyze"]["states:DescribeExecution"].resources == ["arn:aws:states:us-east-1:111122223333:execution:sluice-test:*"]
    error_message = "analyze may not read its executions."
  }
  assert {
    condition     = anytrue([for arn in output.statements["analyze"]["s3:PutObject"].resources : endswith(arn, "/payloads/*")]) && length(output.statements["analyze"]["s3:PutObject"].resources) == 4
    error_message = "The feature's prefixes replaced the function's own: ${jsonencode(output.statements["analyze"]["s3:PutObject"])}"
  }
  assert {
    condition     = output.endpoints["states"] == "com.amazonaws.us-east-1.states"
    error_message = "In the VPC the workflow cannot be reached: ${jsonencode(output.endpoints)}"
  }
  assert {
    condition     = alltrue([for name in ["analyze", "store", "notify"] : contains(keys(output.statements[name]), "states:SendTaskSuccess")])
    error_message = "A step cannot answer the workflow."
  }
}
