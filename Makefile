# SPDX-License-Identifier: ISC
# Each folder has a build.mk that lists its programs, tests and fuzz targets; the rules are here.
#   PROGRAMS      programs of the router           P_SRC, P_LIBS (pkg-config names), P_LDLIBS
#   NODE_PROGRAMS programs of a node (aarch64, and x86-64 in pc/; static)   P_SRC
#   TESTS         unit tests (cmocka)              T_SRC, T_LIBS
#   FUZZERS       libFuzzer targets                F_SRC, F_LIBS
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

B        ?= build
CC       := $(if $(filter default,$(origin CC)),gcc,$(CC))
NODE_CC  ?= $(if $(filter aarch64,$(shell uname -m)),gcc,aarch64-linux-gnu-gcc)
PC_CC    ?= $(if $(filter x86_64,$(shell uname -m)),gcc,x86_64-linux-gnu-gcc)
CFLAGS   ?= -O2 -g
WARN     := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wformat=2 -Wvla -Wundef -Werror
HARDEN   := -fstack-protector-strong -fPIE
ifeq ($(SAN),1)
HARDEN   += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
HARDEN   += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
endif
BASE     := -std=gnu17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. $(WARN) -MMD -MP
LINK     := -pie -Wl,-z,relro,-z,now
VERSION  := 0.1.0
BASE     += -DBRAMBLE_VERSION='"$(VERSION)"'

prefix      ?= /usr/local
sysconfdir  ?= /etc
libexecdir  ?= $(prefix)/libexec/bramble
unitdir     ?= /lib/systemd/system

include common/build.mk
include tftpd/build.mk httpd/build.mk boot/build.mk rootfs/build.mk provisioner/build.mk
include tests/build.mk
include tests/lint.mk tests/fuzz/build.mk tests/conformance/build.mk tests/escape/build.mk
include tests/soak/build.mk
# For PCs only where there is a compiler for them: a router that is a Pi needn't have one.
PC_PROGRAMS := $(if $(shell command -v $(PC_CC)),$(addprefix pc/,$(NODE_PROGRAMS)))
include etc/install.mk

# $(1) program, $(2) object directory
objs = $(patsubst %.c,$(B)/$(2)/%.o,$(filter %.c,$($(1)_SRC)))

define compile_rule
$(B)/$(1)/%.o: %.c | $(B)/.deps
	@mkdir -p $$(dir $$@)
	$$(call say,CC,$$@)$(2) -c -o $$@ $$<
endef
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2);)

ALL_LIBS := $(sort $(foreach p,$(PROGRAMS) $(TESTS),$($(p)_LIBS)))
PKG_CFLAGS = $(shell pkg-config --cflags $(ALL_LIBS) 2>/dev/null)
$(eval $(call compile_rule,obj,$$(CC) $$(BASE) $$(CFLAGS) $$(HARDEN) $$(PKG_CFLAGS)))
$(eval $(call compile_rule,node,$$(NODE_CC) $$(BASE) -Os -g -fstack-protector-strong -ffunction-sections -fdata-sections))
$(eval $(call compile_rule,pc/obj,$$(PC_CC) $$(BASE) -Os -g -fstack-protector-strong -ffunction-sections -fdata-sections))
$(eval $(call compile_rule,fuzzobj,clang $$(BASE) -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all $$(PKG_CFLAGS)))
$(eval $(call compile_rule,coverobj,clang $$(BASE) -O1 -g -fprofile-instr-generate -fcoverage-mapping $$(PKG_CFLAGS)))
.SECONDARY:

define link_program
$(B)/$(1): $(call objs,$(1),obj)
	$$(call say,LD,$$@)$$(CC) $$(CFLAGS) $$(HARDEN) $$(LINK) -o $$@ $$^ $(if $(strip $($(1)_LIBS)),$$(shell pkg-config --libs $($(1)_LIBS))) $($(1)_LDLIBS)
endef
define link_node
$(B)/$(1): $(call objs,$(1),node)
	$$(call say,LD,$$@)$$(NODE_CC) -static -Wl,--gc-sections -o $$@ $$^
endef
define link_pc
$(B)/pc/$(1): $(call objs,$(1),pc/obj)
	$$(call say,LD,$$@)$$(PC_CC) -static -Wl,--gc-sections -o $$@ $$^
endef
define link_fuzzer
$(B)/$(1): $(call objs,$(1),fuzzobj)
	$$(call say,LD,$$@)clang -fsanitize=fuzzer,address,undefined -o $$@ $$^ $(if $(strip $($(1)_LIBS)),$$(shell pkg-config --libs $($(1)_LIBS))) $($(1)_LDLIBS)
endef
define link_cover
$(B)/cover-$(1): $(call objs,test-$(1),coverobj)
	$$(call say,LD,$$@)clang -fprofile-instr-generate -o $$@ $$^ $(if $(strip $($(1)_LIBS)),$$(shell pkg-config --libs $($(1)_LIBS))) $($(1)_LDLIBS)
endef
$(foreach p,$(PROGRAMS) $(TESTS),$(eval $(call link_program,$(p))))
$(foreach p,$(NODE_PROGRAMS),$(eval $(call link_node,$(p)))$(eval $(call link_pc,$(p))))
$(foreach p,$(FUZZERS),$(eval $(call link_fuzzer,$(p)))$(eval $(call link_cover,$(p))))

$(B)/.deps:
	@mkdir -p $(B) && touch $@

.PHONY: all programs node tests fuzzers deps check check-long demo bench lint fuzz install clean help unit format
all: programs node ## Build everything into build/
programs: $(addprefix $(B)/,$(PROGRAMS)) ## Build the router's programs
node: $(addprefix $(B)/,$(NODE_PROGRAMS) $(PC_PROGRAMS)) ## Build the node's programs (aarch64, static; for PCs in pc/)
tests: $(addprefix $(B)/,$(TESTS)) ## Build the unit tests
fuzzers: $(addprefix $(B)/,$(FUZZERS)) ## Build the fuzz targets (clang)
unit: tests ## Run the unit tests (SAN=1 B=build/asan: under ASan and UBSan)
	@B=$(B) tests/run $(addprefix $(B)/,$(TESTS))
clean: ## Remove build/
	rm -rf $(B)
help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
format: ## Format all C files
	clang-format -i $$(git ls-files '*.c' '*.h')

-include $(shell find $(B) -name '*.d' 2>/dev/null)
