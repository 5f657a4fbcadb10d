#!/bin/sh
# SPDX-License-Identifier: ISC
# `image gc` races boots: while boards boot again and again, versions change and are swept without a pause. Whatever version a board was
# told, all of it stays until its root would be mounted, and every file of it arrived.
# timeout: 900
set -eu
. tests/lib.sh

wanted=24 # boots
limit=300 # changes of the current version, each with a sweep
images=
make_version() { # number: the same files under another name, which is all that the router looks at
	hash=$(printf %064d "$1")
	cp -a "$lab/set" "$images/$hash.boot" && cp "$lab/root" "$images/.new" && mv "$images/.new" "$images/$hash.squashfs"
}
told_version() { sed 's/.*bramble.hash=//; s/[^0-9a-f].*//' "$lab/files-$1"/*/cmdline.txt; }
is_there() { [ -s "$images/$1.squashfs" ] && [ -s "$images/$1.boot/manifest" ]; }
swept_twice_since() { [ -e "$lab/enough" ] || [ "$(cat "$lab/sweeps")" -ge $(($1 + 3)) ]; }
# Its kernel has started and its root isn't mounted yet while two sweeps come and go. One line for each boot: "whole HASH", "gone HASH" or "failed".
board() { # number
	while [ ! -e "$lab/enough" ]; do
		rm -rf "$lab/files-$1"
		power_on "$1" 4b "10000000c0ffee0$1" "dc:a6:32:0a:0b:0$1" --link-ms 0 --output "$lab/files-$1"
		status=0
		board_status "$1" || status=$?
		wait_for 200 swept_twice_since "$(cat "$lab/sweeps")" || :
		if [ "$status" != 0 ]; then
			echo failed
		elif is_there "$(told_version "$1")"; then
			echo "whole $(told_version "$1")"
		else
			echo "gone $(told_version "$1")"
		fi >>"$lab/boots-$1"
	done
}
boots() { cat "$lab"/boots-* 2>/dev/null | grep -c "^$1" || :; }
change_and_sweep() { # number
	make_version "$1" && bramble image use base "$(printf %064d "$1")" >/dev/null && bramble --json image gc base --yes | jq -r '.removed[].hash' >>"$lab/removed" && echo "$1" >"$lab/sweeps"
}
race() {
	n=0
	while [ "$(boots '')" -lt "$wanted" ]; do
		n=$((n + 1))
		change_and_sweep "$n" || return 1
		[ "$n" -lt "$limit" ] || return 1
	done
}
test_explain() { tail -n 6 "$lab"/board-*.log "$lab/log" | sed 's/^/# /'; }

lab_begin gcboot
lab_share
tests/lab/small "$lab/share"
images=$lab/share/images/base
first=$(find "$images" -name '*.squashfs') && first=${first%.squashfs}
truncate -s 4096 "$lab/root" && printf 'hsqs' | dd of="$lab/root" conv=notrunc status=none
printf '\0\020' | dd of="$lab/root" bs=1 seek=40 conv=notrunc status=none # it says that it has 4096 bytes
rm -f "$first.squashfs" && cp "$lab/root" "$first.squashfs" && cp -a "$first.boot" "$lab/set"
echo 0 >"$lab/sweeps"
NODES='stuck_after_s = 3000; patience_s = 3600;' appliance configure # a slow machine ends no boot
appliance start
for n in 1 2 3; do board "$n" & done
check 'versions come, become current and are swept meanwhile' race
: >"$lab/enough"
wait_for 60 sh -c "! ip netns pids $lab_name-b1 | grep -q . && ! ip netns pids $lab_name-b2 | grep -q . && ! ip netns pids $lab_name-b3 | grep -q ." || :
note "$(boots '') boots with $(cat "$lab"/boots-* | sort -u | grep -c whole) versions; $(wc -l <"$lab/removed") versions removed"
check 'many were removed' [ "$(wc -l <"$lab/removed")" -ge 10 ]
check 'boots got many versions' [ "$(cat "$lab"/boots-* | sort -u | grep -c whole)" -ge 5 ]
check 'no board was told a version that went' is "$(boots gone)" 0
check 'no boot failed' is "$(boots failed)" 0
done_testing
