# All commands of this project; `make` alone lists them.

VENV := .venv
PYTHON := $(VENV)/bin/python
PIP := PYTHONWARNINGS=ignore $(PYTHON) -m pip
TRIAL := $(PYTHON) -m twisted.trial --reporter=text
SUITE := autobahntestsuite-25.10.1
ARTEMIS := $(VENV)/share/artemis-2.44.0
SOURCES := setup.cfg pyproject.toml $(wildcard kaazing/native/*.[ch])
NODE := tests/browser/node_modules/.package-lock.json

.PHONY: help run test lint bench conformance fuzz soak docs clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/run ## serve docs/conf/demo.xml: a page at http://localhost:8000/ (Ctrl-C ends it)
	@exec $(VENV)/bin/twistd -n --pidfile= kaazing -c docs/conf/demo.xml

test: $(VENV)/test ## run every test, real servers and browsers included
	@$(TRIAL) tests

lint: $(VENV)/tools ## check style (ruff) and types (mypy --strict with mypy-zope)
	@status=0; for check in "ruff check" "ruff format --check" mypy; do \
		$(VENV)/bin/$$check || status=1; \
	done; exit $$status

bench: $(VENV)/tools ## measure against nginx, HAProxy and websockify; prints ratios
	@$(PYTHON) -m benchmarks

conformance: $(VENV)/test ## run the whole Autobahn test suite, every path of the data and compression
	@KAAZING_CONFORMANCE=whole $(TRIAL) tests.conformance

fuzz: $(VENV)/test ## feed random bytes to every codec, and clients to a listener in memory, for SECONDS=3600 of processor time each
	@KAAZING_FUZZ_SECONDS=$(or $(SECONDS),3600) $(TRIAL) tests.fuzz

soak: $(VENV)/test ## clients come, send rubbish and vanish for SECONDS=600; nothing may be left of them
	@KAAZING_SOAK_SECONDS=$(or $(SECONDS),600) $(TRIAL) tests.soak

docs: $(VENV)/run ## write the tables of docs/ anew from what the code declares
	@$(PYTHON) -m kaazing.config.reference docs/configuration.md docs/migrating-from-kaazing.md

clean: ## remove what the commands above have made
	@rm -rf $(VENV) build dist *.egg-info kaazing/*.so tests/browser/node_modules _trial_temp*
	@rm -rf .mypy_cache .ruff_cache .hypothesis

# What is set up once, and again when its inputs change.

$(VENV)/bin/python:
	@.ci/packages run
	@.ci/venv $(VENV)

$(VENV)/run: $(SOURCES) | $(VENV)/bin/python
	@echo "installing the gateway in $(VENV)"
	@$(PIP) install -q -e .
	@touch $@

$(VENV)/test: $(SOURCES) .ci/packages $(VENV)/share/$(SUITE).tar.gz | $(VENV)/bin/python
	@.ci/packages test
	@if command -v npm >/dev/null; then $(MAKE) -s $(NODE); fi
	@if command -v mvn >/dev/null; then $(MAKE) -s $(ARTEMIS); fi
	@echo "installing the gateway and what its tests need in $(VENV)"
	@$(PIP) install -q -e '.[test]'
	@touch $(VENV)/run $@

$(VENV)/tools: $(VENV)/test
	@echo "installing ruff, mypy and the benchmarks' peers in $(VENV)"
	@$(PIP) install -q -e '.[test,lint,bench]'
	@touch $(VENV)/run $(VENV)/test $@

$(VENV)/share/$(SUITE).tar.gz: | $(VENV)/bin/python
	@echo "fetching the Autobahn test suite"
	@$(PIP) download -q --no-deps --no-binary :all: -d $(@D) $(subst suite-,suite==,$(SUITE))

$(ARTEMIS): tests/integration/servers/artemis.pom
	@echo "fetching ActiveMQ Artemis, which tests speak AMQP 1.0 and STOMP with"
	@rm -rf $@ $@.part && mkdir -p $@.part
	@mvn -B -q -C -f $< -Dmaven.repo.local=$(abspath $@.part)/fetched dependency:copy-dependencies -DoutputDirectory=$(abspath $@.part)/jars
	@mv $@.part/jars $@ && rm -rf $@.part && touch $@

$(NODE): tests/browser/package-lock.json
	@echo "installing the JavaScript clients in tests/browser/node_modules"
	@cd tests/browser && npm ci --silent --no-audit --no-fund
	@touch $@
