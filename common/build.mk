# SPDX-License-Identifier: ISC
COMMON_BASE := common/log.c common/str.c common/clock.c common/file.c
COMMON_SERVER := $(COMMON_BASE) common/hash.c common/ipc.c common/sandbox.c
COMMON_CONFINE := common/confinement.c common/calls.c common/calls_shared.c common/sandbox.c
COMMON_SERVER_LIBS := libsodium libcap-ng

TESTS += test-str test-file test-ipc test-sandbox
test-str_SRC := tests/unit/str_test.c common/str.c
test-str_LIBS := cmocka
test-file_SRC := tests/unit/file_test.c common/file.c common/hash.c common/str.c
test-file_LIBS := cmocka libsodium
test-ipc_SRC := tests/unit/ipc_test.c common/ipc.c common/file.c common/str.c
test-ipc_LIBS := cmocka
test-sandbox_SRC := tests/unit/sandbox_test.c common/sandbox.c common/ipc.c common/str.c
test-sandbox_LIBS := cmocka libcap-ng

TESTS += test-dhcp
test-dhcp_SRC := tests/unit/dhcp_test.c common/dhcp.c common/str.c
test-dhcp_LIBS := cmocka
FUZZERS += fuzz-dhcp_parse
fuzz-dhcp_parse_SRC := tests/fuzz/dhcp_parse.c common/dhcp.c common/str.c

COMMON_CONF := common/conf.c common/conf_text.c common/conf_value.c common/nearest.c
COMMON_CONF_LIBS := libconfig
TESTS += test-conf
test-conf_SRC := tests/unit/conf_test.c $(COMMON_CONF) common/file.c common/str.c
test-conf_LIBS := cmocka libconfig
FUZZERS += fuzz-conf_parse
fuzz-conf_parse_SRC := tests/fuzz/conf_parse.c $(COMMON_CONF) common/file.c common/str.c
fuzz-conf_parse_LIBS := libconfig

FUZZERS += fuzz-ipc_decode
fuzz-ipc_decode_SRC := tests/fuzz/ipc_decode.c common/ipc.c common/str.c

TESTS += test-broker
test-broker_SRC := tests/unit/broker_test.c common/broker.c common/ipc.c $(COMMON_BASE)
test-broker_LIBS := cmocka libevent_core

# The servers themselves are run by the test
TESTS += test-activation
test-activation_SRC := tests/unit/activation_test.c common/activation.c common/file.c common/str.c
test-activation_LIBS := cmocka
$(B)/test-activation: | $(B)/bramble-tftpd $(B)/bramble-httpd

FUZZERS += fuzz-file_beneath
fuzz-file_beneath_SRC := tests/fuzz/file_beneath.c tests/fuzz/world.c common/file.c common/str.c boot/name.c httpd/request.c
FUZZERS += fuzz-broker
fuzz-broker_SRC := tests/fuzz/broker.c tests/fuzz/world.c common/broker.c common/ipc.c common/log.c common/str.c
fuzz-broker_LIBS := libevent_core

TESTS += test-verity
test-verity_SRC := tests/unit/verity_test.c common/verity.c common/file.c common/str.c
test-verity_LIBS := cmocka
FUZZERS += fuzz-verity
fuzz-verity_SRC := tests/fuzz/verity.c common/verity.c common/file.c common/str.c
