# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For test scripts, after tests/kubernetes/nodes.sh: what the kinds of container store cost.
lab=${lab:-}
lab_name=${lab_name:-}

# On the share: an image of 64 MiB that can't be packed, and what a node does with it.
store_begin() {
	head -c 67108864 /dev/urandom >"$lab/bulk"
	tests/kubernetes/container "$lab/share/shared/bulk.tar" bramble.test/bulk:1 arm64 /bulk "$lab/bulk=/bulk"
	rm "$lab/bulk"
	cat >"$lab/share/shared/measure" <<-'END'
		used() { awk '/^MemTotal/ { t = $2 } /^MemAvailable/ { a = $2 } END { print int((t - a) / 1024) }' /proc/meminfo; }
		cat /shared/bulk.tar >/dev/null # what the network takes is the same for all
		before=$(used) began=$(cut -d' ' -f1 /proc/uptime)
		ctr -n k8s.io images import /shared/bulk.tar >/dev/null
		sync
		ended=$(cut -d' ' -f1 /proc/uptime)
		echo "$(findmnt -no FSTYPE,SOURCE -T /var/lib/containerd | tr -s ' '): 64 MiB imported in $(echo "$ended $began" | awk '{ print $1 - $2 }') s," \
			"memory in use $before MiB before and $(used) MiB after," \
			"$(df -m --output=used,size /var/lib/containerd | awk 'NR == 2 { print $1 " of " $2 }') MiB of the store used"
		ctr -n k8s.io images rm bramble.test/bulk:1 >/dev/null
	END
}
store_measure() { note "store $2: $(SHELL_S=300 on_board "$1" '. /shared/measure' | tail -n 1)"; }
store_use() { # from the next boot on
	sed -i "s/ store = \"[a-z]*\"/ store = \"$1\"/" "$lab/bramble.conf"
	kill -HUP "$(appliance pid brambled)"
}
