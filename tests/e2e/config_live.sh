# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# The second half of config.sh: changes.
lab=${lab:-}
lab_name=${lab_name:-}

check 'each value tells where it comes from' is "$(origin_of sysctl vm.swappiness) $(origin_of sysctl net.ipv4.ip_forward) $(origin_of swap '')" 'node all role'
check 'its line as well' is "$(bramble config show rasp1 | grep -c 'bramble.conf:[0-9]')" 18
check 'applying again writes nothing' says 'ls -i --time-style=full-iso -l /etc/passwd /etc/group /etc/shadow /etc/hosts /etc/motd /etc/localtime /etc/sudoers.d >/run/before
	systemctl restart bramble-agent; sleep 3; ls -i --time-style=full-iso -l /etc/passwd /etc/group /etc/shadow /etc/hosts /etc/motd /etc/localtime /etc/sudoers.d |
	cmp - /run/before && journalctl -q -u bramble-agent | grep -c ": 0 of its items"' 1

on_board 1 'echo edited >>/etc/motd; sysctl -q vm.swappiness=99'
check 'what somebody changed on the node is seen' wait_for 60 config_is drift
drift_is_named() { node_says rasp1 .config.text | grep 'file /etc/motd was changed' | grep vm.swappiness; }
check 'and named' wait_for 30 drift_is_named # it may have looked between the two
check 'there is an event' sh -c "tests/lab/appliance $lab_name cli events | grep 'behind Bramble'"
check 'status counts it' is "$(bramble --json status | jq .nodes.drifted)" 1
check 'applying once more ends it' bramble config apply --yes
check 'it is as configured again' wait_for 30 config_is applied
check 'drift is gone' says 'cat /etc/motd; sysctl -n vm.swappiness' 25

write_settings Etc/UTC off
check 'diff says what an edit would change, and how' is "$(changes)" 'swap changed true,timezone changed true'
check 'nothing changes before it is applied' says 'date +%Z' JST
check 'apply tells each node' bramble config apply --yes
check_node UTC Filename 'live'
sed -i 's/loglevel=4/loglevel=5/' "$lab/bramble.conf"
check 'what needs a reboot is told' is "$(changes)" 'kernel changed false'
bramble config apply --yes >/dev/null
check 'and waits for it' wait_for 30 config_is reboot
sed -i 's/loglevel=5/loglevel=4/' "$lab/bramble.conf"
bramble config apply --yes >/dev/null

sed -i 's/motto=all alike/moto=x/' "$lab/bramble.conf"
check 'an undefined variable is told with its line' sh -c "tests/lab/appliance $lab_name cli config check 2>&1 | grep -E 'bramble.conf:[0-9]+: nodes.files.*undefined variable \"motto\"'"
sed -i 's/moto=x/motto=all alike/' "$lab/bramble.conf"
check 'it reboots' bramble node reboot rasp1
check 'it joins again' wait_for 180 has_joined 2
check 'it says that it is configured' wait_for 30 config_is applied
check_node UTC Filename 'after a reboot'
check 'nothing failed in systemd' is "$(on_board 1 'systemctl --failed --no-legend --plain | wc -l')" 0
done_testing
