#!/bin/sh
# SPDX-License-Identifier: ISC
# Roll-outs with boards whose firmware is real on the wire and whose system is this script: a version reaches both, one
# after the other, while brambled is killed; one that panics, and one that hangs, go no further than the first.
# timeout: 400
set -eu
. tests/lib.sh

runs() { [ "$(node_says "$1" '.state + " " + .image_hash')" = "joined $2" ]; }
phase_of() { bramble --json rollout status | jq -r --arg node "$1" '.nodes[] | select(.node == $node).phase'; }
is_phase() { [ "$(phase_of "$1")" = "$2" ]; }
told() { bramble --json events -n 1000 | jq -r '.events[] | select(.kind == "'"$1"'") | .subject + " " + .text'; }
reboots_of() { told order.given | grep -c "^$1 .*reboot"; }
other_pid() { now=$(appliance pid brambled) && [ "$now" != "$1" ] && kill -0 "$now"; }
roll_out() { bramble rollout base --to "$1" --wave 1 --within 2m >"$lab/rollout.log" 2>&1; }
call() { # number path body
	ip netns exec "$lab_name-b$1" curl -s -m 5 -X POST -d "$3" "http://10.77.0.1/v1/$2"
}

# Another version: the same files under another name, which is all that the router looks at.
make_version() { # file kind
	cp "$first.squashfs" "$lab/$1"
	echo "$1" | dd of="$lab/$1" bs=1 seek=1000000 conv=notrunc status=none
	hash=$(sha256sum <"$lab/$1" | cut -d' ' -f1)
	mv "$lab/$1" "$(dirname "$first")/$hash.squashfs"
	cp -a "$first.boot" "$(dirname "$first")/$hash.boot"
	echo "$hash" >"$lab/$1"
}

# A node: boots, joins if its version lets it, and reboots when it is told to.
node() { # number
	while [ ! -e "$lab/enough" ]; do
		power_on "$1" 4b "10000000c0ffee0$1" "dc:a6:32:0a:0b:0$1" --link-ms 0 --output "$lab/files-$1"
		board_status "$1" || continue
		line=$(cat "$lab/files-$1"/*/cmdline.txt)
		token=${line##*bramble.token=} && token=${token%% *}
		hash=${line##*bramble.hash=} && hash=${hash%% *}
		[ "$hash" != "$(cat "$lab/panic")" ] || continue
		if [ "$hash" = "$(cat "$lab/hang")" ]; then
			sleep 20 # it counts as stuck; then bramble-init starts it over
			continue
		fi
		call "$1" join "{\"token\":\"$token\",\"image\":\"$hash\"}" >/dev/null
		while [ ! -e "$lab/enough" ]; do
			order=$(call "$1" heartbeat "{\"token\":\"$token\"}" | jq -r '.order_id // empty') || order=
			[ -z "$order" ] || break
			sleep 1
		done
		[ -z "${order:-}" ] || call "$1" order "{\"token\":\"$token\",\"order_id\":$order,\"done\":true,\"text\":\"\"}" >/dev/null
	done
}

test_explain() { tail -n 12 "$lab/rollout.log" "$lab/log" | sed 's/^/# /'; }

lab_begin rollouts
lab_share
first=$(find "$lab/share/images/base" -name '*.squashfs') && first=${first%.squashfs}
for kind in sound panic hang; do make_version "$kind"; done
sound=$(cat "$lab/sound")
appliance configure
sed -i 's/heartbeat_s = 2/fallback_after = 1; stuck_after_s = 12; patience_s = 20; &/' "$lab/bramble.conf"
appliance start || bail_out 'the appliance does not start'
bramble image use base "$(basename "$first")" >/dev/null
node 1 & nodes=$!
wait_for 60 node_is rasp1 joined
node 2 & nodes="$nodes $!"
check 'two nodes have joined' wait_for 60 node_is rasp2 joined

(wait_for 60 is_phase rasp1 rebooting && appliance kill brambled) &
brambled=$(appliance pid brambled)
check 'a sound version comes to all' roll_out "$sound"
check 'though brambled was killed' other_pid "$brambled"
check 'both run it' runs rasp1 "$sound"
check 'the other one as well' runs rasp2 "$sound"
check 'it is current' is "$(bramble --json image list | jq -r '.images[0].current')" "$sound"
for kind in panic hang; do
	check "$kind: the roll-out stops" fails roll_out "$(cat "$lab/$kind")"
	check "$kind: rasp1 is back with its last good version by itself" wait_for 60 runs rasp1 "$sound"
	check "$kind: which ends its part" wait_for 20 is_phase rasp1 put-back
	check "$kind: rasp2 runs what it ran" runs rasp2 "$sound"
	check "$kind: and was not told to reboot" is "$(reboots_of rasp2)" 1
	check "$kind: it can be aborted" bramble rollout abort
done
check 'it fell back each time' is "$(told node.fell-back | cut -d' ' -f1 | tr '\n' ' ')" 'rasp1 rasp1 '
touch "$lab/enough"
for pid in $nodes; do wait "$pid" || :; done
done_testing
