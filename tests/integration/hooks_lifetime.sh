#!/bin/sh
# SPDX-License-Identifier: ISC
# A hook that takes too long, and processes that are killed: nobody waits for it, and it is left behind by nobody.
# timeout: 120
set -eu
. tests/lib.sh
. tests/integration/hooks_world.sh

has_another() { [ "$(appliance pid hooks)" != "$runner" ]; }

lab_begin hooklife
JOIN=window appliance configure
hook 10-all <<'END'
printf '%s %s %s\n' "$BRAMBLE_EVENT_ID" "$BRAMBLE_EVENT" "$(cat)" >>seen
END
appliance start || bail_out 'the appliance does not start'
hook 30-long <<'END'
trap '' TERM
echo "$BRAMBLE_EVENT_ID" >>begun
sleep 7302
END
check 'the hooks are known' wait_for 15 is_known 30-long
happen >/dev/null
check 'it begins' wait_for 10 begun 1
check 'others do not wait for it' wait_for 2 has_had_newest
runner=$(appliance pid hooks)
appliance kill brambled
check 'killed, brambled ends no hook' sleeps 7302
check 'it is ended when its time is over' wait_for 15 said 'hook 30-long: it took longer than 2 s and was ended'
check 'and runs for the next event' wait_for 15 begun 2
check 'the process of hooks is the same' is "$(appliance pid hooks)" "$runner"
sleeper=$(pgrep -f '^sleep 7302$')
appliance kill hooks
check 'killed, it leaves no hook behind' wait_for 3 fails kill -0 "$sleeper"
check 'another one is started' wait_for 10 has_another
check 'which runs the interrupted hook again' wait_for 15 begun 3
rm "$lab/hooks.d/30-long"
check 'one that is removed is ended' wait_for 10 fails sleeps 7302
check 'over all that each event was told once' has_had_all

check 'it stops in order' appliance stop
check 'and leaves nothing' is "$(ip netns pids "$lab_name-rt")" ''
done_testing
