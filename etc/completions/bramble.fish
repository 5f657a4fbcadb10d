# SPDX-License-Identifier: ISC
# fish: what TAB offers for bramble(8). The program itself knows it; where it knows nothing, files.
function __bramble_offers
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l token (commandline --current-token --cut-at-cursor)
    set -l offers ($words[1] __complete $words[2..] "$token" 2>/dev/null)
    if set -q offers[1]
        printf '%s\n' $offers
    else
        __fish_complete_path "$token"
    end
end
complete --command bramble --no-files --arguments '(__bramble_offers)'
