/* SPDX-License-Identifier: ISC */
/* What Bramble adds to a fresh cluster. */
#ifndef BRAMBLE_CLUSTER_OBJECTS_H
#define BRAMBLE_CLUSTER_OBJECTS_H

/* YAML, for `kubectl apply`. */
extern const char cluster_objects[];

#endif
