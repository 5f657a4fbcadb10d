#!/bin/sh
# SPDX-License-Identifier: ISC
# The agent makes of a root what bramble.conf says, without a kernel of its own: the image, with memory over it, is the
# root of a process that speaks for a board. Units, NFS and zram need a real node: e2e/config.sh.
# timeout: 240
set -eu
. tests/lib.sh

settings() { # time zone, swappiness
	cat <<-END
		settings = ( { timezone = "$1"; sysctl = [ "net.ipv4.ip_default_ttl=$2" ]; scratch_mb = 128; variables = [ "word=w" ]; } );
		groups = ( { name = "media"; gid = 2000; } );
		users = ( { name = "pi"; uid = 1500; groups = [ "media" ]; sudo = "ALL=(ALL) NOPASSWD: ALL";
			keys = [ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBRAMBLE test" ]; } );
		mounts = ( { where = "/media/wd5t"; source = "shared/media"; } );
		files = ( { path = "/etc/motd"; lines = [ "{{node}} {{word}}" ]; template = true; } );
	END
}
write_settings() { NODES=$(settings "$@") HEARTBEAT=1 appliance configure; }
in_root() { nsenter --target "$(cat "$lab/agent.pid")" --mount --net chroot "$root" "$@"; }
config_is() { [ "$(node_says rasp1 .config.state)" = "$1" ]; }
is_joined() { node_is rasp1 joined; }
changes() { bramble --json config diff | jq -r '.nodes[].changes[] | "\(.kind) \(.change) \(.live)"' | sort | paste -sd,; }
inodes() { in_root ls -i /etc/passwd /etc/group /etc/shadow /etc/hosts /etc/motd /etc/localtime /etc/sudoers.d/bramble-pi; }
test_explain() { tail -n 12 "$lab/log" "$lab/agent.log" | sed 's/^/# /'; }

# The agent, in the board's network, with a mount namespace of its own.
start_agent() {
	token=$(grep -o 'bramble.token=[0-9a-f]*' "$lab/files/"*/cmdline.txt | cut -d= -f2)
	# shellcheck disable=SC2016
	BRAMBLE_ROUTER=10.77.0.1 BRAMBLE_DNS=10.77.0.1 BRAMBLE_PORT=80 BRAMBLE_NODE=rasp1 BRAMBLE_TOKEN=$token BRAMBLE_HASH='' \
		nsenter --net="/run/netns/$lab_name-b1" unshare --mount --uts --propagation private sh -c '
		echo $$ >"$0/agent.pid"
		mkdir -p "$1/dev" "$1/proc" "$1/sys" "$1/run" "$1/data"
		mount -t tmpfs run "$1/run" && mkdir -p "$1/run/bramble" "$1/shared"
		mount -t proc proc "$1/proc" && mount --rbind /sys "$1/sys" && mount --rbind /dev "$1/dev"
		mount -t tmpfs data "$1/data" && mkdir "$1/data/.bramble" && mount -t tmpfs shared "$1/shared"
		exec chroot "$1" /usr/lib/bramble/bramble-agent' "$lab" "$root" >>"$lab/agent.log" 2>&1 &
}
stop_agent() {
	kill "$(cat "$lab/agent.pid")" 2>/dev/null || :
	umount -l "$root" "$lab/image" "$lab/memory" 2>/dev/null || :
}

lab_begin agentconf
lab_share
write_settings Asia/Tokyo 33
appliance start || bail_out 'the appliance does not start'
power_on 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c --link-ms 0 --attempts 3 --output "$lab/files"
check 'a board boots up to its kernel' board_status 1
ip -n "$lab_name-b1" addr replace "$(node_says rasp1 .address)/24" dev eth0
root=$lab/root
mkdir -p "$lab/image" "$lab/memory" "$root"
mount -o ro,loop "$lab"/share/images/base/*.squashfs "$lab/image"
mount -t tmpfs memory "$lab/memory"
mkdir "$lab/memory/upper" "$lab/memory/work"
mount -t overlay -o "lowerdir=$lab/image,upperdir=$lab/memory/upper,workdir=$lab/memory/work" root "$root"
cp "$B/bramble-agent" "$root/usr/lib/bramble/bramble-agent"
trap 'stop_agent; lab_end' EXIT
start_agent
check 'it joins' wait_for 60 is_joined
check 'it is configured' wait_for 20 config_is applied
check 'time zone' is "$(in_root date +%Z)" JST
check 'user' is "$(in_root id pi)" 'uid=1500(pi) gid=1500(pi) groups=1500(pi),2000(media)'
check 'a rule of sudo' is "$(in_root sudo -l -U pi | tail -n 1 | tr -d ' ')" '(ALL)NOPASSWD:ALL'
check 'kernel setting' is "$(in_root cat /proc/sys/net/ipv4/ip_default_ttl)" 33
check 'a part of the share' is "$(in_root findmnt -n -o FSROOT /media/wd5t)" /media
check 'a file from a template' is "$(in_root cat /etc/motd)" 'rasp1 w'
check 'scratch space' is "$(in_root findmnt -n -o FSTYPE /scratch)" ext4
check 'its size and speed are told' wait_for 10 sh -c "tests/lab/appliance $lab_name cli node show rasp1 | grep -E 'file, 1[0-9]+ MiB, writes [0-9.]+ MB/s'"

inodes >"$lab/before"
in_root sh -c 'echo edited >>/etc/motd; echo 44 >/proc/sys/net/ipv4/ip_default_ttl'
check 'drift is seen' wait_for 60 config_is drift
check 'and named' is "$(node_says rasp1 .config.text)" 'sysctl net.ipv4.ip_default_ttl was changed on the node; file /etc/motd was changed on the node'
check 'applying puts it right' bramble config apply --yes
check 'the file is as it was' is "$(in_root cat /etc/motd)" 'rasp1 w'
inodes | grep -v motd >"$lab/after"
check 'nothing else was written' is "$(cat "$lab/after")" "$(grep -v motd "$lab/before")"

write_settings Etc/UTC 34
sed -i '/^groups/,/test" ]; } );/d; /users = /,/test/d; /groups = /d' "$lab/bramble.conf"
check 'diff tells what would change' is "$(changes)" 'group removed true,sysctl changed true,timezone changed true,user removed true'
check 'it is applied live' bramble config apply --yes
check 'another time zone' is "$(in_root date +%Z)" UTC
check 'no user any more' fails in_root id pi
check 'no rule for it either' fails in_root ls /etc/sudoers.d/bramble-pi
sed -i 's/"word=w"/"other=w"/' "$lab/bramble.conf"
check 'an undefined variable is a mistake, with its line' sh -c "tests/lab/appliance $lab_name cli config check 2>&1 | grep -E 'bramble.conf:[0-9]+: nodes.files.\[0\].lines: line 1: undefined variable \"word\"'"
check 'and is refused' fails bramble config apply --yes
done_testing
