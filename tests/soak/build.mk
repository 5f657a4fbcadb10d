# SPDX-License-Identifier: ISC
# Very many transfers of every kind
PROGRAMS += tftp-soak
tftp-soak_SRC := $(addprefix tests/soak/,main.c crowd.c client.c plan.c files.c delay.c server.c) common/str.c \
	common/clock.c common/file.c
