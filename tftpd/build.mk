# SPDX-License-Identifier: ISC
PROGRAMS += bramble-tftpd
bramble-tftpd_SRC := tftpd/main.c tftpd/io.c tftpd/source.c tftpd/session.c tftpd/packet.c common/broker.c \
	$(COMMON_BASE) common/ipc.c common/sandbox.c
bramble-tftpd_LIBS := libevent_core libcap-ng

TESTS += test-tftp-packet test-tftp-session test-tftp-loss
test-tftp-packet_SRC := tests/unit/tftp_packet_test.c tftpd/packet.c common/str.c
test-tftp-packet_LIBS := cmocka
test-tftp-session_SRC := tests/unit/tftp_session_test.c tftpd/session.c common/str.c
test-tftp-session_LIBS := cmocka
test-tftp-loss_SRC := tests/unit/tftp_loss_test.c tftpd/session.c
test-tftp-loss_LIBS := cmocka
FUZZERS += fuzz-tftp_request
fuzz-tftp_request_SRC := tests/fuzz/tftp_request.c tftpd/packet.c tftpd/session.c common/str.c
