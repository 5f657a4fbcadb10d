# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For test scripts: TAP, and a lab of one's own that is gone at the end, however the script ends.
#
#   . tests/lib.sh
#   lab_begin NAME            namespaces NAME-…; $lab is the directory
#   check 'what holds' COMMAND …
#   done_testing

B=$(realpath "${B:-build}")
export B
test_number=0
test_failures=0
lab=
lab_name=

note() { echo "# $*"; }

# One result: the command's status. Its output is shown if it fails.
check() {
	what=$1
	shift
	test_number=$((test_number + 1))
	if "$@" >"${TMPDIR:-/tmp}/check-$$" 2>&1; then
		echo "ok $test_number - $what"
	else
		test_failures=$((test_failures + 1))
		echo "not ok $test_number - $what"
		sed 's/^/# /' "${TMPDIR:-/tmp}/check-$$" | tail -n 30
		test_explain
	fi
	rm -f "${TMPDIR:-/tmp}/check-$$"
}

# Scripts may replace it: what to look at when something failed.
test_explain() { [ -z "$lab" ] || note "logs: $lab (kept with KEEP=1)"; }

is() {
	[ "$1" = "$2" ] || {
		echo "is       '$1'"
		echo "expected '$2'"
		return 1
	}
}

fails() { ! "$@"; }

done_testing() {
	echo "1..$test_number"
	[ "$test_failures" -eq 0 ]
	exit
}

bail_out() {
	test_number=$((test_number + 1))
	printf 'not ok %d - %s\n1..%d\n' "$test_number" "$*" "$test_number"
	exit 1
}

# Repeat a command every 100 ms (WAIT_STEP_S) until it succeeds.
wait_for() { # seconds command …
	wait_end=$(($(date +%s) + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$wait_end" ] || return 1
		sleep "${WAIT_STEP_S:-0.1}"
	done
}

lab_end() {
	status=$?
	trap - EXIT INT TERM HUP
	if [ "${KEEP:-0}" != 1 ]; then
		[ ! -e "$lab/supervisor.pid" ] || tests/lab/appliance "$lab_name" stop >/dev/null 2>&1 || :
		tests/lab/lab down "$lab_name" || :
	fi
	exit "$status"
}

# LAB_PREFIX lets runs go side by side on one machine.
lab_begin() {
	lab_name=${LAB_PREFIX:-}$1
	lab=$(tests/lab/lab dir "$lab_name")
	owner=$(cat "$lab/owner" 2>/dev/null) || :
	[ -z "$owner" ] || ! kill -0 "$owner" 2>/dev/null ||
		bail_out "the lab $lab_name belongs to process $owner, which runs; set LAB_PREFIX"
	tests/lab/lab down "$lab_name" # of an interrupted run
	trap lab_end EXIT
	trap 'exit 130' INT TERM HUP
	tests/lab/lab up "$lab_name" || bail_out "the lab can't be laid"
	echo $$ >"$lab/owner"
}

# shellcheck source=tests/boards.sh
. tests/boards.sh

# The command prints JSON of that name in docs/schema.json.
prints() { schema=$1 && shift && "$@" | "$B/schema" "$schema"; }
