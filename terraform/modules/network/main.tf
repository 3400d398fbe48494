# Where functions run: private subnets without a way to the internet. They reach
# what they call by endpoints, and nothing else.

data "aws_region" "here" {}

data "aws_availability_zones" "here" {
  state = "available"

  # Local zones have neither Lambda nor these endpoints.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  own    = var.existing == null
  region = data.aws_region.here.name
  zones  = { for i in range(local.own ? var.zones : 0) : tostring(i) => data.aws_availability_zones.here.names[i] }

  vpc_id          = local.own ? aws_vpc.this[0].id : var.existing.vpc_id
  subnet_ids      = local.own ? [for subnet in aws_subnet.private : subnet.id] : var.existing.subnet_ids
  route_table_ids = local.own ? [aws_route_table.private[0].id] : var.existing.route_table_ids
}

resource "aws_vpc" "this" {
  count = local.own ? 1 : 0

  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

resource "aws_subnet" "private" {
  for_each = local.zones

  vpc_id            = aws_vpc.this[0].id
  availability_zone = each.value
  cidr_block        = cidrsubnet(var.cidr, 4, tonumber(each.key))

  tags = { Name = "${var.name}-private-${each.key}" }
}

resource "aws_route_table" "private" {
  count = local.own ? 1 : 0

  vpc_id = aws_vpc.this[0].id

  tags = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  for_each = local.zones

  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[0].id
}

# The group that every VPC comes with lets everything pass; without rules it
# lets nothing.
resource "aws_default_security_group" "none" {
  count = local.own ? 1 : 0

  vpc_id = aws_vpc.this[0].id
}

resource "aws_security_group" "functions" {
  name        = "${var.name}-functions"
  description = "Functions of ${var.name}"
  vpc_id      = local.vpc_id

  tags = { Name = "${var.name}-functions" }
}

resource "aws_security_group" "endpoints" {
  count = var.interface_endpoints ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "Endpoints that functions of ${var.name} call"
  vpc_id      = local.vpc_id

  tags = { Name = "${var.name}-endpoints" }
}

resource "aws_vpc_security_group_egress_rule" "to_endpoints" {
  count = var.interface_endpoints ? 1 : 0

  security_group_id            = aws_security_group.functions.id
  referenced_security_group_id = aws_security_group.endpoints[0].id
  description                  = "AWS services"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_ingress_rule" "from_functions" {
  count = var.interface_endpoints ? 1 : 0

  security_group_id            = aws_security_group.endpoints[0].id
  referenced_security_group_id = aws_security_group.functions.id
  description                  = "Functions"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

# In a VPC of yours with endpoints or a NAT of its own, functions call out by
# those.
resource "aws_vpc_security_group_egress_rule" "to_anywhere" {
  count = var.interface_endpoints ? 0 : 1

  security_group_id = aws_security_group.functions.id
  cidr_ipv4         = "0.0.0.0/0"
  description       = "AWS services by the endpoints or the NAT of the VPC"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "to_s3" {
  count = local.own || try(length(var.existing.route_table_ids) > 0, false) ? 1 : 0

  security_group_id = aws_security_group.functions.id
  prefix_list_id    = aws_vpc_endpoint.s3[0].prefix_list_id
  description       = "S3"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
