# Queues, functions, mappings and what a pause may do, for two functions of which
# one drains the dead letters.

mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name = "sluice-test"
  functions = {
    one  = { timeout = 30, memory = 256, calls = { "s3:PutObject" = ["results/"], "s3:ListBucket" = ["results/"], "iam:PassRole" = ["pauseRole"], "scheduler:CreateSchedule" = ["schedules"], "sqs:SendMessage" = ["dlq"] } }
    park = { timeout = 60, memory = 512, storage = 1024, calls = { "sqs:GetQueueUrl" = ["dlqs"] } }
  }
  subscriptions = {
    one = { function = "one", bus = "own", pattern = "{\"detail\":{\"bucket\":[\"{bucket}\"],\"set\":[\"{configurationSet}\"]}}", batch = 10, window = 1, concurrency = 5, visibility = 180, maxReceives = 20 }
  }
  dead_letters         = { function = "park", batch = 10, window = 0, concurrency = 2, visibility = 360 }
  packages             = "none"
  variables            = { SLUICE_ENVIRONMENT = "test" }
  variables_of         = { one = { SLUICE_SECRET = "s" } }
  memory               = {}
  concurrency          = {}
  reserved_concurrency = {}
  network              = null
  log_groups           = { one = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/sluice-test-one", park = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/sluice-test-park" }
  key_arn              = "arn:aws:kms:us-east-1:111122223333:key/mock"
  bus                  = { name = "sluice-test", arn = "arn:aws:events:us-east-1:111122223333:event-bus/sluice-test" }
  bucket               = { name = "b", arn = "arn:aws:s3:::b" }
  configuration_set    = { name = "c", arn = "arn:aws:ses:us-east-1:111122223333:configuration-set/c" }
  identity_arns        = []
  guardrail_arn        = null
  model_arns           = []
}

run "nothing_that_waits_is_lost" {
  command = apply

  assert {
    condition     = alltrue([for queue in [aws_sqs_queue.this["one"], aws_sqs_queue.dead["one"]] : queue.message_retention_seconds == 1209600 && queue.kms_master_key_id == var.key_arn])
    error_message = "A queue keeps messages for less than fourteen days, or not encrypted."
  }
  assert {
    condition     = jsondecode(aws_sqs_queue.this["one"].redrive_policy) == { deadLetterTargetArn = aws_sqs_queue.dead["one"].arn, maxReceiveCount = 20 }
    error_message = "What is received too often goes elsewhere: ${aws_sqs_queue.this["one"].redrive_policy}"
  }
  assert {
    condition     = jsondecode(aws_sqs_queue_redrive_allow_policy.dead["one"].redrive_allow_policy) == { redrivePermission = "byQueue", sourceQueueArns = [aws_sqs_queue.this["one"].arn] }
    error_message = "Another queue may fill the dead-letter queue."
  }
  assert {
    condition     = aws_sqs_queue.this["one"].visibility_timeout_seconds == 180 && aws_sqs_queue.dead["one"].visibility_timeout_seconds == 360
    error_message = "A message would come again while it is worked on."
  }
  assert {
    condition     = aws_cloudwatch_event_target.this["one"].dead_letter_config[0].arn == aws_sqs_queue.dead["one"].arn && aws_cloudwatch_event_target.this["one"].arn == aws_sqs_queue.this["one"].arn
    error_message = "What the rule cannot deliver is lost."
  }
}

run "a_queue_takes_from_its_rule_alone_and_by_tls" {
  command = apply

  assert {
    condition = alltrue([for name, document in data.aws_iam_policy_document.queue : [for s in document.statement : s if s.effect != "Deny"] == [for s in document.statement : s if s.sid == "ItsRule"]
      && [for c in document.statement[0].condition : [c.test, c.variable, c.values]] == [["ArnEquals", "aws:SourceArn", tolist([aws_cloudwatch_event_rule.this["one"].arn])]]
    && document.statement[0].actions == toset(["sqs:SendMessage"])])
    error_message = "Somebody else may send: ${jsonencode(data.aws_iam_policy_document.queue)}"
  }
  assert {
    condition = alltrue([for document in data.aws_iam_policy_document.queue : anytrue([for s in document.statement :
    s.effect == "Deny" && [for c in s.condition : [c.variable, c.values]] == [["aws:SecureTransport", tolist(["false"])]]])])
    error_message = "A queue is spoken to without TLS."
  }
}

run "functions_are_small_and_traced" {
  command = apply

  assert {
    condition     = alltrue([for f in aws_lambda_function.this : f.runtime == "provided.al2023" && f.architectures == tolist(["arm64"]) && f.kms_key_arn == var.key_arn && f.tracing_config[0].mode == "Active"])
    error_message = "A function is of another kind, or its variables are not encrypted."
  }
  assert {
    condition     = aws_lambda_function.this["one"].timeout == 30 && aws_lambda_function.this["park"].memory_size == 512 && aws_lambda_function.this["park"].ephemeral_storage[0].size == 1024
    error_message = "A size is not the choreography's."
  }
  assert {
    condition     = aws_lambda_function.this["one"].environment[0].variables["SLUICE_SECRET"] == "s" && !can(aws_lambda_function.this["park"].environment[0].variables["SLUICE_SECRET"])
    error_message = "A secret is told to a function that does not need it."
  }
  assert {
    condition     = alltrue([for name, d in data.aws_iam_policy_document.run : anytrue([for s in d.statement : s.sid == "Log" && s.actions == toset(["logs:CreateLogStream", "logs:PutLogEvents"]) && s.resources == toset(["${var.log_groups[name]}:*"])])])
    error_message = "A function may write another log, or make one that is kept for ever."
  }
  assert {
    condition     = alltrue([for f in aws_lambda_function.this : length(f.vpc_config) == 0]) && !anytrue(flatten([for d in data.aws_iam_policy_document.run : [for s in d.statement : startswith(s.sid, "Network")]]))
    error_message = "Something of a VPC is there."
  }
}

