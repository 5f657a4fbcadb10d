/* SPDX-License-Identifier: ISC */
/* What bramble-httpd gives up before its first byte from the network. */
#ifndef BRAMBLE_HTTPD_CONFINE_H
#define BRAMBLE_HTTPD_CONFINE_H

#include "httpd/options.h"

/* Become another user; open no file any more but, unless `root` is -1, for reading beneath this
 * directory (Landlock); make only the system calls that serving needs (seccomp; which, and why, is
 * in confine.c). Returns 0, or -errno after a message. */
int confine(const struct options *options, int root);

#endif
