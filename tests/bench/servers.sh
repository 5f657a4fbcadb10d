# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For tests/bench/run: servers on one side of a veth pair, clients on the other, each server in a control group of
# its own that counts its processor time.
ns=brbench
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

# Peak resident memory of all processes of the server, kB (of those that live).
memory_kb() {
	total=0
	while read -r pid; do
		peak=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status" 2>/dev/null) || peak=0
		total=$((total + ${peak:-0}))
	done <"$group/cgroup.procs"
	echo "$total"
}

in_group() { # command …: become it
	# Into the group first: `ip netns exec` has a /sys of its own.
	# shellcheck disable=SC2016 # for the inner shell
	sh -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" ip netns exec "$ns-s" "$@" >>"$work/$server.log" 2>&1
}

server_start() { # name
	server=$1
	case $server in
	bramble-tftpd)
		in_group "$B/bramble-tftpd" --root "$work/files" --listen $server_address:69 --max-sessions 4096 \
			--log-level ${LEVEL:-warning} &
		;;
	dnsmasq)
		in_group dnsmasq --conf-file=/dev/null --port=0 --keep-in-foreground --enable-tftp --tftp-max=4096 \
			--tftp-root="$work/files" --user=nobody --pid-file --log-facility="$work/dnsmasq.log" &
		;;
	tftpd-hpa) in_group "$B/peers/tftpd-hpa/in.tftpd" -L -a $server_address:69 -u nobody -s "$work/files" & ;;
	atftpd)
		in_group "$B/peers/atftpd/atftpd" --daemon --no-fork --bind-address $server_address --port 69 \
			--maxthread 4096 --user nobody.nogroup "$work/files" &
		;;
	bramble-httpd)
		in_group "$B/bramble-httpd" --root "$work/files" --listen $server_address:80 --log-level ${LEVEL:-warning} &
		;;
	nginx) in_group "$B/peers/nginx/nginx" -p "$work" -c "$work/nginx.conf" & ;;
	esac
	sleep 0.4
}

server_stop() {
	while read -r pid; do kill "$pid" 2>/dev/null || :; done <"$group/cgroup.procs"
	wait 2>/dev/null || :
	for _ in $(seq 50); do
		[ -n "$(cat "$group/cgroup.procs")" ] || return 0
		sleep 0.1
	done
	while read -r pid; do kill -9 "$pid" 2>/dev/null || :; done <"$group/cgroup.procs"
	sleep 0.2
}
