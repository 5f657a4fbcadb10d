#!/bin/sh
# SPDX-License-Identifier: ISC
# A real Kubernetes control plane on the router: kubeadm, etcd, API server, controllers and scheduler, made, killed,
# repeated and taken away. No node joins here.
# timeout: 300
set -eu
. tests/lib.sh

status=0
programs=$(tests/kubernetes/build router) || status=$?
if [ "$status" -eq 77 ]; then
	echo '1..0 # SKIP the Kubernetes programs are built on Debian 12 alone'
	exit 0
fi
[ "$status" -eq 0 ] || bail_out 'the Kubernetes programs are not built'
tests/setup kubernetes
cluster() { ip netns exec "$lab_name-rt" "$B/bramble" --config "$lab/bramble.conf" cluster "$@"; }
kubectl() { ip netns exec "$lab_name-rt" "$programs/kubectl" --kubeconfig "$share/cluster/kubernetes/admin.conf" --cache-dir "$lab/cache" "$@"; }
state() { cluster status --json | jq -r .state; }
is_ready() { [ "$(state)" = ready ]; }
hash() { find "$share/cluster/pki" "$share/cluster/kubernetes" -name '*.crt' -o -name '*.conf' | sort | xargs sha256sum | sha256sum; }
runs_as() { is "$(stat -c %U "/proc/$(appliance pid "$1")")" bramble-cluster; }
has_no_root() { grep -q '^CapBnd:.*0000000000000000$' "/proc/$(appliance pid "$1")/status"; }
reads() { ! setpriv --reuid bramble-http --regid bramble-http --clear-groups cat "$1" >/dev/null 2>&1; }
listens_inside() { ! ip netns exec "$lab_name-rt" ss -Hlnt | awk '{print $4}' | grep -E '10.77.0.1:(2379|2380)|\*:(2379|2380)'; }
pids() { for p in etcd kube-apiserver kube-controller-manager kube-scheduler; do appliance pid "$p"; done | tr '\n' ' '; }
runs_with() { tr '\0' '\n' <"/proc/$(appliance pid "$1")/cmdline" | grep -qx -e "$2"; }
starts_of() { grep -c "$1: started as process" "$lab/log"; }
has_ended() { ! kill -0 "$1" 2>/dev/null; }
test_explain() { grep -E 'kube|etcd|cluster' "$lab/log" | tail -n 8 | cut -c1-300 | sed 's/^/# /'; }

lab_begin cluster
share=$lab/share
appliance configure
appliance start
check 'without an engine there is nothing to create' fails cluster create
appliance stop
echo "kubernetes = { engine = \"kubeadm\"; programs = \"$programs\"; };" >>"$lab/bramble.conf"
appliance start
check 'before it is created there is none' is "$(state)" none
check 'killed at any moment, create leaves nothing that stops the next one' \
	sh -c 'for s in 0.2 0.6 1 1.4 1.8 2.5; do ip netns exec "$0-rt" timeout -s KILL $s "$B/bramble" --config "$1" cluster create || :; done' \
	"$lab_name" "$lab/bramble.conf"
check 'it is created' cluster create
check 'the API server answers' kubectl get --raw=/readyz
check 'it is ready' wait_for 30 is_ready
check 'etcd runs without root' runs_as etcd
check 'the API server has no capability' has_no_root kube-apiserver
check 'etcd listens for this router alone' listens_inside
check 'nobody else reads the key of the authority' reads "$share/cluster/pki/ca.key"
check 'the credentials of the administrator belong to root' is "$(stat -c %U:%a "$share/cluster/kubernetes/admin.conf")" root:600
before=$(hash)
running=$(pids)
check 'created again, it is the same' prints cluster_result cluster create --json
check '… the certificates are' is "$(hash)" "$before"
check '… the processes are' is "$(pids)" "$running"
jq '."kube-apiserver" += ["--v=0"] | ."kube-scheduler" += ["--v=0"]' "$share/cluster/processes.json" >"$lab/processes.json"
kill -STOP "$(appliance pid kube-scheduler)" # the last to end: it takes a SIGKILL
starts=$(starts_of etcd)
mv "$lab/processes.json" "$share/cluster/processes.json"
check 'other arguments are taken over' wait_for 40 runs_with kube-scheduler --v=0
check '... and it is ready again' wait_for 40 kubectl get --raw=/readyz
check '... after one start of each' is "$(starts_of etcd)" "$((starts + 1))"
running=$(pids)
appliance kill brambled
check 'without brambled the processes go on' kubectl get --raw=/readyz
check '… and are adopted' wait_for 10 is_ready
check '… not started anew' is "$(pids)" "$running"

kubectl create configmap kept --from-literal=a=b >/dev/null
for process in etcd kube-apiserver; do appliance kill "$process"; done
check 'etcd and API server come back after kill -9' wait_for 60 is_ready
check '… with what they knew' is "$(kubectl get configmap kept -o 'jsonpath={.data.a}')" b
appliance restart
check 'after a restart of the appliance it is ready again' wait_for 60 is_ready
check '… with what it knew' is "$(kubectl get configmap kept -o 'jsonpath={.data.a}')" b
check 'the credentials are printed' sh -c '"$B/bramble" --config "$0" cluster kubeconfig | grep -q "server: https://10.77.0.1:6443"' "$lab/bramble.conf"

api=$(appliance pid kube-apiserver)
check 'its credentials and its state are documented JSON' prints kubeconfig cluster kubeconfig --json
check '… both' prints cluster cluster status --json
check 'a dry run takes nothing away' cluster reset --dry-run
check '… as it says' is_ready
check 'nobody is asked: it is not taken away' fails cluster reset
check 'it is taken away' prints cluster_result cluster reset --yes --json
check '… its processes have ended' has_ended "$api"
check '… there is none any more' is "$(state)" none
check '… and what it was is kept' sh -c 'ls -d "$0"/share/cluster.*/pki' "$lab"
check 'another is created in its place' cluster create
check '… another one' fails kubectl get configmap kept
done_testing
