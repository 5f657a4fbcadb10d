#!/bin/sh
# SPDX-License-Identifier: ISC
# A machine with a real kubelet joins ROUNDS times (5), without what it kept, while its kubelet, containerd and bramble-agent, and two of
# brambled, bramble-clusterd, API server and etcd are killed at random moments after the kubelet's start: it becomes Ready all the same, the
# same Node, its token is gone, and its pod has its data. (More kills with simulated nodes: kubernetes_kills.sh.) Takes 3 to 8 minutes a round.
# timeout: 5400
# alone
set -eu
. tests/lib.sh
# shellcheck source=tests/kubernetes/lib.sh
. tests/kubernetes/lib.sh
# shellcheck source=tests/kubernetes/workload.sh
. tests/kubernetes/workload.sh
# shellcheck source=tests/kubernetes/nodes.sh
. tests/kubernetes/nodes.sh

rounds=${ROUNDS:-5}
seconds() { echo "$(($(od -An -N2 -tu2 /dev/urandom) % $1)).$(($(od -An -N1 -tu1 /dev/urandom) % 10))"; } # below so many
two_of() { printf '%s\n' "$@" | shuf -n 2; }
joined_after() { [ "$(boot_number rasp1)" -gt "$1" ] && node_is rasp1 joined; }
no_tokens() { [ "$(tokens)" = 0 ]; }
approved() { kubectl get csr -o json | jq '[.items[] | select(.spec.username | startswith("system:bootstrap")) | select(.status.certificate)] | length'; }

# On the share, where the node finds it: `kills VICTIM SECONDS …` kills its own programs so long after the kubelet's first start.
write_kills() {
	cat >"$lab/share/shared/kills" <<-'END'
		mkdir /run/kills || exit 0 # typed twice
		until pidof kubelet; do sleep 0.2; done
		date >/shared/kubelet-runs
		while [ $# -gt 0 ]; do
			( sleep "$2"; until pids=$(pidof "$1"); do sleep 0.2; done; kill -9 $pids && echo "$1 after $2 s" >>/shared/killed ) &
			shift 2
		done
		wait
		date >/shared/kills-over
	END
}
kill_later() { # victim seconds: the same on the router
	wait_for 900 test -s "$lab/share/shared/kubelet-runs" && sleep "$2" && wait_for 30 appliance kill "$1" && echo "$1 after $2 s" >>"$lab/killed"
}
begin_fire() {
	rm -f "$lab/share/shared/kubelet-runs" "$lab/share/shared/kills-over" "$lab/share/shared/killed" "$lab/killed"
	on_board 1 "setsid -f sh /shared/kills kubelet $(seconds 25) containerd $(seconds 40) bramble-agent $(seconds 40) </dev/null >/dev/null 2>&1"
	fires=
	for victim in $(two_of brambled clusterd kube-apiserver etcd); do
		kill_later "$victim" "$(seconds 40)" >/dev/null 2>&1 &
		fires="$fires $!"
	done
}
end_fire() {
	wait_for 900 test -s "$lab/share/shared/kills-over" || return 1
	for fire in $fires; do wait "$fire" || return 1; done
	cat "$lab/share/shared/killed" "$lab/killed" >>"$lab/kills"
	[ "$(cat "$lab/share/shared/killed" "$lab/killed" | wc -l)" = 5 ]
}
join_under_fire() { # round, boot before
	check "join $1: it joins the LAN" wait_for 900 joined_after "$2"
	begin_fire >/dev/null 2>&1 || note 'the console does not answer'
	check "join $1: five programs are killed" end_fire
	note "killed: $(cat "$lab/share/shared/killed" "$lab/killed" | sed 's/$/;/' | tr '\n' ' ')"
	check '… it becomes Ready' wait_for 900 is_ready_after rasp1 "$2"
	print_times rasp1 "join $1"
	check '… its token is gone' wait_for 120 no_tokens
}

cluster_begin kubeletkills
mkdir -p "$lab/share/shared"
write_kills
machine 1
uid='' before=0
for round in $(seq "$rounds"); do
	join_under_fire "$round" "$before"
	if [ "$round" = 1 ]; then
		uid=$(uid_of rasp1)
		{ claim_and_service; pod one rasp1; } | kubectl apply -f - >/dev/null
		check '… a pod writes into its volume' wait_for 300 in_pod one write /kept/file precious
	fi
	check '… it is the one Node, and the same' is "$(uid_of rasp1) $(kubectl get nodes -o name)" "$uid node/rasp1"
	check '… its pod has its data' wait_for 300 reads one /kept/file precious
	before=$(boot_number rasp1)
	[ "$round" = "$rounds" ] || on_board 1 'rm -rf /data/.bramble/kubernetes; sync; echo b >/proc/sysrq-trigger' >/dev/null 2>&1 || :
done
note "$(wc -l <"$lab/kills") kills; $(approved) certificates for $rounds joins"
check 'each join got a certificate' [ "$(approved)" -ge "$rounds" ]
done_testing
