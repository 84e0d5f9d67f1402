# `make run` and `make test` are all one needs; the longer steps are in scripts/.

.PHONY: help run test check clients differential dashboard browser nodes bench soak stress container

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: ## build and serve the blog of config.toml on http://127.0.0.1:8090
	@scripts/run.sh

test: ## format, lints, every suite: Rust, clients, differential, dashboard, browser
	@scripts/test.sh

check: ## format and lints only
	@scripts/check.sh

clients: ## the stock pocketbase client against the running binary
	@scripts/clients.sh

differential: ## 100,000 generated requests to PocketBase and to Ferrobase, compared
	@scripts/postgres.sh scripts/differential.sh

nodes: ## three servers on one PostgreSQL behind haproxy, one of them killed
	@scripts/nodes.sh

dashboard: ## types and tests of the dashboard's sources
	@scripts/dashboard.sh

browser: ## a tour of the dashboard in the system's Chromium
	@scripts/browser.sh

bench: ## measure beside PocketBase, about twenty minutes; not part of test
	@scripts/bench.sh

soak: ## requests for ten minutes, kill -9, the same data again: log, memory, files, lost writes
	@scripts/soak.sh

stress: ## nodes and databases that go away, 10,000 connections, 2 GB, a backup, a full disk
	@scripts/stress.sh

container: ## build the container image and use it (root on Debian, no Docker needed)
	@tests/container/run.sh
