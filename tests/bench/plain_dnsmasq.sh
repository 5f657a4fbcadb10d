# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For storms, after tests/storms.sh: plain dnsmasq, DHCP and its own TFTP server, in Bramble's place.
lab=${lab:-} lab_name=${lab_name:-}

# What dnsmasq serves: the same files, and what Bramble renders, made by hand.
flat_tree() {
	rm -rf "$lab/tree"
	cp -r "$lab"/share/images/base/*.boot "$lab/tree"
	while read -r what name to _; do
		[ "$what" != alias ] || cp "$lab/tree/$to" "$lab/tree/$name"
	done <"$lab/tree/manifest"
	echo 'root=/dev/nfs nfsroot=10.77.0.1:/srv console=serial0,115200' >"$lab/tree/cmdline.txt"
	printf 'arm_64bit=1\nupstream_kernel=1\nkernel=kernel8.img\ninitramfs initramfs8 followkernel\n' >"$lab/tree/config.txt"
}

start_dnsmasq() {
	ip netns exec "$lab_name-rt" dnsmasq --conf-file=/dev/null --port=0 --interface=lan0 --bind-interfaces --keep-in-foreground \
		--dhcp-range="$LAN_FIRST,$LAN_LAST,255.255.252.0,1h" --no-ping --leasefile-ro --pid-file --user=root --log-facility="$lab/dnsmasq.log" \
		--pxe-service=0,'Raspberry Pi Boot   ' --enable-tftp --tftp-root="$lab/tree" --tftp-max=4096 --dhcp-lease-max=4096 &
	dnsmasq=$!
	wait_for 5 sh -c "ip netns exec $lab_name-rt ss -lun | grep -q '10.77.0.1:69'"
}
stop_dnsmasq() {
	kill "$dnsmasq"
	wait "$dnsmasq" 2>/dev/null || :
}
