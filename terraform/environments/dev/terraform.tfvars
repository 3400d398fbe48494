region = "us-east-1"

sender            = "Sluice <sluice@dev.example.com>"
recipient_domains = ["example.com"]

# Nothing that costs while it rests: no VPC, short lives.
in_vpc            = false
force_destroy     = true
key_deletion_days = 7
log_days          = 7
archive_days      = 3

model_usd_per_day    = 5
budget_usd_per_month = 50
concurrency          = { analyze = 2, store = 2 }
calls_in_flight      = 5
