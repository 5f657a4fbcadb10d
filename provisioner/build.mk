# SPDX-License-Identifier: ISC

# Processes that brambled keeps running
SUPERVISE_SRC := provisioner/supervise/supervise.c provisioner/supervise/spawn.c provisioner/supervise/adopt.c
TESTS += test-supervise
test-supervise_SRC := tests/unit/supervise_test.c $(SUPERVISE_SRC) $(COMMON_BASE)
test-supervise_LIBS := cmocka libevent_core

# The administrator's settings; the default of paths.libexec follows $(libexecdir)
SETTINGS_SRC := \
	provisioner/settings/settings.c \
	provisioner/settings/check.c \
	provisioner/settings/table.c \
	provisioner/settings/nodes.c \
	provisioner/settings/lists.c \
	provisioner/settings/cross.c \
	provisioner/settings/cross_nodes.c \
	$(COMMON_CONF)
SETTINGS_LIBS := $(COMMON_CONF_LIBS)
TESTS += test-settings
test-settings_SRC := tests/unit/settings_test.c $(SETTINGS_SRC) common/file.c common/str.c
test-settings_LIBS := cmocka libconfig
FUZZERS += fuzz-settings_parse
fuzz-settings_parse_SRC := tests/fuzz/settings_parse.c $(SETTINGS_SRC) common/file.c common/str.c
fuzz-settings_parse_LIBS := libconfig
$(B)/obj/provisioner/settings/table.o: BASE += -DBRAMBLE_LIBEXEC='"$(libexecdir)"'
$(B)/obj/provisioner/settings/table.o: $(B)/.libexecdir
$(B)/.libexecdir: FORCE | $(B)/.deps
	@echo '$(libexecdir)' | cmp -s - $@ || echo '$(libexecdir)' > $@
.PHONY: FORCE
FORCE:

# What nodes are set to
NODECONF_SRC := $(addprefix provisioner/nodeconf/,merge.c select.c template.c variables.c sources.c) provisioner/nodes/patterns.c rootfs/config/document.c

# The LAN: dnsmasq's configuration, the interface
NETWORK_SRC := provisioner/network/network.c provisioner/network/hosts.c provisioner/network/link.c common/dhcp.c
TESTS += test-network
# What network.c takes of others, where all of brambled isn't there.
NETWORK_RULES := $(addprefix provisioner/,nodes/policy.c nodes/rules.c nodeconf/select.c nodes/patterns.c) boot/models.c
test-network_SRC := tests/unit/network_test.c $(NETWORK_SRC) $(NETWORK_RULES) $(SUPERVISE_SRC) $(COMMON_BASE)
test-network_LIBS := cmocka libevent_core
test-network_LDLIBS := -Wl,--wrap=socket

# The cluster engine: what `bramble cluster` does, and what brambled does of it
CLUSTER_SRC := $(addprefix provisioner/cluster/,paths.c kubeadm.c yaml.c processes.c own.c create.c objects.c ask.c \
	lock.c copy.c manifest.c store.c store_id.c store_check.c snapshot.c snapshot_list.c restore.c \
	certificates.c credentials.c etcd.c anew.c running.c upgrade.c upgrade_plan.c renew.c \
	place.c place_choose.c)
CLUSTER_RUN_SRC := $(addprefix provisioner/cluster/,run.c store.c store_id.c volumes.c routes.c engine_kubeadm.c joins.c warnings.c processes.c paths.c place.c kubeadm.c yaml.c) \
	rootfs/cluster/plane_names.c provisioner/api/cluster.c provisioner/api/clusterd.c provisioner/api/plane.c
