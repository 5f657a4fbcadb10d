/* SPDX-License-Identifier: ISC */
/* The queue's decisions, done to transfers: which goes on at once, which at a pace, which is told
 * to start over; and brambled is told who waits. */
#ifndef BRAMBLE_TFTPD_TURNS_H
#define BRAMBLE_TFTPD_TURNS_H

#include "tftpd/transfer.h"

/* Begin for all transfers of a server; `limit_ns` as in queue.h. 0 or -ENOMEM. */
int tftp_turns_open(struct tftp_transfers *all, uint64_t limit_ns);
void tftp_turns_close(struct tftp_transfers *all);

/* Its session has begun, and its first packet wasn't sent yet. */
void tftp_turns_join(struct tftp_transfer *transfer);
/* An ACK came, and the session knows it. */
void tftp_turns_note_ack(struct tftp_transfer *transfer);
/* It is about to be freed. Harmless when it never joined. */
void tftp_turns_leave(struct tftp_transfer *transfer);

#endif
