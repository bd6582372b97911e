# make run     see it work: installs what is missing, builds, creates both sessions on the embedded sandbox
# make test    build and run every test
# make build   the programs, in build/bin/
# make help    all targets

BUILD := build
CONFIGURE := cmake --preset release --log-level=WARNING
# Tests wait more than they work (tests/CMakeLists.txt).
TESTS_AT_ONCE := $(shell expr 3 \* $$(nproc))
PROGRAMS := session-gateway session-gateway-client session-gateway-sandbox

.PHONY: run build test deb rootfs release-archives baseline asan tsan chaos fuzz soak ledger-model bench bench-quick bench-history bench-ledger bench-micro profile lint format clean help

run: ## Build the programs and create one session of each kind on the embedded sandbox
	@deploy/install-packages.sh build
	@$(CONFIGURE) -DSESSION_GATEWAY_TESTS=OFF >/dev/null
	@cmake --build $(BUILD) --target session-gateway session-gateway-client
	@deploy/try-it.sh $(BUILD)/bin

build: ## Build the programs into build/bin/
	@deploy/install-packages.sh build
	@$(CONFIGURE) -DSESSION_GATEWAY_TESTS=OFF >/dev/null
	@cmake --build $(BUILD) --target $(PROGRAMS) sg_descriptor_set sg_packaging

test: ## Build and run every test, and say how many ran
	@deploy/install-packages.sh test
	@$(CONFIGURE) -DSESSION_GATEWAY_TESTS=ON >/dev/null
	@cmake --build $(BUILD)
	@ctest --test-dir $(BUILD) -j$(TESTS_AT_ONCE) --output-on-failure --no-tests=error --progress; status=$$?; \
	  cat $(BUILD)/*/*.skipped 2>/dev/null; exit $$status

deb: build ## The Debian package, in build/packages/
	@deploy/install-packages.sh package
	@cmake --build $(BUILD) --target package

rootfs: build ## The root file system of a container image, in build/rootfs/
	@deploy/install-packages.sh package
	@rm -rf $(BUILD)/stage $(BUILD)/rootfs
	@DESTDIR=$(CURDIR)/$(BUILD)/stage cmake --install $(BUILD) --prefix /usr --strip >/dev/null
	@deploy/rootfs.sh $(BUILD)/stage $(BUILD)/rootfs

release-archives: ## The protos as an archive for clients, in build/packages/
	@deploy/packaging/release.sh archive $(BUILD)/packages

baseline: ## Make today's protos the ones that `make lint` compares with: once, when they are released
	@deploy/install-packages.sh lint
	@tests/contract.sh baseline

asan: ## The tests under the address and undefined-behaviour sanitizers
	@deploy/install-packages.sh test
	@cmake --preset asan --log-level=WARNING >/dev/null
	@cmake --build --preset asan
	@ctest --test-dir $(BUILD)/asan -j$(TESTS_AT_ONCE) --output-on-failure --no-tests=error --progress

tsan: ## The tests under the thread sanitizer
	@deploy/install-packages.sh test
	@cmake --preset tsan --log-level=WARNING >/dev/null
	@cmake --build --preset tsan
	@ctest --test-dir $(BUILD)/tsan -j$(TESTS_AT_ONCE) --output-on-failure --no-tests=error --progress

ledger-model: ## The ledger against its model, ten million steps of random interleavings
	@deploy/install-packages.sh test
	@$(CONFIGURE) -DSESSION_GATEWAY_TESTS=ON >/dev/null
	@cmake --build $(BUILD) --target ledger_model_test
	@SESSION_GATEWAY_STEPS=$${SESSION_GATEWAY_STEPS:-10000000} $(BUILD)/bin/ledger_model_test

bench: bench-programs ## Beside its peers and the floor, every load; 22 minutes on a quiet machine; writes docs/performance.md
	@python3 -B tests/bench/compare/bench.py --build $(BUILD) --page docs/performance.md

bench-history: bench-programs ## Large bodies, a full ledger, idle connections, a million calls: ten minutes; for docs/performance.md, too
	@python3 -B tests/bench/compare/history.py --build $(BUILD) --page docs/performance.md

bench-quick: bench-programs ## The same at 64 in flight with fewer rows, in two minutes; writes nothing
	@python3 -B tests/bench/compare/bench.py --build $(BUILD) --quick

.PHONY: bench-programs
bench-programs:
	@deploy/install-packages.sh bench
	@$(CONFIGURE) -DSESSION_GATEWAY_TESTS=ON >/dev/null
	@cmake --build $(BUILD) --target sg_bench

bench-ledger: ## What a request_id costs a call, with an empty ledger and with a million entries; two minutes
	@deploy/install-packages.sh bench
	@$(CONFIGURE) -DSESSION_GATEWAY_TESTS=ON >/dev/null
	@cmake --build $(BUILD) --target ledger_bench
	@$(BUILD)/bin/ledger_bench --benchmark_repetitions=9 --benchmark_min_time=0.1 \
	  --benchmark_enable_random_interleaving=true --benchmark_report_aggregates_only=true

bench-micro: bench-ledger ## As bench-ledger, then the parts of a call by themselves: codec, status mapping, pool, log line, hashes
	@cmake --build $(BUILD) --target micro_bench
	@$(BUILD)/bin/micro_bench --benchmark_repetitions=5 --benchmark_min_time=0.1 \
	  --benchmark_enable_random_interleaving=true --benchmark_report_aggregates_only=true

profile: ## Where the time of a call goes (docs/profile.md); two minutes, needs Valgrind, perf and strace
	@deploy/install-packages.sh bench
	@$(CONFIGURE) -DSESSION_GATEWAY_TESTS=ON >/dev/null
	@cmake --build $(BUILD) --target call_profile session-gateway
	@tests/bench/profile.sh $(BUILD)

chaos: ## Faults at every byte and record between gateway and upstreams, deadlines and mixtures; minutes
	@deploy/install-packages.sh test
	@$(CONFIGURE) -DSESSION_GATEWAY_TESTS=ON >/dev/null
	@cmake --build $(BUILD) --target chaos_test
	@tests/chaos/run.sh $(BUILD)

FUZZ_SECONDS := 60
fuzz: ## The fuzzers, FUZZ_SECONDS each; what breaks something stays in build/fuzz/findings/
	@deploy/install-packages.sh fuzz
	@cmake --preset fuzz --log-level=WARNING >/dev/null
	@cmake --build --preset fuzz
	@tests/fuzz/run.sh $(BUILD)/fuzz $(FUZZ_SECONDS)

soak: ## Ten minutes under load with faults on all the time; SOAK_SECONDS=60 for one
	@deploy/install-packages.sh test
	@$(CONFIGURE) -DSESSION_GATEWAY_TESTS=ON >/dev/null
	@cmake --build $(BUILD) --target soak_test
	@SOAK_SECONDS=$${SOAK_SECONDS:-600} $(BUILD)/bin/soak_test --gtest_brief=1

lint: ## Formatting and the contract's linter
	@deploy/install-packages.sh lint
	@tests/lint.sh

format: ## Bring all C++ files into form
	@git ls-files '*.h' '*.cc' | xargs clang-format-16 -i

clean: ## Remove everything that was built
	rm -rf $(BUILD)

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 20
