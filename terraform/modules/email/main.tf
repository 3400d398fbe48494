# Who sends, and where SES tells what became of a mail.

data "aws_caller_identity" "here" {}
data "aws_region" "here" {}
data "aws_partition" "here" {}

locals {
  # "Sluice <no-reply@example.com>" sends by the identity example.com.
  address  = regex("<?([^<>\\s]+@[^<>\\s]+?)>?$", var.sender)[0]
  identity = coalesce(var.identity, split("@", local.address)[1])
  arn      = "arn:${data.aws_partition.here.partition}:ses:${data.aws_region.here.name}:${data.aws_caller_identity.here.account_id}"
}

# An identity belongs to the account. Where it is there already, or two
# environments send by the same one, only one of them makes it.
resource "aws_sesv2_email_identity" "sender" {
  count = var.create_identity ? 1 : 0

  email_identity = local.identity
}

# In SES's sandbox a recipient must be an identity of the account, and the sender
# must be allowed it.
# https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html
resource "aws_sesv2_email_identity" "recipient" {
  for_each = toset(var.sandbox_recipients)

  email_identity = each.value
}

resource "aws_sesv2_configuration_set" "this" {
  configuration_set_name = var.name

  delivery_options {
    tls_policy = "REQUIRE"
  }
  reputation_options {
    reputation_metrics_enabled = true
  }
  sending_options {
    sending_enabled = true
  }
  suppression_options {
    suppressed_reasons = ["BOUNCE", "COMPLAINT"]
  }
}

# SES tells the default bus of its Region and no other.
# https://docs.aws.amazon.com/ses/latest/dg/event-publishing-add-event-destination-eventbridge.html
resource "aws_sesv2_configuration_set_event_destination" "default_bus" {
  configuration_set_name = aws_sesv2_configuration_set.this.configuration_set_name
  event_destination_name = "default-bus"

  event_destination {
    enabled              = true
    matching_event_types = ["SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "RENDERING_FAILURE", "DELIVERY_DELAY"]

    event_bridge_destination {
      event_bus_arn = "arn:${data.aws_partition.here.partition}:events:${data.aws_region.here.name}:${data.aws_caller_identity.here.account_id}:event-bus/default"
    }
  }
}