run "every_queue_is_drained" {
  command = apply

  assert {
    condition = { for key, m in aws_lambda_event_source_mapping.this : key => [m.batch_size, m.maximum_batching_window_in_seconds, m.scaling_config[0].maximum_concurrency, m.function_response_types] } == {
      "one"     = [10, 1, 5, toset(["ReportBatchItemFailures"])]
      "one/dlq" = [10, 0, 2, toset(["ReportBatchItemFailures"])]
    }
    error_message = "The mappings are others: ${jsonencode(aws_lambda_event_source_mapping.this)}"
  }
  assert {
    condition     = { for name, d in data.aws_iam_policy_document.drain : name => d.statement[0].resources } == { one = toset([aws_sqs_queue.this["one"].arn]), park = toset([aws_sqs_queue.dead["one"].arn]) }
    error_message = "A function may drain another's queue."
  }
}

run "a_pause_is_of_ones_own_queue" {
  command = apply

  assert {
    condition     = output.statements["one"]["scheduler:CreateSchedule"].resources == ["arn:aws:scheduler:us-east-1:111122223333:schedule/default/resume-${output.mappings["one"]}-*"]
    error_message = "Another queue's pause may be ended: ${jsonencode(output.statements["one"])}"
  }
  assert {
    condition     = data.aws_iam_policy_document.pause[0].statement[0].resources == toset([aws_lambda_event_source_mapping.this["one"].arn])
    error_message = "Scheduler may wake another mapping."
  }
  assert {
    condition     = output.statements["one"]["s3:ListBucket"].conditions[0].values == ["results/*"] && output.statements["one"]["s3:PutObject"].resources == ["arn:aws:s3:::b/results/*"]
    error_message = "Objects are allowed outside of the prefix."
  }
  assert {
    condition     = jsondecode(output.patterns["one"]) == { detail = { bucket = ["b"], set = ["c"] } }
    error_message = "The rule would hear another environment: ${output.patterns["one"]}"
  }
}

run "a_rule_has_a_clock_where_the_choreography_says_so" {
  command = apply

  variables {
    subscriptions = {
      one   = { function = "one", bus = "own", pattern = "{}", batch = 10, window = 1, concurrency = 5, visibility = 180, maxReceives = 20 }
      clock = { function = "one", bus = "default", pattern = "{}", schedule = "rate(1 hour)", batch = 10, window = 1, concurrency = 5, visibility = 180, maxReceives = 20 }
    }
  }
  assert {
    condition = jsonencode({ for name, r in aws_cloudwatch_event_rule.this : name => [r.event_bus_name, r.schedule_expression, r.event_pattern] }) == jsonencode({
      one   = ["sluice-test", null, "{}"]
      clock = ["default", "rate(1 hour)", "{}"]
    })
    error_message = "The rules are others: ${jsonencode(aws_cloudwatch_event_rule.this)}"
  }
  # The one rule: what its clock says comes by the way that its pattern's events do.
  assert {
    condition     = [for c in data.aws_iam_policy_document.queue["clock"].statement[0].condition : c.values] == [tolist([aws_cloudwatch_event_rule.this["clock"].arn])]
    error_message = "The queue would not take what the clock says."
  }
}

run "a_clock_on_our_own_bus" {
  command = plan

  variables {
    subscriptions = {
      one = { function = "one", bus = "own", pattern = "{}", schedule = "rate(1 hour)", batch = 10, window = 1, concurrency = 5, visibility = 180, maxReceives = 20 }
    }
  }
  expect_failures = [var.subscriptions]
}

run "in_a_vpc" {
  command = apply

  variables {
    network = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  }
  assert {
    condition     = alltrue([for f in aws_lambda_function.this : f.vpc_config[0].subnet_ids == toset(["subnet-1"])])
    error_message = "A function is outside of the VPC."
  }
  # What Lambda does with the role, the function's own code cannot.
  assert {
    condition = alltrue([for name, d in data.aws_iam_policy_document.run : anytrue([for s in d.statement :
    s.effect == "Deny" && [for c in s.condition : [c.test, c.variable, c.values]] == [["ArnEquals", "lambda:SourceFunctionArn", tolist(["arn:aws:lambda:us-east-1:111122223333:function:sluice-test-${name}"])]]])])
    error_message = "A function may make network interfaces."
  }
}

run "not_seen_again_while_it_is_worked_on" {
  command = plan

  variables {
    subscriptions = {
      one = { function = "one", bus = "own", pattern = "{}", batch = 10, window = 1, concurrency = 5, visibility = 179, maxReceives = 20 }
    }
  }
  expect_failures = [aws_sqs_queue.this["one"]]
}

run "a_call_is_made_on_something" {
  command = plan

  variables {
    functions = {
      one  = { timeout = 30, memory = 256, calls = { "bedrock:ApplyGuardrail" = ["guardrail"] } }
      park = { timeout = 60, memory = 256, calls = {} }
    }
  }
  expect_failures = [aws_iam_role_policy.calls["one"]]
}

run "no_fewer_sandboxes_than_lambda_takes" {
  command = plan

  variables {
    concurrency = { one = 1 }
  }
  expect_failures = [var.concurrency]
}
