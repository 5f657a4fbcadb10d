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

# The LAN: dnsmasq's configuration, the interface
NETWORK_SRC := provisioner/network.c provisioner/network_hosts.c provisioner/network_link.c common/dhcp.c
TESTS += test-network
test-network_SRC := tests/unit/network_test.c $(NETWORK_SRC) $(SUPERVISE_SRC) $(COMMON_BASE)
test-network_LIBS := cmocka libevent_core

# The administrator's command
CLI := provisioner/cli
CLI_SRC := $(addprefix $(CLI)/,cli.c args.c client.c table.c text.c json.c commands.c \
	status.c node.c board.c boot.c events.c image.c config.c) \
	$(SETTINGS_SRC) common/ipc.c common/file.c common/clock.c common/str.c
CLI_LIBS := libcjson $(SETTINGS_LIBS)
PROGRAMS += bramble
bramble_SRC := $(CLI)/main.c $(CLI_SRC)
bramble_LIBS := $(CLI_LIBS)
