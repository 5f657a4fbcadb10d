# SPDX-License-Identifier: ISC

# Processes that brambled keeps running
SUPERVISE_SRC := provisioner/supervise.c provisioner/supervise_spawn.c provisioner/supervise_adopt.c
TESTS += test-supervise
test-supervise_SRC := tests/unit/supervise_test.c $(SUPERVISE_SRC) $(COMMON_BASE)
test-supervise_LIBS := cmocka libevent_core
