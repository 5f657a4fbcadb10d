# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For sourcing: what must hold of exports, whichever server makes them. Behind tests/lib.sh and with
#   $share            the share's path on the router
#   $clients          a namespace on the LAN with the addresses $one, $two and $other
#   tell COMMAND      a line for `services`
#   put PATH TEXT     write a file of the share on the router
# shellcheck disable=SC2154 # they are the caller's

one=10.77.0.21
two=10.77.0.22
other=10.77.0.30 # of the LAN, but no node

add_addresses() { # interface
	for address in $one $two $other; do ip -n "$clients" addr add "$address/24" dev "$1"; done
}

nfs() { # from, verb, path below the share, …
	from=$1
	verb=$2
	path=$3
	shift 3
	# shellcheck disable=SC2086 # nothing, or a command with its options
	ip netns exec "$clients" ${as_user:-} "$B/nfs-probe" 10.77.0.1 "$from" "$verb" "$share/$path" "$@"
}
reads() { is "$(nfs "$1" read "$2")" "$3"; }
# NFS4ERR_PERM, NFS4ERR_NOENT or NFS4ERR_ACCESS, and not a byte
refuses() { nfs "$@" | grep -xE 'status (1|2|13)'; }
is_read_only() { is "$(nfs "$1" write "$2" no)" 'status 30'; }
user_is_refused() { (
	as_user='setpriv --reuid=nobody --clear-groups'
	refuses "$@"
); }

set_nodes() {
	for node in "$@"; do tell "node $node" || return 1; done
	tell nodes
}

# Somebody goes on reading meanwhile.
hold_begin() { # from, path, seconds
	nfs "$1" hold "$2" "$3" >"$lab/hold" 2>&1 &
	holder=$!
}
hold_end() {
	wait "$holder" || :
	grep -x '[1-9][0-9]* reads, 0 errors' "$lab/hold"
}

check_rights() {
	check "one node" set_nodes "1 rasp1 $one"
	put images/x image
	put nodes/rasp1/f data1
	check "a node reads its data" wait_for 30 reads $one nodes/rasp1/f data1
	check "and writes it, as root" nfs $one write nodes/rasp1/g new
	check "who isn't root on it does not" user_is_refused $one read nodes/rasp1/f
	check "everybody on the LAN reads images" reads $other images/x image
	check "an image that isn't there" refuses $one read images/y
	put images/y more
	check "is there as soon as it is" wait_for 5 reads $one images/y more
	check "nobody writes images" is_read_only $one images/z
	check "nobody sees the router's state" refuses $one read state/registry
	check "a node writes shared" nfs $one write shared/s all
	check "who is no node doesn't see shared" refuses $other read shared/s
	check "nor a node's data" refuses $other read nodes/rasp1/f
}

check_changes() {
	hold_begin $one nodes/rasp1/f 8
	check "a second node" set_nodes "1 rasp1 $one" "2 rasp2 $two"
	put nodes/rasp2/f data2
	check "reads its data at once" reads $two nodes/rasp2/f data2
	check "not the first one's" refuses $two read nodes/rasp1/f
	check "the first not the second's" refuses $one read nodes/rasp2/f
	check "nor writes it" refuses $one write nodes/rasp2/f no
	check "the second node gets another address" set_nodes "1 rasp1 $one" "2 rasp2 $other"
	check "the new address reads" reads $other nodes/rasp2/f data2
	check "the old one no more" refuses $two read nodes/rasp2/f
	check "and not shared either" refuses $two read shared/s
	check "the second node goes" set_nodes "1 rasp1 $one"
	check "its export, too" refuses $other read nodes/rasp2/f
	check "whoever went on reading noticed nothing of all that" hold_end
}
