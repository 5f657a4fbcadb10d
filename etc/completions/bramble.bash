# SPDX-License-Identifier: ISC
# bash: what TAB offers for bramble(8). The program itself knows it.
_bramble() {
	local IFS=$'\n'
	mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _bramble bramble
