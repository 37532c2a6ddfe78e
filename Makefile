# libpipeline. `make help` lists the targets; CONTRIBUTING.md says how the tree is laid out.

SHELL := /bin/sh
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
# For scripts that call make: a line with the variable itself in it would run even under make -n.
MAKE_COMMAND := $(MAKE)

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
FUZZ ?=
PKG_CONFIG ?= pkg-config
PYTHON ?= python3
CLANG ?= clang
INSTALL ?= install
INSTALL_PROGRAM ?= $(INSTALL) -m 755
INSTALL_DATA ?= $(INSTALL) -m 644
FUZZ_SECONDS ?= 60
FUZZ_RUNS ?= 0
TORTURE_MINUTES ?= 90
TESTS ?=
# Set to make warnings errors, as CI does.
WERROR ?=
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
CONFIGS := pln.pc plnConfig.cmake plnConfigVersion.cmake
AVRO_C_SONAME := libpipeline-pln-avro-c.so.$(ABI)
AVRO_C_REALNAME := libpipeline-pln-avro-c.so.$(VERSION)

# ---- flags --------------------------------------------------------------------------------------

MODULES := jansson libxxhash sqlite3 zlib
HAVE_MODULES := $(shell $(PKG_CONFIG) --exists $(MODULES) 2>/dev/null && echo yes)
MODULE_CFLAGS := $(if $(HAVE_MODULES),$(shell $(PKG_CONFIG) --cflags $(MODULES)))
MODULE_LIBS := $(if $(HAVE_MODULES),$(shell $(PKG_CONFIG) --libs $(MODULES)))
# Used where they are installed; AUTO= builds without them.
AUTO ?= libdeflate libzstd libpcre2-8 yaml-0.1
MODULES_AUTO := $(strip $(foreach m,$(AUTO),$(if $(shell $(PKG_CONFIG) --exists $(m) 2>/dev/null && echo yes),$(m))))
AUTO_CFLAGS := $(if $(MODULES_AUTO),$(shell $(PKG_CONFIG) --cflags $(MODULES_AUTO))) \
    $(if $(filter libdeflate,$(MODULES_AUTO)),-DPLN_HAVE_LIBDEFLATE) $(if $(filter libzstd,$(MODULES_AUTO)),-DPLN_HAVE_ZSTD) \
    $(if $(filter libpcre2-8,$(MODULES_AUTO)),-DPLN_HAVE_PCRE2) $(if $(filter yaml-0.1,$(MODULES_AUTO)),-DPLN_HAVE_YAML)
MODULE_LIBS += $(if $(MODULES_AUTO),$(shell $(PKG_CONFIG) --libs $(MODULES_AUTO)))
LIBS := $(MODULE_LIBS) -lm -ldl -pthread

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla -Wimplicit-fallthrough \
    -Wstrict-prototypes -Wformat=2 -Werror=format-security -Werror=implicit-function-declaration \
    -Werror=int-conversion -Werror=incompatible-pointer-types
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
# What a sanitizer adds to the code makes gcc warn of conversions and uninitialised values that are not there.
WARN := $(filter-out -Wconversion,$(WARN)) -Wno-maybe-uninitialized
HARDEN := -fno-omit-frame-pointer $(if $(filter fuzz,$(SANITIZE)),-Wno-format-nonliteral)
FORTIFY :=
SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=all
SANITIZE_ubsan := -fsanitize=undefined -fno-sanitize-recover=all
SANITIZE_tsan := -fsanitize=thread
SANITIZE_cov := --coverage -fprofile-abs-path -fprofile-update=atomic
SANITIZE_fuzz := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-coverage=trace-cmp -fno-sanitize-recover=all
SANITIZERS := $(or $(SANITIZE_$(SANITIZE)),$(error SANITIZE=$(SANITIZE) is none of asan ubsan tsan cov fuzz))
OPT := $(if $(filter cov,$(SANITIZE)),-O0,-O1)
OPT_KERNELS := $(OPT)
endif

