/* SPDX-License-Identifier: ISC */
#include "provisioner/registry/private.h"

#include <arpa/inet.h>
#include <errno.h>

#define TOUCH_EVERY_MS 3600000

int registry_get_address(struct registry *registry, const struct mac *mac, struct in_addr *address)
{
	int result;
	sqlite3_stmt *statement =
		registry_lookup(registry, "SELECT address FROM addresses WHERE mac = ?", &result);

	if (!statement)
		return result;
	registry_bind_mac(statement, 1, mac);
	result = registry_step(registry, statement);
	if (result == 0)
		*address = registry_column_address(statement, 0);
	registry_release(statement);
	return result;
}

int registry_mac_of_address(struct registry *registry, struct in_addr address, struct mac *mac)
{
	int result;
	sqlite3_stmt *statement =
		registry_lookup(registry, "SELECT mac FROM addresses WHERE address = ?", &result);

	if (!statement)
		return result;
	registry_bind_address(statement, 1, address);
	result = registry_step(registry, statement);
	if (result == 0)
		registry_column_mac(statement, 0, mac);
	registry_release(statement);
	return result;
}

int registry_put_address(
	struct registry *registry, const struct mac *mac, struct in_addr address, int64_t now_ms)
{
	int result;
	sqlite3_stmt *statement = registry_write_state(registry,
		"INSERT OR REPLACE INTO addresses(mac, address, last_seen) VALUES(?, ?, ?)",
		&result);

	if (!statement)
		return result;
	registry_bind_mac(statement, 1, mac);
	registry_bind_address(statement, 2, address);
	sqlite3_bind_int64(statement, 3, now_ms);
	return registry_finish(registry, statement);
}

int registry_delete_address(struct registry *registry, const struct mac *mac)
{
	int result;
	sqlite3_stmt *statement =
		registry_write_state(registry, "DELETE FROM addresses WHERE mac = ?", &result);

	if (!statement)
		return result;
	registry_bind_mac(statement, 1, mac);
	return registry_finish(registry, statement);
}

int registry_touch_address(struct registry *registry, const struct mac *mac, int64_t now_ms)
{
	int result;
	sqlite3_stmt *statement = registry_read(registry,
		"SELECT 1 FROM addresses WHERE mac = ? AND abs(last_seen - ?) > ?", &result);
	bool due;

	if (!statement)
		return result;
	registry_bind_mac(statement, 1, mac);
	sqlite3_bind_int64(statement, 2, now_ms);
	sqlite3_bind_int64(statement, 3, TOUCH_EVERY_MS);
	due = registry_step(registry, statement) == 0;
	sqlite3_finalize(statement);
	if (!due)
		return 0;
	statement = registry_write(
		registry, "UPDATE addresses SET last_seen = ?2 WHERE mac = ?1", &result);
	if (!statement)
		return result;
	registry_bind_mac(statement, 1, mac);
	sqlite3_bind_int64(statement, 2, now_ms);
	return registry_finish(registry, statement);
}

int registry_trim_addresses(struct registry *registry, unsigned keep)
{
	int result;
	sqlite3_stmt *statement = registry_write_state(registry,
		"DELETE FROM addresses WHERE mac IN (SELECT mac FROM addresses"
		" WHERE mac NOT IN (SELECT mac FROM boards)"
		" AND address NOT IN (SELECT address FROM nodes)"
		" ORDER BY last_seen DESC LIMIT -1 OFFSET ?)",
		&result);

	if (!statement)
		return result;
	sqlite3_bind_int64(statement, 1, keep);
	return registry_finish(registry, statement);
}

/* One address by a query over the range (?1..?2), or -ENOENT. */
static int query_address(struct registry *registry, const char *sql, struct in_addr first,
	struct in_addr last, struct in_addr *address)
{
	int result;
	sqlite3_stmt *statement = registry_read(registry, sql, &result);

	if (!statement)
		return result;
	registry_bind_address(statement, 1, first);
	registry_bind_address(statement, 2, last);
	result = registry_step(registry, statement);
	if (result == 0)
		*address = registry_column_address(statement, 0);
	sqlite3_finalize(statement);
	return result;
}

int registry_free_address(struct registry *registry, struct in_addr first, struct in_addr last,
	struct in_addr *address)
{
	/* The candidates are the first address and the one behind each that is taken. */
	static const char lowest[] =
		"WITH taken(a) AS (SELECT address FROM addresses UNION SELECT address FROM nodes),"
		" candidate(a) AS (SELECT ?1 UNION SELECT a + 1 FROM taken WHERE a + 1 BETWEEN ?1 "
		"AND ?2)"
		" SELECT min(a) FROM candidate WHERE a NOT IN (SELECT a FROM taken) HAVING min(a) "
		"IS NOT NULL";
	static const char stalest[] =
		"SELECT address FROM addresses WHERE address BETWEEN ?1 AND ?2"
		" AND address NOT IN (SELECT address FROM nodes)"
		" AND mac NOT IN (SELECT board FROM nodes WHERE board IS NOT NULL)"
		" AND mac NOT IN (SELECT board FROM bindings)"
		" ORDER BY mac IN (SELECT mac FROM boards), last_seen LIMIT 1";
	int result = query_address(registry, lowest, first, last, address);

	if (result == -ENOENT)
		result = query_address(registry, stalest, first, last, address);
	return result == -ENOENT ? -ENOSPC : result;
}

int registry_each_address(struct registry *registry,
	int (*each)(void *argument, const struct mac *mac, struct in_addr address), void *argument)
{
	struct mac mac;
	int result;
	sqlite3_stmt *statement = registry_read(
		registry, "SELECT mac, address FROM addresses ORDER BY address", &result);

	if (!statement)
		return result;
	while ((result = registry_step(registry, statement)) == 0) {
		registry_column_mac(statement, 0, &mac);
		result = each(argument, &mac, registry_column_address(statement, 1));
		if (result != 0)
			break;
	}
	sqlite3_finalize(statement);
	return result == -ENOENT ? 0 : result;
}
