#!/bin/sh
# SPDX-License-Identifier: ISC
# The bramble command against brambled, on a router without an image: a virtual Pi knocks, is admitted, replaced, forgotten.
# timeout: 180
set -eu
. tests/lib.sh

test_explain() { tail -n 8 "$lab/log" | sed 's/^/# /'; }

# Run `bramble …` and hold its exit status against the first word.
ends_with() {
	expected=$1
	shift
	status=0
	bramble "$@" </dev/null || status=$?
	is "$status" "$expected"
}

says() { # part of what it says, then the command
	part=$1
	shift
	bramble "$@" </dev/null >"$lab/said" 2>&1 || :
	grep -q -F -e "$part" "$lab/said" || {
		cat "$lab/said"
		return 1
	}
}

field() { # jq filter, then the command
	filter=$1
	shift
	bramble --json "$@" | jq -r "$filter"
}

fits_80_columns() { COLUMNS=80 bramble "$@" | awk 'length($0) > 80 { print; bad = 1 } END { exit bad }'; }
is_json() { bramble --json "$@" | jq -e . >/dev/null; }
board_is_known() { [ "$(field '.boards | length' board list)" = 1 ]; }

# Numbers of the events that `events -f` printed, without gap, in order, each once.
numbers_are_complete() {
	jq .id "$lab/events" | awk 'NR > 1 && $1 != last + 1 { print last, "then", $1; bad = 1 } { last = $1 } END { exit bad || NR < 2 }'
}
newest_was_shown() { [ "$(jq .id "$lab/events" | tail -n 1)" = "$(field .last events)" ]; }
follower_is_alive() { kill -0 "$follower"; }

lab_begin cli
JOIN=approve appliance configure
check 'without brambled: status 3' ends_with 3 status
check 'without brambled a configuration can be checked' ends_with 0 config check
check 'without brambled its values can be shown' says 'range_first = "10.77.0.50";' config show
appliance start || bail_out 'the appliance does not start'

check 'status is a page' says 'router 10.77.0.1/24, boards get 10.77.0.50 to 10.77.0.250' status
check 'status names the NFS server' says nfs-ganesha status
check 'all processes run' is "$(field '[.processes[] | select(.pid == 0)] | length' status)" 0
check 'no node yet' says 'No node yet' node list
check 'no boot yet' says 'No boot was seen' boot list
check 'a node that is not there: status 4' ends_with 4 node show rasp9
check 'a board that is not there: status 4' ends_with 4 board show 12345678
check 'a boot that is not there: status 4' ends_with 4 boot show 999
check 'a node that never booted: status 4' ends_with 4 boot latest rasp9
check 'a version whose files are not there: status 4' ends_with 4 image use base "$(printf '%064d' 0)"

"$B/bramble" --config "$lab/bramble.conf" events -f --json >"$lab/events" 2>"$lab/events.said" &
follower=$!
power_on 1 4b 100000001a2b3c4d dc:a6:32:0a:0b:0c --attempts 1
check 'a board that knocks is known' wait_for 30 board_is_known
wait_for 20 sh -c "tests/lab/appliance $lab_name cli board list | grep -q '^1a2b3c4d'" || :
check 'it is parked' is "$(field .state board show 1a2b3c4d)" parked
check 'the command that admits it is shown' says 'bramble node admit 1a2b3c4d' board list
check 'too short a beginning is refused' fails bramble node admit 1a2
check 'it can be admitted by the beginning of its serial' says 'Admitted as rasp1, 10.77.0.' node admit 1a2b
check 'to admit it again changes no node' sh -c 'tests/lab/appliance "$0" cli node admit 1a2b >/dev/null 2>&1; [ "$(tests/lab/appliance "$0" cli --json node list | jq ".nodes | length")" = 1 ]' "$lab_name"

appliance kill brambled
check 'a question rides over a restart of brambled' ends_with 0 node list
check 'the node is there after it' is "$(field '.nodes[0].name' node list)" rasp1
appliance stop
check 'following says that brambled is away' wait_for 10 grep -q 'brambled is away' "$lab/events.said"
appliance start
check 'and that it is back' wait_for 10 grep -q 'brambled is back' "$lab/events.said"
check 'following goes on' follower_is_alive

check 'the node waits for the next board' says 'waits for the next unknown board' node replace rasp1 --next
check 'its old board is parked' is "$(field .state board show 1a2b3c4d)" parked
check 'nobody to ask: forgetting is refused' ends_with 2 node forget rasp1
check 'and nothing was done' ends_with 0 node show rasp1
check 'it can be forgotten' ends_with 0 node forget rasp1 --yes
check 'then it is gone: status 4' ends_with 4 node show rasp1
check 'following showed the newest event' wait_for 10 newest_was_shown
check 'following lost and doubled no event, over a restart' numbers_are_complete
kill "$follower" || :

for verb in status 'node list' 'board list' 'board show 1a2b3c4d' 'boot list' 'events' 'image list' 'config show'; do
	# shellcheck disable=SC2086 # words
	check "$verb is JSON when asked" is_json $verb
	# shellcheck disable=SC2086
	[ "$verb" = 'config show' ] || check "$verb fits 80 columns" fits_80_columns $verb
done
done_testing
