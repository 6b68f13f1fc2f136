# The front door: every common job is one word. `make help` lists them.
# Everything lands in build/PRESET; nothing is installed outside apt-get's packages (`make deps`).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 30
CTEST_ARGS ?=
RUN_ARGS ?= demo
export NINJA_STATUS = [%f/%t %es] # seconds since the build began

SOURCES = git ls-files '*.h' '*.cc'
FUZZ_TARGETS = $(sort $(patsubst tests/fuzz/%_fuzz.cc,%,$(wildcard tests/fuzz/*_fuzz.cc)))
# The libraries are instrumented too: libFuzzer is guided by what it reaches in them. Without -fsanitize=function, which
# clang 14 cannot assemble for coroutines.
FUZZ_FLAGS = -fsanitize=fuzzer-no-link,undefined -fno-sanitize=function -fno-sanitize-recover=all
FUZZ_BUILD = -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_CXX_FLAGS="$(FUZZ_FLAGS)" \
  -DBRINK_LIBFUZZER=ON -DBRINK_SANITIZE=address -DCMAKE_BUILD_TYPE=RelWithDebInfo

# deps SECTION…: of config/deploy/debian-packages.txt. A build needs no browser.
define deps
@config/deploy/install-deps.sh $(1)
endef

define say
@printf '\n== %s\n' "$(1)"
endef

# configure PRESET
define configure
@printf '\n== Configuring build/%s\n' "$(1)"
@cmake --preset $(1) >build/.configure.log 2>&1 || { cat build/.configure.log; exit 1; }
endef

# build PRESET TARGETS
define build
$(call configure,$(1))
@printf '== Building %s in build/%s with %s jobs (the first time takes minutes)\n' "$(2)" "$(1)" "$(JOBS)"
@cmake --build build/$(1) -j$(JOBS) --target $(2)
endef

# ctest PRESET
define ctest
@printf '\n== Running the tests of build/%s\n' "$(1)"
@begin=$$SECONDS; status=0; \
  ctest --test-dir build/$(1) --output-on-failure --no-tests=error -j$(JOBS) $(CTEST_ARGS) || status=$$?; \
  printf '== Tests of build/%s: %s s, exit status %s\n' "$(1)" "$$((SECONDS - begin))" "$$status"; \
  exit $$status
endef

.PHONY: help
help: ## List these targets
	@printf 'Brink: a private CDN in one binary. Targets:\n\n'
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1|\2/' | column -t -s '|'
	@printf '\nStart with: make run\n'

.PHONY: deps
deps: ## Install all Debian packages that are missing (apt-get; asks for root through sudo)
	$(call deps,all)

# What each target installs by itself, if it is missing.
.PHONY: build-deps test-deps develop-deps
build-deps:
	$(call deps,build)
test-deps:
	$(call deps,build test)
develop-deps:
	$(call deps,develop)

.PHONY: build
build: build-deps folder ## Build the release binary: build/release/brink
	$(call build,release,brink)
	@printf '== Done: build/release/brink\n'

.PHONY: run
run: build ## Build, then run the demo: an origin, a regional node, two edges, one process
	$(call say,Running: build/release/brink $(RUN_ARGS) (stop it with Ctrl-C))
	@build/release/brink $(RUN_ARGS)

.PHONY: test
test: test-deps folder ## Build the release preset with its tests and run all of them
	$(call build,release,all header_check)
	$(call ctest,release)

.PHONY: asan
asan: test-deps folder ## Build and run the tests under AddressSanitizer and UndefinedBehaviorSanitizer
	$(call build,asan,all)
	$(call ctest,asan)

.PHONY: tsan
tsan: test-deps folder ## Build and run the tests under ThreadSanitizer
	$(call build,tsan,all)
	$(call ctest,tsan)

.PHONY: tidy
tidy: ## Check structure: include table, sizes, banned calls, words (seconds, builds nothing)
	$(call say,Checking structure with tests/tidy)
	@python3 -B tests/tidy/tidy.py

.PHONY: bench
bench: test-deps folder ## Run the benchmarks, and the side-by-side comparison with other proxies
	$(call build,release,all)
	@ran=0; for bench in build/release/*_bench; do \
	  if [ -x "$$bench" ]; then printf '\n== Running %s\n' "$$bench"; "$$bench"; ran=1; fi; \
	done; ((ran)) || echo '== No Google benchmark was built'
	$(call say,Herds of clients for one cold key: first byte after the leader's)
	@loadtest/herd.sh build/release
	$(call say,From POST /v1/purges until four nodes have acknowledged (loadtest/purge_everywhere.py))
	@python3 -B loadtest/purge_everywhere.py build/release/brink || true
	$(call say,Comparing hits side by side (loadtest/compare.sh))
	@loadtest/compare.sh

.PHONY: format
format: develop-deps ## Lay out every tracked source with clang-format
	$(call say,Formatting)
	@$(SOURCES) | xargs -r clang-format -i --style=file

.PHONY: format-check
format-check: develop-deps ## Fail when clang-format would change a tracked source
	$(call say,Checking layout with clang-format)
	@$(SOURCES) | xargs -r clang-format --dry-run --Werror --style=file

.PHONY: lint
lint: build-deps develop-deps folder tidy ## Run tests/tidy, and clang-tidy over the product's sources
	$(call configure,release)
	$(call say,Running clang-tidy with $(JOBS) jobs (minutes))
	@git ls-files 'config/*.cc' 'edge/*.cc' 'origin/*.cc' 'tiered/*.cc' 'purge/*.cc' \
	  | xargs -r -P$(JOBS) -n1 config/deploy/clang-tidy.sh build/release

.PHONY: fuzz
fuzz: test-deps develop-deps folder ## Run each fuzz target with libFuzzer for FUZZ_SECONDS
	$(call say,Configuring build/fuzz with clang)
	@cmake -G Ninja -S . -B build/fuzz $(FUZZ_BUILD) >build/.configure.log 2>&1 || { cat build/.configure.log; exit 1; }
	$(call say,Building the fuzz targets: $(FUZZ_TARGETS))
	@cmake --build build/fuzz -j$(JOBS) --target $(FUZZ_TARGETS:%=fuzz_%)
	@for name in $(FUZZ_TARGETS); do \
	  printf '\n== Fuzzing %s for %s s\n' "$$name" "$(FUZZ_SECONDS)"; \
	  mkdir -p "build/fuzz/corpus/$$name"; \
	  build/fuzz/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -verbosity=0 \
	    -artifact_prefix="build/fuzz/$$name-" "build/fuzz/corpus/$$name" "tests/fuzz/corpus/$$name"; \
	done
	@echo '== No crash. New inputs are in build/fuzz/corpus; copy those worth keeping to tests/fuzz/corpus'

.PHONY: compose-test
compose-test: ## Build the image, bring docker-compose.yml up and try it (docker or podman; minutes)
	$(call say,Trying docker-compose.yml)
	@python3 -B tests/e2e/compose_trial.py

.PHONY: clean
clean: ## Remove build/
	rm -rf build

.PHONY: folder
folder:
	@mkdir -p build
