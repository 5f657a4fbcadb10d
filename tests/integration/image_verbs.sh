#!/bin/sh
# SPDX-License-Identifier: ISC
# `bramble image`: builds that brambled runs, watched, cancelled, and going on while it is killed; versions that are listed, compared,
# chosen, pinned, removed.
# timeout: 600
set -eu
. tests/lib.sh

test_explain() { tail -n 8 "$lab/log" | sed 's/^/# /'; }
field() { filter=$1 && shift && bramble --json image "$@" | jq -r "$filter"; } # jq filter, then the command
ends_with() { # status, then the command
	expected=$1 status=0 && shift
	bramble image "$@" || status=$?
	is "$status" "$expected"
}
says() { # part, then the command
	part=$1 && shift
	bramble image "$@" >"$lab/said" 2>&1 || :
	grep -F -e "$part" "$lab/said" || { cat "$lab/said" && false; }
}
build_state() { tests/lab/appliance "$lab_name" cli --json image build tiny --watch 2>/dev/null | jq -r .state; }
job() { jq -r "$1" "$lab/run/builds/tiny.json"; }
is_at() { [ "$(job '.step.name // .state')" = "$1" ]; }
nothing_is_left() { [ -z "$(find "$lab/share/images/tiny" -name '.build-*')" ] && [ -z "$(find "$lab/cache" -name '*.tmp')" ]; }
process() { cut -d' ' -f1 "$lab/run/pids/build-tiny"; }
change() { echo "$1" >"$lab/images/added"; }
builds_anew() { # CONTENT: the new version
	change "$1"
	bramble image build tiny --watch >"$lab/said" && grep -q 'is there\.' "$lab/said" && field '.images[0].versions[0].hash' list >"$lab/$1"
}
v() { cut -c1-12 "$lab/$1"; }
versions() { field '.images[0].versions | length' list; }
event() { bramble events | grep -q "$1"; }
row() { bramble image list | grep -qE "^$1 .* $2"; }
begin_build() { bramble image build tiny >/dev/null && { wait_for 30 is_at image || :; }; }
mistake() { # the recipe's
	echo 'nosuch = 1;' >>"$lab/images/tiny.conf"
	says 'tiny.conf:' build tiny --watch && grep -q nosuch "$lab/said"
}

lab_begin imgv
appliance configure
sed -i "s|paths = {|paths = { cache = \"$lab/cache\";|" "$lab/bramble.conf"
tests/lab/tiny "$lab/images" "$lab/cache"
change first
appliance start || bail_out 'the appliance does not start'

check 'no image: the list says how to build one' says 'bramble image build base' list
check 'a recipe that is not there: status 4' ends_with 4 build nosuch
check 'a build begins, and nobody has to wait' says 'tiny is being built.' build tiny
check 'a second one of the same image does not begin' says 'tiny is already being built' build tiny
pid=$(process)
check 'it is seen at work' wait_for 30 is_at image
appliance kill brambled
check 'brambled killed: it goes on, and can be watched' is "$(build_state)" 'done'
check 'it was that process' grep -q "build-tiny: goes on as process $pid" "$lab/log"
check 'each step is told' is "$(job '[.steps[].name] | join(" ")')" 'packages kernel root boot set image publish'
field '.images[0].versions[0].hash' list >"$lab/first"
check 'the events tell it' wait_for 5 event "image tiny was built: version $(v first)"
check 'the same input again: nothing has changed' says 'Nothing has changed' build tiny --watch
check 'its JSON is documented' prints job bramble --json image build tiny --watch
change second
begin_build
check 'a build can be cancelled' says 'nothing is published' build tiny --cancel
check 'nothing of it is left' wait_for 10 nothing_is_left
check 'it says so' is_at cancelled
begin_build
kill -9 "$(process)"
check 'a build that is killed is told of' wait_for 10 event "image tiny wasn't built: the build was killed"
check 'the next one works, and sweeps' builds_anew second
check "nothing is left" wait_for 5 nothing_is_left
check 'a recipe with a mistake: file and cause' mistake
sed -i '$d' "$lab/images/tiny.conf"

check 'a version is chosen by its beginning' says "tiny $(v first) is current" use tiny "$(v first)"
check 'and the next' says "tiny $(v second) is current" use tiny "$(v second)"
check 'the list tells the current one' row "tiny +$(v second)" current
check 'and the previous' row " +$(v first)" previous
check 'what came with the current one: one file' says '~ file /etc/added' diff tiny
check 'its JSON is documented' prints image_difference bramble --json image diff tiny
check 'it names the file' is "$(field '.files | map(.name) | join(" ")' diff tiny/previous tiny/current)" /etc/added
check 'what is in it is documented JSON' prints image_contents bramble --json image show tiny
check 'whose it is' is "$(field .about.image show tiny)" tiny
check 'a rollback' says "tiny $(v first) is current again" rollback tiny
check 'and back' says "tiny $(v second) is current again" rollback tiny
builds_anew third && builds_anew fourth
check 'pinned' says 'is kept until' pin tiny "$(v third)"
bramble image use tiny "$(v fourth)" >/dev/null
check 'the sweep keeps it, current and previous' is "$(field '[.kept[].why] | sort | join(" ")' gc tiny --yes)" 'current pinned previous'
check 'the rest is gone' is "$(versions)" 3
check 'unpinned' says 'no longer pinned' unpin tiny "$(v third)"
check 'it goes' is "$(field '.removed | length' gc tiny --yes)" 1

check 'all that stay are intact: status 0' ends_with 0 verify
check 'as JSON' prints image_verification bramble --json image verify
printf x | dd of="$lab/share/images/tiny/$(cat "$lab/second").squashfs" bs=1 seek=150 conv=notrunc status=none
check 'a rotten one is told of: status 1' ends_with 1 verify
check 'which' is "$(field '.versions[] | select(.intact | not) | .hash' verify tiny || :)" "$(cat "$lab/second")"
done_testing
