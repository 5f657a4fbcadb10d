#!/bin/sh
# SPDX-License-Identifier: ISC
# timeout: 120
# bramble-tftpd --root against clients that others wrote, and against loss.
set -eu
. tests/lib.sh

lab_begin tftpd
dir=$lab/root
mkdir -p "$dir/sub" "$lab/got"
head -c 33554433 /dev/urandom >"$dir/big"
head -c 511 /dev/urandom >"$dir/sub/small"
: >"$dir/empty"
ln -s /etc/hostname "$dir/link"
mkfifo "$dir/fifo"
client() { ip netns exec "$lab_name-rt" "$@"; }

ip netns exec "$lab_name-rt" "$B/bramble-tftpd" --root "$dir" --listen 127.0.0.1:69 --user nobody >"$lab/log" 2>&1 &
server=$!
wait_for 5 grep -q ready "$lab/log"

same() { cmp "$dir/$1" "$lab/got/$2"; }
hpa() { client tftp -m binary 127.0.0.1 -c get "$1" "$lab/got/$2" && same "$1" "$2"; }
atftp_windows() { # windowsize name
	client atftp --option "blksize 1428" --option "windowsize $1" -g -r "$2" -l "$lab/got/w$1" 127.0.0.1 69 2>&1 | tail -n 2
	same "$2" "w$1"
}
curl_tftp() { client curl -s "tftp://127.0.0.1/$1" -o "$lab/got/curl" && same "$1" curl; }
busybox_tftp() { client busybox tftp -g -b 1468 -r "$1" -l "$lab/got/bb" 127.0.0.1 && same "$1" bb; }
# curl(1): 68 = ERROR 1, file not found; 69 = ERROR 2, access violation.
refused() { # name status
	status=0
	client curl -s --path-as-is "tftp://127.0.0.1/$1" -o "$lab/got/refused" || status=$?
	is "$status" "$2"
}
put() {
	status=0
	client curl -s -T "$dir/sub/small" tftp://127.0.0.1/written || status=$?
	is "$status" 69 && [ ! -e "$dir/written" ]
}

check "tftp-hpa gets 33 MB intact" hpa big hpa
check "tftp-hpa gets a file of less than a block" hpa sub/small small
check "tftp-hpa gets an empty file" hpa empty empty
check "atftp with windowsize 1 gets 33 MB intact" atftp_windows 1 big
check "atftp with windowsize 16 gets 33 MB intact" atftp_windows 16 big
check "curl gets 33 MB intact" curl_tftp big
check "busybox gets 33 MB intact" busybox_tftp big
check "a missing file gets ERROR 1" refused missing 68
for name in ../../etc/shadow /../../../etc/shadow sub/../../big link fifo sub; do
	check "$name is refused by ERROR 2" refused "$name" 69
done
check "a write request is refused by ERROR 2, and nothing is written" put

client nft -f - <<-END
	table ip lossy { chain in { type filter hook input priority 0; udp length > 8 numgen random mod 100 < 5 drop; }; }
END
head -c 2000000 "$dir/big" >"$dir/part"
check "busybox gets 2 MB intact at 5 % loss" busybox_tftp part
check "atftp with windowsize 16 gets 2 MB intact at 5 % loss" atftp_windows 16 part

# A file that is cut while it is sent must not look whole.
client nft flush ruleset
cut_short() {
	head -c 33554433 "$dir/big" >"$dir/cut"
	client curl -s --limit-rate 2M "tftp://127.0.0.1/cut" -o "$lab/got/cut" &
	curl=$!
	sleep 0.5
	truncate -s 1000000 "$dir/cut"
	! wait "$curl"
}
check "a file cut while it is sent ends with an error" cut_short

occupied() {
	status=0
	client "$B/bramble-tftpd" --root "$dir" --listen 127.0.0.1:69 2>"$lab/occupied" || status=$?
	is "$status" 71 && grep -q 'Address already in use; another TFTP server' "$lab/occupied"
}
check "an occupied port is named" occupied
check "no such directory is an error" fails client "$B/bramble-tftpd" --root "$lab/none" --listen 127.0.0.1:70
kill -TERM "$server"
check "SIGTERM ends it in order" wait "$server"
done_testing
