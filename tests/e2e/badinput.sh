#!/bin/sh
# SPDX-License-Identifier: ISC
# Bad input: each gets a clear error, and nothing is lost or half done.
# timeout: 300
set -eu
. tests/lib.sh

brambled_says() { # configuration, text: what it prints within 4 s holds the text
	ip netns exec "$lab_name-rt" timeout 4 "$B/brambled" --config "$1" >"$lab/said" 2>&1 || :
	grep -F -e "$2" "$lab/said" || { tail -n 5 "$lab/said"; return 1; }
}
changed() { sed "$1" "$lab/bramble.conf" >"$lab/changed.conf"; }
is_well() { [ "$(bramble --json status | jq -r .state)" = running ]; }
warns() { bramble status | grep -F -e "$1"; }
boot() { # [option …]
	rm -f "$lab/board-1.log"
	power_on 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c --link-ms 0 --hashes "$@"
	board_status 1
}
last_reason() { bramble --json boot list | jq -r '.boots[0].reason' | grep -F -e "$1"; }
from_board() { ip netns exec "$lab_name-b1" "$@"; }
gets_nothing() { # path: neither by TFTP nor by HTTP
	rm -f "$lab/got"
	! from_board curl -s -m 5 --path-as-is "tftp://10.77.0.1/$1" -o "$lab/got" || return 1
	code=$(from_board curl -s -m 5 --path-as-is "http://10.77.0.1/boot/$1" -o "$lab/got" -w '%{http_code}')
	echo "$code"
	! grep -q root: "$lab/got" && [ "$code" -ge 400 ] && [ "$code" -lt 500 ]
}
nodes() { bramble --json node list | jq -S '[.nodes[] | {id, name, address, board}]'; }
test_explain() { tail -n 8 "$lab/log" "$lab/board-1.log" | sed 's/^/# /'; }

lab_begin bad
lab_share
appliance configure

changed 's/join =/jion =/'
check 'a misspelt setting is named, with file, line and the right word' \
	brambled_says "$lab/changed.conf" "changed.conf:7: nodes.jion: unknown setting; did you mean \"nodes.join\"?"
changed 's/heartbeat_s = 2/heartbeat_s = "often"/'
check 'a wrong type is explained' brambled_says "$lab/changed.conf" 'nodes.heartbeat_s: is text; allowed: a whole number from 1 to 3600'
changed 's/range_first = "10.77.0.50"/range_first = "10.78.0.50"/'
check 'an address outside the network is explained' brambled_says "$lab/changed.conf" 'lan.range_first'
check 'a missing file is named' brambled_says /nonexistent 'nonexistent: cannot read: No such file'
changed 's/"lan0"/"nope0"/'
check 'a missing interface is named, with what to do' brambled_says "$lab/changed.conf" 'there is no network interface nope0 (lan.interface)'

ip netns exec "$lab_name-rt" "$B/bramble-tftpd" --root "$lab" --listen 10.77.0.1:69 2>/dev/null &
squatter=$!
wait_for 5 sh -c "ip netns exec $lab_name-rt ss -lun | grep -q '10.77.0.1:69'"
appliance start
check 'an occupied port is named, with what to do' wait_for 5 warns "can't listen on UDP port 69 of 10.77.0.1: Address already in use"
kill "$squatter"
check 'when it is free, all is well without a restart' wait_for 15 is_well
check 'a board boots' boot --attempts 3

for path in ../../etc/shadow /etc/shadow c0ffee01/../../../etc/passwd ..%2f..%2fetc%2fshadow state/registry.db \
	c0ffee01/cmdline.txt%00.elf a1b2c3d4/cmdline.txt; do
	check "nobody gets $path" gets_nothing "$path"
done
check 'the log names the refused path' grep -q 'etc/shadow' "$lab/log"
check 'the administrator calls are not for the LAN' is "$(from_board curl -s -o /dev/null -w '%{http_code}' http://10.77.0.1/v1/nodes)" 403

kernel=$(find "$lab/share/images/base" -name kernel8.img)
cp -p "$kernel" "$lab/kernel"
truncate -s -1000 "$kernel"
check 'a truncated kernel is not handed out' fails boot
check 'its boot says why and what to do' last_reason 'bramble image verify'
"$B/bramble-image" verify --share "$lab/share" >"$lab/verified" 2>&1 || :
check 'bramble image verify names the file' grep -q kernel8.img "$lab/verified"
cat "$lab/kernel" >"$kernel"
check 'with the right file the board boots' boot

nodes >"$lab/before"
appliance stop
printf 'no database' | dd of="$lab/share/state/registry.db" conv=notrunc status=none
appliance start
check 'a damaged registry is told of' warns 'was damaged'
check 'the damaged file is kept' ls "$lab"/share/state/registry.db.corrupt-*
nodes >"$lab/after"
check 'nodes, addresses and boards are still known' diff "$lab/before" "$lab/after"
done_testing
