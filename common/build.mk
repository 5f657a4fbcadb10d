# SPDX-License-Identifier: ISC
COMMON_BASE := common/log.c common/str.c common/clock.c common/file.c
COMMON_SERVER := $(COMMON_BASE) common/hash.c common/ipc.c common/sandbox.c
COMMON_SERVER_LIBS := libsodium libcap-ng
