/* SPDX-License-Identifier: ISC */
/* Attempts to get out of a server's sandbox, and the scene in which they are made. */
#ifndef BRAMBLE_ESCAPE_H
#define BRAMBLE_ESCAPE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What a server gives up, one bit for each function of common/sandbox.h and common/calls.h. */
enum defence {
	USER = 1,	 /* sandbox_become */
	RIGHTS = 2,	 /* sandbox_forbid_new_rights */
	LANDLOCK = 4,	 /* sandbox_deny_files */
	CALLS = 8,	 /* calls_allow_only */
	DESCRIPTORS = 16 /* sandbox_close_others */
};

/* The ways in which the servers run. */
enum way { TFTPD_IPC = 1, TFTPD_ROOT = 2, HTTPD_IPC = 4, HTTPD_ROOT = 8 };

struct attempt {
	const char *name;
	/* Each of these alone stops it, and nothing else does. */
	unsigned stopped_by;
	/* In the sandbox: 0 = escaped, else -errno. */
	int (*run)(void);
	/* As root, after the server has closed what it inherited and before it gives up more; may
	 * leave a descriptor in scene.fd. NULL: nothing to do. */
	void (*prepare)(void);
	unsigned allowed_in; /* ways in which CALLS doesn't stop it, because the server needs it */
	unsigned not_in;     /* ways in which it is no escape */
	int abi;	     /* the first ABI of Landlock that stops it; 0: any */
	unsigned together;   /* defences without which it means nothing, e.g. USER for setuid */
	unsigned alone;	     /* which of stopped_by are tried alone; 0: all */
};

/* The function comes third, then what else there is to say: .prepare = … */
#define TRY(its_name, its_defences, ...)                                                           \
	{                                                                                          \
		.name = (its_name), .stopped_by = (its_defences), .run = __VA_ARGS__               \
	}

struct attempt_table {
	const struct attempt *attempts;
	size_t n;
};

extern const struct attempt_table file_attempts, process_attempts, network_attempts,
	kernel_attempts;

/* Everything an attempt may aim at; made by scene_set(). */
struct scene {
	char directory[64]; /* a tmpfs of our own */
	/* In it, readable by all; by root alone; writable by all; this program, set-user-ID root; a
	 * directory where anybody may write; a directory in that. */
	char public[80], secret[80], victim[80], program[80], open[80], inner[80];
	char root[80]; /* the served directory */
	/* Listening: brambled's; for anybody, but a stream; root's alone; abstract */
	char ipc[80], stream[80], private[80], abstract[40];
	uint16_t tcp_port;
	int listening_ipc, tcp;
	pid_t roots, own;   /* processes of root and of the server's user; both ignore SIGUSR1 */
	const char *memory; /* lies in the first one's memory */
	int fd;		    /* what prepare() has left */
};

extern struct scene scene;

#define SERVER_USER "nobody"
#define INHERITED_FILE 77 /* descriptors that a careless parent has left open */
#define INHERITED_DIRECTORY 78
#define INHERITED_CONNECTION 79

/* As root, in namespaces of its own; returns 0 or -errno. */
int scene_set(void);
/* What an attempt may have removed or changed is as at the beginning. */
void scene_reset(void);
/* Another process, that brambled's connections don't wait for. */
void scene_drain(void);
void scene_clear(void);

/* A system call's result as an attempt's. */
int outcome(long result);
/* The same for a call that changes too much when it works: it was let through if it failed with
 * `error`, which the kernel finds only after it has asked for the right. */
int outcome_or(long result, int error);

#endif
