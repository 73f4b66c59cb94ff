# The commands of the project. `make help` lists them.
.PHONY: help run test fuzz soak bench deny tools
.DEFAULT_GOAL := help

help: ## List the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 14

run: tools ## Build in release, start both services, send the sample requests. ONCE=1 ends after the table; STORE=postgres DECIDERS=3: a shared ledger
	@cargo build --release -p edge -p decider -p system-tests --bin edge --bin decider --bin cosigner --bin demo
	@exec "$${CARGO_TARGET_DIR:-target}"/release/demo

# Seconds of fuzzing for each target.
FUZZ_TEST = 60
FUZZ = 3600

# Where tests that cannot run on this machine are listed.
test: export SKIPPED_LIST = $(abspath $(or $(CARGO_TARGET_DIR),target))/skipped.txt
test: tools ## The whole suite: format, lints, all tests, a minute of fuzzing for each target
	@rm -f "$$SKIPPED_LIST"
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo build --workspace --bins --tests
	cargo test --workspace
	.ci/fuzz $(FUZZ_TEST)
	@if [ -s "$$SKIPPED_LIST" ]; then \
	  echo 'Everything that ran has passed. These tests could not run on this machine, and count as skipped:'; sort "$$SKIPPED_LIST"; \
	else echo 'Everything has passed, and no test was skipped.'; fi
	@echo 'Next: make run'

fuzz: tools ## Fuzz each target for an hour; FUZZ=600 for ten minutes
	.ci/fuzz $(FUZZ)

soak: tools ## The tests that chance takes part in, for hours instead of minutes
	cargo build --release --workspace --bins --tests
	SOAK=1 PROPTEST_CASES=25600 cargo test --release --workspace --lib --test policy --test system
	SOAK=1 cargo test --release --workspace --test decider burst

bench: tools ## Measure, print a table of ratios, write it to .local/bench.md
	cargo build --release --bins -p edge -p decider -p system-tests
	cargo build --release --locked --manifest-path tests/peers/Cargo.toml --target-dir "$${CARGO_TARGET_DIR:-target}"
	@python="$${CARGO_TARGET_DIR:-target}"/python; "$$python"/bin/python -c 'import fastapi' 2>/dev/null || { \
	  python3 -m venv "$$python" && "$$python"/bin/pip install -q -r tests/peers/handlers/requirements.txt; } || \
	  echo 'No handler in Python to compare with: python3 with venv is missing, or its packages cannot be had.' >&2
	@mkdir -p .local
	@exec env PEER_PYTHON="$${CARGO_TARGET_DIR:-target}"/python/bin/python "$${CARGO_TARGET_DIR:-target}"/release/bench --markdown .local/bench.md

deny: tools ## Ask the advisory database about the dependencies, and check their licences and sources. Needs the network
	@command -v cargo-deny >/dev/null || { echo 'cargo-deny is missing: cargo install --locked cargo-deny' >&2; exit 1; }
	cargo deny --config .config/deny.toml check

tools:
	@command -v cargo >/dev/null || { \
	  echo 'cargo is missing: the Rust toolchain. Get it from https://rustup.rs, then open a new shell.' >&2; exit 1; }
	@command -v $${CC:-cc} >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null || { \
	  echo 'A C compiler (cc) is missing. Debian, Ubuntu: sudo apt install gcc libc6-dev; Fedora: sudo dnf install gcc; macOS: xcode-select --install' >&2; exit 1; }
