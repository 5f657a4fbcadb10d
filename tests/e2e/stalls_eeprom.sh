#!/bin/sh
# SPDX-License-Identifier: ISC
# A kernel of 67 MB meets an EEPROM that can't count beyond 65535 blocks: the boot's cause is named; see also stalls.sh.
# Each block is answered before the next is sent: beside other tests that takes long.
# timeout: 240
# alone
set -eu
. tests/lib.sh

cause_is() { [ "$(bramble --json boot list --limit 1 | jq -r '.boots[0].cause')" = "$1" ]; }
test_explain() { tail -n 8 "$lab/log" "$lab"/board-*.log | sed 's/^/# /'; }

lab_begin stallsee
lab_share
boot_files=$(find "$lab/share/images/base" -maxdepth 1 -name '*.boot')
# One block more than 65535 of the 1024 bytes for which a Pi 4 asks.
truncate -s 67108864 "$boot_files/kernel8.img"
sed -i 's/^\(file [0-9a-f]* \)[0-9]* kernel8.img/\167108864 kernel8.img/' "$boot_files/manifest"
appliance configure
# Of what goes on within a file brambled hears nothing: longer than the transfer takes.
sed -i 's/heartbeat_s = 2/stuck_after_s = 30; &/' "$lab/bramble.conf"
appliance start || bail_out 'the appliance does not start'
power_on 1 4b 1000000000590a01 dc:a6:32:59:0a:01 --link-ms 0
check 'a kernel too large for an old EEPROM: eeprom-old' wait_for 180 cause_is eeprom-old
done_testing
