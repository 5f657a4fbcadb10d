# SPDX-License-Identifier: ISC
# The servers' own programs, from main() on, with attempts to escape instead of serving: see main.c.
ESCAPE_SRC := $(addprefix tests/escape/,main.c scene.c files.c processes.c network.c kernel.c)
ESCAPE_WRAP := main event_base_dispatch sandbox_close_others sandbox_become sandbox_forbid_new_rights \
	sandbox_deny_files calls_allow_only
comma := ,
ESCAPE_LDLIBS := $(addprefix -Wl$(comma)--wrap=,$(ESCAPE_WRAP))
TESTS += test-escape-tftpd test-escape-httpd
test-escape-tftpd_SRC := $(bramble-tftpd_SRC) $(ESCAPE_SRC)
test-escape-tftpd_LIBS := $(bramble-tftpd_LIBS)
test-escape-tftpd_LDLIBS := $(ESCAPE_LDLIBS)
test-escape-httpd_SRC := $(bramble-httpd_SRC) $(ESCAPE_SRC)
test-escape-httpd_LIBS := $(bramble-httpd_LIBS)
test-escape-httpd_LDLIBS := $(ESCAPE_LDLIBS)
