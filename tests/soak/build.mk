# SPDX-License-Identifier: ISC
# Very many transfers of every kind
PROGRAMS += tftp-soak
tftp-soak_SRC := $(addprefix tests/soak/,main.c crowd.c client.c plan.c files.c delay.c server.c) common/str.c \
	common/clock.c common/file.c

# Floods, forged packets, unruly clients
TESTS += test-tftp-flood
test-tftp-flood_SRC := tests/unit/tftp_flood_test.c tests/soak/server.c common/str.c common/clock.c common/file.c
test-tftp-flood_LIBS := cmocka
$(B)/test-tftp-flood: | $(B)/bramble-tftpd
