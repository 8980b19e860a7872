# The doors to this project. Each does all of its own set-up; `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help run demo install test coverage unit check bench lock

# Some images set it for all; each process would compile the whole package again, a third of its start.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin

help: ## this list
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 16

run: ## set up what is missing and start the service (Ctrl-C stops it)
	@echo "1/2 Installing"
	@scripts/setup run
	@echo "2/2 Preparing and starting"
	@exec $(BIN)/syndication serve --init

demo: ## one pass over the sample articles; feeds and mails land in var/demo
	@echo "1/2 Installing"
	@scripts/setup run
	@echo "2/2 Running the demo"
	@$(BIN)/syndication demo --to var/demo

install: ## only set up what the service needs, in .venv
	@echo "1/1 Installing"
	@scripts/setup run

test: ## every test, and whether all decisions are reached
	@echo "1/5 Installing"
	@scripts/setup dev browser
	@echo "2/5 Unit tests"
	@$(BIN)/python -m pytest tests/unit --numprocesses=auto --cov --cov-report=
	@echo "3/5 Coverage of the modules that only decide"
	@$(BIN)/python -m tests.support.coverage_floors --pure
	@echo "4/5 Integration tests, on SQLite and on PostgreSQL"
	@$(BIN)/python -m pytest tests/integration --numprocesses=auto
	@echo "5/5 Acceptance tests, with the service and a browser in processes of their own"
	@$(BIN)/python -m pytest tests/acceptance --numprocesses=auto --dist=loadgroup

coverage: ## what unit and integration tests reach of the whole package
	@scripts/setup dev
	@$(BIN)/python -m pytest tests/unit tests/integration --numprocesses=auto --cov --cov-report=
	@$(BIN)/python -m tests.support.coverage_floors

unit: ## the quick tests alone
	@scripts/setup dev
	@$(BIN)/python -m pytest tests/unit --numprocesses=auto

check: ## form, types, layers and the rules of the house
	@echo "1/6 Installing"
	@scripts/setup dev
	@echo "2/6 Form"
	@$(BIN)/ruff format --check --quiet .
	@echo "3/6 Lint"
	@$(BIN)/ruff check --quiet .
	@echo "4/6 Types"
	@$(BIN)/mypy
	@echo "5/6 Layers"
	@$(BIN)/lint-imports --no-logo
	@echo "6/6 Rules of the house"
	@$(BIN)/python -m pytest tests/unit/house

bench: ## every benchmark against its yardstick; one alone: .venv/bin/python -m bench NAME
	@scripts/setup dev
	@$(BIN)/python -m bench

lock: ## remake the lock files from pyproject.toml; UPGRADE=1 takes the newest versions
	@scripts/lock
