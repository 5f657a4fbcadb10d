# SPDX-License-Identifier: ISC

# The virtual Pi
VPI_SRC := tests/vpi/model.c tests/vpi/timeline.c tests/vpi/wire.c tests/vpi/lease.c tests/vpi/interface.c \
	tests/vpi/tftp.c tests/vpi/config.c tests/vpi/check.c tests/vpi/fetch.c tests/vpi/firmware.c tests/vpi/machine.c \
	tests/vpi/tree.c tests/vpi/netconsole.c
PROGRAMS += vpi
vpi_SRC := tests/vpi/main.c $(VPI_SRC) common/str.c common/clock.c common/file.c common/dhcp.c
vpi_LIBS := libsodium libcjson zlib
TESTS += test-vpi
test-vpi_SRC := tests/unit/vpi_test.c $(VPI_SRC) common/str.c common/clock.c common/file.c common/dhcp.c
test-vpi_LIBS := cmocka libsodium libcjson zlib

# The virtual LAN's live view
PROGRAMS += lab-shell
lab-shell_SRC := tests/lab/shell.c common/clock.c common/str.c

# brambled's services without brambled, one board's DHCP, a small NFS client, forged TFTP requests
PROGRAMS += services dhcp-probe nfs-probe tftp-flood
tftp-flood_SRC := tests/integration/tftp_flood.c common/str.c common/clock.c
# DISCOVERs of boards that don't exist
PROGRAMS += dhcp-flood
dhcp-flood_SRC := tests/integration/dhcp_flood.c tests/vpi/lease.c tests/vpi/wire.c tests/vpi/model.c tests/vpi/timeline.c \
	common/str.c common/clock.c common/dhcp.c
dhcp-flood_LIBS := libcjson
services_SRC := tests/integration/services.c $(NETWORK_SRC) $(NETWORK_RULES) $(EXPORTS_SRC) $(SUPERVISE_SRC) $(COMMON_BASE) common/ipc.c
services_LIBS := libevent_core
dhcp-probe_SRC := tests/integration/dhcp_probe.c provisioner/dhcpwatch/frame.c common/dhcp.c common/str.c common/clock.c
nfs-probe_SRC := tests/integration/nfs_probe.c common/str.c common/clock.c

# The load of `make bench`
PROGRAMS += bench-load
bench-load_SRC := tests/bench/load.c tests/bench/load_tftp.c tests/bench/load_http.c common/str.c common/clock.c
PROGRAMS += bench-report
bench-report_SRC := tests/bench/report.c tests/bench/goals.c tests/bench/figures.c tests/bench/plot.c common/str.c
bench-report_LIBS := libcjson
bench-report_LDLIBS := -lm

# `make bench-formats`: the hash tree of an image in any format, and a bramble-init that mounts erofs
PROGRAMS += bench-seal
bench-seal_SRC := tests/bench/seal.c rootfs/seal.c rootfs/run.c rootfs/failure.c rootfs/progress.c common/verity.c $(COMMON_BASE)
NODE_PROGRAMS += bench-init-erofs
bench-init-erofs_SRC := rootfs/init/main.c tests/bench/mounts_erofs.c $(filter-out rootfs/init/mounts.c,$(INIT_SRC))

check: ## Set up, build, run all tests (ONLY=word: those whose name holds it)
	@B=$(B) MAKE="$(MAKE)" tests/check $(TESTS)
check-long: ## What takes too long for `make check`: real Kubernetes nodes
	@B=$(B) MAKE="$(MAKE)" tests/check long
demo: ## Watch two virtual Pis join, and a third take over from one (KEEP=1: leave it running)
	@B=$(B) MAKE="$(MAKE)" tests/lab/demo
.PHONY: bench-scale
bench-scale: $(B)/bench-scale ## What each call of the API costs with 10,000 nodes (docs/scale.md)
	@$(B)/bench-scale
.PHONY: bench-storms
bench-storms: all ## Storms of 256 boards, beside plain dnsmasq: hours (KINDS=full, ROUNDS=1 …; DOCS=1 writes docs/storms.md)
	@NEW=1 B=$(B) tests/bench/storms $(KINDS)
	@[ "$(DOCS)" != 1 ] || B=$(B) tests/bench/storms-document
.PHONY: bench-formats
bench-formats: all ## Formats of an image, each booted alone and by several at once: 25 minutes (DOCS=1 writes docs/formats.md)
	@NEW=1 B=$(B) tests/bench/formats $(FORMATS)
	@[ "$(DOCS)" != 1 ] || B=$(B) tests/bench/formats-document
bench: all ## Our servers beside Debian's, and power-on to kernel (QUICK=1; DOCS=1 writes docs/performance.*)
	@B=$(B) tests/bench/run
	@B=$(B) tests/bench/boot.sh

# What the pods of the tests run
NODE_PROGRAMS += pod
pod_SRC := tests/kubernetes/pod.c
