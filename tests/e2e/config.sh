#!/bin/sh
# SPDX-License-Identifier: ISC
# What the old play-book did inside of nodes, from bramble.conf, by what a node's own system says; changed while it
# runs; drift is seen; a reboot gives the same.
# timeout: 500
set -eu
. tests/lib.sh

export HEARTBEAT=2 SHELL_ON_CONSOLE=1
key='ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBRAMBLEtestkeyBRAMBLEtestkeyBRAMBLEtest00 test@lab'
# shellcheck disable=SC2016
hash='$6$bramble$Z9yQ8y1v0w2x3y4z5A6B7C8D9E0F1G2H3I4J5K6L7M8N9O0P1Q2R3S4T5U6V7W8X9Y0Z1a2b3c4d5e6f7g8h9i'
settings() { # time zone, swap
	cat <<-END
		roles = ( { name = "node"; kernel_arguments = "loglevel=4"; } );
		settings = ( { timezone = "$1"; locale = "POSIX"; modules = [ "dummy" ]; scratch_mb = 256;
			sysctl = [ "vm.swappiness=15", "net.ipv4.ip_forward=1" ]; variables = [ "motto=all alike" ]; },
			{ role = "node"; swap = "$2"; swap_mb = 64; },
			{ node = "rasp[1-3]"; sysctl = [ "vm.swappiness=25" ]; config_txt = [ "gpu_mem=16" ]; } );
		groups = ( { name = "media"; gid = 2000; } );
		users = ( { name = "pi"; uid = 1500; groups = [ "media" ]; password = "$hash"; keys = [ "$key" ];
			sudo = "ALL=(ALL) NOPASSWD: ALL"; } );
		mounts = ( { where = "/media/wd5t"; source = "shared"; },
			{ where = "/media/other"; source = "10.77.0.1:$lab/share/nodes/rasp1"; options = "ro"; } );
		files = ( { path = "/etc/motd"; lines = [ "{{node}} of {{router}}: {{motto}}" ]; template = true; },
			{ path = "/usr/local/bin/hello"; source = "hello"; mode = "0755"; } );
		units = ( { name = "hello.service"; source = "hello.service"; state = "started"; },
			{ name = "ssh.service"; drop_in = true; lines = [ "[Service]", "Nice=5" ]; } );
	END
}
write_settings() { NODES=$(settings "$@") appliance configure; }

has_joined() { [ "$(bramble --json boot list | jq '[.boots[] | select(.stage == "joined")] | length')" -ge "$1" ]; }
config_is() { [ "$(node_says rasp1 .config.state)" = "$1" ]; }
says() { is "$(on_board 1 "$1" | tail -n 1)" "$2"; }
origin_of() { bramble --json config show rasp1 | jq -r ".items[] | select(.kind == \"$1\" and .name == \"$2\") | .level"; }
changes() { bramble --json config diff | jq -r '.nodes[].changes[] | "\(.kind) \(.change) \(.live)"' | sort | paste -sd,; }

# Every row of the old play-book that is about the inside of a node.
check_node() { # time zone, swap
	check "$3: time zone" says 'date +%Z' "$1"
	check "$3: timedatectl agrees" says 'timedatectl show -p Timezone --value' "$([ "$1" = UTC ] && echo Etc/UTC || echo Asia/Tokyo)"
	check "$3: locale, not the image's own" says '. /etc/default/locale; echo $LANG $(localectl status | sed -n s/.*LANG=//p)' 'POSIX POSIX'
	check "$3: user, numbers, home, shell" says 'getent passwd pi' 'pi:x:1500:1500::/home/pi:/bin/bash'
	check "$3: groups" says 'id -nG pi' 'pi media'
	check "$3: password hash" says 'getent shadow pi | cut -c1-12' "pi:$(printf %.9s "$hash")"
	check "$3: SSH key, as sshd sees it" says "sshd -T | grep -c 'authorized_keys.d/%u'; grep -c lab /etc/ssh/authorized_keys.d/pi" 1
	check "$3: sudo" says 'runuser -u pi -- sudo -n id -u' 0
	check "$3: hosts file" says "grep -c -e ' rasp1$' -e ' router$' /etc/hosts" 2
	check "$3: names by DNS" says 'getent hosts rasp1 | cut -d" " -f1' "$(node_says rasp1 .address)"
	check "$3: the share at its old place" says 'findmnt -n -o FSTYPE /media/wd5t; cat /media/wd5t/word' lasting
	check "$3: another NFS mount, read-only" says "findmnt -n -o OPTIONS /media/other | cut -d, -f1" ro
	check "$3: module" says 'test -d /sys/module/dummy; echo $?' 0
	check "$3: sysctl for all" says 'sysctl -n net.ipv4.ip_forward' 1
	check "$3: sysctl, the node's own wins" says 'sysctl -n vm.swappiness' 25
	check "$3: swap" says 'swapon --noheadings --show=NAME,SIZE --bytes | wc -l; tail -n 1 /proc/swaps | cut -f1 | cut -d" " -f1' "$2"
	check "$3: file from a template" says 'cat /etc/motd' 'rasp1 of 10.77.0.1: all alike'
	check "$3: file with its mode" says 'stat -c %a,%U /usr/local/bin/hello' 755,root
	check "$3: unit runs" says 'systemctl is-active hello.service' active
	check "$3: drop-in" says 'systemctl show -p Nice --value ssh.service' 5
	check "$3: kernel argument of the role" says 'grep -c loglevel=4 /proc/cmdline' 1
	check "$3: scratch space is a file on the router" says 'findmnt -n -o SOURCE,FSTYPE /scratch | sed s/[0-9]*.ext4/N,ext4/' /dev/loopN,ext4
	check "$3: the router knows its scratch space" sh -c "echo '$(node_says rasp1 .config.scratch)' | grep -E '^file, 2[0-9]+ MiB, writes [0-9.]+ MB/s'"
}

lab_begin config
lab_share
mkdir -p "$lab/files" "$lab/share/shared"
echo lasting >"$lab/share/shared/word"
printf '#!/bin/sh\nexec sleep infinity\n' >"$lab/files/hello"
printf '[Service]\nExecStart=/usr/local/bin/hello\n' >"$lab/files/hello.service"
write_settings Asia/Tokyo zram
check 'bramble.conf has no mistake' bramble config check
appliance start || bail_out 'the appliance does not start'
power_on_machine 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c
check 'a board joins' wait_for 180 has_joined 1
check 'it says that it is configured' wait_for 30 config_is applied
check_node JST /dev/zram0 'at boot'
. tests/e2e/config_live.sh
