# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For tests with several versions of Kubernetes, after control_plane.sh. They are the same programs with another version
# written into them: what differs between releases is not tested here.
lab=${lab:-} lab_name=${lab_name:-} share=${share:-} programs=${programs:-}

# The programs as of another version, in a directory of their own.
restamp() { # version
	mkdir -p "$lab/$1"
	for program in kubeadm kubectl kube-apiserver kube-controller-manager kube-scheduler; do
		sed "s/v1\.20\.2/$1/g" "$programs/$program" >"$lab/$1/$program"
		chmod 755 "$lab/$1/$program"
	done
}
# Its kubeadm writes for etcd 3.6, as that of Kubernetes 1.34 does.
write_for_newer_etcd() { # version
	mv "$lab/$1/kubeadm" "$lab/$1/kubeadm.itself"
	cat >"$lab/$1/kubeadm" <<-'END'
		#!/bin/sh
		"$0.itself" "$@" || exit
		[ "${3:-} ${4:-}" != 'etcd local' ] ||
			sed -i 's/^    - --name=.*/&\n    - --feature-gates=InitialCorruptCheck=true\n    - --watch-progress-notify-interval=5s/' /etc/kubernetes/manifests/etcd.yaml
	END
	chmod 755 "$lab/$1/kubeadm"
}
use() { sed -i "s,programs = \"[^\"]*\",programs = \"$1\"," "$lab/bramble.conf"; }
version() { kubectl version --output=json | jq -r .serverVersion.gitVersion; }
runs_from() { tr '\0' '\n' <"/proc/$(appliance pid "$1")/cmdline" | grep -qx "$2/$1"; }
get() { kubectl get configmap "$1" -o 'jsonpath={.data.a}'; }
killed_after() { ip netns exec "$lab_name-rt" timeout -s KILL "$1" "$B/bramble" --config "$lab/bramble.conf" cluster "$2" "$3" "$4" || :; }
nothing_is_left() {
	for left in cluster.upgrading cluster.new cluster.restoring cluster.anew; do [ ! -e "$share/$left" ] || return 1; done
}
is_over() { nothing_is_left && is_ready; }
count() { find "$share" -maxdepth 1 -name 'cluster.2*' | wc -l; }

# v1.20.4, whose API server doesn't start.
make_failing_version() {
	mkdir "$lab/v1.20.4"
	for program in "$lab/v1.20.3"/*; do sed 's/v1\.20\.3/v1.20.4/g' "$program" >"$lab/v1.20.4/${program##*/}"; done
	cat >"$lab/v1.20.4/kube-apiserver" <<-'END'
		#!/bin/sh
		[ "$*" != --version ] || { echo 'Kubernetes v1.20.4'; exit 0; }
		exit 1
	END
	chmod 755 "$lab/v1.20.4"/*
}

# A newer version of the image base than all others, the same but for the kubelet that its contents name; prints its hash.
version_with() { # version of the kubelet
	images=$lab/share/images/base
	hash=$(echo "$1" | sha256sum | cut -d' ' -f1)
	first=$(find "$images" -name '*.squashfs' | sort | head -n 1)
	cp -a "${first%.squashfs}.boot" "$images/$hash.boot"
	sed -e '/^about kubelet/d' -e "1a about kubelet $1" "${first%.squashfs}.boot/contents" |
		awk '$1 == "end" { $2 = NR - 2 } { print }' >"$lab/contents"
	mv "$lab/contents" "$images/$hash.boot/contents"
	cp "$first" "$images/$hash.squashfs"
	echo "$hash"
}
