# SPDX-License-Identifier: ISC
PROGRAMS += bramble-httpd
bramble-httpd_SRC := httpd/main.c httpd/options.c httpd/confine.c httpd/server.c httpd/connection.c httpd/sending.c httpd/access.c \
	httpd/exchange.c httpd/route.c httpd/files.c httpd/api.c httpd/head.c httpd/request.c httpd/date.c common/broker.c \
	$(COMMON_BASE) common/ipc.c $(COMMON_CONFINE) common/activation.c
bramble-httpd_LIBS := libevent_core libseccomp libcap-ng

TESTS += test-http-request
test-http-request_SRC := tests/unit/http_request_test.c httpd/request.c common/str.c
test-http-request_LIBS := cmocka
FUZZERS += fuzz-http_range
fuzz-http_range_SRC := tests/fuzz/http_range.c httpd/request.c httpd/date.c common/str.c
FUZZERS += fuzz-http_server
fuzz-http_server_SRC := tests/fuzz/http_server.c tests/fuzz/http_answers.c tests/fuzz/world.c httpd/server.c \
	httpd/connection.c httpd/sending.c httpd/access.c httpd/exchange.c httpd/route.c httpd/files.c httpd/api.c httpd/head.c \
	httpd/request.c httpd/date.c common/log.c common/str.c common/file.c common/ipc.c
fuzz-http_server_LIBS := libevent_core

TESTS += test-http-head
test-http-head_SRC := tests/unit/http_head_test.c httpd/head.c httpd/request.c httpd/date.c common/str.c
test-http-head_LIBS := cmocka
FUZZERS += fuzz-http_head
fuzz-http_head_SRC := tests/fuzz/http_head.c httpd/head.c httpd/request.c httpd/date.c common/str.c

# The program itself, run by the test
TESTS += test-http-server
test-http-server_SRC := tests/unit/http_server_test.c tests/unit/http_world.c common/ipc.c common/file.c common/clock.c common/str.c
test-http-server_LIBS := cmocka
TESTS += test-http-body
test-http-body_SRC := $(subst http_server_test,http_body_test,$(test-http-server_SRC))
test-http-body_LIBS := cmocka
$(B)/test-http-server $(B)/test-http-body: | $(B)/bramble-httpd
