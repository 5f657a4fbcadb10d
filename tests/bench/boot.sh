#!/bin/sh
# SPDX-License-Identifier: ISC
# `make bench`: from power-on to the kernel, and bytes per boot, with Bramble and with dnsmasq's built-in TFTP server,
# the same files to the same clients. Medians of BOOTS boots; then CROWD boards at once. Link-up time is left out.
set -eu
. tests/lib.sh

[ "${QUICK:-0}" = 0 ] || BOOTS=${BOOTS:-3}
boots=${BOOTS:-15}
crowd=${CROWD:-16}

boot() { # number model: prints milliseconds and bytes
	ip netns exec "$lab_name-b$1" "$B/vpi" --model "$2" --serial "$(printf '10000000770000%02x' "$1")" \
		--interface eth0 --link-ms 0 --json --attempts 4 >"$lab/boot-$1.json" || {
		echo "bench: board $1 ($2) does not boot:" >&2
		tail -n 3 "$lab/boot-$1.json" >&2
		exit 1
	}
	# From the first request that was answered, so that no retry of DHCP counts.
	tr -d '{}"' <"$lab/boot-$1.json" | awk -F'[:,]' '
		$4 == "discover" { from = $2 }
		$4 == "tftp" { to = $2 }
		$4 == "result" { bytes = $(NF - 8) }
		END { printf "%.0f %d\n", to - from, bytes }'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

measure() { # name
	for model in 3b 3b+ 4b; do
		: >"$lab/times"
		for _ in $(seq "$boots"); do boot 1 "$model" >>"$lab/times"; done
		printf '%-22s %-4s %6d ms %10d bytes\n' "$1" "$model" "$(cut -d' ' -f1 "$lab/times" | median)" \
			"$(cut -d' ' -f2 "$lab/times" | median)"
	done
	rm -f "$lab"/crowd-*
	pids=
	for n in $(seq "$crowd"); do
		boot "$n" 4b >"$lab/crowd-$n" &
		pids="$pids $!"
	done
	for pid in $pids; do wait "$pid" || exit 1; done
	printf '%-22s %d at once: median %d ms, last %d ms\n' "$1" "$crowd" \
		"$(cat "$lab"/crowd-* | cut -d' ' -f1 | median)" "$(cat "$lab"/crowd-* | cut -d' ' -f1 | sort -n | tail -n 1)"
}

# The files as every board fetched them from Bramble, in directories by serial number.
keep_files() {
	mkdir -p "$lab/files"
	for n in $(seq "$crowd"); do
		for model in 3b 3b+ 4b; do
			ip netns exec "$lab_name-b$n" "$B/vpi" --model "$model" --serial "$(printf '10000000770000%02x' "$n")" \
				--interface eth0 --link-ms 0 --attempts 4 --output "$lab/files" >/dev/null
		done
	done
	chmod -R a+rX "$lab/files"
}

start_dnsmasq() { # extra options
	ip netns exec "$lab_name-rt" dnsmasq --conf-file=/dev/null --port=0 --interface=lan0 --bind-interfaces --keep-in-foreground \
		--dhcp-range=10.77.0.50,10.77.0.250,1h --no-ping --leasefile-ro --pid-file --user=root \
		--pxe-service=0,"Raspberry Pi Boot   " --log-facility="$lab/dnsmasq.log" "$@" &
	server=$!
	sleep 0.5
}

stop_server() { kill "$1"; wait "$1" 2>/dev/null || :; }

lab_begin bench
lab_share
tests/lab/lab boards "$lab_name" 1 "$crowd"
LOG=warning appliance configure
appliance start
keep_files
echo "from the first DHCP packet to the kernel; medians of $boots boots; payload bytes received"
measure 'Bramble'
appliance stop
start_dnsmasq
ip netns exec "$lab_name-rt" "$B/bramble-tftpd" --root "$lab/files" --listen 10.77.0.1:69 --user bramble-tftp \
	--log-level warning &
tftpd=$!
sleep 0.3
measure 'bramble-tftpd alone'
stop_server "$tftpd"
stop_server "$server"
start_dnsmasq --enable-tftp --tftp-root="$lab/files" --tftp-max=500
measure 'dnsmasq'
stop_server "$server"
