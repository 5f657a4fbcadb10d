# SPDX-License-Identifier: ISC
MINUTES ?= 5
fuzz: fuzzers ## Fuzz every parser of outside bytes (MINUTES=5 in all)
	@MINUTES=$(MINUTES) tests/fuzz/run $(addprefix $(B)/,$(FUZZERS))