PROBED := $(shell build-aux/probe-flags $(call quote,$(CC)) $(WARN) $(HARDEN) $(HARDEN_LD))
comma := ,
PLN_CC := $(filter-out -Wl$(comma)%,$(PROBED))
PLN_LD := $(filter -Wl$(comma)%,$(PROBED))

PLN_CPPFLAGS := -Iinclude -Ilib -D_POSIX_C_SOURCE=200809L -D_XOPEN_SOURCE=700 -D_FILE_OFFSET_BITS=64 $(MODULE_CFLAGS) $(AUTO_CFLAGS) $(FORTIFY)
PLN_CFLAGS := -std=c11 -fPIC -pthread $(PLN_CC) $(SANITIZERS) $(if $(WERROR),$(if $(SANITIZE),,-Werror))
# Hosts run the library on small stacks (goroutines, fibres).
FRAME := $(if $(SANITIZE),,-Wframe-larger-than=16384)
PLN_LDFLAGS := -pthread $(PLN_LD) $(SANITIZERS)
# Paths of the build machine stay out of every product.
PREFIX_MAP := -ffile-prefix-map=$(CURDIR)=.

# clang does not know the pragma by which a variant of a kernel asks gcc for its instructions.
IS_CLANG := $(findstring clang,$(shell $(CC) --version 2>/dev/null))
CLANG_TARGET = $(if $(IS_CLANG),-Wno-unknown-pragmas \
    $$(sed -n 's/^\#pragma GCC target("\(.*\)")/,\1/p' $< | sed 's/,/ -m/g'))

LIB_CC = $(CC) $(PLN_CPPFLAGS) $(CPPFLAGS) $(PLN_CFLAGS) -fvisibility=hidden $(FRAME) $(1) $(CLANG_TARGET) $(PREFIX_MAP) $(CFLAGS) -MMD -MP
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

