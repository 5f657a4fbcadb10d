# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For tests with a real control plane: . tests/lib.sh, then this, then `control_plane_begin NAME`.

cluster() { ip netns exec "$lab_name-rt" "$B/bramble" --config "$lab/bramble.conf" cluster "$@"; }
kubectl() { ip netns exec "$lab_name-rt" "$programs/kubectl" --kubeconfig "$share/cluster/kubernetes/admin.conf" --cache-dir "$lab/cache" "$@"; }
state() { cluster status --json | jq -r .state; }
is_ready() { [ "$(state)" = ready ]; }
hash() { find "$share/cluster/pki" "$share/cluster/kubernetes" -name '*.crt' -o -name '*.conf' | sort | xargs sha256sum | sha256sum; }
test_explain() { grep -E 'kube|etcd|cluster|upkeep' "$lab/log" | tail -n 8 | cut -c1-300 | sed 's/^/# /'; }

# $programs: the programs' folder; a lab of that name with a control plane that is ready.
control_plane_begin() {
	status=0
	programs=$(tests/kubernetes/build router) || status=$?
	if [ "$status" -eq 77 ]; then
		echo '1..0 # SKIP the Kubernetes programs are built on Debian 12 alone'
		exit 0
	fi
	[ "$status" -eq 0 ] || bail_out 'the Kubernetes programs are not built'
	tests/setup kubernetes
	lab_begin "$1"
	share=$lab/share
	mkdir -p "$lab/programs" && ln -s "$programs"/* "$lab/programs"
	programs=$lab/programs # what a test takes away there is missing in no other
	appliance configure
	echo "kubernetes = { engine = \"kubeadm\"; programs = \"$programs\"; ${2:-} };" >>"$lab/bramble.conf"
	appliance start || bail_out 'the appliance does not start'
	cluster create >"$lab/created" 2>&1 || bail_out "there is no control plane: $(tail -n 3 "$lab/created")"
}
