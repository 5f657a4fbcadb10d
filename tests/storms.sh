# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# For storms, after tests/lib.sh: many boards in the same second, a third each of models 3B, 3B+ and 4B. Their caller sets `boards`.
boards=${boards:?}
lab=${lab:-}
export LAN=10.77.0.1/22 LAN_FIRST=10.77.0.50 LAN_LAST=10.77.3.250

model_of() { case $(($1 % 3)) in 0) echo 3b ;; 1) echo 3b+ ;; *) echo 4b ;; esac; }

# A Pi 3's MAC follows from its serial number.
mac_of() {
	case $(($1 % 3)) in 2) oui=dc:a6:32 ;; *) oui=b8:27:eb ;; esac
	printf '%s:77:%02x:%02x' "$oui" $(($1 / 256)) $(($1 % 256))
}

start_all() { # vpi's options
	n=1
	while [ "$n" -le "$boards" ]; do
		rm -f "$lab/board-$n.log"
		power_on "$n" "$(model_of "$n")" "$(printf '100000000077%04x' "$n")" "$(mac_of "$n")" \
			--quirks --hashes --link-ms 500 "$@"
		n=$((n + 1))
	done
}

# The second at which the n-th board would start its kernel.
seconds_of() { awk '$3 == "kernel" { print $1 }' "$lab"/board-*.log | sort -n | sed -n "${1}p"; }
