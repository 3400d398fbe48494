mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name                = "sluice-test"
  cidr                = "10.90.0.0/20"
  zones               = 2
  existing            = null
  interface_endpoints = true
  services            = { sqs = "sqs", bedrock = "bedrock-runtime" }
  role_arns           = ["arn:aws:iam::111122223333:role/one", "arn:aws:iam::111122223333:role/two"]
  statements = {
    one = { "sqs:SendMessage" = { resources = ["arn:aws:sqs:us-east-1:111122223333:a"] }, "s3:GetObject" = { resources = ["arn:aws:s3:::b/answers/*"] } }
    two = { "sqs:SendMessage" = { resources = ["arn:aws:sqs:us-east-1:111122223333:b"] }, "bedrock:InvokeModel" = { resources = ["arn:aws:bedrock:us-east-1::foundation-model/m"] } }
  }
}

run "no_way_out_but_endpoints" {
  command = apply

  assert {
    condition     = length(aws_subnet.private) == 2 && !anytrue([for s in aws_subnet.private : coalesce(s.map_public_ip_on_launch, false)]) && length(aws_route_table_association.private) == 2
    error_message = "The subnets are not private."
  }
  assert {
    condition     = length(aws_vpc_security_group_egress_rule.to_anywhere) == 0 && aws_vpc_security_group_egress_rule.to_endpoints[0].from_port == 443 && aws_vpc_security_group_egress_rule.to_endpoints[0].to_port == 443
    error_message = "Functions get out by another way."
  }
  assert {
    condition     = { for service, e in aws_vpc_endpoint.interface : service => [e.service_name, e.private_dns_enabled] } == { sqs = ["com.amazonaws.us-east-1.sqs", true], bedrock = ["com.amazonaws.us-east-1.bedrock-runtime", true] }
    error_message = "A service is not reached by its own name."
  }
  assert {
    condition     = aws_vpc_endpoint.s3[0].vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.s3[0].route_table_ids == toset([aws_route_table.private[0].id])
    error_message = "S3 is reached by an endpoint that costs."
  }
}

run "an_endpoint_lets_through_the_functions_calls" {
  command = apply

  assert {
    condition = { for service, d in data.aws_iam_policy_document.endpoint : service => { for s in d.statement : join(",", s.actions) => s.resources } } == {
      sqs     = { "sqs:SendMessage" = toset(["arn:aws:sqs:us-east-1:111122223333:a", "arn:aws:sqs:us-east-1:111122223333:b"]) }
      bedrock = { "bedrock:InvokeModel" = toset(["arn:aws:bedrock:us-east-1::foundation-model/m"]) }
      s3      = { "s3:GetObject" = toset(["arn:aws:s3:::b/answers/*"]) }
    }
    error_message = "An endpoint lets through something else: ${jsonencode(data.aws_iam_policy_document.endpoint)}"
  }
  assert {
    condition = alltrue(flatten([for d in data.aws_iam_policy_document.endpoint : [for s in d.statement :
    [for c in s.condition : [c.test, c.variable, toset(c.values)]] == [["ArnEquals", "aws:PrincipalArn", toset(var.role_arns)]]]]))
    error_message = "An endpoint lets others through than the functions."
  }
  assert {
    condition     = alltrue([for service, e in aws_vpc_endpoint.interface : e.policy == data.aws_iam_policy_document.endpoint[service].json]) && aws_vpc_endpoint.s3[0].policy == data.aws_iam_policy_document.endpoint["s3"].json
    error_message = "An endpoint has no policy."
  }
}

run "a_vpc_of_yours_with_its_own_endpoints" {
  command = apply

  variables {
    existing            = { vpc_id = "vpc-1", subnet_ids = ["subnet-1"] }
    interface_endpoints = false
  }
  assert {
    condition     = length(aws_vpc.this) == 0 && length(aws_vpc_endpoint.interface) == 0 && length(aws_vpc_endpoint.s3) == 0 && output.subnet_ids == tolist(["subnet-1"]) && output.vpc_id == "vpc-1"
    error_message = "Something is made in a VPC that has it."
  }
  assert {
    condition     = length(aws_vpc_security_group_egress_rule.to_anywhere) == 1
    error_message = "Functions cannot reach the endpoints of the VPC."
  }
}

run "not_without_any_way_out" {
  command = plan

  variables {
    interface_endpoints = false
  }
  expect_failures = [var.interface_endpoints]
}
