# The plan of this environment, as its terraform.tfvars size it; without an
# account, credentials or the network. The same file in every environment.

mock_provider "aws" {
  source = "../../tests/mocks"
}

run "the_environment_is_planned" {
  command = apply

  assert {
    condition     = output.bucket == "sluice-${basename(abspath("."))}-111122223333-us-east-1"
    error_message = "The bucket ${output.bucket} does not carry the environment, the account and the Region."
  }
  assert {
    condition     = alltrue([for name, f in output.functions : f == "sluice-${basename(abspath("."))}-${name}"])
    error_message = "A function's name does not carry the environment."
  }
  assert {
    condition     = alltrue([for name, q in output.queues : q.name == "sluice-${basename(abspath("."))}-${name}" && q.dlq_name == "${q.name}-dlq"])
    error_message = "A queue's name is not the one that functions look for."
  }
  assert {
    condition     = toset(keys(output.functions)) == toset(keys(jsondecode(file("../../../events/choreography.json")).functions))
    error_message = "The functions are not those of the choreography."
  }
  assert {
    condition     = toset(keys(output.queues)) == toset(keys(jsondecode(file("../../../events/choreography.json")).subscriptions))
    error_message = "The queues are not those of the choreography."
  }
  assert {
    condition     = length(output.mappings) == 2 * length(jsondecode(file("../../../events/choreography.json")).subscriptions)
    error_message = "A queue or dead-letter queue is drained by nobody."
  }
  # What an operator looks for first.
  assert {
    condition     = output.bus_arn != null && output.api_url != null && endswith(output.dashboard_url, "region=${var.region}#dashboards/dashboard/sluice-${basename(abspath("."))}")
    error_message = "The operator is not told where things are: ${output.dashboard_url}"
  }
  assert {
    condition     = output.workflow_arn == null
    error_message = "A workflow that nobody asked for."
  }
}
