# An endpoint for each service that some function calls, which lets through what
# the choreography lists, and nobody but the functions.

locals {
  # Everything that all functions together may do, by service.
  allowed = { for service in concat(keys(var.services), ["s3"]) : service => merge([for function, statements in var.statements :
    { for action, statement in statements : "${function} ${action}" => { action = action, resources = statement.resources } if split(":", action)[0] == service }
  ]...) }
}

data "aws_iam_policy_document" "endpoint" {
  for_each = local.allowed

  dynamic "statement" {
    for_each = toset([for call in values(each.value) : call.action])
    content {
      sid       = replace(title(replace(statement.value, ":", " ")), " ", "")
      actions   = [statement.value]
      resources = distinct(flatten([for call in values(each.value) : call.resources if call.action == statement.value]))
      principals {
        type        = "AWS"
        identifiers = ["*"]
      }
      condition {
        test     = "ArnEquals"
        variable = "aws:PrincipalArn"
        values   = var.role_arns
      }
    }
  }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface_endpoints ? var.services : {}

  vpc_id              = local.vpc_id
  service_name        = "com.amazonaws.${local.region}.${each.value}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = local.subnet_ids
  security_group_ids  = [aws_security_group.endpoints[0].id]
  policy              = data.aws_iam_policy_document.endpoint[each.key].json

  tags = { Name = "${var.name}-${each.value}" }
}

# S3's gateway costs nothing.
resource "aws_vpc_endpoint" "s3" {
  count = local.own || try(length(var.existing.route_table_ids) > 0, false) ? 1 : 0

  vpc_id            = local.vpc_id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = local.route_table_ids
  policy            = data.aws_iam_policy_document.endpoint["s3"].json

  tags = { Name = "${var.name}-s3" }
}
