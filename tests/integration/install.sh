#!/bin/sh
# SPDX-License-Identifier: ISC
# make install into a directory: complete, nothing beside it, and what an administrator edited stays.
set -eu
. tests/lib.sh

dest=$(mktemp -d "${TMPDIR:-/tmp}/bramble-install-XXXXXX")
trap 'rm -rf "$dest"' EXIT
trap 'exit 130' INT TERM HUP
root=$dest/root local=$dest/root/usr/local

install_there() { make -s B="$B" install DESTDIR="$root"; }

# With the system's own directories read-only, a file that lands outside $root is an error.
install_confined() {
	# shellcheck disable=SC2016 # expanded inside
	unshare -m sh -euc '
		for d in /usr /etc /var /srv /opt /run; do
			case $PWD/ in "$d"/*) continue ;; esac
			case $0/ in "$d"/*) continue ;; esac
			mount --bind "$d" "$d"
			mount -o remount,bind,ro "$d"
		done
		! touch /etc/bramble-install-test 2>/dev/null
		exec make -s B="$B" install DESTDIR="$0"' "$root"
}

programs_are_there() {
	for p in bin/bramble sbin/brambled sbin/bramble-image sbin/bramble-tftpd libexec/bramble/bramble-tftpd \
		libexec/bramble/bramble-httpd libexec/bramble/bramble-dhcpwatch libexec/bramble/node/bramble-init \
		libexec/bramble/node/bramble-agent; do
		[ -x "$local/$p" ] || {
			echo "$p is missing"
			return 1
		}
	done
	[ -s "$local/libexec/bramble/node/bramble-agent.service" ] && [ -s "$root/etc/bramble/images/base.conf" ]
}

node_programs_are_for_arm64() { # e_machine of their ELF header is EM_AARCH64
	for p in bramble-init bramble-agent; do
		is "$(od -An -tu2 -j18 -N2 "$local/libexec/bramble/node/$p" | tr -d ' ')" 183 || return 1
	done
}

bash_completes() { # shellcheck disable=SC2016 # expanded inside
	is uncordon "$(bash -c '. "$0/$1"; COMP_WORDS=("$0/bin/bramble" node unc); COMP_CWORD=2; _bramble
		echo "${COMPREPLY[*]}"' "$local" share/bash-completion/completions/bramble)"
}
configuration_is_valid() { "$local/bin/bramble" config check "$root/etc/bramble/bramble.conf"; }

configuration_names_our_programs() {
	"$local/bin/bramble" --config "$root/etc/bramble/bramble.conf" config show |
		grep -q '	libexec = "/usr/local/libexec/bramble";'
}

# The last command of each function decides: `check` runs them where -e doesn't hold.
list_files() { (cd "$root" && find . -type f -exec sha256sum {} + | sort); }

second_time_changes_nothing() {
	list_files >"$dest/before"
	install_there && list_files >"$dest/after" && [ -s "$dest/before" ] && diff "$dest/before" "$dest/after"
}

edited_file_stays() {
	conf=$root/etc/bramble/bramble.conf
	cp "$conf" "$dest/shipped" && echo '# mine' >>"$conf" && cp "$conf" "$dest/edited" &&
		install_there && cmp "$conf" "$dest/edited" && cmp "$conf.new" "$dest/shipped"
}

unit_is_valid() {
	mkdir "$dest/unit" &&
		sed "s|^ExecStart=|ExecStart=$root|" "$root/lib/systemd/system/bramble.service" >"$dest/unit/bramble.service" &&
		is "$(systemd-analyze verify --man=no --recursive-errors=no "$dest/unit/bramble.service" 2>&1)" ''
}

users_are_made() {
	mkdir -p "$dest/users/etc" &&
		systemd-sysusers --root="$dest/users" - <"$root/usr/lib/sysusers.d/bramble.conf" &&
		is "$(grep -c '^bramble-\(tftp\|http\|dhcp\):.*nologin$' "$dest/users/etc/passwd")" 3
}

manuals_are_clean() {
	is "$(find "$local/share/man" -name 'bramble*' | sed 's|.*/||' | sort | xargs)" \
		"$(find docs/man -type f | sed 's|.*/||' | sort | xargs)" &&
		is "$(find "$local/share/man" -type f -exec groff -ww -mdoc -Tutf8 -z {} \; 2>&1)" ''
}

check 'installs with the rest of the system read-only' install_confined
check 'all programs are there' programs_are_there
check 'the programs of nodes are for arm64' node_programs_are_for_arm64
check 'the installed configuration is valid' configuration_is_valid
check 'it names where the programs are' configuration_names_our_programs
check 'a second time changes nothing' second_time_changes_nothing
check 'an edited configuration stays, ours lies beside it' edited_file_stays
if command -v systemd-analyze >/dev/null; then check 'systemd takes the unit' unit_is_valid; fi
if command -v systemd-sysusers >/dev/null; then check 'the users can be made' users_are_made; fi
if command -v groff >/dev/null; then check 'the manual pages are clean' manuals_are_clean; fi
check 'bash completes by the installed program' bash_completes
done_testing
