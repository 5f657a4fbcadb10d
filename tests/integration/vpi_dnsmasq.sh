#!/bin/sh
# SPDX-License-Identifier: ISC
# The virtual Pi against plain dnsmasq (DHCP and its built-in TFTP server), with files made by hand.
# timeout: 240
set -eu
. tests/lib.sh
lab_begin vpidns
set=$lab/set
word() { # a 32-bit number, big-endian, as escapes of printf
	printf '\\%03o\\%03o\\%03o\\%03o' $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255))
}
tree() { # file compatible: a device tree with this one property in its root
	length=$((${#2} + 1))
	padding=$(((4 - length % 4) % 4 + 1))
	structure=$((20 + length + padding - 1 + 8))
	escapes=
	for number in 3490578157 $((40 + structure + 11)) 40 $((40 + structure)) 40 17 16 0 11 $structure 1 0 3 $length 0; do
		escapes=$escapes$(word "$number")
	done
	# shellcheck disable=SC2059 # escapes
	printf "$escapes$2$(printf '\\000%.0s' $(seq $padding))$(word 2)$(word 9)compatible\000" >"$1"
}
make_set() {
	rm -rf "$set"
	mkdir "$set"
	printf '\177ELF' | tee "$set/start.elf" >"$set/start4.elf"
	head -c 3000000 /dev/urandom | tee -a "$set/start.elf" >>"$set/start4.elf"
	for file in bootcode.bin fixup.dat fixup4.dat; do head -c 5120 /dev/urandom >"$set/$file"; done
	{
		head -c 56 /dev/zero
		printf 'ARM\144'
		head -c 5000000 /dev/urandom
	} | gzip -1 >"$set/kernel8.img"
	printf '070701%0104d' 0 >"$set/initramfs8"
	tree "$set/bcm2837-rpi-3-b.dtb" raspberrypi,3-model-b
	tree "$set/bcm2710-rpi-3-b-plus.dtb" raspberrypi,3-model-b-plus
	tree "$set/bcm2711-rpi-4-b.dtb" raspberrypi,4-model-b
	tree "$set/bcm2712-rpi-5-b.dtb" raspberrypi,5-model-b
	echo 'root=/dev/nfs nfsroot=10.77.0.1:/srv console=serial0,115200' >"$set/cmdline.txt"
	printf 'arm_64bit=1\nupstream_kernel=1\ninitramfs initramfs8 followkernel\n' >"$set/config.txt"
}
serve() { # boot menu text
	[ -z "${server:-}" ] || { kill "$server"; wait "$server" 2>/dev/null || :; }
	ip netns exec "$lab_name-rt" dnsmasq --conf-file=/dev/null --port=0 --interface=lan0 --bind-interfaces --keep-in-foreground \
		--dhcp-range=10.77.0.50,10.77.0.90,1h --no-ping --leasefile-ro --pid-file --user=root --log-facility=- --log-dhcp \
		--pxe-service=0,"$1" --enable-tftp --tftp-root="$set" >>"$lab/dnsmasq.log" 2>&1 &
	server=$!
	wait_for 5 sh -c "ip netns exec $lab_name-rt ss -lun | grep -q '10.77.0.1:69'"
}

boots() { # model [option …]; prints the time line
	model=$1
	shift
	rm -f "$lab/board-1.log"
	power_on 1 "$model" 10000000a1b2c3d4 b8:27:eb:b2:c3:d4 --link-ms 0 --hashes "$@"
	board_status 1 || { status=$?; tail -n 3 "$lab/board-1.log"; return "$status"; }
}
says() { grep -q -e "$1" "$lab/board-1.log" || { cat "$lab/board-1.log"; return 1; }; }
ends_with() { expected=$1; shift; status=0; "$@" || status=$?; is "$status" "$expected"; }
hashed() { says "tftp  *$1 .*sha256:$(sha256sum <"$set/$1" | cut -d' ' -f1)"; }

make_set
serve 'Raspberry Pi Boot   '
for model in 3b 3b+ 4b 5; do
	check "a $model boots" boots "$model"
	check "a $model got the kernel intact" hashed kernel8.img
done
check 'a 4b and a 5 sent a REQUEST, the others none' is "$(grep -c 'DHCPREQUEST(lan0)' "$lab/dnsmasq.log")" 2
mkdir "$set/a1b2c3d4"
mv "$set/config.txt" "$set/start4.elf" "$set/fixup4.dat" "$set/cmdline.txt" "$set/kernel8.img" "$set/initramfs8" \
	"$set/bcm2711-rpi-4-b.dtb" "$set/a1b2c3d4"
check 'files under the serial number come first' boots 4b
check 'all of them from there' hashed a1b2c3d4/kernel8.img
mv "$set/a1b2c3d4"/* "$set"

# dnsmasq keeps files open: what changes gets a new name, and dnsmasq a new start.
change() {
	make_set
	"$@"
	serve 'Raspberry Pi Boot   '
}
change truncate -s -100 "$set/kernel8.img"
check 'a damaged kernel is no kernel' ends_with 1 boots 4b
check 'it says so' says 'compressed kernel is damaged'
change cp "$set/bcm2837-rpi-3-b.dtb" "$set/bcm2711-rpi-4-b.dtb"
check 'the device tree of another board is refused' ends_with 1 boots 4b
check 'it says so' says 'device tree is for another board'
change rm "$set/bcm2712-rpi-5-b.dtb"
check 'a Pi 5 without a device tree says so' ends_with 1 boots 5
check 'in words' says 'no device tree for Raspberry Pi 5'
change rm "$set/bootcode.bin"
check 'a 3B halts without bootcode.bin' ends_with 3 boots 3b
make_set

serve 'Raspberry Pi Boot'
check 'a 3B+ takes the boot text without trailing blanks' boots 3b+
check 'a 3B does not, asks five times and halts' ends_with 3 boots 3b
check 'five times' is "$(grep -c discover "$lab/board-1.log")" 5
done_testing
