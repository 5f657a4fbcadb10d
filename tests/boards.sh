# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For test scripts, by way of tests/lib.sh: the appliance and virtual Pis on the LAN of the lab.
lab=${lab:-}
lab_name=${lab_name:-}

# A share with the default image, copied from the cache so that a test can do with it what it likes.
lab_share() {
	cache=$(tests/lab/image) || bail_out "the image can't be built"
	mkdir -p "$lab/share"
	cp -a --reflink=auto "$cache/images" "$lab/share/"
}

# The same with the image for PCs; its version is $hash.
lab_share_of_pcs() {
	cache=$(tests/lab/image pc) || bail_out "the image for PCs can't be built"
	mkdir -p "$lab/share"
	cp -a --reflink=auto "$cache/images" "$lab/share/"
	# shellcheck disable=SC2034 # for the script
	hash=$(basename "$cache"/images/pc/*.squashfs .squashfs)
}

appliance() { tests/lab/appliance "$lab_name" "$@"; }
bramble() { tests/lab/appliance "$lab_name" cli "$@"; }

# Power a board on: its time line goes to $lab/board-N.log.
power_on() { # number model serial mac [vpi's options]
	[ -e "/run/netns/$lab_name-b$1" ] || tests/lab/lab board "$lab_name" "$1" "$4"
	number=$1
	model=$2
	serial=$3
	mac=$4
	shift 4
	ip netns exec "$lab_name-b$number" "$B/vpi" --model "$model" --serial "$serial" --mac "$mac" --interface eth0 \
		"$@" </dev/null >>"$lab/board-$number.log" 2>&1 &
	echo $! >"$lab/board-$number.pid"
}

# The same, and it goes on as a QEMU machine, also over reboots; its console goes to $lab/console-N.log.
power_on_machine() { # number model serial mac [vpi's options]
	machine=$1
	power_on "$@" --then-qemu --reboot --tap "$lab_name-sw:t$machine" --console "$lab/console-$machine.log" \
		--keyboard "$lab/keyboard-$machine"
}

# A PC whose network card has iPXE in it; with more options of QEMU other firmware.
power_on_pc() { # number mac [options]
	[ -e "/run/netns/$lab_name-b$1" ] || tests/lab/lab board "$lab_name" "$1" "$2"
	number=$1
	mac=$2
	shift 2
	ip netns exec "$lab_name-sw" qemu-system-x86_64 -M q35 -accel tcg -m 768 -display none -monitor none -boot n \
		-chardev "socket,id=console,path=$lab/keyboard-$number,server=on,wait=off,logfile=$lab/console-$number.log,logappend=on" \
		-serial chardev:console -nic "tap,ifname=t$number,script=no,downscript=no,model=virtio-net-pci,mac=$mac" \
		"$@" </dev/null >>"$lab/board-$number.log" 2>&1 &
	echo $! >"$lab/board-$number.pid"
}

power_off() { # number
	kill -TERM "$(cat "$lab/board-$1.pid")" 2>/dev/null || :
	wait "$(cat "$lab/board-$1.pid")" 2>/dev/null || :
}

# The status with which the firmware (or machine) of a board ended.
board_status() { # number
	wait "$(cat "$lab/board-$1.pid")"
}

# Run a command in a machine, as root, at its serial console. The lab must be configured with SHELL_ON_CONSOLE=1.
on_board() { # number command
	"$B/lab-shell" "$lab/keyboard-$1" "${SHELL_S:-60}" "$2"
}

# What the appliance says of a node or board, by a jq expression.
node_says() { bramble --json node show "$1" | jq -r "$2"; }
board_says() { bramble --json board show "$1" | jq -r "$2"; }
node_is() { [ "$(node_says "$1" .state)" = "$2" ]; }
