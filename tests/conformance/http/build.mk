# SPDX-License-Identifier: ISC
# Which rules of HTTP a server keeps
PROGRAMS += http-conformance
http-conformance_SRC := $(CONFORMANCE_SRC) $(addprefix tests/conformance/http/,runner.c wire.c tree.c method.c range.c \
	condition.c line.c host.c body.c path.c limit.c connection.c time.c) common/str.c common/clock.c
http-conformance_LDLIBS := -pthread

.PHONY: conformance conformance-http
conformance: conformance-http
conformance-http: $(B)/http-conformance $(B)/bramble-httpd
	@B=$(B) tests/conformance/http/compare
