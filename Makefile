# Every target is one idea; `make` alone lists them.
SHELL         := /bin/bash
.SHELLFLAGS   := -euo pipefail -c
.DEFAULT_GOAL := help

# Tools have modules of their own, so that theirs never move ours.
CONTROLLER_GEN := go tool -modfile=internal/tools/go.mod controller-gen
GOLANGCI_LINT  := go tool -modfile=internal/tools/golangci/go.mod golangci-lint

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the programs into bin
	go build -trimpath -o bin/ ./cmd/...

.PHONY: install
install: ## Install kratix-compile into GOBIN, also as a plugin of kubectl
	go install ./cmd/kratix-compile
	bin=$$(go env GOBIN); cd "$${bin:-$$(go env GOPATH)/bin}"; \
	ln -sf kratix-compile kubectl-kratix_compile; ln -sf kratix-compile kubectl_complete-kratix_compile

.PHONY: test
test: ## Run all tests with the race detector
	go test -race ./...

.PHONY: golden
golden: ## Rewrite the golden files and remove stale ones
	go test ./golden -run '^TestGolden$$' -update
	go test ./cmd/kratix-compile -update

.PHONY: generate
generate: ## Rewrite generated code, schemas, CRDs and reference pages
	$(CONTROLLER_GEN) object paths=./api/v1alpha1
	go run ./internal/schemagen
	go test ./docs -update
	go test ./internal/progress -run '^TestStateMachinePage$$' -update

.PHONY: fmt
fmt: ## Format the code
	$(GOLANGCI_LINT) fmt ./...

.PHONY: lint
lint: ## Lint the code
	$(GOLANGCI_LINT) run ./...
	cd e2e && go tool -modfile=../internal/tools/golangci/go.mod golangci-lint run ./...

.PHONY: fuzz
fuzz: ## Fuzz every target for FUZZTIME (30s) each
	for dir in $$(git grep -l '^func Fuzz' -- '*_test.go' | xargs -n1 dirname | sort -u); do \
	  for target in $$(grep -ho '^func Fuzz[A-Za-z]*' $$dir/*_test.go | cut -c6-); do \
	    go test ./$$dir -run '^$$' -fuzz "^$$target\$$" -fuzztime $${FUZZTIME:-30s} -fuzzminimizetime 1s; \
	  done; \
	done

.PHONY: bench
bench: ## Run the benchmarks that docs/benchmarks.md quotes
	go test -run '^$$' -bench . -benchmem ./translate/... ./cmd/kratix-compile

.PHONY: demo
demo: ## Show a Promise and a request run on ENGINE (tekton), from kubectl apply to the files
	cd e2e && go run ./cmd/demo

.PHONY: e2e-up
e2e-up: ## Boot a cluster with both engines on this machine (Linux, root)
	cd e2e && go run ./cmd/cluster up

.PHONY: e2e-down
e2e-down: ## Stop it and leave nothing behind
	cd e2e && go run ./cmd/cluster down

.PHONY: e2e
e2e: ## Run Pipelines on real engines and as plain Pods, and compare
	cd e2e && go run ./cmd/cluster build && go test -count=1 -timeout 90m -parallel 8 -p 1 ./...

.PHONY: e2e-smoke
e2e-smoke: ## Run a Promise on each engine, where a cluster can be booted
	cd e2e && if go run ./cmd/cluster check; then \
	  go run ./cmd/cluster build; go test -count=1 -timeout 20m -run '^(TestRuns|TestRunner)$$/^(pipelines|tekton|argo)$$/^(tekton|argo|four_workflows)$$' .; \
	else echo 'e2e-smoke: NOT RUN, see above' >&2; fi

.PHONY: e2e-bench
e2e-bench: ## Measure Pipelines as Jobs, TaskRuns and Workflows
	cd e2e && go run ./latency

.PHONY: verify
verify: generate golden ## Fail if anything generated is not up to date
	go mod tidy -diff
	cd e2e && go mod tidy -diff
	test -z "$$(git status --porcelain)" || { git status --short; git diff --stat; exit 1; }

.PHONY: clean
clean: ## Remove what make built
	rm -rf bin dist
