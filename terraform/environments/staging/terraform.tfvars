region = "us-east-1"

sender            = "Sluice <sluice@staging.example.com>"
recipient_domains = ["example.com"]

# The same network as prod, in one zone.
zones    = 1
vpc_cidr = "10.91.0.0/20"

key_deletion_days = 7
log_days          = 14

model_usd_per_day    = 20
budget_usd_per_month = 200
