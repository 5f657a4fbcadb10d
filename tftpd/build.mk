# SPDX-License-Identifier: ISC
PROGRAMS += bramble-tftpd
bramble-tftpd_SRC := tftpd/main.c tftpd/confine.c tftpd/server.c tftpd/transfer.c tftpd/blocks.c tftpd/netascii.c tftpd/stray.c \
	tftpd/source.c tftpd/limits.c tftpd/queue.c tftpd/turns.c tftpd/session.c tftpd/packet.c \
	common/broker.c $(COMMON_BASE) common/ipc.c $(COMMON_CONFINE) common/activation.c
bramble-tftpd_LIBS := libevent_core libseccomp libcap-ng

TESTS += test-tftp-packet test-tftp-session test-tftp-loss test-tftp-limits
test-tftp-packet_SRC := tests/unit/tftp_packet_test.c tftpd/packet.c common/str.c
test-tftp-packet_LIBS := cmocka
test-tftp-session_SRC := tests/unit/tftp_session_test.c tftpd/session.c common/str.c
test-tftp-session_LIBS := cmocka
test-tftp-loss_SRC := tests/unit/tftp_loss_test.c tftpd/session.c
test-tftp-loss_LIBS := cmocka
test-tftp-limits_SRC := tests/unit/tftp_limits_test.c tftpd/limits.c
test-tftp-limits_LIBS := cmocka
TESTS += test-tftp-queue
test-tftp-queue_SRC := tests/unit/tftp_queue_test.c tftpd/queue.c
test-tftp-queue_LIBS := cmocka
TESTS += test-tftp-netascii
test-tftp-netascii_SRC := tests/unit/tftp_netascii_test.c tftpd/netascii.c tftpd/session.c tftpd/packet.c common/str.c
test-tftp-netascii_LIBS := cmocka
FUZZERS += fuzz-tftp_request
fuzz-tftp_request_SRC := tests/fuzz/tftp_request.c tftpd/limits.c tftpd/packet.c common/str.c
FUZZERS += fuzz-tftp_rates
fuzz-tftp_rates_SRC := tests/fuzz/tftp_rates.c tftpd/limits.c
FUZZERS += fuzz-tftp_queue
fuzz-tftp_queue_SRC := tests/fuzz/tftp_queue.c tests/fuzz/world.c tftpd/queue.c
FUZZERS += fuzz-tftp_session
fuzz-tftp_session_SRC := tests/fuzz/tftp_session.c tftpd/packet.c tftpd/session.c common/str.c

# The program itself, run by the test
TESTS += test-tftp-server
test-tftp-server_SRC := tests/unit/tftp_server_test.c tests/unit/tftp_world.c common/ipc.c common/file.c common/str.c
test-tftp-server_LIBS := cmocka
TESTS += test-tftp-turns
test-tftp-turns_SRC := tests/unit/tftp_turns_test.c tests/unit/tftp_world.c common/ipc.c common/file.c common/str.c common/clock.c
test-tftp-turns_LIBS := cmocka
$(B)/test-tftp-server $(B)/test-tftp-turns: | $(B)/bramble-tftpd
FUZZERS += fuzz-tftp_server
fuzz-tftp_server_SRC := tests/fuzz/tftp_server.c tests/fuzz/world.c tftpd/server.c tftpd/transfer.c tftpd/blocks.c \
	tftpd/netascii.c tftpd/stray.c tftpd/limits.c tftpd/queue.c tftpd/turns.c tftpd/session.c tftpd/packet.c common/log.c common/str.c common/file.c
fuzz-tftp_server_LIBS := libevent_core
FUZZERS += fuzz-tftp_source
fuzz-tftp_source_SRC := tests/fuzz/tftp_source.c tests/fuzz/world.c tftpd/source.c common/file.c common/str.c
