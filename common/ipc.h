/* SPDX-License-Identifier: ISC */
/*
 * The one conversation between Bramble's processes: messages over a SOCK_SEQPACKET Unix socket on
 * which brambled listens (RUN/ipc.sock). One message is one packet: a header, a fixed-size body by
 * type, for API messages a text behind it, and at most one descriptor (SCM_RIGHTS). Host byte
 * order: it never leaves the machine. A peer that sends a wrong size, type or unterminated string
 * is disconnected.
 *
 * The first message of a client is HELLO; brambled checks its role against the peer's uid
 * (SO_PEERCRED). A client whose connection ends reconnects and goes on with what it was doing:
 * brambled may be restarted at any time.
 */
#ifndef BRAMBLE_IPC_H
#define BRAMBLE_IPC_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

#define IPC_MAGIC UINT32_C(0x42524d31) /* "BRM1" */
#define IPC_NAME_SIZE                                                                              \
	512 /* a requested file name, as it came, and NUL (RFC 2347: requests <= 512) */
#define IPC_REASON_SIZE 160
#define IPC_PATH_SIZE 512
#define IPC_TEXT_LIMIT (64u * 1024u) /* text behind an API request */
#define IPC_CONSOLE_SIZE 1024

enum ipc_role {
	IPC_ROLE_ADMIN = 1, /* the CLI; uid 0 only */
	IPC_ROLE_TFTPD,
	IPC_ROLE_HTTPD,
	IPC_ROLE_DHCPWATCH,
	IPC_ROLE_CLUSTER,
	IPC_ROLE_LAST = IPC_ROLE_CLUSTER,
};

enum ipc_protocol { IPC_TFTP = 1, IPC_HTTP };

enum ipc_type {
	IPC_HELLO = 1, /* client -> brambled, first: struct ipc_hello */
	IPC_RESOLVE,   /* tftpd, httpd -> brambled: struct ipc_resolve */
	IPC_RESOLVED, /* the answer, with the file's descriptor when error == 0: struct ipc_resolved
		       */
	IPC_TRANSFER, /* tftpd, httpd -> brambled, no answer: struct ipc_transfer */
	IPC_API,      /* httpd, CLI, clusterd -> brambled: struct ipc_api + text */
	IPC_API_REPLY, /* the answer, its text in a sealed memfd: struct ipc_api_reply */
	IPC_DHCP,      /* dhcpwatch -> brambled, no answer: struct ipc_dhcp */
	IPC_CONSOLE,   /* dhcpwatch -> brambled, no answer: struct ipc_console */
	IPC_WAITS,     /* tftpd, httpd -> brambled, no answer: struct ipc_waits */
};

struct ipc_header {
	uint32_t magic;
	uint16_t type;	   /* enum ipc_type */
	uint16_t reserved; /* 0 */
	uint32_t length;   /* bytes behind the header */
	uint32_t id;	   /* chosen by the asker, repeated in the answer */
};

struct ipc_hello {
	uint32_t role; /* enum ipc_role */
	uint32_t pid;
};

/* "Address A wants NAME over PROTOCOL: what is it?" */
struct ipc_resolve {
	uint32_t protocol;   /* enum ipc_protocol */
	struct in_addr peer; /* network byte order */
	uint16_t peer_port;  /* host byte order */
	uint16_t reserved;
	uint32_t max_block; /* TFTP: block size the client asked for, 512 without the option; HTTP:
			       0 */
	char name[IPC_NAME_SIZE]; /* as requested, TFTP: the file name; HTTP: the path behind
				     "/boot/" */
};

struct ipc_resolved {
	int32_t error; /* 0, or a positive errno: ENOENT (missing), EACCES (not for this peer),
			  EHOSTUNREACH (not an address of ours: say nothing at all), EIO … */
	uint32_t reserved;
	uint64_t size;		      /* of the file, bytes */
	uint64_t transfer;	      /* names this transfer in struct ipc_transfer */
	char key[HASH_TEXT_SIZE];     /* content hash (ETag), "" if unknown */
	char reason[IPC_REASON_SIZE]; /* why it was refused, in plain words; for the log and the
					 timeline */
};

/* The end of a transfer, however it ended. */
struct ipc_transfer {
	uint64_t transfer; /* from struct ipc_resolved */
	uint64_t bytes; /* payload bytes that the peer acknowledged (TFTP) or that were sent (HTTP)
			 */
	uint64_t duration_ns;
	uint32_t retransmissions; /* DATA/OACK packets sent again */
	int32_t error; /* 0 = complete; positive errno: ETIMEDOUT, ECANCELED (peer's ERROR) … */
	char reason[IPC_REASON_SIZE]; /* the peer's error text, made visible; "" */
};

