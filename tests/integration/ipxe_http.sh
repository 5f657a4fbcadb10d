#!/bin/sh
# SPDX-License-Identifier: ISC
# timeout: 420
# iPXE boots Linux by HTTP from bramble-httpd, in QEMU without KVM; Linux then says whether the 33 MB that iPXE fetched
# along with it are intact. About 30 s, and a minute more when the guest's kernel isn't in the cache.
set -eu
# shellcheck source=tests/lib.sh
. tests/lib.sh
[ "$(dpkg --print-architecture)" = amd64 ] || { echo "1..0 # SKIP the guest is amd64"; exit 0; }
# shellcheck source=tests/integration/httpd.sh
. tests/integration/httpd.sh

root=$dir/root
serial=$dir/serial
busybox=$(command -v busybox)
test_explain() { tail -n 12 "$dir/log" "$dir/dnsmasq.log" "$serial" 2>/dev/null | tr -d '\r' | sed 's/^/# /'; }

# An initramfs: say what /big is, and end.
make_initramfs() {
	mkdir -p "$dir/init/bin" "$dir/init/dev"
	cp "$busybox" "$dir/init/bin/busybox"
	mknod "$dir/init/dev/console" c 5 1
	cat >"$dir/init/init" <<-'END'
		#!/bin/busybox sh
		/bin/busybox echo "guest: $(/bin/busybox sha256sum /big)"
		/bin/busybox reboot -f
	END
	chmod 755 "$dir/init/init"
	(cd "$dir/init" && find . | cpio --quiet -o -H newc) >"$root/initramfs"
}

# DHCP for one machine, whose firmware is pointed to a script by HTTP.
start_dnsmasq() {
	ip netns exec "$space" dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --interface=t0 --bind-interfaces \
		--pid-file= --dhcp-leasefile="$dir/leases" --log-facility=- --log-dhcp --dhcp-range=10.79.0.10,10.79.0.20,1h \
		--dhcp-boot=http://10.79.0.1/boot.ipxe 2>"$dir/dnsmasq.log" &
	others=$!
	wait_for 5 grep -q 'DHCP, IP range' "$dir/dnsmasq.log"
}

# Ends by itself: the guest reboots, or its kernel panics, and -no-reboot makes that the end.
run_machine() {
	ip netns exec "$space" timeout 240 qemu-system-x86_64 -M pc,accel=tcg -m 256 -display none -monitor none -no-reboot \
		-nic tap,ifname=t0,script=no,downscript=no,model=virtio-net-pci -boot n -serial "file:$serial"
}
served() { grep -F "10.79.0.1" "$dir/log" | grep -F "GET /$1 200, $(stat -c %s "$root/$1") bytes in "; }
intact() { grep -F "guest: $(sha256sum <"$root/big" | cut -d ' ' -f 1)" "$serial"; }

ip -n "$space" tuntap add t0 mode tap vnet_hdr
ip -n "$space" addr add 10.79.0.1/24 dev t0
ip -n "$space" link set t0 up
tree=$(tests/guest/tree) || bail_out "the guest's kernel can't be had"
cp "$(find "$tree/boot" -name 'vmlinuz-*' | sort | tail -n 1)" "$root/vmlinuz"
cat >"$root/boot.ipxe" <<-'END'
	#!ipxe
	kernel vmlinuz console=ttyS0 panic=-1
	initrd initramfs
	initrd big /big
	boot
END
make_initramfs

check "the server starts" start --listen 10.79.0.1:80
check "DHCP starts" start_dnsmasq
check "a machine runs to its end" run_machine
check "iPXE fetched the script" served boot.ipxe
check "the whole kernel" served vmlinuz
check "the initramfs" served initramfs
check "and 33 MB more" served big
check "Linux started" grep -F 'Linux version' "$serial"
if ldd "$busybox" 2>&1 | grep -q "=>"; then
	echo "ok $((test_number += 1)) # SKIP $busybox isn't static"
else
	check "the 33 MB are intact" intact
fi
check "the server ends in order" stop
done_testing
