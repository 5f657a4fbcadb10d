#!/bin/sh
# SPDX-License-Identifier: ISC
# Upgrades of a real control plane, and a new one in its place, that are killed and finished without being asked.
# timeout: 600
set -eu
. tests/lib.sh
. tests/kubernetes/control_plane.sh
# shellcheck source=tests/kubernetes/versions.sh
. tests/kubernetes/versions.sh

control_plane_begin longupgrade 'snapshot_hours = 0;'
kubectl create configmap kept --from-literal=a=b >/dev/null
restamp v1.20.3
use "$lab/v1.20.3"
killed_after 5 upgrade --yes --json
is_upgraded() { is_over && [ "$(version)" = v1.20.3 ]; }
check 'killed, an upgrade is finished without being asked' wait_for 150 is_upgraded
check '… with what there was' is "$(get kept)" b

make_failing_version
use "$lab/v1.20.4"
killed_after 12 upgrade --yes --json
check 'one that fails and is killed is gone back from without being asked' wait_for 150 is_over
check '… to what there was' is "$(version) $(get kept)" 'v1.20.3 b'

use "$programs"
before=$(hash)
killed_after 3 rebuild --new --yes
check 'a new cluster that was begun is finished without being asked' wait_for 150 is_over
check '… another one' fails get kept
check '… with another authority' fails is "$(hash)" "$before"
check '… what was before is kept' is "$(count)" 1
done_testing
