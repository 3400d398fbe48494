# What the choreography becomes: patterns, calls, endpoints, variables.

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

run "rules_hear_this_environment_alone" {
  command = apply

  assert {
    condition     = !anytrue([for pattern in values(output.patterns) : strcontains(pattern, "{bucket}") || strcontains(pattern, "{configurationSet}")])
    error_message = "A pattern has a gap: ${jsonencode(output.patterns)}"
  }
  assert {
    condition     = jsondecode(output.patterns["ingest"]).detail.bucket.name == ["sluice-test-111122223333-us-east-1"]
    error_message = "Another bucket's uploads would be heard."
  }
  assert {
    condition = alltrue([for name, s in jsondecode(file(var.choreography)).subscriptions :
    strcontains(output.patterns[name], "sluice-test") if s.bus == "default"])
    error_message = "A rule of the default bus would hear other environments."
  }
}

run "a_clock_is_the_choreographys" {
  command = apply

  assert {
    condition     = output.schedules == { for name, s in jsondecode(file(var.choreography)).subscriptions : name => s.schedule if can(s.schedule) }
    error_message = "The schedules are others: ${jsonencode(output.schedules)}"
  }
}

run "calls_are_allowed_and_nothing_else" {
  command = apply

  assert {
    condition     = { for name, s in output.statements : name => toset(keys(s)) } == { for name, f in jsondecode(file(var.choreography)).functions : name => toset(keys(f.calls)) }
    error_message = "A function may make other calls than the choreography lists."
  }
  assert {
    condition     = !anytrue([for action in flatten([for s in values(output.statements) : keys(s)]) : strcontains(action, "*")])
    error_message = "An action has a wildcard."
  }
  # Only what AWS cannot narrow, or what has no resource.
  assert {
    condition = alltrue(flatten([for name, s in output.statements : [for action, statement in s :
    !contains(statement.resources, "*") || contains(["lambda:ListEventSourceMappings", "ses:ListSuppressedDestinations"], action)]]))
    error_message = "A call is allowed on everything: ${jsonencode(output.statements)}"
  }
  assert {
    condition = alltrue(flatten([for s in values(output.statements) : [for action, statement in s :
    [for arn in statement.resources : can(regex("^arn:aws:s3:::[a-z0-9-]+/[a-z]+/\\*$", arn))] if startswith(action, "s3:") && action != "s3:ListBucket"]]))
    error_message = "Objects are allowed outside of a prefix."
  }
  assert {
    condition     = alltrue([for s in values(output.statements) : length(s["s3:ListBucket"].conditions) == 1 if can(s["s3:ListBucket"])])
    error_message = "A listing is not bound to prefixes."
  }
  assert {
    condition     = output.statements["analyze"]["scheduler:CreateSchedule"].resources == ["arn:aws:scheduler:us-east-1:111122223333:schedule/default/resume-${output.mappings["analyze"]}-*"]
    error_message = "Another function's queue may be paused, or another environment's: ${jsonencode(output.statements["analyze"]["scheduler:CreateSchedule"])}"
  }
  assert {
    condition     = toset(output.statements["notify"]["ses:SendEmail"].resources) == toset(["arn:aws:ses:us-east-1:111122223333:identity/mail.example.com", "arn:aws:ses:us-east-1:111122223333:configuration-set/sluice-test"])
    error_message = "Mail may be sent by another identity: ${jsonencode(output.statements["notify"]["ses:SendEmail"])}"
  }
}

run "endpoints_are_those_of_the_calls" {
  command = apply

  assert {
    condition     = toset(keys(output.endpoints)) == setsubtract(toset([for action in flatten([for f in values(jsondecode(file(var.choreography)).functions) : keys(f.calls)]) : split(":", action)[0]]), ["s3", "iam"])
    error_message = "A service that is called has no endpoint, or the other way round: ${jsonencode(output.endpoints)}"
  }
  assert {
    condition     = output.endpoints["bedrock"] == "com.amazonaws.us-east-1.bedrock-runtime" && output.endpoints["ses"] == "com.amazonaws.us-east-1.email"
    error_message = "An endpoint is another service's: ${jsonencode(output.endpoints)}"
  }
}

run "outside_of_any_vpc" {
  command = apply

  variables {
    in_vpc = false
  }
  assert {
    condition     = output.vpc_id == null && length(output.endpoints) == 0
    error_message = "Something of a VPC is there."
  }
}

run "in_a_vpc_of_yours" {
  command = apply

  variables {
    existing_vpc        = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"] }
    interface_endpoints = false
  }
  assert {
    condition     = output.vpc_id == "vpc-1" && length(output.endpoints) == 0
    error_message = "Functions are elsewhere."
  }
}

run "an_optional_call_is_allowed_with_its_feature_alone" {
  command = apply

  assert {
    condition     = !anytrue([for s in values(output.statements) : can(s["bedrock:ApplyGuardrail"])])
    error_message = "A guardrail may be asked although there is none."
  }
}

run "and_with_it" {
  command = apply

  variables {
    guardrail = {}
  }
  assert {
    condition     = output.statements["analyze"]["bedrock:ApplyGuardrail"].resources == ["arn:aws:bedrock:us-east-1:111122223333:guardrail/mock"]
    error_message = "The guardrail may not be asked: ${jsonencode(output.statements["analyze"])}"
  }
}

run "names_are_short_enough_for_roles" {
  command = plan

  variables {
    environment = "integration"
  }
  expect_failures = [var.environment]
}
