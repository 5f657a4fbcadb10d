# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For tests/bench/run: a veth pair between two network namespaces, and the control group that counts what a server uses.
ns=${NETWORK:-brbench}
server_address=10.88.0.1

lan_up() {
	lan_down
	ip netns add "$ns-s"
	ip netns add "$ns-c"
	ip link add eth0 netns "$ns-s" type veth peer name eth0 netns "$ns-c"
	ip -n "$ns-s" addr add $server_address/24 dev eth0
	ip -n "$ns-c" addr add 10.88.0.2/24 dev eth0
	for side in s c; do
		ip -n "$ns-$side" link set lo up
		ip -n "$ns-$side" link set eth0 up
	done
	# No run begins with a search for the other side.
	for pair in 's 10.88.0.2 c' 'c 10.88.0.1 s'; do
		# shellcheck disable=SC2086 # three words
		set -- $pair
		ip -n "$ns-$1" neigh replace "$2" dev eth0 nud permanent \
			lladdr "$(ip -n "$ns-$3" -br link show eth0 | awk '{ print $3 }')"
	done
	# Each client has an address of its own, as boards have.
	ip -n "$ns-c" route add local 10.89.0.0/16 dev lo
	ip -n "$ns-s" route add 10.89.0.0/16 via 10.88.0.2
}

lan_down() {
	for side in s c; do
		[ ! -e "/run/netns/$ns-$side" ] || ip netns del "$ns-$side"
	done
}

# Processor time by control group, version 2 or 1 as the machine has it.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
	group=/sys/fs/cgroup/$ns
	cpu_us() { awk '$1 == "usage_usec" { print $2 }' "$group/cpu.stat"; }
elif [ -d /sys/fs/cgroup/cpuacct ]; then
	group=/sys/fs/cgroup/cpuacct/$ns
	cpu_us() { echo $(($(cat "$group/cpuacct.usage") / 1000)); }
else
	echo 'bench: no control group counts processor time here' >&2
	exit 1
fi

group_up() { mkdir -p "$group"; }
group_down() { [ ! -d "$group" ] || rmdir "$group" 2>/dev/null || :; }

# What part of the machine is in use, percent, over half a second.
busy_percent() {
	{
		head -n 1 /proc/stat
		sleep 0.5
		head -n 1 /proc/stat
	} | awk '{ total = 0; for (i = 2; i <= 9; i++) total += $i; idle = $5 + $6 }
		NR == 1 { from = total; idle_from = idle }
		END { printf "%.0f\n", 100 - 100 * (idle - idle_from) / (total - from) }'
}
