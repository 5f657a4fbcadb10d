/* SPDX-License-Identifier: ISC */
/* Socket activation: a listening socket from systemd or whoever speaks its protocol
 * (sd_listen_fds(3)), so that a server needs no right of its own to a port below 1024. */
#ifndef BRAMBLE_ACTIVATION_H
#define BRAMBLE_ACTIVATION_H

/* The socket that was passed to this process: descriptor 3. 0 if there is none (no $LISTEN_FDS, or
 * for another process), -E2BIG if there are several. Forgets the variables. */
int activation_take_socket(void);

#endif
