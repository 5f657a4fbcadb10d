# SPDX-License-Identifier: ISC
# What is checked without running anything: two compilers, two analysers, the shape of text.
LINT_C  = $(shell git ls-files '*.c')
LINT_SH = $(shell git grep -lE '^\#!/bin/sh' -- . ':!*.md')
LINT_PACKAGES := libconfig libcjson sqlite3 libsodium libarchive zlib libcap-ng libseccomp libevent_core cmocka

lint: lint-format lint-compilers lint-cppcheck lint-tidy lint-shell ## Both compilers, clang-tidy, cppcheck, clang-format, shellcheck

.PHONY: lint-format lint-compilers lint-cppcheck lint-tidy lint-shell
lint-format:
	@clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h') && echo '  clang-format: clean'
	@missing=$$(git ls-files '*.c' '*.h' '*.sh' '*.mk' Makefile .ci/run | xargs grep -L 'SPDX-License-Identifier: ISC'); \
	  if [ -n "$$missing" ]; then echo "without an SPDX line: $$missing"; exit 1; fi; echo '  SPDX lines: complete'
lint-compilers:
	@$(MAKE) --no-print-directory -s programs tests CC=gcc B=$(B)/lint-gcc && echo '  gcc: no warning'
	@$(MAKE) --no-print-directory -s programs tests CC=clang B=$(B)/lint-clang && echo '  clang: no warning'
lint-cppcheck:
	@cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,performance,portability --inline-suppr \
	  --suppress=missingIncludeSystem -j $$(nproc) -I. -D_GNU_SOURCE -DBRAMBLE_VERSION='"$(VERSION)"' $(LINT_C) \
	  && echo '  cppcheck: clean'
# One file a process: version 14 reports false va_list errors when it is given several.
lint-tidy: | $(B)/.deps
	@printf '%s\n' -std=gnu17 -D_GNU_SOURCE -I$(CURDIR) '-DBRAMBLE_VERSION="$(VERSION)"' \
	  $(shell pkg-config --cflags $(LINT_PACKAGES)) > $(B)/compile_flags.txt
	@printf '%s\n' $(LINT_C) | xargs -P $$(nproc) -n 1 clang-tidy --quiet -p $(B) 2>/dev/null && echo '  clang-tidy: clean'
lint-shell:
	@shellcheck -x -S warning $(LINT_SH) && echo '  shellcheck: clean'
	@long=$$(wc -l $(LINT_SH) | awk '$$2 != "total" && $$1 > 100'); if [ -n "$$long" ]; then echo "over 100 lines: $$long"; exit 1; fi
