# SPDX-License-Identifier: ISC
PROGRAMS += bramble-tftpd
bramble-tftpd_SRC := tftpd/main.c tftpd/io.c tftpd/source.c tftpd/session.c tftpd/packet.c common/broker.c \
	$(COMMON_BASE) common/ipc.c common/sandbox.c
bramble-tftpd_LIBS := libevent_core libcap-ng
