#!/bin/sh
# SPDX-License-Identifier: ISC
# What TAB offers in zsh and fish, by the shells themselves; bash is in install.sh.
set -eu
. tests/lib.sh

# zsh completes only where somebody types: in a terminal of its module zpty. preexec tells the line that it came to.
zsh_completes() { # what is typed, what it becomes
	# shellcheck disable=SC2016 # expanded inside
	timeout 60 zsh -f -c 'zmodload zsh/zpty
		reads_until() { said=; while [[ $said != *$1* ]]; do zpty -r shell said || return; done; }
		zpty shell zsh -f -i
		zpty -w shell "fpath=($PWD/etc/completions \$fpath); PATH=$B:\$PATH; autoload -U compinit; compinit -u -D"
		zpty -w shell "preexec() { print -r \"ran <\$1>\" }; print re\"\"ady"
		reads_until ready
		zpty -w -n shell "$1"$'"'\t\n'"'
		reads_until "ran <$2"' zsh "$1" "$2"
}

fish_offers() { # shellcheck disable=SC2016 # expanded inside
	is "$(PATH=$B:$PATH HOME=$home fish --no-config -c 'source etc/completions/bramble.fish; complete -C $argv[1]' "$1" | cut -f1 | xargs)" "$2"
}

home=$(mktemp -d "${TMPDIR:-/tmp}/bramble-completions-XXXXXX")
trap 'rm -rf "$home"' EXIT
trap 'exit 130' INT TERM HUP
check 'zsh: a noun' zsh_completes 'bramble nod' 'bramble node'
check 'zsh: a verb' zsh_completes 'bramble node unc' 'bramble node uncordon'
check 'fish: a noun' fish_offers 'bramble nod' node
check 'fish: a verb' fish_offers 'bramble node unc' uncordon
check 'fish: several' fish_offers 'bramble node re' 'reboot replace retry'
check 'fish: an option' fish_offers 'bramble image gc --dr' --dry-run
check 'fish: files where nothing else can stand' fish_offers 'bramble import CONTR' CONTRIBUTING.md
done_testing
