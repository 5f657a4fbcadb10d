# SPDX-License-Identifier: ISC
# bramble-image: boot/ and rootfs/ make the parts, provisioner/image/ puts them together.
BOOT_MAKE := boot/build.c boot/kernel.c boot/initramfs.c boot/modules.c boot/firmware.c
ROOTFS_RECIPE := rootfs/recipe.c rootfs/recipe_parts.c
ROOTFS_MAKE := $(ROOTFS_RECIPE) $(addprefix rootfs/,failure.c progress.c run.c cache.c apt.c repositories.c kernel.c base.c \
               tree.c units.c files.c script.c jail.c mapped.c clean.c contents.c import.c oci.c oci_text.c layer.c seal.c kubelet_version.c root.c) common/verity.c common/denied.c

PROGRAMS += bramble-image
bramble-image_SRC = provisioner/image/main.c provisioner/image/build.c provisioner/image/apart.c provisioner/image/job.c provisioner/image/space.c provisioner/image/portable.c provisioner/image/export.c provisioner/image/import.c \
                     provisioner/image/check.c provisioner/image/list.c provisioner/image/store.c provisioner/image/show.c provisioner/image/show_json.c provisioner/image/rot.c provisioner/image/blocks.c \
                     provisioner/image/defaults.c rootfs/tcp.c $(SETTINGS_SRC) \
                     $(BOOT_SERVE) $(BOOT_MAKE) $(ROOTFS_MAKE) $(COMMON_BASE) common/hash.c
bramble-image_LIBS := libcjson libarchive zlib libsodium libconfig libcap-ng libseccomp

# Beside the programs that an image gets, wherever they are built.
ifneq ($(wildcard rootfs/agent/bramble-agent.service),)
programs: $(B)/bramble-agent.service
$(B)/bramble-agent.service: rootfs/agent/bramble-agent.service | $(B)/.deps
	$(call say,CP,$@)cp $< $@
endif

TESTS += test-boot-build
test-boot-build_SRC := tests/unit/boot_build_test.c $(BOOT_SERVE) $(BOOT_MAKE) common/file.c common/hash.c common/str.c
test-boot-build_LIBS := cmocka libarchive zlib libsodium

TESTS += test-recipe test-run test-tree
test-recipe_SRC := tests/unit/recipe_test.c $(ROOTFS_RECIPE) rootfs/failure.c common/file.c common/str.c
test-recipe_LIBS := cmocka libconfig
test-run_SRC := tests/unit/run_test.c rootfs/run.c rootfs/failure.c rootfs/progress.c common/clock.c common/file.c common/str.c
test-run_LIBS := cmocka
test-tree_SRC := tests/unit/tree_test.c rootfs/clean.c rootfs/tree.c rootfs/units.c rootfs/cache.c rootfs/failure.c common/hash.c $(COMMON_BASE)
test-tree_LIBS := cmocka libsodium

TESTS += test-layer test-oci-text
test-layer_SRC := tests/unit/layer_test.c $(addprefix rootfs/,layer.c tree.c cache.c failure.c progress.c) $(COMMON_BASE) common/hash.c
test-layer_LIBS := cmocka libarchive libsodium
test-oci-text_SRC := tests/unit/oci_text_test.c rootfs/oci_text.c rootfs/failure.c common/str.c
test-oci-text_LIBS := cmocka libcjson
FUZZERS += fuzz-layer fuzz-oci_text
fuzz-layer_SRC := tests/fuzz/layer.c $(addprefix rootfs/,layer.c tree.c cache.c failure.c progress.c) $(COMMON_BASE) common/hash.c
fuzz-layer_LIBS := libarchive libsodium
fuzz-oci_text_SRC := tests/fuzz/oci_text.c rootfs/oci_text.c rootfs/failure.c common/str.c
fuzz-oci_text_LIBS := libcjson

TESTS += test-contents
test-contents_SRC := tests/unit/contents_test.c $(addprefix rootfs/,contents.c kubelet_version.c cache.c tree.c failure.c) $(COMMON_BASE) common/hash.c
test-contents_LIBS := cmocka libsodium

TESTS += test-image-blocks
test-image-blocks_SRC := tests/unit/image_blocks_test.c provisioner/image/blocks.c rootfs/seal.c rootfs/run.c rootfs/failure.c rootfs/progress.c common/verity.c common/clock.c common/file.c common/str.c
test-image-blocks_LIBS := cmocka libsodium

TESTS += test-mapped
test-mapped_SRC := tests/unit/mapped_test.c rootfs/mapped.c rootfs/run.c rootfs/failure.c rootfs/progress.c common/clock.c common/file.c common/str.c
test-mapped_LIBS := cmocka

IMAGE_STORE := provisioner/image/store.c provisioner/image/check.c provisioner/image/rot.c provisioner/image/blocks.c common/verity.c rootfs/contents.c rootfs/cache.c rootfs/tree.c rootfs/run.c \
               rootfs/failure.c rootfs/progress.c $(BOOT_SERVE) $(COMMON_BASE) common/hash.c
TESTS += test-image-store test-image-crash
test-image-store_SRC := tests/unit/image_store_test.c tests/unit/image_world.c $(IMAGE_STORE)
test-image-store_LIBS := cmocka libsodium
test-image-crash_SRC := tests/unit/image_crash_test.c tests/unit/image_world.c $(IMAGE_STORE)
test-image-crash_LIBS := cmocka libsodium

PORTABLE := provisioner/image/portable.c rootfs/failure.c rootfs/progress.c common/file.c common/str.c common/clock.c
TESTS += test-portable
test-portable_SRC := tests/unit/portable_test.c $(PORTABLE) rootfs/cache.c common/hash.c common/log.c
test-portable_LIBS := cmocka libarchive libsodium
FUZZERS += fuzz-portable
fuzz-portable_SRC := tests/fuzz/portable.c $(PORTABLE)
fuzz-portable_LIBS := libarchive

TESTS += test-image-defaults
test-image-defaults_SRC = tests/unit/image_defaults_test.c provisioner/image/defaults.c rootfs/tcp.c $(SETTINGS_SRC) rootfs/failure.c \
                          $(COMMON_BASE)
test-image-defaults_LIBS := cmocka libconfig
