# atoll. `make help` lists the targets. A flavour is only another B (build/debug, build/asan, ...).
FOLDERS := base storage routing replication server scenario cli
LIBS    := libmicrohttpd gnutls sqlite3 libxml-2.0 libcrypto libcjson libisal libxxhash
B       ?= build/release
CC      ?= gcc
OPT     ?= -O2
VERSION := $(shell cat VERSION 2>/dev/null || echo 0.1.0)
COMMIT  ?= $(or $(shell git describe --always --abbrev=12 --dirty --exclude='*' 2>/dev/null),unknown)
PREFIX  ?= /usr/local
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
        -Wmissing-prototypes -Wcast-qual -Wwrite-strings -Wundef -Wformat=2 -Wswitch-enum -Wvla \
        -Wdouble-promotion -Wdate-time -fno-common
GCC_WARN := -Wcast-align=strict -Walloca -Wduplicated-cond -Wduplicated-branches -Wlogical-op \
        -Wjump-misses-init -Wimplicit-fallthrough=5
WARN += $(if $(findstring clang,$(CC)),-Wimplicit-fallthrough,$(GCC_WARN))
HARDEN := $(if $(SAN),,-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection)
CPPFLAGS := -D_GNU_SOURCE -DATOLL_VERSION='"$(VERSION)"' -I. $(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(LIBS) 2>/dev/null))
CFLAGS  := -std=c17 $(OPT) -g -fPIE $(WARN) $(HARDEN) $(if $(WERROR),-Werror) \
           $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer) $(EXTRA_CFLAGS)
LDFLAGS := -pie -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN)) $(EXTRA_LDFLAGS)
LDLIBS  := $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lpthread -lm

sources = $(wildcard $(1)/*.c $(1)/*/*.c)
objects = $(patsubst %.c,$(B)/%.o,$(call sources,$(1)))
library = $(B)/lib$(1).a
# Linking follows the arrows of DESIGN.md: a folder's tests see that folder and what it may use.
USES_base        := base
USES_storage     := storage base
USES_routing     := routing base
USES_replication := replication storage routing base
USES_server      := server replication storage routing base
USES_scenario    := scenario server replication storage routing base
USES_cli         := cli base

