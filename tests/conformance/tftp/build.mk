# SPDX-License-Identifier: ISC
# Which rules of TFTP a server keeps, ours beside its peers
PROGRAMS += tftp-conformance
tftp-conformance_SRC := $(CONFORMANCE_SRC) $(addprefix tests/conformance/tftp/,runner.c exchange.c expect.c tree.c \
	rfc1350_transfer.c rfc1350_ending.c rfc1350_tid.c rfc1350_request.c rfc1123.c rfc2347.c rfc2348.c rfc2349.c \
	rfc7440.c rfc7440_gap.c security_name.c security_traffic.c security_file.c) common/str.c common/clock.c

.PHONY: conformance conformance-tftp
conformance: conformance-tftp ## Judge our servers and their peers case by case, into docs/
conformance-tftp: $(B)/tftp-conformance $(B)/bramble-tftpd
	@B=$(B) tests/conformance/tftp/compare
