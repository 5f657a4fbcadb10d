# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For tests/bench/run: the servers, each by itself in the control group and network of lan.sh. Their caller sets `work`.
work=${work:?}
# shellcheck source=tests/bench/lan.sh
. tests/bench/lan.sh

server_files() { # what all of them serve, and what nginx must be told
	mkdir -p "$work/files"
	for mb in 1 8 32; do head -c "${mb}M" /dev/urandom >"$work/files/$mb"; done
	for kb in 64 256; do head -c "${kb}K" /dev/urandom >"$work/files/${kb}k"; done
	chmod -R a+rX "$work"
	cat >"$work/nginx.conf" <<-END
		daemon off; worker_processes 1; user nobody nogroup; pid $work/nginx.pid; error_log stderr;
		events { worker_connections 4096; }
		http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;
			client_body_temp_path $work/nginx-body; proxy_temp_path $work/nginx-proxy; fastcgi_temp_path $work/nginx-fastcgi;
			uwsgi_temp_path $work/nginx-uwsgi; scgi_temp_path $work/nginx-scgi;
			server { listen $server_address:80; root $work/files; } }
	END
}

# Peak resident memory of all processes of the server, kB (of those that live).
memory_kb() {
	total=0
	while read -r pid; do
		peak=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status" 2>/dev/null) || peak=0
		total=$((total + ${peak:-0}))
	done <"$group/cgroup.procs"
	echo "$total"
}

in_group() { # command …: become it
	# Into the group first: `ip netns exec` has a /sys of its own.
	# shellcheck disable=SC2016 # for the inner shell
	sh -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" ip netns exec "$ns-s" "$@" >>"$work/$server.log" 2>&1
}

server_start() { # name
	server=$1
	case $server in
	bramble-tftpd)
		in_group "$B/bramble-tftpd" --root "$work/files" --listen $server_address:69 --max-sessions 4096 \
			--log-level "${LEVEL:-warning}" &
		;;
	dnsmasq)
		in_group dnsmasq --conf-file=/dev/null --port=0 --keep-in-foreground --enable-tftp --tftp-max=4096 \
			--tftp-root="$work/files" --user=nobody --pid-file --log-facility="$work/dnsmasq.log" &
		;;
	tftpd-hpa) in_group "$B/peers/tftpd-hpa/in.tftpd" -L -a $server_address:69 -u nobody -s "$work/files" & ;;
	atftpd)
		in_group "$B/peers/atftpd/atftpd" --daemon --no-fork --bind-address $server_address --port 69 \
			--maxthread 4096 --user nobody.nogroup "$work/files" &
		;;
	bramble-httpd)
		in_group "$B/bramble-httpd" --root "$work/files" --listen $server_address:80 --max-per-address 64 \
			--log-level "${LEVEL:-warning}" &
		;;
	nginx) in_group "$B/peers/nginx/nginx" -p "$work" -c "$work/nginx.conf" & ;;
	esac
	server_await
}

# A server that isn't there would make every goal look reached.
server_await() {
	case $server in
	bramble-httpd | nginx) sockets='-Hlnt sport = 80' ;;
	*) sockets='-Hlnu sport = 69' ;;
	esac
	for _ in $(seq 50); do
		sleep 0.1
		# shellcheck disable=SC2086 # options
		[ -z "$(ip netns exec "$ns-s" ss $sockets)" ] || return 0
	done
	echo "bench: $server doesn't start: $(tail -n 1 "$work/$server.log")" >&2
	exit 1
}

server_stop() {
	while read -r pid; do kill "$pid" 2>/dev/null || :; done <"$group/cgroup.procs"
	wait 2>/dev/null || :
	for _ in $(seq 50); do
		[ -n "$(cat "$group/cgroup.procs")" ] || return 0
		sleep 0.1
	done
	while read -r pid; do kill -9 "$pid" 2>/dev/null || :; done <"$group/cgroup.procs"
	sleep 0.2
}
