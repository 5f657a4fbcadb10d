#!/bin/sh
# SPDX-License-Identifier: ISC
# `bramble image export` and `import`: a version goes to another share as one file and is the same there, byte for byte; a file that was
# changed or cut on the way is refused.
# timeout: 300
set -eu
. tests/lib.sh

test_explain() { tail -n 8 "$lab/log" "$lab/said" | sed 's/^/# /'; }
elsewhere() { "$B/bramble-image" --share "$lab/elsewhere" "$@"; }
elsewhere_else() { "$B/bramble-image" --share "$lab/third" "$@"; }
export_it() { bramble image export tiny/current --output "$lab/one" && test -s "$lab/one"; }
stdout_too() { bramble image export tiny -o - >"$lab/piped" && cmp "$lab/one" "$lab/piped"; }
says() { # part, then the command
	part=$1 && shift
	"$@" >"$lab/said" 2>&1 || :
	grep -F -e "$part" "$lab/said" || { cat "$lab/said" && false; }
}
same_there() { is "$(elsewhere --json import "$lab/one" | jq -r .hash)" "$hash" && diff -r "$lab/share/images/tiny" "$lab/elsewhere/images/tiny"; }
again() { elsewhere export tiny -o "$lab/three" && cmp "$lab/one" "$lab/three"; }
change() { # bytes before the end
	cp "$lab/one" "$lab/changed"
	printf x | dd of="$lab/changed" bs=1 seek="$(($(stat -c %s "$lab/one") - $1))" conv=notrunc status=none
}
nothing_stays() { [ -z "$(find "$lab/third" -type f ! -name .lock)$(find "$lab/third" -name '.build-*')" ]; }
refused() { # part, file
	status=0
	"$B/bramble-image" --share "$lab/third" import "$2" >"$lab/said" 2>&1 || status=$?
	is "$status" 1 && grep -F -e "$1" "$lab/said" && nothing_stays
}
current() { bramble --json image list | jq -r '.images[] | select(.name == "tiny") | .current'; }

lab_begin imgx
appliance configure
tests/lab/tiny "$lab/images" "$lab/cache"
mkdir "$lab/third"
hash=$(basename "$("$B/bramble-image" build "$lab/images/tiny.conf" --share "$lab/share" --cache "$lab/cache" 2>"$lab/said")" .squashfs)
appliance start || bail_out 'the appliance does not start'

bramble image use tiny "$hash" >"$lab/said"
check 'the current version is exported' export_it
check 'its JSON is documented' prints image_file bramble --json image export tiny -o "$lab/two"
check 'twice the same' cmp "$lab/one" "$lab/two"
check 'also on standard output' stdout_too
check 'a version that is not there: says so' says 'has no version' bramble image export tiny/12345678 -o "$lab/none"
check 'nothing is written then' test ! -e "$lab/none"
check 'no place to write: says which' says "$lab/nowhere/x" bramble image export tiny -o "$lab/nowhere/x"
check 'imported where it is: nothing changes' says ' is there already' bramble image import "$lab/one"
check 'its JSON is documented' prints image_arrival bramble --json image import "$lab/one"
check 'elsewhere it is the same version, file for file' same_there
check 'intact' elsewhere verify
check 'and exported from there it is the same file' again
rm -rf "$lab/share/images/tiny/$hash."*
check 'what was lost comes back' says "is there" bramble image import "$lab/one"
check 'the events tell it' wait_for 5 sh -c "tests/lab/appliance $lab_name cli events | grep -q 'version $(echo "$hash" | cut -c1-12) of image tiny was imported'"
check 'only verified: says so' says 'is intact; nothing was published' elsewhere_else --dry-run import "$lab/one"
check 'and nothing was published' nothing_stays
check 'under its hash' is "$(current)" "$hash"

change 5000
check 'a root changed on the way: refused, and nothing stays' refused 'the root is damaged' "$lab/changed"
change "$(($(stat -c %s "$lab/share/images/tiny/$hash.squashfs") + 5000))"
check 'a boot file changed: refused, and which' refused 'initramfs8 of the boot set is damaged' "$lab/changed"
head -c 3000000 "$lab/one" >"$lab/changed"
check 'a cut one: refused' refused 'runcated' "$lab/changed"
check 'no such file: refused' refused 'No such file' "$lab/nowhere"
check 'something else: refused' refused "can't be read" /etc/passwd
done_testing