# Add-ons
ADDONS_PURE := $(addprefix provisioner/addons/,manifest.c inventory.c) provisioner/cluster/yaml.c common/str.c
ADDONS_SRC := $(addprefix provisioner/addons/,manifest.c inventory.c load.c apply.c keep.c)
TESTS += test-addons
test-addons_SRC := tests/unit/addons_test.c $(ADDONS_PURE) provisioner/addons/load.c provisioner/nodeconf/template.c rootfs/failure.c common/file.c
test-addons_LIBS := cmocka libcjson yaml-0.1 libsodium
FUZZERS += fuzz-addon_manifest
fuzz-addon_manifest_SRC := tests/fuzz/addon_manifest.c $(ADDONS_PURE)
fuzz-addon_manifest_LIBS := libcjson yaml-0.1 libsodium
TESTS += test-kubeadm
test-kubeadm_SRC := tests/unit/kubeadm_test.c $(addprefix provisioner/cluster/,kubeadm.c yaml.c processes.c place.c) common/str.c common/file.c
test-kubeadm_LIBS := cmocka libcjson yaml-0.1
# bramble-upkeep
PROGRAMS += bramble-upkeep
bramble-upkeep_SRC := provisioner/cluster/upkeep_main.c provisioner/cluster/upkeep.c $(CLUSTER_SRC) provisioner/cli/client.c common/ipc.c \
	$(ADDONS_SRC) provisioner/addons/upkeep.c provisioner/nodeconf/template.c rootfs/run.c rootfs/failure.c \
	rootfs/progress.c $(SETTINGS_SRC) common/log.c common/file.c common/hash.c common/clock.c common/str.c
bramble-upkeep_LIBS := libcjson yaml-0.1 libsodium libcrypto $(SETTINGS_LIBS)
TESTS += test-certificates
test-certificates_SRC := tests/unit/certificates_test.c provisioner/cluster/certificates.c provisioner/cluster/copy.c \
	rootfs/failure.c common/file.c common/str.c
test-certificates_LIBS := cmocka libcrypto libsodium
TESTS += test-volumes
test-volumes_SRC := tests/unit/volumes_test.c provisioner/cluster/volumes.c provisioner/cluster/copy.c rootfs/failure.c common/file.c common/str.c
test-volumes_LIBS := cmocka libsodium
TESTS += test-store
test-store_SRC := tests/unit/store_test.c $(addprefix provisioner/cluster/,store.c store_id.c paths.c copy.c place.c) \
	rootfs/failure.c common/file.c common/str.c
test-store_LIBS := cmocka libcjson libsodium
TESTS += test-manifest
test-manifest_SRC := tests/unit/manifest_test.c provisioner/cluster/manifest.c common/str.c
test-manifest_LIBS := cmocka libcjson
FUZZERS += fuzz-cluster_manifest
fuzz-cluster_manifest_SRC := tests/fuzz/cluster_manifest.c provisioner/cluster/manifest.c common/str.c
fuzz-cluster_manifest_LIBS := libcjson
FUZZERS += fuzz-cluster_files
fuzz-cluster_files_SRC := tests/fuzz/cluster_files.c $(addprefix provisioner/cluster/,kubeadm.c yaml.c processes.c store_id.c place.c) \
	common/str.c common/file.c
fuzz-cluster_files_LIBS := libcjson yaml-0.1 libsodium

# bramble-clusterd
CLUSTERD_PURE := $(addprefix provisioner/clusterd/,kubeconfig.c request.c token.c object.c nodes.c drain.c volumes.c) provisioner/cluster/yaml.c common/str.c
CLUSTERD_PURE_LIBS := libcjson libcrypto libsodium yaml-0.1
PROGRAMS += bramble-clusterd
bramble-clusterd_SRC := $(addprefix provisioner/clusterd/,main.c work.c leave.c claims.c kube.c) $(CLUSTERD_PURE) provisioner/cli/client.c \
	common/ipc.c common/clock.c common/file.c common/log.c
bramble-clusterd_LIBS := $(CLUSTERD_PURE_LIBS) libcurl
TESTS += test-clusterd
test-clusterd_SRC := tests/unit/clusterd_test.c $(CLUSTERD_PURE)
test-clusterd_LIBS := cmocka $(CLUSTERD_PURE_LIBS)
FUZZERS += fuzz-cluster_answers
fuzz-cluster_answers_SRC = tests/fuzz/cluster_answers.c $(CLUSTERD_PURE) rootfs/cluster/answers.c rootfs/cluster/credentials.c rootfs/cluster/plane_parse.c rootfs/cluster/plane_names.c rootfs/json.c \
	common/file.c common/log.c
