/* SPDX-License-Identifier: ISC */
/*
 * The package cache (packages.cache): apt-cacher-ng on the LAN's address, for builds of images and
 * for apt on nodes. Off by default. What it keeps lies below paths.cache and can be deleted.
 */
#ifndef BRAMBLE_PACKAGES_H
#define BRAMBLE_PACKAGES_H

#include "provisioner/settings/settings.h"
#include "provisioner/supervise/supervise.h"

/* Write its configuration and keep it running, or end one that isn't wanted any more. Returns 0 or
 * -errno, which was logged. */
int packages_start(struct supervisor *supervisor, const struct settings *settings);

#endif
