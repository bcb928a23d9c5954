# Every target is one idea; `make` alone lists them.
SHELL         := /bin/bash
.SHELLFLAGS   := -euo pipefail -c
.DEFAULT_GOAL := help

# Tools have modules of their own, so that theirs never move ours.
CONTROLLER_GEN := go tool -modfile=internal/tools/go.mod controller-gen
GOLANGCI_LINT  := go tool -modfile=internal/tools/golangci/go.mod golangci-lint
GOVULNCHECK    := go tool -modfile=internal/tools/govulncheck/go.mod govulncheck
ADDLICENSE     := go tool -modfile=internal/tools/addlicense/go.mod addlicense -s=only -c '' -l apache

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the programs into bin
	go build -trimpath -o bin/ ./cmd/...

.PHONY: install
install: ## Install kratix-compile and kratix-runner into GOBIN, also as plugins of kubectl
	go install ./cmd/kratix-compile ./cmd/kratix-runner
	bin=$$(go env GOBIN); cd "$${bin:-$$(go env GOPATH)/bin}"; \
	ln -sf kratix-compile kubectl-kratix_compile; ln -sf kratix-compile kubectl_complete-kratix_compile; \
	ln -sf kratix-runner kubectl-kratix-status; ln -sf kratix-runner kubectl_complete-kratix-status; ln -sf kratix-runner kratix-status; \
	ln -sf kratix-runner kubectl-kratix-preflight; ln -sf kratix-runner kubectl_complete-kratix-preflight; ln -sf kratix-runner kratix-preflight

.PHONY: test
test: ## Run all tests with the race detector, on a machine with Go
	.ci/machine
	CGO_ENABLED=1 go test -race ./...

.PHONY: golden
golden: ## Rewrite the golden files and remove stale ones
	go test ./golden -run '^TestGolden$$' -update
	go test ./cmd/kratix-compile -update

.PHONY: generate
generate: ## Rewrite generated code, schemas, CRDs and reference pages
	$(CONTROLLER_GEN) object paths=./api/v1alpha1
	go run ./internal/gen/schemas
	go test ./docs -update
	go test ./internal/runner/progress -run '^TestStateMachinePage$$' -update

.PHONY: fmt
fmt: ## Format the code
	$(GOLANGCI_LINT) fmt ./...

.PHONY: lint
lint: ## Lint the code
	$(GOLANGCI_LINT) run ./...
	cd e2e && go tool -modfile=../internal/tools/golangci/go.mod golangci-lint run ./...

.PHONY: license
license: ## Put the licence at the head of every Go file
	git ls-files -z '*.go' | xargs -0 $(ADDLICENSE)

.PHONY: license-check
license-check: ## Fail if a Go file has no licence
	git ls-files -z '*.go' | xargs -0 $(ADDLICENSE) -check

.PHONY: vulncheck
vulncheck: ## Look for known vulnerabilities; VULNDB is a database of your own
	@if said=$$($(GOVULNCHECK) $${VULNDB:+-db "$$VULNDB"} ./... 2>&1); then echo "$$said"; else \
	  echo "$$said" >&2; \
	  grep -q 'fetching vulnerabilities' <<< "$$said" || exit 1; \
	  echo 'vulncheck: NOT RUN, its database cannot be reached' >&2; \
	fi

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
demo: ## Show a Promise and a request run in containers here; ENGINE=tekton or argo: on a cluster that is booted; CLUSTER=current: on yours
	@cd e2e && go run ./$(if $(ENGINE)$(CLUSTER),cmd,local)/demo

.PHONY: e2e-up
e2e-up: ## Boot a cluster with both engines on this machine (Linux, root)
	cd e2e && go run ./cmd/cluster up

.PHONY: e2e-down
e2e-down: ## Stop it and leave nothing behind
	cd e2e && go run ./cmd/cluster down

.PHONY: e2e
e2e: ## Run Pipelines on real engines and as plain Pods, and compare
	cd e2e && go run ./cmd/cluster build-all && go test -json -count=1 -timeout 240m -parallel 8 -p 1 ./... | go run ./cmd/summary

.PHONY: e2e-chaos
e2e-chaos: ## Let everything crash at random for CHAOS (10m) while runs are under way
	cd e2e && go run ./cmd/cluster build && E2E_CHAOS=$${CHAOS:-10m} go test -count=1 -timeout 120m -run '^TestChaos$$' -v .

.PHONY: e2e-smoke
e2e-smoke: ## Run a Promise on each engine, where a cluster can be booted
	cd e2e && if go run ./cmd/cluster check; then \
	  go run ./cmd/cluster build; go test -count=1 -timeout 20m -run '^(TestRuns|TestRunner)$$/^(pipelines|tekton|argo)$$/^(tekton|argo|four_workflows)$$' .; \
	else echo 'e2e-smoke: NOT RUN, see above' >&2; fi

# Both install what they lack as root where there is apt-get. Elsewhere they say so and go on.
installable = { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

.PHONY: e2e-local
e2e-local: ## Run Promises on Podman and on Docker, which are installed where they may be
	@cd e2e && if type podman runc dockerd docker busybox >/dev/null 2>&1 || $(installable); then \
	  go test -count=1 -timeout 30m ./local; \
	else echo 'e2e-local: NOT RUN, there is no podman with runc, docker and busybox, and they cannot be installed' >&2; fi

.PHONY: pictures
pictures: ## Draw the pictures of Promises with Chromium, mermaid and graphviz
	@cd e2e && if type chromium dot npm >/dev/null 2>&1 || $(installable); then \
	  go test -count=1 -timeout 10m ./pictures; \
	else echo 'pictures: NOT RUN, there is no chromium with graphviz and npm, and they cannot be installed' >&2; fi

.PHONY: e2e-bench
e2e-bench: ## Measure Pipelines as Jobs, also of kratix-jobs, TaskRuns and Workflows
	cd e2e && go run ./latency

.PHONY: e2e-bench-run
e2e-bench-run: ## Measure kratix-compile run beside a shell script of its command lines, on Podman
	cd e2e && go run ./local/bench

.PHONY: e2e-bench-requests
e2e-bench-requests: ## Measure requests, from applied to stored, with an instant engine, the real ones, and Kratix
	cd e2e && go run ./throughput && go run ./throughput -engine tekton -requests 1,1,1,40 && go run ./throughput -engine argo -requests 1,1,1,40 && go run ./throughput -kratix -requests 1,1,1,10,40

.PHONY: e2e-bench-stores
e2e-bench-stores: ## Measure State Stores, grouped and one by one
	cd e2e && go run ./storebench && go run ./storebench -placements 1000 -delay 20ms

.PHONY: images
images: ## Build the images into dist/images, with SBOMs (Debian's mmdebstrap)
	deploy/images/build.sh dist/images

.PHONY: manifests
manifests: ## Render chart and kustomizations, and compare and check them
	cd e2e && go test -count=1 -timeout 30m ./manifests

.PHONY: release
release: ## Build what release VERSION has besides images into dist/release
	deploy/release/build.sh $(or $(VERSION),$(error which VERSION, as in v0.1.0?)) dist/release

.PHONY: verify
verify: generate golden manifests ## Fail if anything generated is not up to date
	go mod tidy -diff
	cd e2e && go mod tidy -diff
	test -z "$$(git status --porcelain)" || { git status --short; git diff --stat; exit 1; }

.PHONY: clean
clean: ## Remove what make built
	rm -rf bin dist
