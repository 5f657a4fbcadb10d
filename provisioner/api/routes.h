/* SPDX-License-Identifier: ISC */
/* The administrator's half of the API: one function per path, which fills request->reply. */
#ifndef BRAMBLE_API_ROUTES_H
#define BRAMBLE_API_ROUTES_H

#include "provisioner/api/api.h"

struct api_request {
	struct brambled *brambled;
	const struct api_call *call;
	struct api_reply *reply;
	char subject[IPC_PATH_SIZE]; /* the part of the path that names something */
	cJSON *body;		     /* NULL when there is none */
	bool dry_run;		     /* only say what would be; see admin.c */
};

/* The HTTP status of -errno. */
int api_status_of(int error);
/* An answer that was read from the registry, or why it couldn't be. */
void api_conclude(struct api_request *request, int result);
/* nodes.join as the configuration writes it. */
const char *api_join_name(const struct brambled *brambled);

/* The answer to a change of a node: the node, or why not. */
void api_answer_node(struct api_request *request, int result, const struct registry_node *node,
	const char *reason);
/* The board or node of the path or, when 0 isn't returned, an answer why not. */
int api_find_board(struct api_request *request, const char *id, struct registry_board *board);
int api_find_node(struct api_request *request, struct registry_node *node);

void api_list_nodes(struct api_request *request);
void api_list_boards(struct api_request *request);

void api_list_images(struct api_request *request);
void api_use_image(struct api_request *request);
void api_roll_back_image(struct api_request *request);
void api_sweep_image(struct api_request *request);
void api_begin_build(struct api_request *request);
void api_show_build(struct api_request *request);
void api_cancel_build(struct api_request *request);
void api_pin_image(struct api_request *request);
void api_unpin_image(struct api_request *request);
void api_tell_arrival(struct api_request *request);

void api_list_rollouts(struct api_request *request);
void api_begin_rollout(struct api_request *request);
void api_show_rollout(struct api_request *request);
void api_pause_rollout(struct api_request *request);
void api_resume_rollout(struct api_request *request);
void api_abort_rollout(struct api_request *request);
/* A warning for each roll-out that waits for the administrator. */
void api_add_rollout_warnings(struct brambled *brambled, cJSON *warnings);

void api_retry_node(struct api_request *request);
/* "versions" of the status: which version who runs and gets; and a warning for each node that fell
 * back. */
void api_add_versions(
	struct brambled *brambled, const struct registry_node *nodes, size_t n, cJSON *status);
void api_add_version_warnings(
	struct brambled *brambled, const struct registry_node *nodes, size_t n, cJSON *warnings);

void api_list_backups(struct api_request *request);
void api_make_backup(struct api_request *request);
void api_show_backup(struct api_request *request);
void api_restore_backup(struct api_request *request);
void api_export_state(struct api_request *request);
void api_import_state(struct api_request *request);

void api_list_rules(struct api_request *request);
void api_test_rules(struct api_request *request);

void api_show_config(struct api_request *request);
void api_compare_config(struct api_request *request);
void api_apply_config(struct api_request *request);

void api_show_status(struct api_request *request);

void api_show_hooks(struct api_request *request);
void api_report_hooks(struct api_request *request);

void api_show_health(struct api_request *request);
void api_give_order(struct api_request *request);
void api_show_order(struct api_request *request);
/* The newest few orders of a node, into an answer that describes it. */
void api_add_orders(struct api_request *request, const struct registry_node *node);
void api_cordon_node(struct api_request *request);
void api_note_node(struct api_request *request);
void api_note_board(struct api_request *request);

void api_show_admission(struct api_request *request);
void api_open_admission(struct api_request *request);
void api_close_admission(struct api_request *request);
void api_expect_boards(struct api_request *request);
void api_unexpect_board(struct api_request *request);

#endif
