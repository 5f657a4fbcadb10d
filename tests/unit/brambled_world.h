/* SPDX-License-Identifier: ISC */
/* brambled without its processes: registry, timeline, images and API on a share in a temporary
 * directory. Tests play the board and the administrator. */
#ifndef BRAMBLE_TEST_BRAMBLED_WORLD_H
#define BRAMBLE_TEST_BRAMBLED_WORLD_H

#include "tests/unit/test.h"

#include <cjson/cJSON.h>

#include "common/dhcp.h"
#include "common/ipc.h"
#include "provisioner/api/api.h"
#include "provisioner/brambled.h"
#include "provisioner/builds.h"
#include "provisioner/console.h"
#include "provisioner/hooks.h"
#include "provisioner/images.h"
#include "provisioner/nodes/addresses.h"
#include "provisioner/nodes/admission.h"
#include "provisioner/nodes/health.h"
#include "provisioner/nodes/heartbeats.h"
#include "provisioner/nodes/nodes.h"
#include "provisioner/nodes/sightings.h"
#include "provisioner/resolve.h"
#include "provisioner/timeline/timeline.h"

#define FIRST_HASH "1111111111111111111111111111111111111111111111111111111111111111"
#define SECOND_HASH "2222222222222222222222222222222222222222222222222222222222222222"

struct world {
	char directory[64];
	struct brambled brambled;
};

int world_make(void **state); /* cmocka's setup and teardown */
int world_remove(void **state);

/* Write what is due, as the tick does. */
int world_commit(struct world *world);
/* SIGKILL and a new start: what was not committed is gone. */
void world_crash(struct world *world);
/* The two halves of it, for tests that go on in another process: brambled runs in one only. */
void world_stop(struct world *world);
void world_start(struct world *world);
/* No room for new pages in the registry, or room again. */
void world_fill_disk(struct world *world, bool full);

/* Put the files of an image version on the share; `use` makes it current. */
void world_make_image(struct world *world, const char *hash);
void world_use_image(struct world *world, const char *hash);

struct mac world_mac(unsigned number);		/* of board `number`, a Raspberry Pi's */
struct in_addr world_address(const char *text); /* "10.77.0.50" */

/* The firmware of board `number` asks for an address; serial 0: it doesn't tell. */
void world_discover(struct world *world, unsigned number, uint32_t serial);
/* A DHCP packet of any other kind. */
void world_dhcp(struct world *world, enum dhcp_message message, const struct mac *mac,
	const char *vendor_class);

/* A file is asked for by TFTP. Returns the errno of the answer; fills *answer (may be NULL) and
 * *content (may be NULL; the caller frees it). */
int world_fetch(struct world *world, const char *peer, const char *name,
	struct ipc_resolved *answer, char **content);
/* The same for a file that must be there; its transfer ends well. The caller frees the content. */
char *world_read(struct world *world, const char *peer, const char *name);
/* The token of the boot that the kernel command line told to this peer; the caller frees it. */
char *world_fetch_token(struct world *world, const char *peer, const char *prefix);

/* The file of *answer arrived. */
void world_finish_transfer(struct world *world, const struct ipc_resolved *answer, uint64_t bytes);

/* A call of the API; the caller deletes the JSON. `peer` NULL: the administrator's door. */
cJSON *world_call(struct world *world, const char *peer, enum ipc_method method, const char *path,
	const char *body, int *status);
/* A text in an answer, by name; "" when it is null or absent. */
const char *world_text(const cJSON *json, const char *name);

/* Fails the test unless there is such a node with that board, state and address. */
void world_expect_node(struct world *world, const char *name, unsigned board, const char *state,
	const char *address);
/* How many events of this kind there are. */
unsigned world_count_events(struct world *world, const char *kind);

#endif
