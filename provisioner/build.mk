# SPDX-License-Identifier: ISC

# Processes that brambled keeps running
SUPERVISE_SRC := provisioner/supervise.c provisioner/supervise_spawn.c provisioner/supervise_adopt.c
TESTS += test-supervise
test-supervise_SRC := tests/unit/supervise_test.c $(SUPERVISE_SRC) $(COMMON_BASE)
test-supervise_LIBS := cmocka libevent_core

# The administrator's settings; the default of paths.libexec follows $(libexecdir)
SETTINGS_SRC := provisioner/settings.c $(COMMON_CONF)
SETTINGS_LIBS := $(COMMON_CONF_LIBS)
TESTS += test-settings
test-settings_SRC := tests/unit/settings_test.c $(SETTINGS_SRC) common/file.c common/str.c
test-settings_LIBS := cmocka libconfig
FUZZERS += fuzz-settings_parse
fuzz-settings_parse_SRC := tests/fuzz/settings_parse.c $(SETTINGS_SRC) common/file.c common/str.c
fuzz-settings_parse_LIBS := libconfig
$(B)/obj/provisioner/settings.o: BASE += -DBRAMBLE_LIBEXEC='"$(libexecdir)"'
$(B)/obj/provisioner/settings.o: $(B)/.libexecdir
$(B)/.libexecdir: FORCE | $(B)/.deps
	@echo '$(libexecdir)' | cmp -s - $@ || echo '$(libexecdir)' > $@
.PHONY: FORCE
FORCE:
