# shellcheck shell=sh
# SPDX-License-Identifier: ISC
# The part of stalls_machine.sh that comes after bramble-init.

# It was told to come up to basic.target alone, as a default.target that hangs would leave it.
names no-systemd 180 'systemd that stops halfway'

# What runs in the agent's place stands in a file.
export SHELL_S=180
check 'its agent is replaced' on_board 1 "cd /usr/lib/bramble && mv bramble-agent agent && echo false >/run/instead &&
	printf '#!/bin/sh\n[ \$# = 0 ] || exec /usr/lib/bramble/agent \"\$@\"\nexec \$(cat /run/instead)\n' >bramble-agent &&
	chmod 755 bramble-agent && systemctl start --no-block bramble-agent"
names agent-failed 180 'an agent that ends at once'
check 'with how it ended' reason_says 'the agent ended with status 1'

# What the agent asks after it has said that systemd runs, POST /v1/config and /v1/join, arrives nowhere.
router_drops 'tcp dport 80 @ih,0,32 0x504f5354 @ih,72,8 { 0x63, 0x6a }'
check 'the agent is its own again' on_board 1 'echo /usr/lib/bramble/agent >/run/instead'
names agent-silent 180 'an agent whose calls are not answered'
router_hears