LIB_SRC := $(filter-out lib/connect/http/%,$(sort $(wildcard lib/*/*.c lib/connect/*/*.c)))
LIB_OBJ := $(LIB_SRC:%.c=$(OBJ)/%.o)
# Plugins: a folder of lib/connect each, built where its foreign library is there. They link to room base of the static library, and export one symbol.
HAVE_CURL := $(shell $(PKG_CONFIG) --exists libcurl 2>/dev/null && echo yes)
PLUGINS := $(if $(HAVE_CURL),$(O)/plugins/pln-http.so)
# The bridge to avro-c, a library of its own where avro-c is there.
HAVE_AVRO_C := $(shell $(PKG_CONFIG) --exists avro-c 2>/dev/null && echo yes)
BRIDGES := $(if $(HAVE_AVRO_C),$(O)/libpipeline-pln-avro-c.so $(O)/pln-avro-c.pc)
AVRO_C_OBJ := $(patsubst %.c,$(OBJ)/%.o,$(sort $(wildcard bindings/avro-c/*.c)))
HTTP_OBJ := $(patsubst %.c,$(OBJ)/%.o,$(sort $(wildcard lib/connect/http/*.c)))
HEADERS := $(sort $(wildcard include/pln/*.h include/pln/*.hpp))

UNIT_SRC := $(sort $(wildcard test/unit/*/test_*.c))
UNIT_OBJ := $(UNIT_SRC:%.c=$(OBJ)/%.o) $(OBJ)/test/unit/main.o
# What a plugin makes of bytes from outside is tested without it.
SUPPORT_OBJ := $(patsubst %.c,$(OBJ)/%.o,$(sort $(wildcard test/support/*.c test/kit/kit*.c))) $(OBJ)/lib/connect/http/reply.o
PROGRAM_SRC := $(filter-out test/kit/kit%,$(sort $(wildcard $(addsuffix /*.c,test/kit test/chaos test/laws test/crash))))
PROGRAMS := $(PROGRAM_SRC:%.c=$(O)/%)
BENCHES := $(patsubst %.c,$(O)/%,$(sort $(wildcard test/bench/bench_*.c)))
ERRORS := $(patsubst %.c,$(O)/%,$(sort $(wildcard test/error/error_*.c)))
FUZZ_SRC := $(sort $(wildcard test/fuzz/fuzz_*.c))
FUZZ_REPLAYS := $(FUZZ_SRC:%.c=$(O)/%)
EXAMPLES := $(patsubst %.c,$(O)/%,$(sort $(wildcard examples/*.c))) \
    $(patsubst %.cpp,$(O)/%-cpp,$(sort $(wildcard examples/*.cpp))) \
    $(patsubst %.c,$(O)/%.so,$(sort $(wildcard examples/plugin/*.c)))
TEST_OBJ := $(UNIT_OBJ) $(SUPPORT_OBJ) $(patsubst %.c,$(OBJ)/%.o,$(PROGRAM_SRC) $(FUZZ_SRC) \
    $(wildcard test/bench/*.c test/error/*.c test/fuzz/replay.c))

# ---- build --------------------------------------------------------------------------------------

.PHONY: all lib man examples plugins bridges
all: lib man plugins bridges ## the library, shared and static, with its manual
lib: $(O)/libpipeline.so $(O)/libpipeline.a $(addprefix $(O)/,$(CONFIGS))
plugins: $(PLUGINS) ## the plugins whose libraries are there
bridges: $(BRIDGES) ## libraries between this one and another that a host may use

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

$(O)/plugins/pln-http.so: $(HTTP_OBJ) $(O)/libpipeline.a lib/plugin.map $(O)/.key
	$(call say,LINK,$@)mkdir -p $(@D) && $(LINK) -shared -Wl,--version-script=lib/plugin.map \
	    $(if $(SANITIZE),,-Wl$(comma)-z$(comma)defs) -o $@ $(HTTP_OBJ) $(O)/libpipeline.a $(shell $(PKG_CONFIG) --libs libcurl) $(LIBS)

$(OBJ)/bindings/avro-c/%.o: bindings/avro-c/%.c | need
	$(call say,CC,$<)mkdir -p $(@D) && $(call LIB_CC,$(OPT) -Ibindings/avro-c $(shell $(PKG_CONFIG) --cflags avro-c)) -c -o $@ $<
$(O)/libpipeline-pln-avro-c.so: $(AVRO_C_OBJ) $(O)/libpipeline.so bindings/avro-c/avro_c.map $(O)/.key
	$(call say,LINK,$@)$(LINK) -shared -Wl,-soname,$(AVRO_C_SONAME) -Wl,--version-script=bindings/avro-c/avro_c.map \
	    $(if $(SANITIZE),,-Wl$(comma)-z$(comma)defs) -o $@ $(AVRO_C_OBJ) $(O)/libpipeline.so $(shell $(PKG_CONFIG) --libs avro-c)
	@ln -sf $(@F) $(O)/$(AVRO_C_SONAME)

# What pkg-config and CMake are told: the templates of pkgconfig/ with this build's names filled in.
FILL = sed -e 's|@prefix@|$(prefix)|' -e 's|@exec_prefix@|$(patsubst $(prefix)%,$${prefix}%,$(exec_prefix))|' \
    -e 's|@libdir@|$(if $(findstring .cmake,$@),$(libdir),$(patsubst $(exec_prefix)%,$${exec_prefix}%,$(libdir)))|' \
    -e 's|@includedir@|$(if $(findstring .cmake,$@),$(includedir),$(patsubst $(prefix)%,$${prefix}%,$(includedir)))|' \
    -e 's|@version@|$(VERSION)|' -e 's|@soname@|$(SONAME)|' -e 's|@modules@|$(MODULES) $(MODULES_AUTO)|'
$(addprefix $(O)/,$(CONFIGS) pln-avro-c.pc): $(O)/%: pkgconfig/%.in force
	@mkdir -p $(@D) && $(FILL) $< > $@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# The pages of section 3 come from the comments of the public headers.
man: $(O)/man/.made ## the manual pages of section 3, from the headers
$(O)/man/.made: build-aux/man3 $(HEADERS)
	$(call say,MAN,$(O)/man)rm -rf $(@D) && mkdir -p $(@D) && \
	    if command -v $(PYTHON) >/dev/null; then $(PYTHON) build-aux/man3 $(@D) $(HEADERS); \
	    else echo 'no $(PYTHON): the pages of section 3 are left out'; fi
	@touch $@

# ---- examples -----------------------------------------------------------------------------------

examples: $(EXAMPLES) ## the programs of examples/, against the shared library

# An example that looks into its database links SQLite as well.
EXAMPLE_LINK = $(LDFLAGS) -L$(O) -lpipeline -Wl,-rpath,'$$ORIGIN/..' -Wl,--as-needed $(MODULE_LIBS) -lm -pthread $(SANITIZERS)
EXAMPLE_WARN = $(WARN) $(if $(WERROR),-Werror)
$(O)/examples/%: examples/%.c $(O)/libpipeline.so
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) -Iinclude $(CPPFLAGS) -std=c11 -D_POSIX_C_SOURCE=200809L $(EXAMPLE_WARN) \
	    $(OPT) $(SANITIZERS) $(CFLAGS) -o $@ $< $(EXAMPLE_LINK)
$(O)/examples/%-cpp: examples/%.cpp bindings/cpp/pln.hpp $(O)/libpipeline.so
	$(call say,CXX,$<)mkdir -p $(@D) && $(CXX) -Iinclude -Ibindings/cpp $(CPPFLAGS) -std=c++17 -Wall -Wextra -Wpedantic $(if $(WERROR),-Werror) \
	    $(SANITIZERS) $(CXXFLAGS) -o $@ $< $(EXAMPLE_LINK)
$(O)/examples/plugin/%.so: examples/plugin/%.c $(HEADERS)
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) -Iinclude $(CPPFLAGS) -std=c11 -fPIC -shared -fvisibility=hidden $(EXAMPLE_WARN) \
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
$(PROGRAMS) $(BENCHES) $(ERRORS): $(O)/%: $(OBJ)/%.o $(O)/libtest.a $(O)/libpipeline.a
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
tests: lib man plugins bridges $(O)/check-unit $(PROGRAMS) $(ERRORS) $(FUZZ_REPLAYS) examples
run-tests:
	@O=$(call quote,$(O)) CC=$(call quote,$(CC)) CXX=$(call quote,$(CXX)) MAKE=$(call quote,$(MAKE_COMMAND)) \
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

-include $(LIB_OBJ:.o=.d) $(HTTP_OBJ:.o=.d) $(AVRO_C_OBJ:.o=.d) $(TEST_OBJ:.o=.d)

# ---- bench, figures, fuzz, torture, lint --------------------------------------------------------

.PHONY: bench figures fuzz run-fuzz torture valgrind coverage lint ci format
bench: ## measure; one JSON line per case, also in build/bench.jsonl (BENCH=pattern; PYTHON=one that has duckdb, for that peer)
	@CC=$(call quote,$(CC)) build-aux/setup build
	@$(AGAIN) $(or $(BENCHES),lib)
	@{ for b in $(O)/test/bench/bench_$(BENCH); do if [ -x $$b ]; then $$b; fi; done; \
	    command -v $(PYTHON) >/dev/null || { echo 'skip: peers that $(PYTHON) asks' >&2; exit; }; \
	    for p in test/bench/peer_$(BENCH).py; do if [ -e $$p ]; then O=$(O) $(PYTHON) $$p; fi; done; } \
	    | tee $(O)/bench.jsonl

figures: ## measure the errors of sketches anew: test/error/data, quarter of an hour; then their plots
	@CC=$(call quote,$(CC)) build-aux/setup build
	@$(AGAIN) $(ERRORS)
	@for e in $(ERRORS); do echo "  $$e" && $$e > $$e.csv && mv $$e.csv test/error/data/$${e##*/error_}.csv || exit; done
	@$(PYTHON) test/error/figures.py

fuzz: ## libFuzzer on every target, FUZZ_SECONDS or FUZZ_RUNS each (FUZZ="part of a name")
	@CLANG=$(CLANG) build-aux/setup fuzz
	@$(AGAIN) CC=$(CLANG) SANITIZE=fuzz O=$(O)/fuzz run-fuzz
$(FUZZ_SRC:test/fuzz/%.c=$(O)/libfuzzer/%): $(O)/libfuzzer/%: $(OBJ)/test/fuzz/%.o $(O)/libtest.a $(O)/libpipeline.a
	$(call say,LINK,$@)mkdir -p $(@D) && $(LINK) -fsanitize=fuzzer -o $@ $< $(O)/libtest.a $(O)/libpipeline.a $(LIBS)
run-fuzz: $(FUZZ_SRC:test/fuzz/%.c=$(O)/libfuzzer/%)
	@build-aux/fuzz $(O) $(FUZZ_SECONDS) $(FUZZ_RUNS) $(FUZZ)

torture: ## the long form of the chaos, law, kill and fuzz tests (TORTURE_MINUTES, 90 by default)
	@CC=$(call quote,$(CC)) build-aux/setup check
	@$(AGAIN) tests
	@MAKE=$(call quote,$(MAKE_COMMAND)) O=$(O) PYTHON=$(PYTHON) build-aux/torture $(TORTURE_MINUTES) $(words $(FUZZ_SRC))

# The compiler must not hide what is uninitialised. SQLite holds its pages by their middle: "possibly lost" in a forked child, which may not close them.
# Machine code of a regular expression reads behind its text and drops what it read, which valgrind does not follow: expressions are interpreted.
# Not fortified: valgrind takes that memmove for a memcpy, whose ends must not overlap.
valgrind: ## the unit tests under valgrind (TESTS="unit/base")
	@CC=$(call quote,$(CC)) build-aux/setup check
	@$(AGAIN) O=$(O)/valgrind CFLAGS='-g -O1 -ftrivial-auto-var-init=uninitialized -U_FORTIFY_SOURCE' $(O)/valgrind/check-unit
	@CK_FORK=no PLN_INTERPRET=yes valgrind -q --leak-check=full --errors-for-leak-kinds=definite --error-exitcode=9 \
	    $(O)/valgrind/check-unit $(patsubst unit/%,%,$(TESTS))

coverage: cov-check ## the tests with coverage, and the lines of each room that they reach
	@build-aux/coverage $(O)/cov

lint: ## rooms, headers, sizes, forbidden calls, symbols, manual, layout of the code
	@CC=$(call quote,$(CC)) build-aux/setup lint
	@$(AGAIN) lib man
	@O=$(call quote,$(O)) CC=$(call quote,$(CC)) CXX=$(call quote,$(CXX)) $(PYTHON) test/run --lint $(TESTS)
format: ## lay the code out as lint wants it
	@$(PYTHON) test/lint/test_format.py --write
ci: ## everything that a change must pass
	@.ci/run

# ---- install ------------------------------------------------------------------------------------

.PHONY: install install-strip uninstall installcheck dist
D = $(DESTDIR)
man_files = $(wildcard $(O)/man/*.3 man/*.7)
man_installed = $(foreach page,$(notdir $(man_files)),$(mandir)/man$(subst .,,$(suffix $(page)))/$(page))
doc_files = $(wildcard LICENSE README.md CHANGES CHANGES.md)
kit_files = $(wildcard test/kit/kit*.[ch])

install: all ## under prefix, below DESTDIR; GNU libpipeline's files are never touched
	$(Q)$(INSTALL) -d $(D)$(libdir)/pln/plugins $(D)$(includedir)/pln $(D)$(pkgconfigdir) $(D)$(cmakedir) \
	    $(D)$(mandir)/man3 $(D)$(mandir)/man7 $(D)$(docdir) $(if $(kit_files),$(D)$(datadir)/pln/kit)
	$(Q)$(INSTALL_PROGRAM) $(STRIP) $(O)/libpipeline.so $(D)$(libdir)/$(REALNAME)
	$(Q)ln -sf $(REALNAME) $(D)$(libdir)/$(SONAME)
	$(Q)ln -sf $(SONAME) $(D)$(libdir)/libpipeline-pln.so
	$(Q)ln -sf ../$(SONAME) $(D)$(libdir)/pln/libpipeline.so
	$(Q)$(INSTALL_DATA) $(O)/libpipeline.a $(D)$(libdir)/libpipeline-pln.a
	$(Q)$(INSTALL_DATA) $(HEADERS) bindings/cpp/pln.hpp $(D)$(includedir)/pln
	$(Q)$(if $(HAVE_AVRO_C),$(INSTALL_PROGRAM) $(STRIP) $(O)/libpipeline-pln-avro-c.so $(D)$(libdir)/$(AVRO_C_REALNAME) && \
	    ln -sf $(AVRO_C_REALNAME) $(D)$(libdir)/$(AVRO_C_SONAME) && \
	    ln -sf $(AVRO_C_SONAME) $(D)$(libdir)/libpipeline-pln-avro-c.so && \
	    $(INSTALL_DATA) bindings/avro-c/pln/avro_c.h $(D)$(includedir)/pln && $(INSTALL_DATA) $(O)/pln-avro-c.pc $(D)$(pkgconfigdir))
	$(Q)$(if $(PLUGINS),$(INSTALL_PROGRAM) $(STRIP) $(PLUGINS) $(D)$(libdir)/pln/plugins)
	$(Q)$(INSTALL_DATA) $(O)/pln.pc $(D)$(pkgconfigdir)
	$(Q)$(INSTALL_DATA) $(O)/plnConfig.cmake $(O)/plnConfigVersion.cmake $(D)$(cmakedir)
	$(Q)$(INSTALL_DATA) $(doc_files) $(D)$(docdir)
	$(Q)for page in $(man_files); do $(INSTALL_DATA) $$page $(D)$(mandir)/man$${page##*.}/ || exit; done
	$(Q)$(if $(kit_files),$(INSTALL_DATA) $(kit_files) $(D)$(datadir)/pln/kit)
	$(Q)build-aux/free-name link '$(DESTDIR)' '$(libdir)' $(SONAME)
	$(Q)test -n '$(DESTDIR)' || test "$$(id -u)" != 0 || ! command -v ldconfig >/dev/null || ldconfig

install-strip: STRIP = -s --strip-program=strip
install-strip: install

uninstall: ## remove what install put there
	$(Q)build-aux/free-name unlink '$(DESTDIR)' '$(libdir)' $(SONAME)
	$(Q)rm -f $(addprefix $(D)$(libdir)/,$(REALNAME) $(SONAME) libpipeline-pln.so libpipeline-pln.a pln/libpipeline.so pln/plugins/pln-http.so \
	    $(AVRO_C_REALNAME) $(AVRO_C_SONAME) libpipeline-pln-avro-c.so) $(D)$(includedir)/pln/avro_c.h $(D)$(pkgconfigdir)/pln-avro-c.pc \
	    $(addprefix $(D)$(includedir)/pln/,$(notdir $(HEADERS)) pln.hpp) $(D)$(pkgconfigdir)/pln.pc \
	    $(addprefix $(D)$(docdir)/,$(notdir $(doc_files))) $(addprefix $(D)$(datadir)/pln/kit/,$(notdir $(kit_files)))
	$(Q)rm -f $(addprefix $(D),$(man_installed)) $(addprefix $(D)$(cmakedir)/,$(filter %.cmake,$(CONFIGS)))
	$(Q)for dir in $(libdir)/pln/plugins $(libdir)/pln $(includedir)/pln $(cmakedir) $(docdir) $(datadir)/pln/kit \
	    $(datadir)/pln; do rmdir $(D)$$dir 2>/dev/null || :; done

installcheck: ## compile and run a program against what is installed
	@CC=$(call quote,$(CC)) DESTDIR='$(DESTDIR)' libdir='$(libdir)' pkgconfigdir='$(pkgconfigdir)' \
	    PKG_CONFIG='$(PKG_CONFIG)' build-aux/installcheck $(VERSION) $(SONAME)

DIST = libpipeline-pln-$(VERSION)
dist: ## build/libpipeline-pln-<version>.tar.gz of what is committed
	@mkdir -p $(O) && git archive --format=tar --prefix=$(DIST)/ HEAD | gzip -9n > $(O)/$(DIST).tar.gz
	@echo $(O)/$(DIST).tar.gz

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