fuzz-cluster_answers_LIBS := $(CLUSTERD_PURE_LIBS)

# The administrator's command
CLI := provisioner/cli
CLI_SRC := $(addprefix $(CLI)/, \
	addon.c \
	addon_apply.c \
	addon_list.c \
	admit.c \
	args.c \
	board.c \
	boot.c \
	cli.c \
	client.c \
	cluster.c \
	cluster_certificates.c \
	cluster_follow.c \
	cluster_snapshots.c \
	cluster_upgrade.c \
	commands.c \
	complete.c \
	config.c \
	doctor.c \
	doctor_cluster.c \
	doctor_router.c \
	doctor_servers.c \
	events.c \
	health.c \
	health_hours.c \
	hooks.c \
	image.c \
	image_build.c \
	image_tool.c image_diff.c \
	inventory.c \
	json.c \
	node.c \
	node_list.c \
	nodeconf.c \
	operate.c \
	rollout.c \
	rollout_watch.c \
	rules.c \
	state.c \
	state_replace.c \
	status.c \
	table.c \
	targets.c \
	text.c \
	watch.c \
	) \
	$(CLUSTER_SRC) \
	$(ADDONS_SRC) \
	provisioner/space.c \
	rootfs/run.c \
	rootfs/failure.c \
	rootfs/progress.c \
	rootfs/contents.c rootfs/kubelet_version.c \
	$(SETTINGS_SRC) \
	$(NODECONF_SRC) \
	provisioner/timeline/stages.c \
	provisioner/timeline/diagnosis.c \
	common/ipc.c \
	common/file.c \
	common/hash.c \
	common/clock.c \
	common/str.c
CLI_LIBS := libcjson yaml-0.1 libsodium libcrypto $(SETTINGS_LIBS)
PROGRAMS += bramble
bramble_SRC := $(CLI)/main.c $(CLI_SRC)
bramble_LIBS := $(CLI_LIBS)
TESTS += test-doctor
test-doctor_SRC := tests/unit/doctor_test.c provisioner/space.c
test-doctor_LIBS := cmocka
TESTS += test-cli-text test-cli test-cli-operate
test-cli-text_SRC := tests/unit/cli_text_test.c $(CLI_SRC)
test-cli-text_LIBS := cmocka $(CLI_LIBS)
test-cli_SRC := tests/unit/cli_test.c tests/unit/cli_world.c $(CLI_SRC)
test-cli_LIBS := cmocka $(CLI_LIBS)
test-cli-operate_SRC := tests/unit/cli_operate_test.c tests/unit/cli_world.c $(CLI_SRC)
test-cli-operate_LIBS := cmocka $(CLI_LIBS)
TESTS += test-cli-rollout
test-cli-rollout_SRC := tests/unit/cli_rollout_test.c tests/unit/cli_world.c $(CLI_SRC)
test-cli-rollout_LIBS := cmocka $(CLI_LIBS)
TESTS += test-cli-state
test-cli-state_SRC := tests/unit/cli_state_test.c tests/unit/cli_world.c $(CLI_SRC)
test-cli-state_LIBS := cmocka $(CLI_LIBS)

TESTS += test-inventory
test-inventory_SRC := tests/unit/inventory_test.c provisioner/cli/inventory.c common/str.c
test-inventory_LIBS := cmocka
FUZZERS += fuzz-inventory
fuzz-inventory_SRC := tests/fuzz/inventory.c provisioner/cli/inventory.c common/str.c

# bramble-dhcpwatch
DHCPWATCH_SRC := provisioner/dhcpwatch/watch.c provisioner/dhcpwatch/frame.c provisioner/dhcpwatch/limits.c provisioner/dhcpwatch/probe.c \
	provisioner/dhcpwatch/report.c common/dhcp.c common/ipc.c $(COMMON_BASE)
