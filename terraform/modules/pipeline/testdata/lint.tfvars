# One of each, for tflint, which looks at no resource whose for_each it does not
# know.
functions     = { one = { timeout = 30, memory = 256, calls = { "s3:GetObject" = ["results/"] } } }
subscriptions = { one = { function = "one", bus = "own", pattern = "{}", batch = 10, window = 1, concurrency = 2, visibility = 180, maxReceives = 10 } }
dead_letters  = { function = "one", batch = 10, window = 0, concurrency = 2, visibility = 180 }
