# libpipeline. `make help` lists the targets; CONTRIBUTING.md says how the tree is laid out.

SHELL := /bin/sh
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules

# ---- what a user may set ------------------------------------------------------------------------

O = build
prefix = /usr/local
exec_prefix = $(prefix)
libdir = $(exec_prefix)/lib
includedir = $(prefix)/include
datarootdir = $(prefix)/share
datadir = $(datarootdir)
docdir = $(datarootdir)/doc/libpipeline-pln
mandir = $(datarootdir)/man
pkgconfigdir = $(libdir)/pkgconfig
cmakedir = $(libdir)/cmake/pln
DESTDIR =

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif
ifeq ($(origin AR),default)
AR := gcc-ar
endif
CFLAGS ?= -g
CXXFLAGS ?= -g -O2
PKG_CONFIG ?= pkg-config
PYTHON ?= python3
CLANG ?= clang
INSTALL ?= install
INSTALL_PROGRAM ?= $(INSTALL) -m 755
INSTALL_DATA ?= $(INSTALL) -m 644
FUZZ_SECONDS ?= 60
TORTURE_MINUTES ?= 90
TESTS ?=
BENCH ?= *
# asan (with ubsan), ubsan, tsan, cov or fuzz; set by the prefix targets.
SANITIZE ?=
V ?= 0

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)';)
quote = '$(subst ','\'',$(1))'

# ---- names --------------------------------------------------------------------------------------

version_of = $(shell sed -n 's/^\#define $(1) "\{0,1\}\([0-9.]*\)"\{0,1\}$$/\1/p' include/pln/version.h)
VERSION := $(call version_of,PLN_VERSION)
ABI := $(call version_of,PLN_ABI_VERSION)
SONAME := libpipeline-pln.so.$(ABI)
REALNAME := libpipeline-pln.so.$(VERSION)

# ---- flags --------------------------------------------------------------------------------------

MODULES := jansson libxxhash sqlite3 zlib
HAVE_MODULES := $(shell $(PKG_CONFIG) --exists $(MODULES) 2>/dev/null && echo yes)
MODULE_CFLAGS := $(if $(HAVE_MODULES),$(shell $(PKG_CONFIG) --cflags $(MODULES)))
MODULE_LIBS := $(if $(HAVE_MODULES),$(shell $(PKG_CONFIG) --libs $(MODULES)))
LIBS := $(MODULE_LIBS) -lm -ldl -pthread

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla -Wimplicit-fallthrough \
    -Wstrict-prototypes -Wformat=2 -Werror=format-security
# Each is used only if the compiler knows it. Never -z nodlopen: it stops ctypes and every other loader.
HARDEN := -fstack-clash-protection -fstack-protector-strong -fcf-protection=full \
    -fno-delete-null-pointer-checks -fno-strict-overflow -ftrivial-auto-var-init=zero -fexceptions \
    -Wtrampolines -Wbidi-chars=any
HARDEN_LD := -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now -Wl,--as-needed \
    -Wl,--no-copy-dt-needed-entries -Wl,--build-id=sha1