PROGRAMS += bramble-dhcpwatch
bramble-dhcpwatch_SRC := provisioner/dhcpwatch/main.c provisioner/dhcpwatch/confine.c $(DHCPWATCH_SRC) $(COMMON_CONFINE)
bramble-dhcpwatch_LIBS := libevent_core libseccomp libcap-ng
TESTS += test-dhcpwatch
test-dhcpwatch_SRC := tests/unit/dhcpwatch_test.c $(DHCPWATCH_SRC)
test-dhcpwatch_LIBS := cmocka libevent_core
FUZZERS += fuzz-console_lines
fuzz-console_lines_SRC := tests/fuzz/console_lines.c provisioner/console_lines.c common/str.c
FUZZERS += fuzz-dhcp_frame
fuzz-dhcp_frame_SRC := tests/fuzz/dhcp_frame.c $(DHCPWATCH_SRC)
fuzz-dhcp_frame_LIBS := libevent_core

# bramble-hooks
HOOKS_SRC := $(addprefix provisioner/hooks/,find.c event.c lines.c queue.c positions.c feed.c run.c cage.c runner.c trial.c) \
	common/broker.c common/ipc.c common/sandbox.c common/denied.c $(COMMON_BASE)
PROGRAMS += bramble-hooks
bramble-hooks_SRC := provisioner/hooks/main.c $(HOOKS_SRC)
bramble-hooks_LIBS := libevent_core libcjson libcap-ng libseccomp
TESTS += test-hooks
test-hooks_SRC := tests/unit/hooks_test.c $(HOOKS_SRC)
test-hooks_LIBS := cmocka $(bramble-hooks_LIBS)

# NFS
EXPORTS_SRC := provisioner/exports/exports.c provisioner/exports/ganesha.c provisioner/exports/kernel.c provisioner/exports/table.c
TESTS += test-exports
test-exports_SRC := tests/unit/exports_test.c $(EXPORTS_SRC) $(SUPERVISE_SRC) $(COMMON_BASE)
test-exports_LIBS := cmocka libevent_core
test-exports_LDLIBS := -Wl,--wrap=mkdir
FUZZERS += fuzz-etab_line
fuzz-etab_line_SRC := tests/fuzz/etab_line.c provisioner/exports/table.c common/str.c

# The registry as text
STATE_TEXT_SRC := $(addprefix provisioner/state/,document.c words.c format.c parse.c fields.c check.c compare.c)
STATE_SRC := $(STATE_TEXT_SRC) provisioner/state/load.c provisioner/state/merge.c

# brambled
REGISTRY_SRC := $(addprefix provisioner/registry/,registry.c storage.c backups.c repair.c whole.c schema.c boards.c addresses.c nodes.c boots.c console.c \
	events.c images.c expected.c orders.c rollouts.c series.c)
# One a line, so that two changes seldom meet
BRAMBLED_SRC := $(addprefix provisioner/, \
	nodes/addresses.c \
	nodes/admission.c \
	api/api.c \
	api/admin.c \
	api/admission.c \
	api/builds.c \
	api/images.c \
	api/json.c \
	api/node.c \
	api/nodeconf.c \
	api/operate.c \
	api/records.c \
	api/rollouts.c \
	api/rules.c \
	api/state.c \
	api/status.c \
	api/versions.c \
	nodes/bindings.c \
	builds.c \
	nodes/by_node.c \
	changes.c \
	cluster/engine.c \
	console.c \
	console_lines.c \
	dhcpwatch/probe.c \
	timeline/diagnosis.c \
	nodes/directories.c \
	nodes/fallback.c \
	nodes/health.c \
	nodes/health_sum.c \
	nodes/heartbeats.c \
	hooks.c \
	images.c \
	images_find.c \
	images_gc.c \
	images_pin.c \
	json_text.c \
	nodeconf/force.c \
	nodeconf/inputs.c \
	nodes/nodes.c \
	nodes/orders.c \
	packages.c \
	outbox.c \
	nodes/placement.c \
	nodes/policy.c \
	publish.c \
	rehearsal.c \
	reload.c \
	resolve.c \
	rollout/look.c \
	rollout/manage.c \
	rollout/plan.c \
	rollout/run.c \
	rollout/step.c \
	nodes/rules.c \
	second.c \
	server.c \
	servers.c \
	nodes/sightings.c \
	space.c \
	timeline/stages.c \
	state/replace.c \
	nodes/swap.c \
	timeline/timeline.c \
	timeline/transfers.c \
	nodes/versions.c \
	) \
	$(CLUSTER_RUN_SRC) \
	$(REGISTRY_SRC) \
	$(NODECONF_SRC) \
	$(STATE_SRC) \
	$(BOOT_SERVE) \
	$(SETTINGS_SRC) \
	$(NETWORK_SRC) \
	$(EXPORTS_SRC) \
	$(SUPERVISE_SRC) \
	$(COMMON_BASE) \
	common/hash.c \
	common/verity.c \
	common/ipc.c
