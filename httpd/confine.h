/* SPDX-License-Identifier: ISC */
/* What bramble-httpd gives up before its first byte from the network. */
#ifndef BRAMBLE_HTTPD_CONFINE_H
#define BRAMBLE_HTTPD_CONFINE_H

#include "httpd/options.h"

/* Become another user; under brambled open no file any more (Landlock); make only the system calls
 * that serving needs (seccomp: any other one ends the process). `root` is the served directory or
 * -1. Returns 0, or -errno after a message. */
int confine(const struct options *options, int root);

#endif
