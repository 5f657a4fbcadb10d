#!/bin/sh
# SPDX-License-Identifier: ISC
# A full disk under the registry: what needs it is refused, what was known stays known, and afterwards all goes on.
# timeout: 120
set -eu
. tests/lib.sh

boot() {
	rm -f "$lab/board-1.log"
	power_on 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c --link-ms 0 --attempts "${1:-1}"
	board_status 1
}
warns() { bramble status | grep -F -e "$1"; }
nodes() { bramble --json node list | jq -S '[.nodes[] | {id, name, address, board}]'; }
test_explain() { tail -n 8 "$lab/log" "$lab/board-1.log" | sed 's/^/# /'; }
end() {
	code=$?
	umount -l "$lab/share/state" 2>/dev/null || :
	set +e # lab_end ends with the status before it
	(exit "$code")
	lab_end
}

lab_begin fulldisk
trap end EXIT
lab_share
mkdir "$lab/share/state"
mount -t tmpfs -o size=2m none "$lab/share/state"
appliance start
check 'a board boots' boot 3
nodes >"$lab/before"

dd if=/dev/zero of="$lab/share/state/fill" bs=4k status=none 2>/dev/null || :
check 'on a full disk a node that is known still boots' boot 3
check 'a change is refused' fails bramble node forget rasp1 --yes
check 'the status says so' wait_for 5 warns "registry can't be written"
nodes >"$lab/after"
check 'what was known is known' diff "$lab/before" "$lab/after"
check 'the appliance can be killed' appliance kill brambled
check 'and comes back' wait_for 5 warns 'LAN'
nodes >"$lab/after"
check 'what was known is known' diff "$lab/before" "$lab/after"

rm "$lab/share/state/fill"
check 'with space again, the board boots' boot
check 'and changes are taken' bramble node replace rasp1 --next
appliance restart
check 'and last' is "$(node_says rasp1 .wants_next)" true
done_testing
