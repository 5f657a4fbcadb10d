# SPDX-License-Identifier: ISC
# What runs on a node
NODE_HTTP := rootfs/http.c rootfs/tcp.c rootfs/json.c common/str.c common/clock.c
NODE_KEYS := rootfs/host_keys.c common/file.c
INIT_SRC := $(addprefix rootfs/init/,arguments.c modules.c network.c lease.c mounts.c memory.c verity.c identity.c report.c switch.c waiting.c watchdog.c vigil.c) rootfs/led.c rootfs/download.c rootfs/verity_status.c common/verity.c \
	$(NODE_HTTP) $(NODE_KEYS) common/dhcp.c
NODE_PROGRAMS += bramble-init
bramble-init_SRC := rootfs/init/main.c $(INIT_SRC)
AGENT_SRC := $(addprefix rootfs/agent/,boot.c calls.c clock.c facts.c health.c blink.c keys.c orders.c place.c \
	fetch.c node_config.c configure.c configure_means.c accounts.c scratch_disk.c scratch_format.c item_system.c item_scratch.c item_swap.c \
	item_users.c item_mount.c item_files.c item_wifi.c) rootfs/config/document.c rootfs/led.c rootfs/verity_status.c $(NODE_HTTP) $(NODE_KEYS) common/log.c
NODE_PROGRAMS += bramble-agent
MEMBER_SRC := $(addprefix rootfs/cluster/,cluster.c answers.c calls.c credentials.c store.c images.c network.c tools.c \
	plane.c plane_store.c plane_parse.c plane_names.c)
bramble-agent_SRC := rootfs/agent/main.c common/notify.c $(AGENT_SRC) $(MEMBER_SRC)

TESTS += test-init test-agent test-node-http test-node-json
test-init_SRC := tests/unit/init_test.c $(filter-out rootfs/init/report.c rootfs/init/waiting.c rootfs/led.c,$(INIT_SRC))
test-init_LIBS := cmocka
test-agent_SRC := tests/unit/agent_test.c $(AGENT_SRC)
test-agent_LIBS := cmocka
test-node-http_SRC := tests/unit/node_http_test.c rootfs/http.c rootfs/tcp.c common/str.c common/clock.c
test-node-http_LIBS := cmocka
test-node-json_SRC := tests/unit/node_json_test.c rootfs/json.c
test-node-json_LIBS := cmocka
TESTS += test-download
test-download_SRC := tests/unit/download_test.c rootfs/download.c rootfs/http.c rootfs/tcp.c common/str.c common/clock.c
test-download_LIBS := cmocka
FUZZERS += fuzz-node_answer
fuzz-node_answer_SRC := tests/fuzz/node_answer.c rootfs/http.c rootfs/json.c common/str.c common/clock.c
TESTS += test-configure
test-configure_SRC := tests/unit/configure_test.c $(AGENT_SRC)
test-configure_LIBS := cmocka
TESTS += test-member
test-member_SRC := tests/unit/member_test.c $(filter-out rootfs/cluster/cluster.c rootfs/cluster/calls.c rootfs/cluster/plane.c rootfs/cluster/plane_store.c,$(MEMBER_SRC)) $(AGENT_SRC)
test-member_LIBS := cmocka
