# SPDX-License-Identifier: ISC
# fish: what TAB offers for bramble(8). The program itself knows it.
function __bramble_offers
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    $words[1] __complete $words[2..] (commandline --current-token --cut-at-cursor) 2>/dev/null
end
complete --command bramble --arguments '(__bramble_offers)'