/* A transfer takes long, and goes on: told each two seconds. */
struct ipc_waits {
	uint64_t transfer; /* from struct ipc_resolved */
	uint32_t waits;	   /* others are served first (1), or not (0) */
	uint32_t before;   /* transfers of boards that came before */
};

enum ipc_method { IPC_GET = 1, IPC_POST, IPC_PUT, IPC_DELETE };

/* A call of the JSON API /v1/…; `text_length` bytes of body follow (<= IPC_TEXT_LIMIT). */
struct ipc_api {
	uint32_t method; /* enum ipc_method */
	uint32_t text_length;
	struct in_addr peer; /* HTTP client; 0.0.0.0 from the CLI */
	uint16_t peer_port;
	uint16_t reserved;
	char path[IPC_PATH_SIZE]; /* path and query: "/v1/nodes?…" */
};

struct ipc_api_reply {
	int32_t status; /* HTTP status code */
	uint32_t reserved;
	uint64_t size; /* bytes in the passed descriptor */
	char content_type[64];
};

/* One DHCP packet that was seen on the LAN, parsed and bounded (RFC 2131, RFC 4578). */
struct ipc_dhcp {
	uint32_t message; /* option 53: 1 DISCOVER, 2 OFFER, 3 REQUEST, 5 ACK, 6 NAK … */
	uint32_t xid;
	struct mac mac; /* chaddr */
	uint16_t arch;	/* option 93; 0xffff absent */
	struct in_addr yiaddr;
	struct in_addr server; /* option 54; 0 absent */
	uint16_t seconds;      /* field secs */
	uint8_t own;	       /* this machine sent it */
	uint8_t pxe_raspberry; /* option 43 of an answer holds "Raspberry Pi Boot" */
	uint8_t uuid_length;   /* option 97 as it came, 0 absent */
	uint8_t uuid[17];
	char vendor_class[64]; /* option 60, made visible; "" absent */
	char host_name[64];    /* option 12, made visible; "" absent */
};

/* A piece of a board's console, as it came (common/console.h): any bytes. The board is known by its
 * MAC alone: its firmware sends from an address that its EEPROM says, whatever DHCP gave. */
struct ipc_console {
	struct mac mac;	 /* of the Ethernet header */
	uint16_t length; /* of text, at most its size */
	char text[IPC_CONSOLE_SIZE];
};

struct ipc_message {
	struct ipc_header header;
	union {
		struct ipc_hello hello;
		struct ipc_resolve resolve;
		struct ipc_resolved resolved;
		struct ipc_transfer transfer;
		struct ipc_waits waits;
		struct ipc_api api;
		struct ipc_api_reply api_reply;
		struct ipc_dhcp dhcp;
		struct ipc_console console;
	} body;
	char *text; /* IPC_API: text_length bytes, NUL appended; points into the receive buffer */
	int fd;	    /* received descriptor, owned by the receiver; -1 none */
};

/* Size of the body of a type, or 0 if the type is unknown. */
size_t ipc_body_size(enum ipc_type type);

/* Decode one packet of `length` bytes. On success message->text points into `packet`, which must
 * have one spare byte behind it for the NUL. Does not touch message->fd. Returns 0 or -EBADMSG.
 * Pure; fuzzed. */
int ipc_decode(uint8_t *packet, size_t length, struct ipc_message *message);

/* Largest packet, with the spare byte that ipc_decode needs. */
#define IPC_PACKET_SIZE (sizeof(struct ipc_header) + sizeof(struct ipc_api) + IPC_TEXT_LIMIT + 1)

/* Receive one message into `buffer` of IPC_PACKET_SIZE bytes. Returns 1, 0 at end of connection,
 * or -errno (-EAGAIN: nothing there; -EBADMSG: disconnect this peer). message->fd is closed by the
 * caller. */
int ipc_receive(int socket, uint8_t *buffer, struct ipc_message *message);

/* Send one message; `body` has the size of its type; text may be NULL; fd -1 for none (it stays the
 * caller's). Returns 0 or -errno (-EAGAIN: the peer doesn't read). */
int ipc_send(int socket, enum ipc_type type, uint32_t id, const void *body, const char *text,
	size_t text_length, int fd);

/* Connect to `path` and send HELLO. Close-on-exec, blocking. Returns the socket or -errno. */
int ipc_connect(const char *path, enum ipc_role role);

/* Listen on `path` (replacing a stale socket), mode 0666: who may say what is decided by HELLO.
 * Non-blocking. Returns the socket or -errno. */
int ipc_listen(const char *path);

#endif
