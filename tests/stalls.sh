# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For tests of boots that stop, after tests/lib.sh. Boards are Pi 4; their caller sets `family`, two hex digits that tell them
# from those of another test.
family=${family:?}
lab=${lab:-}

mac() { printf 'dc:a6:32:%s:00:%02x' "$family" "$1"; }
serial() { printf '100000000000%s0%1x' "$family" "$1"; }
cause() { # number [how many boots ago]
	# Not by --board: while the disk is full no board becomes known.
	bramble --json boot list --limit 50 | jq -r "[.boots[] | select(.mac == \"$(mac "$1")\")][${2:-0}].cause"
}
cause_is() { [ "$(cause "$1" "${3:-0}")" = "$2" ]; } # number cause [how many boots ago]
board() { # number [option …]
	n=$1
	shift
	power_on "$n" 4b "$(serial "$n")" "$(mac "$n")" --link-ms 0 "$@"
}
names() { # number cause what: it is named so
	check "$3: $2" wait_for 90 cause_is "$1" "$2"
}
stalls() { # number cause what: the same, and the board has had its day
	names "$@"
	power_off "$1"
}
test_explain() { tail -n 8 "$lab/log" "$lab"/board-*.log | sed 's/^/# /'; bramble boot list | sed 's/^/# /'; }
