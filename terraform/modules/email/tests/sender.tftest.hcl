mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name               = "sluice-test"
  sender             = "Sluice <no-reply@mail.example.com>"
  identity           = null
  create_identity    = true
  sandbox_recipients = []
}

run "the_default_bus_is_told_what_becomes_of_mails" {
  command = apply

  assert {
    condition     = aws_sesv2_configuration_set_event_destination.default_bus.event_destination[0].event_bridge_destination[0].event_bus_arn == "arn:aws:events:us-east-1:111122223333:event-bus/default" && aws_sesv2_configuration_set_event_destination.default_bus.event_destination[0].enabled
    error_message = "SES tells another bus, which it cannot."
  }
  assert {
    condition     = length(setsubtract(["BOUNCE", "COMPLAINT", "DELIVERY", "REJECT", "RENDERING_FAILURE"], aws_sesv2_configuration_set_event_destination.default_bus.event_destination[0].matching_event_types)) == 0
    error_message = "A bounce or complaint would not be heard of."
  }
  assert {
    condition     = aws_sesv2_configuration_set.this.delivery_options[0].tls_policy == "REQUIRE" && toset(aws_sesv2_configuration_set.this.suppression_options[0].suppressed_reasons) == toset(["BOUNCE", "COMPLAINT"])
    error_message = "Mails go without TLS, or again to whom they bounced."
  }
  assert {
    condition     = output.identity_arns == ["arn:aws:ses:us-east-1:111122223333:identity/mail.example.com"] && output.configuration_set.arn == "arn:aws:ses:us-east-1:111122223333:configuration-set/sluice-test"
    error_message = "Another identity sends: ${jsonencode(output.identity_arns)}"
  }
}

run "an_identity_that_is_there_already" {
  command = apply

  variables {
    sender             = "no-reply@mail.example.com"
    identity           = "example.com"
    create_identity    = false
    sandbox_recipients = ["you@example.org"]
  }
  assert {
    condition     = length(aws_sesv2_email_identity.sender) == 0 && length(output.dkim_records) == 0
    error_message = "The identity would be made twice."
  }
  assert {
    condition     = output.identity_arns == ["arn:aws:ses:us-east-1:111122223333:identity/example.com", "arn:aws:ses:us-east-1:111122223333:identity/you@example.org"]
    error_message = "In the sandbox nobody could be mailed: ${jsonencode(output.identity_arns)}"
  }
}

run "a_sender_is_an_address" {
  command = plan

  variables {
    sender = "Sluice"
  }
  expect_failures = [var.sender]
}
