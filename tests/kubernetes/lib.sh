# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For test scripts with a real control plane, after tests/lib.sh: its programs, built or taken from the cache ($programs).
lab=${lab:-}
lab_name=${lab_name:-}

status=0
programs=$(tests/kubernetes/build router) || status=$?
if [ "$status" -eq 77 ]; then
	echo '1..0 # SKIP the Kubernetes programs are built on Debian 12 alone'
	exit 0
fi
[ "$status" -eq 0 ] || bail_out 'the Kubernetes programs are not built'
tests/setup kubernetes

router() { ip netns exec "$lab_name-rt" "$@"; }
kubectl() { router "$programs/kubectl" --kubeconfig "$lab/share/cluster/kubernetes/admin.conf" --cache-dir "$lab/cache" "$@"; }
cluster() { router "$B/bramble" --config "$lab/bramble.conf" cluster "$@"; }
