#!/bin/sh
# SPDX-License-Identifier: ISC
# timeout: 120
# bramble-httpd alone with one directory; curl, busybox and raw bytes ask. About 15 s.
set -eu
# shellcheck source=tests/lib.sh
. tests/lib.sh
# shellcheck source=tests/integration/httpd.sh
. tests/integration/httpd.sh

root=$dir/root
echo inside >"$root/sub/a b"
: >"$root/empty"
echo secret >"$dir/secret"
ln -s ../secret "$root/link"
ln -s "$dir" "$root/up"
mkfifo "$root/fifo"
echo private >"$root/private"
chmod 600 "$root/private"

check "it starts" start --log-level info
check "a file of 33 MB arrives intact" fetch
check "by HTTP/1.0, too" fetch --http1.0
check "its middle arrives intact" same_bytes
check "a broken-off download goes on" resume
check "busybox wget fetches it" busybox_gets
check "and goes on" busybox_resumes
check "eight clients at once" at_once

sleep 2 # a tag is strong when its file is at rest
get -I "$url/big" >"$dir/header"
check "HEAD tells the length" says 'Content-Length: 33000000'
check "and that ranges are served" says 'Accept-Ranges: bytes'
tag=$(sed -n 's/^ETag: \("[^"]*"\).*/\1/p' "$dir/header")
check "and a tag" fails is "$tag" ""
check "the same tag: not modified" status 304 -H "If-None-Match: $tag" "$url/big"
check "a part of the same file" status 206 -r 0-9 -H "If-Range: $tag" "$url/big"
check "of another file: the whole" status 200 -r 0-9 -H 'If-Range: "other"' "$url/big"
check "several ranges: the whole" status 200 -r 0-1,5-6 "$url/big"
check "behind the end" status 416 -r 33000000- -D "$dir/header" "$url/big"
check "416 tells the size" says 'Content-Range: bytes */33000000'
check "an empty file" status 200 "$url/empty"
check "an escaped name" status 200 "$url/sub/a%20b"
check "is the right file" grep -qx inside "$dir/body"
check "two files over one connection" is "$(get -o "$dir/1" -o "$dir/2" -w '%{num_connects}' "$url/empty" "$url/empty")" 10

check "a directory isn't listed" status 404 "$url/"
check "nor is it a file" status 403 "$url/sub"
check "a missing file" status 404 "$url/nothing"
check "a file as a directory" status 404 "$url/empty/x"
check "a symbolic link" status 403 "$url/link"
check "a symbolic link in the middle" status 403 "$url/up/secret"
check "a pipe" status 403 "$url/fifo"
check "a file of root alone" status 403 "$url/private"
for path in '/../secret' '/sub/../../secret' '/%2e%2e/secret' '/..%2fsecret' '/sub%2f..%2f..%2fsecret' '//etc/passwd' \
	'/./empty' '/empty%00.txt' '/%c0%ae%c0%ae/secret' '/%ff' '/%0aempty' '/%2' '/%zz'; do
	check "no way out: $path" status 400 --path-as-is "$url$path"
done
check "encoded twice is a name" status 404 --path-as-is "$url/%252e%252e/secret"
check "POST" status 405 -d x "$url/big"
check "OPTIONS" status 405 -X OPTIONS "$url/big"
check "an unknown method" status 501 -X BREW "$url/big"
check "a body with GET" status 400 -X GET -d x "$url/big"
check "no Host" raw 400 'GET /empty HTTP/1.1\r\n\r\n'
check "two lengths" raw 400 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n'
check "a length and chunks" raw 400 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'
check "an absolute target" raw 200 'GET http://a/empty HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
check "each request is in the log" grep -q '127.0.0.1 GET /nothing 404, 22 bytes in 0.[0-9]* s: there is no such file' "$dir/log"
check "the port is occupied" exits 71 'another HTTP server?' --root "$root" --listen 127.0.0.1:80
check "it ends in order" stop

check "it starts with short deadlines" start --header-timeout 1 --transfer-timeout 2
check "a slow reader is cut off" slow_reader
check "a slow writer is cut off" slow_writer
check "others are served as before" fetch
check "it ends in order again" stop
check "a missing directory" exits 71 "can't serve $dir/missing: No such file" --root "$dir/missing" --listen 127.0.0.1:80
check "an address of another machine" exits 71 'no interface has this address' --root "$root" --listen 192.0.2.1:80
check "an unknown user" exits 71 'there is no such user' --root "$root" --listen 127.0.0.1:80 --user nobody-here
check "wrong usage" exits 64 '--listen takes ADDRESS:PORT' --root "$root" --listen 80
check "nothing to serve" exits 64 'give either --root or --ipc'
check "help" exits 0 'usage: bramble-httpd' --help
done_testing
