# SPDX-License-Identifier: ISC
# Each target is built three times: with libFuzzer and sanitizers, as a test that gives it the committed corpus, and for
# the coverage of that corpus.
define fuzz_variants
TESTS += test-$(1)
test-$(1)_SRC := tests/fuzz/replay.c $($(1)_SRC) $(if $(filter common/file.c,$($(1)_SRC)),,common/file.c) \
	$(if $(filter common/str.c,$($(1)_SRC)),,common/str.c)
test-$(1)_LIBS := $($(1)_LIBS)
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzz_variants,$(f))))

MINUTES ?= 5
fuzz: fuzzers ## Fuzz everything that takes outside bytes (MINUTES=5 in all), then `make coverage`
	@MINUTES=$(MINUTES) tests/fuzz/run $(addprefix $(B)/,$(FUZZERS))
	@$(MAKE) --no-print-directory -s coverage
coverage: $(addprefix $(B)/cover-,$(FUZZERS)) ## Lines of the network-facing files that the committed corpus reaches
	@tests/fuzz/coverage $^
corpus: fuzzers ## Take what `make fuzz` found into the committed corpus, as few inputs as do
	@tests/fuzz/minimise $(addprefix $(B)/,$(FUZZERS))
.PHONY: coverage corpus