MAIN_OBJECTS := $(B)/server/main.o
UNIT_TESTS   := $(wildcard tests/unit/*/*_test.c)
UNIT_BINS    := $(UNIT_TESTS:%.c=$(B)/%)

all: $(B)/atoll ## the program, build/atoll
	$(Q)mkdir -p build && ln -sf $(patsubst build/%,%,$(B))/atoll build/atoll

$(B)/%.o: %.c Makefile
	$(Q)mkdir -p $(@D)
	$(if $(filter 1,$(V)),,@echo "  CC      $<")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/server/admin/openapi.o: api/openapi.json

# Of all files only this one knows the commit, so that a new one compiles nothing else.
$(B)/server/build.o: CPPFLAGS += -DATOLL_COMMIT='"$(COMMIT)"'
$(B)/server/build.o: $(B)/commit
$(B)/commit: FORCE
	$(Q)mkdir -p $(@D) && echo '$(COMMIT)' | cmp -s - $@ || echo '$(COMMIT)' >$@
FORCE:

define folder_library
$(B)/lib$(1).a: $(filter-out $(MAIN_OBJECTS),$(call objects,$(1)))
	$$(Q)mkdir -p $$(@D) && rm -f $$@ && $$(AR) rcs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_library,$(f))))

$(B)/atoll: $(MAIN_OBJECTS) $(foreach f,cli $(USES_scenario),$(call library,$(f)))
	$(if $(filter 1,$(V)),,@echo "  LINK    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS) -o $@

define unit_test
$(B)/tests/unit/$(1)/%_test: $(B)/tests/unit/$(1)/%_test.o $(B)/tests/unit/test_main.o $(foreach u,$(USES_$(1)),$(call library,$(u)))
	$(if $(filter 1,$(V)),,@echo "  LINK    $$@")
	$$(Q)$$(CC) $$(CFLAGS) $$(LDFLAGS) $$< $(B)/tests/unit/test_main.o -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $$(LDLIBS) -lcmocka -o $$@
endef
$(foreach f,$(FOLDERS),$(eval $(call unit_test,$(f))))

unit: $(UNIT_BINS) ## unit tests only
	$(Q)tests/run-unit $(UNIT_BINS)

# One folder's unit tests: make unit-storage
$(foreach f,$(FOLDERS),$(eval unit-$(f): $(filter $(B)/tests/unit/$(f)/%,$(UNIT_BINS)) ; $$(Q)tests/run-unit $$^))

scenarios: all ## the scenario files
	$(Q)ATOLL=$(abspath $(B))/atoll tests/run-scenarios

clients: all ## the article and its pitfalls, with the AWS CLI and boto3 from Debian
	$(Q)ATOLL=$(abspath $(B))/atoll tests/clients/run

fault: all ## kill -9 at any moment, and what is there afterwards
	$(Q)ATOLL=$(abspath $(B))/atoll tests/fault/run

sim: $(B)/tests/sim/sim ## SEEDS random histories of a world, judged; SIM="--seed 7 --print" repeats one
	$(Q)$(B)/tests/sim/sim --seeds $(or $(SEEDS),100) $(SIM)

wire: all ## bad input over real sockets
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/run
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/permits
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/clock
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/streams
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/large_replica

seeing: all ## the admin API as documented: events, faults, metrics, anomalies, scenarios
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/seeing
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/admin_input
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/snapshots
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/stories
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/recording
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/same_seed
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/config_change
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/full_queue
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/doing
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/manners
	$(Q)ATOLL=$(abspath $(B))/atoll tests/wire/words

golden: all ## request/response pairs, each a statement of AWS's documents; GOLDEN="e6-get.golden:12 -v" plays one
	$(Q)ATOLL=$(abspath $(B))/atoll tests/golden/run $(GOLDEN)

test: ## everything that Debian alone can run; installs what it needs; ends with "N passed, N failed"
	$(Q)tests/run-all

test-clients: all ## clients of npm, Go, Maven, Cargo and PyPI (optional; needs the network)
	$(Q)ATOLL=$(abspath $(B))/atoll tests/clients/run --more

deps: ## install from Debian what building needs
	$(Q)tests/install build
test-deps: ## install from Debian what the tests need
	$(Q)tests/install build test

GOLDEN_FILES = $(sort $(wildcard tests/golden/*.golden))
MAN_PAGES := atoll.1 atoll-serve.1 atoll.json.5 atoll-scenario.5
lint: $(B)/tests/docs/coverage $(B)/tests/docs/manual ## layers, sizes, headers, READMEs, format, docs/coverage.md, man pages
	$(Q)tests/lint/layers.sh && tests/lint/sizes.sh && tests/lint/readmes.sh && tests/lint/headers.sh $(CC) $(CPPFLAGS) -std=c17 $(WARN) -Werror
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror
	$(Q)$(B)/tests/docs/coverage $(GOLDEN_FILES) >$(B)/coverage.md
	$(Q)cmp $(B)/coverage.md docs/coverage.md || { echo "docs/coverage.md: run make docs"; exit 1; }
	$(Q)for p in $(MAN_PAGES); do $(B)/tests/docs/manual $$p | cmp - docs/man/$$p || { echo "docs/man/$$p: run make docs"; exit 1; }; done
	$(Q)mandoc -Tlint -Wwarning $(MAN_PAGES:%=docs/man/%)
	@echo "lint: clean"
tidy: ## clang-tidy and cppcheck (slow)
	$(Q)git ls-files '*.c' | grep -v '^tests/' | xargs -P 2 -n 8 clang-tidy --quiet -- $(CPPFLAGS) -std=c17
	$(Q)cppcheck --quiet --enable=warning,portability --suppress=unusedStructMember --inline-suppr --error-exitcode=1 -I. $(FOLDERS)
docs: $(B)/tests/docs/coverage $(B)/tests/docs/manual ## docs/coverage.md and docs/man, from the tables of the program
	$(Q)$(B)/tests/docs/coverage $(GOLDEN_FILES) >docs/coverage.md
	$(Q)for p in $(MAN_PAGES); do $(B)/tests/docs/manual $$p >docs/man/$$p || exit 1; done
format: ## clang-format over everything
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i

asan: ## unit tests, scenarios, a few simulated histories and a served session (leaks at its end too) under ASan and UBSan
	$(Q)$(MAKE) B=build/asan SAN=address,undefined OPT=-O1 all unit scenarios wire golden sim SEEDS=6
tsan: ## unit tests, scenarios, a few simulated histories and a served session under TSan
	$(Q)TSAN_OPTIONS="suppressions=$(CURDIR)/tests/tsan.supp history_size=4" $(MAKE) B=build/tsan SAN=thread OPT=-O1 all unit scenarios wire golden sim SEEDS=6

bench: all $(B)/tests/bench/load $(B)/tests/bench/inside ## figures; make bench ONLY="listing queue" for some (wrk, nginx from Debian)
	$(Q)tests/install build bench
	$(Q)LOAD=$(abspath $(B))/tests/bench/load ATOLL=$(abspath $(B))/atoll tests/bench/run $(ONLY)
FUZZERS := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/*.c))
fuzz: ## libFuzzer targets, FUZZ_SECONDS each (clang, libclang-rt-14-dev)
	$(Q)tests/install build fuzz
	$(Q)$(MAKE) B=build/fuzz CC=clang SAN=address,undefined,fuzzer-no-link OPT=-O1 fuzzers
	$(Q)tests/fuzz/run build/fuzz $(or $(FUZZ_SECONDS),10)
fuzzers: $(FUZZERS)
$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(foreach u,$(USES_server),$(call library,$(u)))
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer $< -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LDLIBS) -o $@
demo: ## from a bare Debian 12 to the stale read, in one command
	$(Q)examples/demo

install: all ## DESTDIR, PREFIX
	install -D -m 755 $(B)/atoll $(DESTDIR)$(PREFIX)/bin/atoll
	install -D -m 644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/atoll/LICENSE
	install -D -m 644 README.md $(DESTDIR)$(PREFIX)/share/doc/atoll/README.md
	$(Q)for p in $(MAN_PAGES); do install -D -m 644 docs/man/$$p $(DESTDIR)$(PREFIX)/share/man/man$${p##*.}/$$p || exit 1; done
	$(Q)$(B)/atoll completion bash | install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/bash-completion/completions/atoll
	$(Q)$(B)/atoll completion zsh | install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_atoll
	$(Q)$(B)/atoll completion fish | install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/atoll.fish

clean: ## remove everything built
	$(Q)rm -rf build

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Programs of tests: one source each, linked with the libraries.
define test_program
$(B)/tests/$(1)/%: tests/$(1)/%.c $(wildcard tests/$(1)/*.h) Makefile $(foreach u,cli $(USES_scenario),$(call library,$(u)))
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(CC) $$(CPPFLAGS) $$(CFLAGS) $$(LDFLAGS) $$< -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group $$(LDLIBS) -o $$@
endef
$(foreach d,fault bench docs sim,$(eval $(call test_program,$(d))))

-include $(foreach f,$(FOLDERS),$(patsubst %.c,$(B)/%.d,$(call sources,$(f)))) $(UNIT_BINS:=.d)
.PHONY: FORCE sim docs fuzz fuzzers all unit scenarios clients fault wire seeing test test-clients deps test-deps lint tidy format asan tsan bench demo install clean help
.SECONDARY:
