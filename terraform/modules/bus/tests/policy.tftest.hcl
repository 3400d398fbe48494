mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name               = "sluice-test"
  region             = "us-east-1"
  key_arn            = "arn:aws:kms:us-east-1:111122223333:key/mock"
  role_names         = ["sluice-test-analyze-us-east-1"]
  operator_roles     = ["arn:aws:iam::111122223333:role/repairs"]
  upstream_accounts  = []
  upstream_roles     = []
  stored_subscribers = {}
  stored_webhooks    = {}
  events             = { Stored = { version = 1 }, RequestReceived = { version = 1 } }
  schemas            = "../../../schemas"
  archive_days       = 14
}

run "nobody_from_outside" {
  command = apply

  assert {
    condition     = alltrue([for s in data.aws_iam_policy_document.bus.statement : s.effect == "Deny"])
    error_message = "The bus lets somebody in although nobody is listed."
  }
  assert {
    condition     = length(aws_cloudwatch_event_rule.stored) == 0
    error_message = "Somebody is told of results although nobody is listed."
  }
}

run "upstreams_may_ask_and_nothing_else" {
  command = apply

  variables {
    upstream_accounts = ["222233334444"]
    upstream_roles    = ["arn:aws:iam::333344445555:role/shop"]
  }

  assert {
    condition = [for s in data.aws_iam_policy_document.bus.statement : {
      actions    = s.actions
      principals = flatten([for p in s.principals : p.identifiers])
      conditions = [for c in s.condition : [c.test, c.variable, c.values]]
      } if s.sid == "UpstreamsMayAsk"] == [{
      actions    = toset(["events:PutEvents"])
      principals = ["arn:aws:iam::222233334444:root", "arn:aws:iam::333344445555:role/shop"]
      conditions = [["StringEquals", "events:detail-type", tolist(["RequestReceived"])]]
    }]
    error_message = "Upstreams may do something else than put RequestReceived: ${jsonencode(data.aws_iam_policy_document.bus.statement)}"
  }

  # Ours are the functions' roles and the operators', to the letter.
  assert {
    condition = alltrue([for s in data.aws_iam_policy_document.bus.statement :
      anytrue([for c in s.condition : c.variable == "aws:PrincipalArn" && c.test == "ArnNotEquals" && toset(c.values) == toset([
        "arn:aws:iam::111122223333:role/sluice-test-analyze-us-east-1", "arn:aws:iam::111122223333:role/repairs",
      ])]) if s.effect == "Deny"
    ]) && length([for s in data.aws_iam_policy_document.bus.statement : s if s.effect == "Deny"]) == 2
    error_message = "Others may say our own events."
  }
  assert {
    condition = anytrue([for s in data.aws_iam_policy_document.bus.statement :
    s.sid == "OurSourceIsOurs" && anytrue([for c in s.condition : c.test == "StringLike" && c.variable == "events:source" && contains(c.values, "sluice.*")])])
    error_message = "Our source is not denied to others."
  }
}

run "an_account_is_twelve_digits" {
  command = plan

  variables {
    upstream_accounts = ["*"]
  }
  expect_failures = [var.upstream_accounts]
}

run "subscribers_hear_results_of_their_tenants" {
  command = apply

  variables {
    stored_subscribers = { warehouse = { bus_arn = "arn:aws:events:us-east-1:444455556666:event-bus/in", tenants = ["acme"] } }
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.stored["warehouse"].event_pattern) == { source = [{ prefix = "sluice." }], "detail-type" = ["Stored"], detail = { tenant = ["acme"] } }
    error_message = "The rule's pattern is ${aws_cloudwatch_event_rule.stored["warehouse"].event_pattern}"
  }
  assert {
    condition     = length(aws_cloudwatch_event_target.stored["warehouse"].dead_letter_config) == 1 && aws_sqs_queue.stored["warehouse"].message_retention_seconds == 1209600
    error_message = "What cannot be delivered is lost."
  }
  assert {
    condition = { for s in data.aws_iam_policy_document.stored_queue["warehouse"].statement : s.sid => [for c in s.condition : [c.test, c.variable, c.values]] } == {
      ItsRule = [["ArnEquals", "aws:SourceArn", tolist([aws_cloudwatch_event_rule.stored["warehouse"].arn])]]
      OnlyTLS = [["Bool", "aws:SecureTransport", tolist(["false"])]]
    }
    error_message = "Somebody else may fill the queue, or without TLS."
  }
}

run "webhooks_know_who_calls" {
  command = apply

  variables {
    stored_webhooks = { shop = { url = "https://shop.example.com/results" } }
  }

  assert {
    condition     = aws_cloudwatch_event_connection.stored["shop"].auth_parameters[0].api_key[0].key == "X-Sluice-Secret" && length(output.webhook_secrets["shop"]) == 48
    error_message = "Whoever knows the address could pass for us."
  }
  assert {
    condition     = aws_cloudwatch_event_target.stored["shop"].arn == aws_cloudwatch_event_api_destination.stored["shop"].arn && length(aws_cloudwatch_event_target.stored["shop"].dead_letter_config) == 1
    error_message = "The results go elsewhere, or what cannot be delivered is lost."
  }
  assert {
    condition     = [for s in data.aws_iam_policy_document.stored["shop"].statement : [s.actions, s.resources]] == [[toset(["events:InvokeApiDestination"]), toset([aws_cloudwatch_event_api_destination.stored["shop"].arn])]]
    error_message = "The role may do something else: ${jsonencode(data.aws_iam_policy_document.stored["shop"].statement)}"
  }
}

run "webhooks_come_by_tls" {
  command = plan

  variables {
    stored_webhooks = { shop = { url = "http://shop.example.com/results" } }
  }
  expect_failures = [var.stored_webhooks]
}

run "every_event_has_a_schema" {
  command = apply

  assert {
    condition     = toset(keys(aws_schemas_schema.event)) == toset(keys(var.events)) && jsondecode(aws_schemas_schema.event["Stored"].content).properties.detail.properties.data.required == ["key", "answer", "model", "usage", "costUSD"]
    error_message = "The registry tells something else: ${aws_schemas_schema.event["Stored"].content}"
  }
}
