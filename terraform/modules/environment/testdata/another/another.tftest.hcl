# The choreography that this reads has one function more than ours.

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

run "it_is_there_with_its_queue" {
  command = apply

  assert {
    condition     = output.functions["translate"] == "sluice-test-translate" && output.queues["translate"].name == "sluice-test-translate" && output.queues["translate"].dlq_name == "sluice-test-translate-dlq"
    error_message = "The function is not there, or not its queues: ${jsonencode(output.functions)}"
  }
  assert {
    condition     = contains(keys(output.mappings), "translate") && contains(keys(output.mappings), "translate/dlq")
    error_message = "A queue or dead-letter queue is drained by nobody: ${jsonencode(output.mappings)}"
  }
  assert {
    condition     = jsondecode(output.patterns["translate"])["detail-type"] == ["Stored"]
    error_message = "It hears something else: ${output.patterns["translate"]}"
  }
}

run "it_may_make_its_calls_and_no_others" {
  command = apply

  assert {
    condition     = toset(keys(output.statements["translate"])) == toset(keys(jsondecode(file(var.choreography)).functions["translate"].calls))
    error_message = "Its policy has other calls: ${jsonencode(output.statements["translate"])}"
  }
  assert {
    condition     = output.statements["translate"]["s3:PutObject"].resources == ["arn:aws:s3:::mock/translations/*"] && output.statements["translate"]["events:PutEvents"].resources == ["arn:aws:events:us-east-1:111122223333:event-bus/mock"]
    error_message = "Its calls are allowed elsewhere: ${jsonencode(output.statements["translate"])}"
  }
  # In the VPC it reaches the service that nobody called before.
  assert {
    condition     = output.endpoints["translate"] == "com.amazonaws.us-east-1.translate"
    error_message = "It cannot reach what it calls: ${jsonencode(output.endpoints)}"
  }
}

run "the_others_are_what_they_were" {
  command = apply

  assert {
    condition     = length(setsubtract(["api", "ingest", "analyze", "store", "notify", "track", "feedback", "park"], keys(output.functions))) == 0 && output.api_url != null
    error_message = "A function has gone: ${jsonencode(output.functions)}"
  }
}
