#!/bin/sh
# SPDX-License-Identifier: ISC
# Hooks of the administrator with the real brambled: told of each event once and in order, and confined.
# timeout: 120
set -eu
. tests/lib.sh
. tests/integration/hooks_world.sh

lab_begin hooks
JOIN=window appliance configure
hook 10-all <<'END'
printf '%s %s %s\n' "$BRAMBLE_EVENT_ID" "$BRAMBLE_EVENT" "$(cat)" >>seen
END
hook admission.closed/20-some <<'END'
echo "$BRAMBLE_EVENT $BRAMBLE_TEXT" >>seen
END
hook 40-rights <<END
echo "I am \$(id -u)"
sed -n 's/^CapEff:[[:blank:]]*/rights /p; s/^NoNewPrivs:[[:blank:]]*/fixed /p' /proc/self/status
cat "$lab/share/state/registry.db" >/dev/null 2>&1 && echo 'reads the registry'
(echo x >/dev/shm/bramble-hook) 2>/dev/null && echo 'writes elsewhere'
echo descriptors \$(ls /proc/self/fd)
env | sed -n 's/^\(JOURNAL_STREAM\|NOTIFY_SOCKET\|SSH.*\)=.*/inherits \1/p'
setsid sleep 7301 &
END
appliance start || bail_out 'the appliance does not start'
check 'the hooks are known' wait_for 15 is_known 10-all
happen >/dev/null
check 'a hook hears of what happens' wait_for 10 has_had_newest
check 'in order, each event once' has_had_all
check 'its input is the event' is "$(tail -n 1 "$(work 10-all)/seen" | cut -d' ' -f3- | jq -r .kind)" admission.closed
check 'one in a directory hears of its kind alone' is "$(cut -d' ' -f1 "$(work admission.closed:20-some)/seen" | sort -u)" admission.closed
check 'it runs as a user of its own' wait_for 5 said "40-rights: I am $(id -u bramble-hooks)"
check 'without rights' wait_for 5 said '40-rights: rights 0000000000000000'
check 'and without new ones' said '40-rights: fixed 1'
check 'it inherits no descriptor' wait_for 5 said '40-rights: descriptors 0 1 2 3'
check 'and no variable' fails said '40-rights: inherits'
check 'it reads no secret' fails said '40-rights: reads the registry'
check 'it writes only in its directory' fails said '40-rights: writes elsewhere'
check 'what it leaves running ends with it' wait_for 5 fails sleeps 7301
rm "$lab/hooks.d/40-rights"

hook 50-fail <<'END'
echo 'I fail' >&2
exit 3
END
check 'a new hook is found' wait_for 15 is_known 50-fail
happen >/dev/null
check 'a failure is a warning' wait_for 10 warns 'hook 50-fail fails: exit status 3 (admission.'
check 'and its output is in the log' said '50-fail: I fail'
happen >/dev/null
check 'and an event, once' wait_for 5 failures_told
rm "$lab/hooks.d/50-fail"
chmod 777 "$lab/hooks.d/10-all"
check 'one that others may write to is not run' wait_for 15 hook_is 10-all unusable
happen >/dev/null
chmod 755 "$lab/hooks.d/10-all"
check 'until that is put right, and it misses nothing' wait_for 15 has_had_newest

check 'what a trial prints is documented' prints hook_trial bramble --json hooks test node.joined
check 'hooks can be tried' ends_with 0 hooks test node.joined --subject rasp7
check 'with the event that was asked for' grep -q ' node.joined .*"subject":"rasp7"' "$(work 10-all)/seen"
check 'or only listed' ends_with 0 hooks test node.joined --dry-run --json
check 'as JSON' is "$(jq -r '.hooks[].name' "$lab/said")" 10-all
check 'where none hears of it: status 4' ends_with 4 hooks test node.joined --only 99-none
done_testing
