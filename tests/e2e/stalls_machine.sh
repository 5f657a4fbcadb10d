#!/bin/sh
# SPDX-License-Identifier: ISC
# Boots that stop after the kernel: one machine, whose bramble-init, systemd and agent are real, meets one cause after the
# other and goes on when it is gone. About 3 minutes.
# timeout: 900
set -eu
. tests/lib.sh

cause() { bramble --json boot list --limit 1 | jq -r '.boots[0].cause'; }
cause_is() { [ "$(cause)" = "$1" ]; }
reason_says() { bramble --json boot list --limit 1 | jq -r '.boots[0].reason' | grep -F -e "$1"; }
names() { # cause seconds what: the boot that goes on is said to wait for it
	check "$3: $1" wait_for "$2" cause_is "$1"
}
# The NFS server takes other exports; when it has read them is in its log.
rereads() { grep -c 'Reread exports complete' "$lab/run/ganesha.log" || :; }
has_reread() { [ "$(rereads)" -gt "$1" ]; }
exports() { # sed's script for its configuration
	before=$(rereads)
	sed -i "$1" "$lab/run/ganesha.conf"
	kill -HUP "$ganesha"
	check 'the NFS server takes other exports' wait_for 60 has_reread "$before"
}
router_drops() { # nftables' rule
	ip netns exec "$lab_name-rt" nft "table ip trouble { chain in { type filter hook input priority 0; $1 drop; }; }"
}
router_hears() { ip netns exec "$lab_name-rt" nft delete table ip trouble; }
warns() { bramble --json status | jq -r '.warnings[]' | grep -F -e "$1"; }
joined_boots() { bramble --json boot list | jq '[.boots[] | select(.stage == "joined")] | length'; }
has_joined() { [ "$(joined_boots)" -ge "$1" ]; }
modes() { on_board 1 'stat -c "%a %u %g %n" /data/.bramble /data/.bramble/ssh/* /etc/ssh/ssh_host_* /etc/machine-id'; }
test_explain() { tail -n 8 "$lab/log" "$lab"/board-*.log "$lab"/console-*.log | sed 's/^/# /'; bramble boot list | sed 's/^/# /'; }
end() {
	code=$?
	[ "${KEEP:-0}" = 1 ] || umount -l "$nodes" 2>/dev/null || :
	set +e # lab_end ends with the status before it
	(exit "$code")
	lab_end
}

lab_begin stallsmc
trap end EXIT
lab_share
nodes=$lab/share/nodes
mkdir "$nodes"
mount -t tmpfs -o size=4m none "$nodes"
SHELL_ON_CONSOLE=1 appliance configure
# systemd stops halfway: see stalls_agent.sh.
sed -i 's/heartbeat_s = 2/stuck_after_s = 20; &/; s/kernel_arguments = "/&systemd.unit=basic.target /' "$lab/bramble.conf"
appliance start || bail_out 'the appliance does not start'
ganesha=$(appliance pid ganesha)
image=$(echo "$lab"/share/images/base/*.squashfs)

# The node's directory is there from the beginning, so that its disk can be full before the node writes.
kill -STOP "$ganesha"
dd if="$image" of="$lab/superblock" bs=4k count=1 status=none
# A bit of its block size: what brambled looks at is whole.
printf '\001' | dd of="$image" bs=1 seek=12 count=1 conv=notrunc status=none
power_on_machine 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c --attempts 3
names nfs-hangs 120 'an NFS server that takes the connection and hangs'
# Nothing reaches it before it has read the exports that leave this LAN out.
router_drops 'tcp dport 2049'
kill -CONT "$ganesha"
exports 's|10\.77\.0\.0/24|10.99.0.0/24|'
router_hears
names nfs-denied 120 'a share that is exported to others alone'
exports 's|10\.99\.0\.0/24|10.77.0.0/24|'
names image-corrupt 90 'an image of which one byte has changed'
dd if=/dev/zero of="$nodes/rasp1/fill" bs=4k status=none 2>/dev/null || :
dd if="$lab/superblock" of="$image" bs=4k count=1 conv=notrunc status=none
names data-full 60 'no space for what the node keeps'
mount -o remount,ro "$nodes"
names data-failed 60 'data that can only be read'
mount -o remount,rw "$nodes"
rm "$nodes/rasp1/fill"
. tests/e2e/stalls_agent.sh
check 'it goes on by itself, and joins' wait_for 300 has_joined 1

check 'keys and identity are readable by those who should alone' sh -c \
	'! echo "$0" | grep -v -e "^600 0 0 .*_key$" -e "^644 0 0 .*\.pub$" -e "^444 0 0 .*machine-id$" -e "^700 0 0 .*/\.bramble$"' "$(modes)"

# A byte in the midst, which nobody has read yet.
printf 'x' | dd of="$image" bs=1 seek=50000000 count=1 conv=notrunc status=none
check 'a byte that changes under a running node is not read' on_board 1 \
	'! dd if=/dev/dm-0 bs=4k skip=12207 count=1 of=/dev/null && dd if=/dev/dm-0 bs=4k skip=12206 count=1 of=/dev/null'
version=$(basename "$image" .squashfs | cut -c1-12)
check 'the router says whose, and of which image' wait_for 20 warns "rasp1 has read changed bytes of its image base $version"
check 'an event tells it' sh -c "tests/lab/appliance $lab_name cli events | grep -F 'changed bytes of its image base $version'"
check 'and its own copy has that block' sh -c "tests/lab/appliance $lab_name cli image verify base | grep -E '^    block 12207 of [0-9]+, from byte 49999872 on, has changed'"
done_testing
