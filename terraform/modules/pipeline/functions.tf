# The functions, as their program says: provided.al2023 on arm64.

locals {
  function_names = { for name, _ in var.functions : name => "${var.name}-${name}" }
  packages       = { for name, _ in var.functions : name => "${var.packages}/${name}.zip" }
}

resource "aws_lambda_function" "this" {
  for_each = var.functions

  function_name                  = local.function_names[each.key]
  description                    = "${each.key} of ${var.name}"
  role                           = aws_iam_role.function[each.key].arn
  runtime                        = "provided.al2023"
  architectures                  = ["arm64"]
  handler                        = "bootstrap"
  filename                       = local.packages[each.key]
  source_code_hash               = fileexists(local.packages[each.key]) ? filebase64sha256(local.packages[each.key]) : null
  timeout                        = each.value.timeout
  memory_size                    = lookup(var.memory, each.key, each.value.memory)
  reserved_concurrent_executions = lookup(var.reserved_concurrency, each.key, -1)
  kms_key_arn                    = var.key_arn

  ephemeral_storage {
    size = each.value.storage
  }

  # X-Ray times invocations; what joins them is the header that events carry.
  tracing_config {
    mode = "Active"
  }

  environment {
    # A handler's heap is small beside its memory: collecting it half as often saves CPU.
    variables = merge({ GOGC = "200" }, var.variables, lookup(var.variables_of, each.key, {}), contains(local.pausers, each.key) ? { SLUICE_PAUSE_ROLE = aws_iam_role.pause.arn } : {})
  }

  dynamic "vpc_config" {
    for_each = var.network == null ? [] : [var.network]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  # This policy names the log group, so that is there first; else Lambda would
  # make one that keeps logs for ever.
  depends_on = [aws_iam_role_policy.run]
}
