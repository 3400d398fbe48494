region = "us-east-1"

sender            = "Sluice <sluice@example.com>"
recipient_domains = ["*"]

zones    = 2
vpc_cidr = "10.92.0.0/20"

log_days     = 90
archive_days = 30

model_usd_per_day    = 200
budget_usd_per_month = 5000

api_requests_per_second = 200
api_burst               = 400
