#!/bin/sh
# SPDX-License-Identifier: ISC
# timeout: 600
# The same appliance on a kernel with nfsd: installed by `make install` in a virtual machine, started by systemd,
# boots one board's firmware and one whole node; exports are limited to the node's own address and directory.
set -eu
. tests/lib.sh

lab_begin nfsd
work=$lab/guest
share=$(tests/lab/image)
tests/guest/disks "$work" "$share" || bail_out "the router's disks can't be made"

# The router's card is a tap on the switch; the lab's own router keeps only an address to log in from.
ip -n "$lab_name-rt" addr flush dev lan0
ip -n "$lab_name-rt" addr add 10.77.0.9/24 dev lan0
ip -n "$lab_name-sw" tuntap add router mode tap vnet_hdr
ip -n "$lab_name-sw" link set router master br0 up
tests/guest/boot "$work" "$lab_name-sw" router </dev/null >"$lab/guest.log" 2>&1 &
guest=$!

router() {
	ip netns exec "$lab_name-rt" ssh -q -i "$work/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o ConnectTimeout=3 -o BatchMode=yes root@10.77.0.1 "$@"
}
says() { # text, command …
	text=$1
	shift
	router "$@" | tr -d '\n\t' | grep -q -e "$text"
}
# What a build does first, as a service that may do what bramble.service may.
build_steps() {
	router 'cat >/root/build_steps' <tests/guest/build_steps
	router sh -eu <<-'END'
		unit=$(systemctl show -P FragmentPath bramble)
		sed '/^Type=\|^ExecReload=\|^Restart\|^Runtime/d; s|^ExecStart=.*|ExecStart=/bin/sh /root/build_steps|; s/^\[Service]/&\nType=oneshot/' "$unit" \
			>/run/systemd/system/build_steps.service
		systemctl start build_steps || { journalctl -q -u build_steps -o cat && false; }
	END
}
answers() { says . bramble --json status; }
node_is() { says "\"state\": *\"$2\"" bramble --json node show "$1"; }
exported() { router exportfs -v | tr -d '\n\t' | sed 's/)/)\n/g' | grep "^$1"; }
one_export_to() { # directory, address
	is "$(exported "$1" | wc -l)" 1 && exported "$1" | grep -qF "$2("
}
test_explain() {
	note "console of the router: $work/serial.log; its journal:"
	router journalctl -u bramble -n 40 --no-pager -o cat | sed 's/^/#   /' || :
}

check "the router's machine comes up" wait_for 240 router true
check "systemctl start bramble: it says it is ready" router systemctl start bramble
check "it answers" wait_for 20 answers
image=$(basename "$(find "$share/images/base" -name '*.squashfs' | head -n 1)" .squashfs)
check "the image becomes current" router bramble image use base "$image"
check "it chose the kernel's nfsd by itself" says 'kernel nfsd' bramble status
check "its unit lets a build enter its namespaces and its jail" build_steps
check "only NFSv4.1 and later are served" says '-4.0 +4.1 +4.2' cat /proc/fs/nfsd/versions

power_on 1 3b+ 00000000a1b2c3d4 b8:27:eb:b2:c3:d4
check "a Pi 3's firmware fetches everything" board_status 1
power_on_machine 2 4b 10000000d4e5f601 dc:a6:32:77:00:02
check "a Pi 4 goes on as a machine and joins" wait_for 120 node_is rasp2 joined

address=$(router bramble --json node show rasp2 | sed -n 's/.*"address": *"\([0-9.]*\)".*/\1/p' | head -n 1)
check "the node's directory is exported to its own address alone" one_export_to /srv/bramble/nodes/rasp2 "$address"
check "the other node's directory is not exported to it" fails one_export_to /srv/bramble/nodes/rasp1 "$address"
check "images are read-only" says '/srv/bramble/images[^)]*,ro,' exportfs -v
check "the node's identity lies on the router's disk" router test -s /srv/bramble/nodes/rasp2/.bramble/machine-id

main=$(router systemctl show -P MainPID bramble)
check "brambled is killed" router systemctl kill -s KILL --kill-whom=main bramble
check "systemd brings it back" wait_for 10 answers
check "as another process" fails is "$(router systemctl show -P MainPID bramble)" "$main"
check "the node noticed nothing" wait_for 30 node_is rasp2 joined
check "an orderly stop" router systemctl stop bramble
check "withdraws the exports" fails exported /srv/bramble
power_off 2
router poweroff || :
wait "$guest" || :
done_testing
