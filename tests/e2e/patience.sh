#!/bin/sh
# SPDX-License-Identifier: ISC
# bramble-init knows no dead end: it says what is wrong, tries again, starts the board over, and goes on when it can.
# timeout: 400
set -eu
. tests/lib.sh

boots() { bramble --json boot list | jq '.boots | length'; }
has_boots() { [ "$(boots)" -ge "$1" ]; }
last_reason() { bramble --json boot list | jq -r '.boots[0].reason // ""' | grep -F -e "$1"; }
last_stage_is() { [ "$(bramble --json boot list | jq -r '.boots[0].stage')" = "$1" ]; }
console_says() { grep -a "bramble: $1" "$lab/console-1.log"; }
refuse() {
	ip netns exec "$lab_name-rt" nft -f - <<-END
		table ip trouble {
			chain in {
				type filter hook input priority 0;
				tcp dport 2049 reject with tcp reset
			}
		}
	END
}
# From the packet on that says that its network is up, nothing of the board reaches the router: a link that dies.
cut() {
	ip netns exec "$lab_name-rt" nft -f - <<-END
		table ip trouble {
			set cut { type ipv4_addr; flags dynamic; }
			chain in {
				type filter hook input priority 0;
				tcp dport 80 @ih,424,56 0x6e6574776f726b add @cut { ip saddr }
				ip saddr @cut drop
			}
		}
	END
}
cause_is() { [ "$(bramble --json boot list | jq -r '.boots[0].cause')" = "$1" ]; }
relent() { ip netns exec "$lab_name-rt" nft delete table ip trouble; }

test_explain() { tail -n 8 "$lab/log" "$lab"/board-*.log "$lab"/console-*.log | sed 's/^/# /'; }

lab_begin patience
lab_share
appliance configure
sed -i 's/kernel_arguments = "/&bramble.patience=10 /; s/heartbeat_s = 2/stuck_after_s = 10; &/' "$lab/bramble.conf"
appliance start || bail_out 'the appliance does not start'
ganesha=$(appliance pid ganesha)

kill -STOP "$ganesha"
power_on_machine 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c
check 'a node gets as far as NFS, whose server hangs' wait_for 90 last_stage_is network
check 'the board starts over although its pid 1 hangs' wait_for 120 has_boots 2
check 'its console said so' console_says 'no root after 40 s: something hangs'

refuse
kill -CONT "$ganesha"
check 'the router knows what is wrong' wait_for 90 last_reason \
	"nfs failed: the router's NFS server doesn't answer: Connection refused"
check 'and its code' is "$(bramble --json boot list | jq -r '.boots[0].cause')" nfs-refused
check 'the console says the same, and what to do' wait_for 5 console_says "nfs FAILED: .*Connection refused; see .bramble status"
check 'the board starts over' wait_for 60 has_boots 3
relent
cut
check 'a link that dies when bramble-init has spoken: no-network' wait_for 120 cause_is no-network
relent
check 'it joins when router and server are back' wait_for 180 node_is rasp1 joined
check 'after no more than two more boots' [ "$(boots)" -le 5 ]
done_testing
