#!/bin/sh
# SPDX-License-Identifier: ISC
# timeout: 150
# bramble-tftpd --root keeps every rule of the TFTP conformance suite (tests/conformance/tftp). About 30 s.
set -eu
. tests/lib.sh

lab_begin tftpconf
"$B/tftp-conformance" --make-tree "$lab/tree"
ip netns exec "$lab_name-rt" "$B/bramble-tftpd" --root "$lab/tree" --listen 0.0.0.0:69 --user nobody >"$lab/log" 2>&1 &
server=$!
wait_for 5 grep -q ready "$lab/log" || bail_out "the server isn't ready: $(cat "$lab/log")"
status=0
ip netns exec "$lab_name-rt" "$B/tftp-conformance" --tap --confirm --tree "$lab/tree" 127.0.0.1:69 || status=$?
kill -0 "$server"
exit "$status"
