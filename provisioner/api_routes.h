/* SPDX-License-Identifier: ISC */
/* The administrator's half of the API: one function per path, which fills request->reply. */
#ifndef BRAMBLE_API_ROUTES_H
#define BRAMBLE_API_ROUTES_H

#include "provisioner/api.h"

struct api_request {
	struct brambled *brambled;
	const struct api_call *call;
	struct api_reply *reply;
	char subject[IPC_PATH_SIZE]; /* the part of the path that names something */
	cJSON *body;		     /* NULL when there is none */
};

/* The HTTP status of -errno. */
int api_status_of(int error);
/* An answer that was read from the registry, or why it couldn't be. */
void api_conclude(struct api_request *request, int result);
/* nodes.join as the configuration writes it. */
const char *api_join_name(const struct brambled *brambled);

void api_show_admission(struct api_request *request);
void api_open_admission(struct api_request *request);
void api_close_admission(struct api_request *request);
void api_expect_boards(struct api_request *request);
void api_unexpect_board(struct api_request *request);

#endif
