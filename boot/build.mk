# SPDX-License-Identifier: ISC
BOOT_SERVE := boot/models.c boot/name.c boot/render.c boot/manifest.c boot/set.c
BOOT_SERVE_LIBS := libsodium

TESTS += test-boot-name test-boot-render test-boot-set
test-boot-name_SRC := tests/unit/boot_name_test.c boot/name.c boot/models.c common/str.c
test-boot-name_LIBS := cmocka
test-boot-render_SRC := tests/unit/boot_render_test.c boot/render.c common/str.c
test-boot-render_LIBS := cmocka
test-boot-set_SRC := tests/unit/boot_set_test.c $(BOOT_SERVE) common/file.c common/str.c
test-boot-set_LIBS := cmocka libsodium
FUZZERS += fuzz-boot_name
fuzz-boot_name_SRC := tests/fuzz/boot_name.c boot/name.c boot/models.c common/str.c
