# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For the tests of hooks; they source tests/lib.sh first.
lab=${lab:-}

test_explain() { grep -a hook "$lab/log" | tail -n 12 | sed 's/^/# /'; }

hook() { # name; the script on standard input
	mkdir -p "$(dirname "$lab/hooks.d/$1")"
	{ echo '#!/bin/sh' && cat; } >"$lab/hooks.d/$1.new"
	chmod 755 "$lab/hooks.d/$1.new"
	mv "$lab/hooks.d/$1.new" "$lab/hooks.d/$1"
}
work() { echo "$lab/run/hooks/$1"; } # its directory
hook_says() { bramble --json hooks list | jq -r --arg name "$1" ".hooks[] | select(.name == \$name) | $2"; }
hook_is() { [ "$(hook_says "$1" .state)" = "$2" ]; }
is_known() { [ -n "$(hook_says "$1" .state)" ]; }
happen() { bramble admit --for 5m && bramble admit --close; } # two events
events_of() { bramble --json events -n 1000 | jq -r ".events[] | select(.kind | test(\"$1\")) | \"\(.id) \(.kind)\""; }
seen() { cut -d' ' -f1,2 "$(work 10-all)/seen"; }
has_had_all() { is "$(seen)" "$(events_of '^(?!hook)' | tail -n "$(seen | wc -l)")"; }
has_had_newest() { [ "$(seen | tail -n 1)" = "$(events_of '^(?!hook)' | tail -n 1)" ]; }
said() { grep -a -q -F -e "$1" "$lab/log"; }
sleeps() { pgrep -f "^sleep $1\$" >/dev/null; }
ends_with() { # status, then the command
	expected=$1
	shift
	status=0
	bramble "$@" </dev/null >"$lab/said" 2>&1 || status=$?
	cat "$lab/said"
	is "$status" "$expected"
}
warns() { bramble --json status | jq -r '.warnings[]' | grep -q -F -e "$1"; }
failures_told() { [ "$(events_of '^hook.failed' | wc -l)" = 1 ]; }
begun() { [ "$(wc -l <"$(work 30-long)/begun")" -ge "$1" ]; }
