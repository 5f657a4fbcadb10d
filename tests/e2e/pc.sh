#!/bin/sh
# SPDX-License-Identifier: ISC
# PCs beside Pis: one whose network card has iPXE in it, and one whose UEFI boots by HTTP, become nodes of the same appliance
# with an image of their own; a PC that no rule provides for stays a stranger.
# timeout: 1500
set -eu
. tests/lib.sh
[ "$(dpkg --print-architecture)" = amd64 ] || { echo "1..0 # SKIP the image's programs are amd64's"; exit 0; }

has_stages() { # node stages
	stages=$(bramble --json boot show "$(node_says "$1" .boot)" | jq -r '.steps[].stage' | awk '!seen[$0]++' | tr '\n' ' ')
	echo "$stages"
	for stage in $2; do
		case " $stages" in *" $stage "*) ;; *) echo "missing: $stage"; return 1 ;; esac
	done
}

fetched() { bramble --json boot show "$(node_says "$1" .boot)" | jq -e --arg name "$2" '.steps[] | select(.detail | startswith($name))'; }

test_explain() {
	tail -n 6 "$lab/log" | sed 's/^/# /'
	tail -n 4 "$lab"/console-*.log | tr -d '\r' | cut -c1-200 | sed 's/^/# /'
}

lab_begin pc
lab_share
lab_share_of_pcs
appliance configure
check 'the appliance starts' appliance start
bramble image use pc "$hash" >/dev/null
power_on_pc 1 52:54:00:77:00:01
check 'a PC that no rule provides for gets an address' wait_for 60 grep -q 52:54:00:77:00:01 "$lab/run/dhcp-hosts"
check '… and is no board' fails bramble board show 52:54:00:77:00:01
power_off 1

NODES='rules = ( { model = "pc"; image = "pc"; name = "pc%d"; role = "pc"; } );
	roles = ( { name = "pc"; kernel_arguments = "quiet mitigations=off systemd.debug_shell=ttyS0 systemd.getty_auto=0"; } );' appliance configure
check 'a rule for PCs is taken over' bramble config apply
power_on_pc 1 52:54:00:77:00:01
check 'a PC with iPXE in its network card joins' wait_for 500 node_is pc1 joined
check 'the board is a PC' is "$(board_says 52:54:00:77:00:01 .model)" PC
check 'it runs the image of the rule' is "$(node_says pc1 .image_hash)" "$hash"
check 'its time line is whole' has_stages pc1 'dhcp config kernel initramfs init nfs root data systemd joined'
check 'it fetched a script of its own' fetched pc1 boot.ipxe
check 'it knows its name' is "$(on_board 1 hostname)" pc1
check 'its root is verified' on_board 1 'dmsetup table 2>/dev/null | grep -q verity || grep -q dm- /proc/mounts'
check 'what it writes lies in the share' on_board 1 'echo written >/data/file && sync'
check '… where it is found' is "$(cat "$lab/share/nodes/pc1/file")" written
check 'nothing failed in systemd' is "$(on_board 1 'systemctl --failed --no-legend --plain | wc -l')" 0
check 'it reboots when it is told to' bramble node reboot pc1
power_off 1

# UEFI without its own PXE, and without the iPXE of QEMU's card: what is left is HTTP boot.
power_on_uefi() { # number mac
	cp /usr/share/OVMF/OVMF_VARS_4M.fd "$lab/variables-$1"
	power_on_pc "$1" "$2" -global virtio-net-pci.romfile= -fw_cfg name=opt/org.tianocore/IPv4PXESupport,string=n \
		-fw_cfg name=opt/org.tianocore/IPv6PXESupport,string=n \
		-drive "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd" \
		-drive "if=pflash,format=raw,unit=1,file=$lab/variables-$1"
}
power_on_uefi 2 52:54:00:77:00:02
check 'a PC whose UEFI boots by HTTP joins' wait_for 500 node_is pc2 joined
check 'it was sent iPXE first' fetched pc2 snponly.efi
check 'all of that is one boot' is "$(bramble --json boot list --node pc2 | jq '.boots | length')" 1
power_off 2

power_on 3 3b 00000000a1b2c3d4 b8:27:eb:b2:c3:d4
power_on 4 4b 10000000c0ffee01 dc:a6:32:0a:0b:0c
check 'beside it a Pi 3 is offered what Pis want' board_status 3
check 'and a Pi 4' board_status 4
check 'both get the image for Pis' is "$(bramble --json node list | jq '[.nodes[] | select(.image == "base")] | length')" 2
done_testing