PROGRAMS += brambled
brambled_SRC := provisioner/main.c common/notify.c $(BRAMBLED_SRC)
brambled_LIBS := libevent_core sqlite3 libcjson yaml-0.1 libsodium $(SETTINGS_LIBS)
TESTS += test-registry test-policy
test-registry_SRC := tests/unit/registry_test.c $(REGISTRY_SRC) $(COMMON_BASE)
test-registry_LIBS := cmocka sqlite3
TESTS += test-series
test-series_SRC := tests/unit/series_test.c provisioner/nodes/health_sum.c $(REGISTRY_SRC) $(COMMON_BASE)
test-series_LIBS := cmocka sqlite3
TESTS += test-storm
test-storm_SRC := tests/unit/storm_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-storm_LIBS := cmocka $(brambled_LIBS)
TESTS += test-health
# its clock is the test's
test-health_SRC := tests/unit/health_test.c tests/unit/brambled_world.c $(filter-out common/clock.c,$(BRAMBLED_SRC))
test-health_LIBS := cmocka $(brambled_LIBS)
TESTS += test-registry-backups
test-registry-backups_SRC := tests/unit/registry_backups_test.c $(REGISTRY_SRC) $(COMMON_BASE)
test-registry-backups_LIBS := cmocka sqlite3
test-policy_SRC := tests/unit/policy_test.c provisioner/nodes/policy.c provisioner/nodes/rules.c provisioner/nodeconf/select.c provisioner/nodes/patterns.c boot/models.c common/dhcp.c common/str.c
test-policy_LIBS := cmocka
TESTS += test-fallback
test-fallback_SRC := tests/unit/fallback_test.c provisioner/nodes/fallback.c provisioner/timeline/diagnosis.c common/str.c
test-fallback_LIBS := cmocka
TESTS += test-rollout-step
test-rollout-step_SRC := tests/unit/rollout_step_test.c provisioner/rollout/plan.c provisioner/rollout/step.c common/str.c
test-rollout-step_LIBS := cmocka
# brambled as a whole but for its processes
TESTS += test-rollout
test-rollout_SRC := tests/unit/rollout_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-rollout_LIBS := cmocka $(brambled_LIBS)
TESTS += test-versions
test-versions_SRC := tests/unit/versions_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-versions_LIBS := cmocka $(brambled_LIBS)
TESTS += test-engine
test-engine_SRC := tests/unit/engine_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
TESTS += test-plane
test-plane_SRC := tests/unit/plane_test.c tests/unit/brambled_world.c rootfs/cluster/plane_parse.c rootfs/cluster/credentials.c rootfs/json.c $(BRAMBLED_SRC)
test-plane_LIBS := cmocka $(brambled_LIBS)
test-engine_LIBS := cmocka $(brambled_LIBS)
TESTS += test-orders
test-orders_SRC := tests/unit/orders_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-orders_LIBS := cmocka $(brambled_LIBS)
TESTS += test-state-text
test-state-text_SRC := tests/unit/state_text_test.c $(STATE_SRC) $(REGISTRY_SRC) $(COMMON_BASE)
test-state-text_LIBS := cmocka sqlite3
FUZZERS += fuzz-state_parse
fuzz-state_parse_SRC := tests/fuzz/state_parse.c $(STATE_TEXT_SRC) common/str.c
TESTS += test-state
test-state_SRC := tests/unit/state_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-state_LIBS := cmocka $(brambled_LIBS)
TESTS += test-images-gc test-images-crash
test-images-gc_SRC := tests/unit/images_gc_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-images-gc_LIBS := cmocka $(brambled_LIBS)
test-images-crash_SRC := tests/unit/images_crash_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-images-crash_LIBS := cmocka $(brambled_LIBS)
TESTS += test-nodes test-identity test-admission test-swap test-resolve test-api
test-identity_SRC := tests/unit/identity_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-identity_LIBS := cmocka $(brambled_LIBS)
test-swap_SRC := tests/unit/swap_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-swap_LIBS := cmocka $(brambled_LIBS)
TESTS += test-console test-second
test-console_SRC := tests/unit/console_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-console_LIBS := cmocka $(brambled_LIBS)
test-second_SRC := tests/unit/second_test.c tests/unit/brambled_world.c provisioner/dhcpwatch/watch.c provisioner/dhcpwatch/frame.c \
	provisioner/dhcpwatch/limits.c provisioner/dhcpwatch/report.c $(BRAMBLED_SRC)
