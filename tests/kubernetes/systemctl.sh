#!/bin/sh
# SPDX-License-Identifier: ISC
# systemctl of a node that tests/kubernetes/plane_node makes: it starts, restarts and stops etcd and the API server as their units say, and
# takes all others as done.
set -eu
[ "$1" != --no-block ] || shift
verb=$1 unit=/etc/${2:-} log=$(cat /etc/log)
[ "$verb" != reboot ] || echo "systemctl reboot" >>"$log"
case ${2:-} in bramble-etcd.service | bramble-apiserver.service) ;; *) exit 0 ;; esac
echo "systemctl $verb $2" >>"$log"
pid=$(cat "/run/$2.pid" 2>/dev/null) || pid=
if [ "$verb" != start ] && [ -n "$pid" ]; then
	kill "$pid" 2>/dev/null || :
	rm -f "/run/$2.pid"
fi
[ "$verb" != stop ] || exit 0
[ "$verb" != start ] || [ -z "$pid" ] || exit 0
# Restart=always
(
	command=$(sed -n 's/^ExecStart=//p' "$unit")
	variable=${command##*\$}
	trap 'kill "$child" 2>/dev/null; exit 0' TERM
	while :; do
		# shellcheck disable=SC2046 # words
		${command%% *} $(sed -n "s/^$variable=//p" "$(sed -n 's/^EnvironmentFile=//p' "$unit")") >>"$log" 2>&1 &
		child=$!
		wait "$child" || :
		sleep 1
	done
) </dev/null >/dev/null 2>&1 &
echo $! >"/run/$2.pid"
