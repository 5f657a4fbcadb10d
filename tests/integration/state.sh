#!/bin/sh
# SPDX-License-Identifier: ISC
# The registry as a whole with a brambled that runs: text out and in, a restore that a running node doesn't notice,
# SIGKILL meanwhile, and repair from a generation of its backups.
# timeout: 180
set -eu
. tests/lib.sh

state() { bramble state "$@" </dev/null; }
export_is() { state export >"$lab/now" && diff -u "$1" "$lab/now"; }
saved() { state restore "$1" --yes --json | jq -r .saved; }
say() { # path: what rasp1's system says, with the token of its boot
	ip netns exec "$lab_name-b1" curl -s -f -m 5 -H 'Content-Type: application/json' -d "{\"token\":\"$token\"}" "http://10.77.0.1$1"
}
ends_with() { # status, part of what it says, then the verbs
	expected=$1 part=$2
	shift 2
	status=0
	state "$@" >"$lab/said" 2>&1 || status=$?
	cat "$lab/said"
	is "$status" "$expected" && grep -q -F -e "$part" "$lab/said"
}
answers() { bramble status >/dev/null 2>&1; }
test_explain() { tail -n 12 "$lab/log" | sed 's/^/# /'; }

lab_begin state
lab_share
appliance configure
appliance start || bail_out 'the appliance does not start'
power_on 1 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c --link-ms 0 --attempts 3 --output "$lab/files"
check 'a board boots up to its kernel' board_status 1
ip -n "$lab_name-b1" addr replace "$(node_says rasp1 .address)/24" dev eth0
token=$(grep -o 'bramble.token=[0-9a-f]*' "$lab/files/"*/cmdline.txt | cut -d= -f2)
check 'its node joins' say /v1/join

bramble node note rasp1 'top shelf' >/dev/null
state export "$lab/first"
check 'an export is sorted text with the note' grep -q '	note "top shelf"' "$lab/first"
check 'it holds no token' fails grep -q "$token" "$lab/first"
check 'an export is the same again' export_is "$lab/first"
backup=$(state backup --json | jq -r .name)
check 'a backup is verified' is "$(state backups --json | jq -r '.backups[] | select(.name == "'"$backup"'") | .verified')" true

sed 's/top shelf/low shelf/' "$lab/first" >"$lab/second"
check 'a dry run shows what would change' ends_with 0 '+    note "low shelf"' import "$lab/second" --dry-run
check 'and changes nothing' export_is "$lab/first"
check 'an edited text is imported' ends_with 0 '1 changed' import "$lab/second" --yes
check 'and exported again, byte by byte' export_is "$lab/second"
sed 's/address 10/address x10/' "$lab/first" >"$lab/wrong"
check 'a mistake is told with its line' ends_with 1 "wrong:$(grep -n -m 1 'address x10' "$lab/wrong" | cut -d: -f1): " import "$lab/wrong" --yes
check 'nobody is there to be asked' ends_with 2 '--yes says yes' restore "$backup"

before=$(saved "$backup")
check 'a backup is restored' export_is "$lab/first"
check 'the running node does not notice' say /v1/heartbeat
check 'it is joined' node_is rasp1 joined
check 'what was there can be restored, too' is "$(saved "$before" | cut -d- -f4-)" before-restore
check 'it is as before' export_is "$lab/second"

for pause in 0.00 0.01 0.02 0.03 0.05; do
	state restore "$backup" --yes >/dev/null 2>&1 &
	client=$!
	sleep "$pause"
	appliance kill brambled
	wait "$client" || :
	wait_for 10 answers
	state export >"$lab/now"
	check "killed after $pause s it is the old or the new" eval 'cmp -s "$lab/now" "$lab/first" || export_is "$lab/second"'
	state import "$lab/second" --yes >/dev/null
done
check 'after all that the node runs on' say /v1/heartbeat

appliance stop
mv "$lab/share/state/registry.db" "$lab/share/state/gone"
printf 'no database' >"$lab/share/state/registry.db"
printf 'no database' | dd of="$lab/share/state/registry.db.backup" conv=notrunc status=none
appliance start
check 'a generation takes the place of a damaged registry with a damaged backup' export_is "$lab/second"
check 'status says so' eval 'bramble --json status | jq -r ".warnings[]" | grep -F "newer ones can"'
done_testing
