#!/bin/sh
# SPDX-License-Identifier: ISC
# Add-ons, with a real control plane: the API server takes every manifest that Bramble brings; they are applied by themselves,
# to a rebuilt cluster as well; drift is seen; what is no longer wanted goes. No node joins here, so no pod runs.
# timeout: 300
set -eu
. tests/lib.sh
# shellcheck source=tests/kubernetes/control_plane.sh
. tests/kubernetes/control_plane.sh
addon() { ip netns exec "$lab_name-rt" "$B/bramble" --config "$lab/bramble.conf" addon "$@"; }
state_of() { addon list --json | jq -r --arg name "$1" '.addons[] | select(.name == $name) | .state'; }
is_state() { is "$(state_of "$1")" "$2"; }
list_is() { sed -i "s|addons = \[.*\]|addons = [ $1 ]|" "$lab/bramble.conf"; }
says() { "$@" 2>&1 | grep -qF -e "$says"; }
own() { printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: %s, namespace: default }\ndata: { pods: "{{pod_cidr}}" }\n' "$1"; }
all_labelled() { [ "$(kubectl get deployments,daemonsets,statefulsets,services -A -l "bramble/addon=$1" -o name | wc -l)" -ge "$2" ]; }
test_explain() { grep -E 'addon|upkeep' "$lab/log" | tail -n 8 | cut -c1-300 | sed 's/^/# /'; addon list | sed 's/^/# /'; }

# "own" isn't there yet: what fails doesn't keep the others away.
control_plane_begin addons "addons_path = \"$PWD/etc/addons\"; addons = [ \"storage\", \"own\" ];"
cp -r etc/addons "$lab/addons"
sed -i "s|addons_path = \"[^\"]*\"|addons_path = \"$lab/addons\"|" "$lab/bramble.conf"
mkdir "$lab/addons/own"
own one >"$lab/addons/own/10.yaml"
own two >"$lab/addons/own/20.yaml"
check 'what is listed is applied by itself' wait_for 60 is_state own applied
check '… the storage class too' kubectl get storageclass bramble
check '… with the values of this cluster' is "$(kubectl get configmap one -o jsonpath='{.data.pods}')" 10.244.0.0/16
check 'what is not listed is available' is_state traefik available
check 'the list is documented JSON' prints addons addon list --json
check '… an add-on' prints addon addon show traefik --json
check '… the images' prints addon_images addon images traefik --json
kubectl patch configmap one -p '{"data":{"pods":"elsewhere"}}' >/dev/null
check 'a change by hand is seen' is_state own drifted
check '… and shown' sh -c '"$@" | grep -q "^-.*elsewhere"' - ip netns exec "$lab_name-rt" "$B/bramble" --config "$lab/bramble.conf" addon diff own
check 'apply undoes it' addon apply own
check '… then nothing differs' is "$(addon diff)" ''
check '… as documented JSON says' prints addon_diff addon diff --json
check '… and all is as it should be' is_state own applied
rm "$lab/addons/own/20.yaml"
own three >"$lab/addons/own/30.yaml"
check 'dry run: nothing is done' prints addon_results addon apply --dry-run --json
check '… the manifests are newer' is_state own outdated
check 'changed manifests are applied by themselves' wait_for 60 kubectl get configmap three
check '… and what they no longer hold is gone' wait_for 20 fails kubectl get configmap two
says='20.yaml:2: undefined variable "nothing"'
printf '# own\n{{nothing}}\n' >"$lab/addons/own/20.yaml"
check 'a mistake is told with file and line' says addon apply own
says='add-on own: '
check '… and in the status' wait_for 60 says bramble status
rm "$lab/addons/own/20.yaml"
says='is in kubernetes.addons'
check 'what is listed is not removed' says addon remove own --yes
list_is '"storage"'
check 'no longer listed, it stays until it is asked for' wait_for 5 is_state own unlisted
says='nobody can be asked'
check '… nobody is asked: it is not removed' says addon remove own
check '… it is removed' prints addon_results addon remove own --yes --json
check '… with its objects' fails kubectl get configmap one
check '… and what the cluster remembers' is "$(addon list --json | jq '[.addons[] | select(.state == "unlisted")] | length')" 0
check 'what is not there is not found' sh -c '"$@" 2>/dev/null; [ $? -eq 4 ]' - ip netns exec "$lab_name-rt" "$B/bramble" --config "$lab/bramble.conf" addon show none

list_is '"storage", "coredns", "flannel", "traefik", "headlamp", "metrics-server", "influxdb", "grafana"'
check 'the API server takes all that Bramble brings' addon apply
check '… all of it is applied' is "$(addon list --json | jq -r '[.addons[] | select(.listed) | .state] | unique | join(" ")')" applied
check '… and owned' all_labelled metrics-server 2
check '… each image has a version, and none is the newest of the day' is "$(addon images | grep -Evc ':v?[0-9]+\.[0-9]+' || :)" 0
cluster snapshot >/dev/null
check 'unlisted ones are removed together' sh -c 'sed -i "s|addons = \[.*\]|addons = [ \"storage\" ]|" "$1"; shift; "$@"' - "$lab/bramble.conf" \
	ip netns exec "$lab_name-rt" "$B/bramble" --config "$lab/bramble.conf" addon apply --prune
check '… but storage' is "$(addon list --json | jq -r '[.addons[] | select(.state != "available") | .name] | join(" ")')" storage
cluster reset --yes >/dev/null
check 'a new cluster gets them by itself' cluster create
check '… and has them' wait_for 90 is_state storage applied
done_testing
