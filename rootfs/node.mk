# SPDX-License-Identifier: ISC
# What runs on a node
NODE_HTTP := rootfs/http.c rootfs/json.c common/str.c common/clock.c common/file.c
INIT_SRC := $(addprefix rootfs/init/,arguments.c modules.c network.c mounts.c identity.c report.c switch.c) \
	$(NODE_HTTP) common/dhcp.c
NODE_PROGRAMS += bramble-init
bramble-init_SRC := rootfs/init/main.c $(INIT_SRC)
AGENT_SRC := $(addprefix rootfs/agent/,boot.c facts.c keys.c) $(NODE_HTTP) common/log.c
NODE_PROGRAMS += bramble-agent
bramble-agent_SRC := rootfs/agent/main.c $(AGENT_SRC)

TESTS += test-init test-node-http
test-init_SRC := tests/unit/init_test.c $(INIT_SRC)
test-init_LIBS := cmocka
test-node-http_SRC := tests/unit/node_http_test.c $(NODE_HTTP) rootfs/agent/facts.c
test-node-http_LIBS := cmocka
FUZZERS += fuzz-node_answer
fuzz-node_answer_SRC := tests/fuzz/node_answer.c rootfs/http.c rootfs/json.c common/str.c common/clock.c
