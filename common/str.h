/* SPDX-License-Identifier: ISC */
/*
 * Strict parsing and formatting of the few kinds of text that Bramble takes from outside. Pure
 * functions; no allocation; every parser accepts the whole string or nothing.
 */
#ifndef BRAMBLE_STR_H
#define BRAMBLE_STR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sizes of texts, each with its NUL. */
#define MAC_TEXT_SIZE 18     /* "dc:a6:32:01:36:c2" */
#define ADDRESS_TEXT_SIZE 16 /* "255.255.255.255" */
#define NODE_NAME_SIZE 64    /* one RFC 1123 label, at most 63 long */
#define SERIAL_TEXT_SIZE 9   /* low 32 bits of a board's serial, 8 lower-case hex digits */
#define HASH_TEXT_SIZE 65    /* SHA-256 in hex */

struct mac {
	uint8_t octet[6];
};

/* Decimal digits only (no sign, no blank). Returns 0, -EINVAL (not a number) or -ERANGE. */
int str_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value);

/* "dc:a6:32:01:36:c2", also with '-'; either case. Returns 0 or -EINVAL. */
int str_parse_mac(const char *text, struct mac *mac);
void str_format_mac(const struct mac *mac, char out[static MAC_TEXT_SIZE]);

/* Dotted quad. Returns 0 or -EINVAL. */
int str_parse_address(const char *text, struct in_addr *address);
void str_format_address(struct in_addr address, char out[static ADDRESS_TEXT_SIZE]);

/* "10.77.0.0/24": address and prefix length 0..32. Returns 0 or -EINVAL. */
int str_parse_network(const char *text, struct in_addr *address, unsigned *prefix_length);

/* One label by RFC 1123 section 2.1: letters, digits, '-', lower case, 1..63, no '-' at either end.
 */
bool str_is_node_name(const char *text);

/* A DNS subdomain, as names of Kubernetes' objects are: lower-case letters, digits, '-' and '.',
 * 1..253, a letter or digit first. Never a path. */
bool str_is_dns_name(const char *text);

/* A SHA-256 in lower-case hex digits, exactly. */
bool str_is_hash(const char *text, size_t length);

/* A board's serial as the firmware writes it in paths: exactly 8 hex digits. Lower-cased into out.
 */
bool str_is_serial(const char *text, size_t length);

/* What a hexadecimal digit of either case stands for, -1: it is none. */
int str_hex_value(char c);

/* Lower-case hex of n bytes; out has room for 2 n + 1. */
void str_format_hex(const uint8_t *bytes, size_t n, char *out);

/* Copy with truncation, always NUL-terminated. Returns true if it fitted. */
bool str_copy(char *out, size_t size, const char *text);

/* Copy, showing control bytes, '\' and bytes >= 0x7f as \xNN. Always NUL-terminated; truncates. */
void str_copy_visible(char *out, size_t size, const char *text, size_t length);

#endif
