# SPDX-License-Identifier: ISC
# Which rules of TFTP and HTTP a server keeps: what both suites share
CONFORMANCE_SRC := $(addprefix tests/conformance/,main.c list.c report.c)
include tests/conformance/tftp/build.mk tests/conformance/http/build.mk