FORTIFY := $(if $(filter -O0 -Og,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)

OPT := -O2
OPT_KERNELS := -O3
ifneq ($(SANITIZE),)
HARDEN := -fno-omit-frame-pointer
FORTIFY :=
SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=all
SANITIZE_ubsan := -fsanitize=undefined -fno-sanitize-recover=all
SANITIZE_tsan := -fsanitize=thread
SANITIZE_cov := --coverage -fprofile-abs-path -fprofile-update=atomic
SANITIZE_fuzz := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
SANITIZERS := $(or $(SANITIZE_$(SANITIZE)),$(error SANITIZE=$(SANITIZE) is none of asan ubsan tsan cov fuzz))
OPT := $(if $(filter cov,$(SANITIZE)),-O0,-O1)
OPT_KERNELS := $(OPT)
endif

PROBED := $(shell build-aux/probe-flags $(call quote,$(CC)) $(WARN) $(HARDEN) $(HARDEN_LD))
comma := ,
PLN_CC := $(filter-out -Wl$(comma)%,$(PROBED))
PLN_LD := $(filter -Wl$(comma)%,$(PROBED))

PLN_CPPFLAGS := -Iinclude -Ilib -D_POSIX_C_SOURCE=200809L -D_FILE_OFFSET_BITS=64 $(MODULE_CFLAGS) $(FORTIFY)
PLN_CFLAGS := -std=c11 -fPIC -pthread $(PLN_CC) $(SANITIZERS)
PLN_LDFLAGS := -pthread $(PLN_LD) $(SANITIZERS)
# Paths of the build machine stay out of every product.
PREFIX_MAP := -ffile-prefix-map=$(CURDIR)=.

LIB_CC = $(CC) $(PLN_CPPFLAGS) $(CPPFLAGS) $(PLN_CFLAGS) -fvisibility=hidden $(1) $(PREFIX_MAP) $(CFLAGS) -MMD -MP
TEST_CC = $(CC) $(PLN_CPPFLAGS) -Itest/support -Itest $(CPPFLAGS) $(PLN_CFLAGS) $(CHECK_CFLAGS) $(OPT) \
    $(PREFIX_MAP) $(CFLAGS) -MMD -MP
LINK = $(CC) $(PLN_CFLAGS) $(CFLAGS) $(PLN_LDFLAGS) $(LDFLAGS)

CHECK_CFLAGS = $(shell $(PKG_CONFIG) --cflags check 2>/dev/null)
CHECK_LIBS = $(shell $(PKG_CONFIG) --libs check 2>/dev/null)

# Objects live in a folder named after all that shapes them, so a change of flags never mixes two builds.
KEY := $(shell printf '%s' $(call quote,$(CC) $(shell $(CC) --version 2>/dev/null | head -n 1) \
    $(PLN_CPPFLAGS) $(CPPFLAGS) $(PLN_CFLAGS) $(OPT) $(OPT_KERNELS) $(CFLAGS) $(PLN_LDFLAGS) $(LDFLAGS) $(LIBS)) | \
    cksum | cut -d ' ' -f 1)
OBJ := $(O)/obj/$(KEY)

# ---- sources ------------------------------------------------------------------------------------

LIB_SRC := $(sort $(wildcard lib/*/*.c lib/connect/*/*.c))
LIB_OBJ := $(LIB_SRC:%.c=$(OBJ)/%.o)
HEADERS := $(sort $(wildcard include/pln/*.h include/pln/*.hpp))

UNIT_SRC := $(sort $(wildcard test/unit/*/test_*.c))
UNIT_OBJ := $(UNIT_SRC:%.c=$(OBJ)/%.o) $(OBJ)/test/unit/main.o
SUPPORT_OBJ := $(patsubst %.c,$(OBJ)/%.o,$(sort $(wildcard test/support/*.c)))
PROGRAM_SRC := $(sort $(wildcard $(addsuffix /*.c,test/kit test/chaos test/laws test/crash)))
PROGRAMS := $(PROGRAM_SRC:%.c=$(O)/%)
BENCHES := $(patsubst %.c,$(O)/%,$(sort $(wildcard test/bench/bench_*.c)))
FUZZ_SRC := $(sort $(wildcard test/fuzz/fuzz_*.c))
FUZZ_REPLAYS := $(FUZZ_SRC:%.c=$(O)/%)
EXAMPLES := $(patsubst %.c,$(O)/%,$(sort $(wildcard examples/*.c))) \
    $(patsubst %.cpp,$(O)/%-cpp,$(sort $(wildcard examples/*.cpp))) \
    $(patsubst %.c,$(O)/%.so,$(sort $(wildcard examples/plugin/*.c)))
TEST_OBJ := $(UNIT_OBJ) $(SUPPORT_OBJ) $(patsubst %.c,$(OBJ)/%.o,$(PROGRAM_SRC) $(FUZZ_SRC) \
    $(wildcard test/bench/*.c test/fuzz/replay.c))

# ---- build --------------------------------------------------------------------------------------

.PHONY: all lib man examples
all: lib man ## the library, shared and static, with its manual
lib: $(O)/libpipeline.so $(O)/libpipeline.a $(O)/pln.pc

.PHONY: need force
need:
	@test -n "$(HAVE_MODULES)" || { build-aux/setup --print build; exit 1; }
force:

# Rewritten only when the key changes; whatever is linked depends on it.
$(O)/.key: force
	@mkdir -p $(@D) && { echo '$(KEY)' | cmp -s - $@ || echo '$(KEY)' > $@; }

$(OBJ)/lib/%.o: lib/%.c | need
	$(call say,CC,$<)mkdir -p $(@D) && $(call LIB_CC,$(if $(filter %_kernels,$*),$(OPT_KERNELS),$(OPT))) -c -o $@ $<

$(OBJ)/test/%.o: test/%.c | need
	$(call say,CC,$<)mkdir -p $(@D) && $(TEST_CC) -c -o $@ $<

$(O)/libpipeline.so: $(LIB_OBJ) lib/pln.map $(O)/.key
	$(call say,LINK,$@)$(LINK) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=lib/pln.map \
	    $(if $(SANITIZE),,-Wl,-z,defs) -o $@ $(LIB_OBJ) $(LIBS)
	@ln -sf libpipeline.so $(O)/$(SONAME) && ln -sf libpipeline.so $(O)/libpipeline-pln.so

$(O)/libpipeline.a: $(LIB_OBJ) $(O)/.key
	$(call say,AR,$@)rm -f $@ && $(AR) rcsD $@ $(LIB_OBJ)

$(O)/pln.pc: pkgconfig/pln.pc.in Makefile include/pln/version.h force
	@mkdir -p $(@D) && sed -e 's|@prefix@|$(prefix)|' -e 's|@exec_prefix@|$(subst $(prefix),$${prefix},$(exec_prefix))|' \
	    -e 's|@libdir@|$(subst $(exec_prefix),$${exec_prefix},$(libdir))|' \
	    -e 's|@includedir@|$(subst $(prefix),$${prefix},$(includedir))|' \
	    -e 's|@version@|$(VERSION)|' -e 's|@modules@|$(MODULES)|' $< > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# ---- examples -----------------------------------------------------------------------------------

examples: $(EXAMPLES) ## the programs of examples/, against the shared library

EXAMPLE_LINK = $(LDFLAGS) -L$(O) -lpipeline -Wl,-rpath,'$$ORIGIN/..' -lm -pthread $(SANITIZERS)
$(O)/examples/%: examples/%.c $(O)/libpipeline.so
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) -Iinclude $(CPPFLAGS) -std=c11 -D_POSIX_C_SOURCE=200809L $(WARN) \
	    $(OPT) $(SANITIZERS) $(CFLAGS) -o $@ $< $(EXAMPLE_LINK)
$(O)/examples/%-cpp: examples/%.cpp $(O)/libpipeline.so
	$(call say,CXX,$<)mkdir -p $(@D) && $(CXX) -Iinclude $(CPPFLAGS) -std=c++17 -Wall -Wextra -Wpedantic \
	    $(SANITIZERS) $(CXXFLAGS) -o $@ $< $(EXAMPLE_LINK)
$(O)/examples/plugin/%.so: examples/plugin/%.c $(HEADERS)
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) -Iinclude $(CPPFLAGS) -std=c11 -fPIC -shared -fvisibility=hidden $(WARN) \
	    $(OPT) $(SANITIZERS) $(CFLAGS) -o $@ $<
$(EXAMPLES): $(HEADERS)

# ---- tests --------------------------------------------------------------------------------------

$(O)/gen/suites.inc: build-aux/suites force
	@mkdir -p $(@D) && build-aux/suites $(UNIT_SRC) > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
$(OBJ)/test/unit/main.o: TEST_CC += -I$(O)/gen
$(OBJ)/test/unit/main.o: $(O)/gen/suites.inc

$(O)/libtest.a: $(SUPPORT_OBJ) $(O)/.key
	$(Q)rm -f $@ && $(AR) rcsD $@ $(SUPPORT_OBJ)

TEST_LIBS = $(O)/libtest.a $(O)/libpipeline.a $(CHECK_LIBS) $(LIBS)
$(O)/check-unit: $(UNIT_OBJ) $(O)/libtest.a $(O)/libpipeline.a
	$(call say,LINK,$@)$(LINK) -o $@ $(UNIT_OBJ) $(TEST_LIBS)
$(PROGRAMS) $(BENCHES): $(O)/%: $(OBJ)/%.o $(O)/libtest.a $(O)/libpipeline.a
	$(call say,LINK,$@)mkdir -p $(@D) && $(LINK) -o $@ $< $(TEST_LIBS)
$(FUZZ_REPLAYS): $(O)/%: $(OBJ)/%.o $(OBJ)/test/fuzz/replay.o $(O)/libtest.a $(O)/libpipeline.a
	$(call say,LINK,$@)mkdir -p $(@D) && $(LINK) -o $@ $< $(OBJ)/test/fuzz/replay.o $(TEST_LIBS)

# Quiet set-up first, then a make of its own: the flags above could not be known without a compiler.
AGAIN = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc 2>/dev/null || echo 2))

.PHONY: check tests run-tests quickstart run-quickstart setup
check: ## install what is missing (as root), build, run every test
	@CC=$(call quote,$(CC)) build-aux/setup check
	@$(AGAIN) tests
	@$(MAKE) --no-print-directory run-tests
tests: lib man $(O)/check-unit $(PROGRAMS) $(FUZZ_REPLAYS) examples
run-tests:
	@O=$(call quote,$(O)) CC=$(call quote,$(CC)) CXX=$(call quote,$(CXX)) MAKE=$(call quote,$(MAKE)) \
	    SANITIZE=$(SANITIZE) $(PYTHON) test/run $(TESTS)

quickstart: ## install what is missing (as root), build and run the first example twice
	@CC=$(call quote,$(CC)) build-aux/setup build
	@$(AGAIN) $(O)/examples/quickstart
	@$(MAKE) --no-print-directory run-quickstart
run-quickstart:
	@build-aux/quickstart $(O)

setup: ## install what the build, the tests and lint need (as root), or print the apt line
	@CC=$(call quote,$(CC)) build-aux/setup lint

# asan-check, tsan-tests, cov-check, ...: the same target in a build of its own under $(O).
define sanitized
$(1)-%:
	@$$(MAKE) --no-print-directory SANITIZE=$(1) O=$(O)/$(1) $$*
endef
$(foreach kind,asan ubsan tsan cov,$(eval $(call sanitized,$(kind))))

-include $(LIB_OBJ:.o=.d) $(TEST_OBJ:.o=.d)

# ---- bench, fuzz --------------------------------------------------------------------------------

.PHONY: bench fuzz
bench: $(BENCHES) ## measure; one JSON line per case, also in $(O)/bench.jsonl (BENCH=pattern)
	@for b in $(O)/test/bench/bench_$(BENCH); do $$b || exit; done | tee $(O)/bench.jsonl

# ---- house keeping ------------------------------------------------------------------------------

.PHONY: clean distclean help symbols
symbols: ## rewrite lib/pln.map from the public headers
	@build-aux/symbols $(HEADERS) > lib/pln.map.new && mv lib/pln.map.new lib/pln.map
clean: ## remove what was built
	rm -rf $(O)
distclean: clean
help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 20
	@printf '%s\n' '  asan-X ubsan-X ...  target X with a sanitizer (asan, ubsan, tsan) or coverage (cov), in $(O)/asan and so on' \
	    'Variables: O=build prefix DESTDIR CC CFLAGS V=1 TESTS="unit/base laws" FUZZ_SECONDS=60'
