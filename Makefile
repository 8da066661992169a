# The two commands of the README are `make demo` and `make test`; `make help` names the others.
.DEFAULT_GOAL := help
SHELL := /bin/sh
DISTROS ?= debian11 debian12 debian13 centos7 rocky8 rocky9

export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help setup demo demo-destroy test docs lint unit sanity package molecule bench bench-hop bench-queue bench-verify \
	preflight verify trace report

help:  ## This list.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

setup:  ## The controller's environment, .venv.
	@tests/setup core-2.16

demo: setup  ## A relay, three clients and an internet in containers; a message from each client and the way it took.
	@tests/testbed/demo

preflight: setup  ## What the demo's relay needs of its host and of the DNS.
	@ansible-playbook -i examples/demo mailops.relay.preflight

verify: setup  ## A message from every client of the demo, followed to its end; the open-relay matrix from outside.
	@ansible-playbook -i examples/demo mailops.relay.verify -e verify_recipient=ops@example.net

trace: setup  ## The way of a message in the demo: make trace MSG='<message-id>'
	@ANSIBLE_DISPLAY_SKIPPED_HOSTS=no ansible-playbook -i examples/demo mailops.relay.trace -e '{"trace_message_id": ["$(MSG)"]}'

report: setup  ## The traffic of the demo's relay, as mail-report.html and mail-report.json.
	@ansible-playbook -i examples/demo mailops.relay.report

demo-destroy: setup  ## Take the demo's containers and networks away.
	@tests/testbed/demo --destroy

test:  ## Everything, and a table of where the time went.
	@tests/all $(DISTROS)

docs: setup  ## roles/*/README.md from each role's meta/argument_specs.yml.
	@python tests/role_docs.py

lint: setup  ## ansible-lint (production profile), docs, links, direction of imports, yamllint, ruff, Python 2.7's syntax.
	@tests/lint

unit: setup  ## Unit tests on Python 2.7, 3.6 and the controller's.
	@tests/unit-all

sanity: setup  ## ansible-test sanity.
	@tests/sanity

package: setup  ## Build the collection; install it from the tarball and from git.
	@tests/package

molecule: setup  ## Molecule on each distribution that this machine can make, side by side.
	@python tests/beds.py $(DISTROS)

bench: setup  ## The speed figures, as ratios in one run.
	@python tests/bench/run.py

bench-verify: setup  ## The controller's CPU time of verify for each client, with 40 clients and with 5, on the demo.
	@python tests/bench/verify.py

bench-hop: setup  ## Verified TLS over stock clear text from a client to a relay: messages per second, CPU of both hosts.
	@python tests/bench/hop.py

bench-queue: setup  ## The queue's speed and memory figures, on 100,000 messages in a container of their own.
	@python tests/bench/queue.py
