# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# What `formats` measures, on the router and on node 1. lab, format, bytes and out are the caller's.
# shellcheck disable=SC2034 # and so is what is set here
lab=${lab:-} lab_name=${lab_name:-} format=${format:-} bytes=${bytes:-} out=${out:-}

now_ms() { date +%s%3N; }
joined_since() { [ "$(bramble --json node list | jq "[.nodes[] | select(.state == \"joined\" and .heartbeat_ms > $2)] | length")" -ge "$1" ]; }
wait_for_all() { # number since seconds
	end=$(($(date +%s) + $3))
	until joined_since "$1" "$2"; do
		[ "$(date +%s)" -lt "$end" ] || { echo "formats: $format: not all booted within $3 s" >&2 && return 1; }
		sleep 1
	done
}
# Hundredths of a second that the servers of files used, and bytes that left the router.
servers() {
	for name in ganesha httpd; do cut -d' ' -f14,15 "/proc/$(tests/lab/appliance "$lab_name" pid "$name")/stat"; done |
		awk '{ sum += $1 + $2 } END { print sum }'
}
sent() { ip netns exec "$lab_name-rt" cat /sys/class/net/lan0/statistics/tx_bytes; }
begin() { servers_before=$(servers) sent_before=$(sent) began=$(now_ms); }
add() { # name value … of the line
	line="\"format\": \"$format\", \"file_bytes\": $bytes"
	while [ $# -gt 0 ]; do
		line="$line, \"$1\": ${2:-null}"
		shift 2
	done
	echo "{ $line }" | tee -a "$out"
}

# What the node itself says: operations and bytes of the image's mount, and its clock at certain points.
ask_node() {
	on_board 1 'systemctl is-system-running --wait >/dev/null; sleep 3; cat /proc/self/mountstats' >"$lab/mountstats"
	on_board 1 'systemctl show -p ActiveEnterTimestampMonotonic multi-user.target; dmesg | grep "bramble: root: done"; grep -h -e MemAvailable -e "^cpu " /proc/meminfo /proc/stat' >"$lab/node"
	operations=$(awk '/^device/ { image = / fstype nfs4/ && /images/ } image && /^\t *[A-Z_]+: / { n += $2; b += $5 + $6; if ($1 == "READ:") r = $2 }
		END { print n + 0, r + 0, b + 0 }' "$lab/mountstats")
	target=$(awk -F'[][ =]+' '/^Active/ { target = $2 / 1000000 } /root: done/ { root = $2; for (i = 1; i < NF; i++) if ($i == "in") took = $(i + 1) }
		END { printf "%.2f %.2f", took, target - root + took }' "$lab/node")
	available=$(awk '/^MemAvailable/ { printf "%d", $2 / 1024 }' "$lab/node")
	busy=$(awk '/^cpu / { printf "%.2f", ($2 + $3 + $4 + $7 + $8) / 100 }' "$lab/node")
}
