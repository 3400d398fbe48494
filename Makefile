# Everything needs only Go and make. The first build downloads and compiles the
# AWS SDK, which takes about a minute; after that, seconds.

SHELL      := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN       := bin
FUNCTIONS := $(notdir $(patsubst %/lambda/main.go,%,$(wildcard functions/*/lambda/main.go)))
BOOTSTRAPS := $(FUNCTIONS:%=$(BIN)/functions/%/bootstrap)
SOURCES   := $(shell find cmd events functions internal schemas -name '*.go' -o -name '*.json' -o -name '*.html' -o -name '*.txt' -o -name '*.tmpl' -o -name '*.yaml' -o -name '*.jsonl' -o -name '*.csv' -o -name '*.gz' 2>/dev/null) go.mod go.sum

# The recipe of every function, here and in the cloud: static, stripped, without
# the RPC mode that only old runtimes use, and the same bytes from the same source.
GOBUILD   := go build -ldflags='-s -w'

# The same flags everywhere, so that everything is compiled once.
export GOFLAGS     := -trimpath -buildvcs=false
export CGO_ENABLED := 0

# encoding/json in its next form, where the toolchain has it: the same results in
# half the time, a tenth of all that a record costs. https://go.dev/blog/jsonv2-exp
export GOEXPERIMENT := $(shell GOEXPERIMENT=jsonv2 go env GOEXPERIMENT 2>/dev/null)

GOLANGCI_VERSION := v2.15.0

FILE  ?=
TASK  ?= classify
EMAIL ?= you@example.com

## make run            answer a sample of support messages on this machine and show the results
## make run FILE=f.csv TASK=summarize EMAIL=me@example.com
##                     the same with a file of yours
.PHONY: run
run: build
	@file='$(FILE)'; [ -n "$$file" ] || file="$$($(BIN)/sluice sample $(BIN)/sample)"; \
	$(BIN)/sluice run "$$file" --task '$(TASK)' $(if $(EMAIL),--email '$(EMAIL)') $(ARGS)

## make dev            keep the local machine up, for any AWS client
.PHONY: dev
dev: build
	@$(BIN)/sluice dev $(ARGS)

## make build          bin/sluice and bin/functions/<name>/bootstrap
.PHONY: build
build: $(BIN)/.built

$(BIN)/.built: $(SOURCES)
	@[ -e $@ ] || echo 'Building; the first time takes about a minute.' >&2
	@mkdir -p $(FUNCTIONS:%=$(BIN)/functions/%)
	@$(GOBUILD) -o $(BIN)/sluice ./cmd/sluice
	@for name in $(FUNCTIONS); do $(GOBUILD) -tags lambda.norpc -o $(BIN)/functions/$$name/bootstrap ./functions/$$name/lambda; done
	@touch $@

# moto takes a minute; make conformance is for that.
test race: export SLUICE_CONFORMANCE_MOTO ?= off

## make test           all tests, with the very binaries
.PHONY: test
test: build
	go vet ./...
	go test ./...
	@echo 'SKIPPED here: the comparison with moto; make conformance runs it where moto_server is on the machine.'
	@echo 'SKIPPED here: the audited workflow in moto'\''s interpreter beside ours; make workflow-test runs it where moto_server is on the machine.'
	@echo 'SKIPPED here: Terraform; make terraform-test plans it, and make terraform-apply-test applies it beside moto, where they are on the machine.'
	@echo 'SKIPPED here: the exploration of the HTTP API over the wire; SLUICE_EXPLORE=http://127.0.0.1:8790 explores that of make dev.'
	@command -v aws >/dev/null || echo 'SKIPPED: the aws command line as a client; it is not on the PATH.'
	@python3 -c 'import boto3' 2>/dev/null || echo 'SKIPPED: boto3 as a client; pip install boto3 gets it.'
	@[ -n "$${SLUICE_ALARMS:-}" ] || echo 'SKIPPED here: whether the alarms are those that Terraform plans; make alarms checks it where terraform is on the machine.'
	@[ "$${SLUICE_JS_CLIENTS:-}" = on ] || echo 'SKIPPED: the AWS SDK for JavaScript as a client; SLUICE_JS_CLIENTS=on fetches it from npm.'

## make race           all tests under the race detector
.PHONY: race
race: build
	CGO_ENABLED=1 go test -race ./...

## make fuzz           every fuzz target for FUZZTIME (10s)
FUZZTIME ?= 10s
.PHONY: fuzz
fuzz:
	@go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}} {{.ImportPath}}{{end}}' ./... | while read -r dir path; do \
	  for target in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]+' "$$dir"/*_test.go | cut -c6- || true); do \
	    echo "$$path $$target"; go test "$$path" -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME); done; done

## make bench          the quota used and hit, beside the naive ways (bin/bench.md too), and every Go benchmark
.PHONY: bench
bench: build
	@go run ./internal/sim/bench --out $(BIN)/bench.md
	go test ./... -run '^$$' -bench . -benchmem | grep -v 'no test files'

## make conformance    the local services against AWS's documented behaviour, and moto where moto_server is on the machine
.PHONY: conformance
conformance:
	SLUICE_CONFORMANCE_MOTO_TIME=$${SLUICE_CONFORMANCE_MOTO_TIME:-15m} go test -count=1 -timeout 30m -v ./internal/local/conformance -run Conformance | grep -v -e '^=== ' -e '^ *--- PASS'
	go test -count=1 ./cmd/sluice -run AnotherEmulator

## make workflow-test  the audited workflow: its definition validated (npx), and run in moto's interpreter where moto_server is on the machine
.PHONY: workflow-test
workflow-test: build
	@if command -v npx >/dev/null; then npx --yes asl-validator@4.0.0 --json-path terraform/workflow.asl.json; \
	  else echo 'SKIPPED: the validator of the definition; Node.js with npx gets it.'; fi
	@command -v moto_server >/dev/null || echo "SKIPPED: the workflow's paths; moto_server is not on the PATH; get it with: pip install 'moto[server]'"
	SLUICE_WORKFLOW_TEST=on go test -count=1 -v ./internal/local/workflow

## make bench-local    records/s, latency, CPU and memory of the local machine at 1,000, 10,000 and 100,000 records (ARGS='--kill 5')
.PHONY: bench-local
bench-local: build
	@go run ./internal/local/bench --bin $(BIN) $(ARGS)

## make bench-api      latency of POST /requests on the local machine at 100 a second (ARGS='--kill 5 --kill-functions')
.PHONY: bench-api
bench-api: build
	@go run ./internal/local/bench --bin $(BIN) --api 100 $(ARGS)

## make alarms         the alarms' definitions in testdata are those that Terraform plans (UPDATE=1 writes them anew; needs terraform)
.PHONY: alarms
alarms:
	@command -v terraform >/dev/null || { echo 'terraform is not on the PATH; https://developer.hashicorp.com/terraform/install' >&2; exit 1; }
	SLUICE_ALARMS=$(if $(UPDATE),write,check) go test -count=1 ./terraform/modules/observability

## make lint           gofmt, go vet and golangci-lint (built from its module the first time, some minutes)
.PHONY: lint
lint:
	@unformatted="$$(gofmt -l cmd events functions internal schemas terraform)"; [ -z "$$unformatted" ] || { echo "not gofmt'ed: $$unformatted" >&2; exit 1; }
	go vet ./...
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION) run ./...

# Terraform. TF_PLUGIN_DIR is a folder of providers, for machines without the
# registry: terraform providers mirror FOLDER fills one. Empty asks the registry.
TF_PLUGIN_DIR ?=
ENV           ?= dev
TF_ROOT       := terraform/environments/$(ENV)
TF_INIT       := init -input=false -lockfile=readonly $(if $(TF_PLUGIN_DIR),-plugin-dir='$(TF_PLUGIN_DIR)') $(if $(wildcard $(TF_ROOT)/backend.hcl),-backend-config=backend.hcl)
TF_TESTED     := $(sort $(patsubst %/tests/,%,$(wildcard terraform/modules/*/tests/ terraform/environments/*/tests/ terraform/account/tests/)))

## make packages       bin/packages/<function>.zip, for arm64, the same bytes from the same source
.PHONY: packages
packages:
	go run ./terraform/package $(BIN)/packages

## make plan ENV=dev   what terraform would change in an environment (dev, staging, prod) of your account
## make apply ENV=dev, make destroy ENV=dev
##                     change it, or take it away; both ask before they do (terraform/README.md)
.PHONY: plan apply destroy
plan apply destroy: packages
	terraform -chdir=$(TF_ROOT) $(TF_INIT)
	terraform -chdir=$(TF_ROOT) $@ $(ARGS)

## make terraform-test terraform fmt, validate and test with mocked providers; no account, no network
.PHONY: terraform-test
terraform-test:
	@if ! command -v terraform >/dev/null; then \
	  echo 'SKIPPED: terraform is not on the PATH; https://developer.hashicorp.com/terraform/install gets it.'; \
	elif [ -z '$(TF_PLUGIN_DIR)' ] && [ '$(TF_REGISTRY)' != on ]; then \
	  echo 'SKIPPED: no provider. TF_PLUGIN_DIR=FOLDER names a folder that terraform providers mirror filled; TF_REGISTRY=on asks the registry.'; \
	else \
	  export TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1; \
	  terraform fmt -check -recursive terraform; \
	  for root in $(TF_TESTED); do echo "== $$root"; \
	    terraform -chdir=$$root init -input=false -backend=false $(if $(TF_PLUGIN_DIR),-plugin-dir='$(TF_PLUGIN_DIR)') >/dev/null; \
	    terraform -chdir=$$root validate -no-color; \
	    terraform -chdir=$$root test -no-color; done; \
	  echo '== another function'; SLUICE_TERRAFORM=on TF_PLUGIN_DIR='$(TF_PLUGIN_DIR)' go test ./terraform/modules/environment -count=1; fi

## make terraform-apply-test
##                     apply, use and destroy two environments in the emulator moto, where terraform, its provider and moto are
.PHONY: terraform-apply-test
terraform-apply-test: packages
	SLUICE_TERRAFORM=on TF_PLUGIN_DIR='$(TF_PLUGIN_DIR)' go test ./cmd/sluice -count=1 -timeout 60m -v -run TestTheStackIsApplied

# The checkers of Terraform; make terraform-tools builds them. tflint looks for its
# AWS rules, a program of their own, in TFLINT_PLUGIN_DIR.
TOOLS              := $(CURDIR)/$(BIN)/tools
TFLINT_VERSION     := v0.64.0
TFLINT_AWS         := github.com/terraform-linters/tflint-ruleset-aws
TFLINT_AWS_VERSION := v0.48.0
TFSEC_VERSION      := v1.28.14
TFLINT_PLUGIN_DIR  ?= $(TOOLS)/plugins
TF_ROOTS           := $(patsubst %/main.tf,%,$(wildcard terraform/environments/*/main.tf terraform/account/main.tf))

## make lint-terraform tflint, with its AWS rules, and tfsec, where they are on the PATH or make terraform-tools built them
.PHONY: lint-terraform
lint-terraform: export PATH := $(TOOLS):$(PATH)
lint-terraform: export TFLINT_PLUGIN_DIR := $(TFLINT_PLUGIN_DIR)
lint-terraform:
	@if ! command -v tflint >/dev/null; then echo 'SKIPPED: tflint; make terraform-tools builds it, which takes some minutes.'; \
	else aws=; if [ -x '$(TFLINT_PLUGIN_DIR)/tflint-ruleset-aws' ]; then aws=--enable-plugin=aws; \
	  else echo "SKIPPED: tflint's AWS rules; make terraform-tools builds them, which takes some minutes."; fi; \
	  tflint --chdir=terraform --recursive --config='$(CURDIR)/terraform/.tflint.hcl' $$aws; \
	  tflint --chdir=terraform/modules/pipeline --var-file=testdata/lint.tfvars --config='$(CURDIR)/terraform/.tflint.hcl' $$aws; fi
	@if ! command -v tfsec >/dev/null; then echo 'SKIPPED: tfsec; make terraform-tools builds it, which takes some minutes.'; \
	else for root in $(TF_ROOTS); do echo "== $$root"; \
	    tfsec $$root $$(ls $$root/terraform.tfvars $$root/testdata/on.tfvars 2>/dev/null | sed 's/^/--tfvars-file /') --config-file terraform/.tfsec.yml --concise-output --no-color 2>/dev/null; done; \
	  tfsec terraform/environments/prod --soft-fail --include-passed --format csv 2>/dev/null | grep -c modules/pipeline/queues.tf >/dev/null || { echo 'tfsec has seen no queue: it cannot read the choreography any more' >&2; exit 1; }; fi

## make terraform-tools tflint, its AWS rules and tfsec into bin/tools; from Go's module proxy, ten minutes
.PHONY: terraform-tools
terraform-tools: export GOBIN := $(TOOLS)
terraform-tools:
	go install github.com/terraform-linters/tflint@$(TFLINT_VERSION)
	go install github.com/aquasecurity/tfsec/cmd/tfsec@$(TFSEC_VERSION)
	@# The rules' module replaces others, so it can only be required.
	@mkdir -p $(TOOLS)/ruleset && cd $(TOOLS)/ruleset && { [ -e go.mod ] || go mod init ruleset; } && go get $(TFLINT_AWS)@$(TFLINT_AWS_VERSION)
	cd $(TOOLS)/ruleset && go build -mod=mod -o $(TFLINT_PLUGIN_DIR)/tflint-ruleset-aws $(TFLINT_AWS)

## make clean          remove what was built (not the local machine's data)
.PHONY: clean
clean:
	rm -rf $(BIN)

## make help           this list
.PHONY: help
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)
