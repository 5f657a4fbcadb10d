#!/bin/sh
# SPDX-License-Identifier: ISC
# A machine with a real kubelet joins ROUNDS times, without what it kept, while its kubelet and two of brambled, bramble-clusterd, API server
# and etcd are killed at random moments: it becomes Ready all the same, the same Node, its token is gone, and its pod has its data.
# (More kills with simulated nodes: kubernetes_kills.sh.) Takes 2 to 5 minutes a round.
# timeout: 4800
# alone
set -eu
. tests/lib.sh
# shellcheck source=tests/kubernetes/lib.sh
. tests/kubernetes/lib.sh
# shellcheck source=tests/kubernetes/workload.sh
. tests/kubernetes/workload.sh
# shellcheck source=tests/kubernetes/nodes.sh
. tests/kubernetes/nodes.sh

random() { echo $(($(od -An -N2 -tu2 /dev/urandom) % $1)); }
joined_after() { [ "$(boot_number rasp1)" -gt "$1" ] && node_is rasp1 joined; } # boot
kill_later() { # victim, tenths of a second
	sleep "$(($2 / 10)).$(($2 % 10))"
	if appliance kill "$1"; then echo "$1 after $(($2 / 10)).$(($2 % 10)) s" >>"$lab/killed"; fi
}
kill_kubelet() { # tenths of a second after its start
	SHELL_S=300 on_board 1 "until pid=\$(pidof kubelet); do sleep 0.2; done; sleep $(($1 / 10)).$(($1 % 10)); kill -9 \$pid" >/dev/null &&
		echo "kubelet $(($1 / 10)).$(($1 % 10)) s after its start" >>"$lab/killed"
}
no_tokens() { [ "$(tokens)" = 0 ]; }
approved() { kubectl get csr -o json | jq '[.items[] | select(.spec.username | startswith("system:bootstrap")) | select(.status.certificate)] | length'; }
# Kills at random moments since the node has joined the LAN: then its way into the cluster begins.
join_under_fire() { # round, boot before
	check "join $1: it joins the LAN" wait_for 900 joined_after "$2"
	: >"$lab/killed"
	kill_kubelet "$(random 60)" &
	kubelets=$!
	# shellcheck disable=SC2046 # two words
	set -- "$1" $(printf 'brambled\nclusterd\nkube-apiserver\netcd\n' | shuf -n 2)
	kill_later "$2" "$(random 200)" >/dev/null 2>&1 &
	first=$!
	kill_later "$3" "$(random 200)" >/dev/null 2>&1 &
	wait $! $first $kubelets || :
	check "join $1: killed: $(tr '\n' ';' <"$lab/killed") it becomes Ready" wait_for 900 is_ready rasp1
	kills=$((kills + $(wc -l <"$lab/killed")))
	print_times rasp1 "join $1"
	check '… its token is gone' wait_for 120 no_tokens
}

cluster_begin kubeletkills
machine 1
kills=0 uid='' before=0
for round in $(seq "${ROUNDS:-5}"); do
	join_under_fire "$round" "$before"
	if [ "$round" = 1 ]; then
		uid=$(uid_of rasp1)
		{ claim_and_service; pod one rasp1; } | kubectl apply -f - >/dev/null
		check '… a pod runs' wait_for 300 in_pod one write /kept/file precious
	fi
	check '… it is the same Node' is "$(uid_of rasp1) $(kubectl get nodes -o name)" "$uid node/rasp1"
	check '… its pod has its data' wait_for 300 reads one /kept/file precious
	before=$(boot_number rasp1)
	[ "$round" = "${ROUNDS:-5}" ] || on_board 1 'rm -rf /data/.bramble/kubernetes; sync; echo b >/proc/sysrq-trigger' >/dev/null 2>&1 || :
done
note "$kills kills; $(approved) certificates for ${ROUNDS:-5} joins"
check 'each join got a certificate' [ "$(approved)" -ge "${ROUNDS:-5}" ]
done_testing