test-second_LIBS := cmocka $(brambled_LIBS)
TESTS += test-diagnosis
test-diagnosis_SRC := tests/unit/diagnosis_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-diagnosis_LIBS := cmocka $(brambled_LIBS)
TESTS += test-rules
test-rules_SRC := tests/unit/rules_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-rules_LIBS := cmocka $(brambled_LIBS)
test-admission_SRC := tests/unit/admission_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-admission_LIBS := cmocka $(brambled_LIBS)
test-nodes_SRC := tests/unit/nodes_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-nodes_LIBS := cmocka $(brambled_LIBS)
test-resolve_SRC := tests/unit/resolve_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-resolve_LIBS := cmocka $(brambled_LIBS)
TESTS += test-server
test-server_SRC := tests/unit/server_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-server_LIBS := cmocka $(brambled_LIBS)
test-api_SRC := tests/unit/api_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-api_LIBS := cmocka $(brambled_LIBS)
FUZZERS += fuzz-brambled_peer
fuzz-brambled_peer_SRC := tests/fuzz/brambled_peer.c tests/fuzz/world.c provisioner/server.c provisioner/outbox.c common/ipc.c common/file.c \
	common/log.c common/str.c
fuzz-brambled_peer_LIBS := libevent_core libcjson
FUZZERS += fuzz-resolve
fuzz-resolve_SRC := tests/fuzz/resolve.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
fuzz-resolve_LIBS := cmocka $(brambled_LIBS)
TESTS += test-nodeconf
test-nodeconf_SRC := tests/unit/nodeconf_test.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-nodeconf_LIBS := cmocka $(brambled_LIBS)
FUZZERS += fuzz-node_document
fuzz-node_document_SRC := tests/fuzz/node_document.c provisioner/nodeconf/template.c rootfs/agent/fetch.c rootfs/config/document.c rootfs/json.c common/str.c
# The command and brambled in one program: what the table of verbs says of each
TESTS += test-verbs
test-verbs_SRC := $(sort tests/unit/verbs_test.c tests/unit/verbs_world.c tests/unit/schema.c tests/unit/brambled_world.c $(CLI_SRC) $(BRAMBLED_SRC))
test-verbs_LIBS := cmocka $(sort $(CLI_LIBS) $(brambled_LIBS))
test-verbs_LDLIBS := -Wl,--wrap=client_call,--wrap=fsync -lm
PROGRAMS += schema
schema_SRC := tests/schema.c tests/unit/schema.c common/file.c common/str.c
schema_LIBS := libcjson
schema_LDLIBS := -lm
TESTS += test-json-text
test-json-text_SRC := tests/unit/json_text_test.c provisioner/json_text.c
test-json-text_LIBS := cmocka libcjson

# Many nodes: what each call of the API costs, and (a test) how that grows with their number
TESTS += test-scale
test-scale_SRC := tests/unit/scale_test.c tests/unit/many.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
test-scale_LIBS := cmocka $(brambled_LIBS)
test-scale_LDLIBS := -Wl,--wrap=nodeconf_merge,--wrap=nodeconf_format
PROGRAMS += bench-scale
bench-scale_SRC := tests/bench/scale.c tests/bench/scale_verbs.c tests/unit/many.c tests/unit/brambled_world.c $(BRAMBLED_SRC)
bench-scale_LIBS := cmocka $(brambled_LIBS)
